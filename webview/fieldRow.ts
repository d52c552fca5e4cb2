import '@vscode-elements/elements/dist/vscode-label/index.js';
import type { FieldView, Request } from '../src/form/protocol.ts';
import { create, createIcon, innerControl, setText } from './dom.ts';
import { SecretLine } from './secretLine.ts';
import { widgets } from './widgets/kinds.ts';

/** One field with all that belongs to it: label, control, help, hint, error, and what becomes of a stored secret. */
export class FieldRow {
  readonly element = create('div', 'row');
  readonly #widget;
  readonly #secret: SecretLine | undefined;
  readonly #error = createLine('error');
  readonly #hint = createLine('info', 'hint');
  readonly #help = create('p', 'help');
  readonly #label = create('vscode-label');

  constructor(field: FieldView, ask: (request: Request) => void) {
    const { name } = field;
    this.#widget = widgets[field.kind](field, {
      change: (value) => ask({ type: 'change', field: name, value }),
      chooseFile: () => ask({ type: 'chooseFile', field: name }),
      fetchChoices: () => ask({ type: 'fetchChoices', field: name }),
      runAction: () => ask({ type: 'runAction', field: name }),
      openLink: () => ask({ type: 'openLink', field: name }),
    });
    if (field.secret) {
      this.#secret = new SecretLine(field, (type) => {
        ask({ type, field: name });
        // The button that was pressed goes: the focus stays with the field.
        this.focus();
      });
    }
    this.element.addEventListener('focusout', ({ relatedTarget }) => {
      if (!(relatedTarget instanceof Node && this.element.contains(relatedTarget))) ask({ type: 'leave', field: name });
    });
    this.#build(field);
  }

  update(field: FieldView, current: boolean): void {
    this.element.hidden = !field.shown;
    this.#widget.update(field, current);
    this.#secret?.update(field);
    say(this.#error, field.error);
    say(this.#hint, field.hint);
    setText(this.#help, field.help);
    this.#label.required = field.required;
    void this.#describe(field);
  }

  focus(): void {
    void this.#ready().then(() => this.#widget.control.focus());
  }

  #build(field: FieldView): void {
    const { control, element, labelled } = this.#widget;
    this.element.classList.add(`kind-${field.kind}`);
    control.id = `field-${field.name.replace(/[^\w-]/g, '_')}`;
    if (!labelled) {
      this.#label.textContent = field.label;
      this.#label.htmlFor = control.id;
      this.element.append(this.#label);
    }
    this.element.append(element, this.#error.line, this.#hint.line);
    if (this.#secret) this.element.append(this.#secret.element);
    this.element.append(this.#help);
  }

  /** Ties the sentences to the control itself, which an attribute on the vscode-element does not reach. */
  async #describe(field: FieldView): Promise<void> {
    await this.#ready();
    const target = innerControl(this.#widget.control) ?? this.#widget.control;
    const ofSecret = this.#secret ? [this.#secret.sentence] : [];
    const sentences = [this.#error.sentence, this.#hint.sentence, ...ofSecret, this.#help];
    target.ariaDescribedByElements = sentences.filter(({ hidden }) => !hidden);
    target.ariaInvalid = field.error === undefined ? 'false' : 'true';
    if (!this.#widget.labelled) target.ariaRequired = String(field.required);
  }

  async #ready(): Promise<void> {
    await this.#widget.control.updateComplete;
  }
}

function createLine(icon: string, className = icon) {
  const line = create('p', className);
  const sentence = create('span');
  line.append(createIcon(icon), sentence);
  return { line, sentence };
}

function say({ line, sentence }: ReturnType<typeof createLine>, text: string | undefined): void {
  setText(sentence, text);
  line.hidden = sentence.hidden;
}
