import '@vscode-elements/elements/dist/vscode-label/index.js';
import type { FieldView, Request } from '../src/form/protocol.ts';
import { create, createIcon, createLinkButton, innerControl, setText } from './dom.ts';
import { widgets } from './widgets/kinds.ts';

const secretSentences = {
  stored: 'Stored. Leave blank to keep it.',
  entered: 'Entered, not saved.',
  cleared: 'Will be removed when you save.',
  empty: '',
} as const;

/** One field with all that belongs to it: label, control, help, hint, error, and what becomes of a stored secret. */
export class FieldRow {
  readonly element = create('div', 'row');
  readonly #widget;
  readonly #error = create('span');
  readonly #hint = create('span');
  readonly #help = create('p', 'help');
  readonly #secret = create('span');
  readonly #errorLine = create('p', 'error');
  readonly #hintLine = create('p', 'hint');
  readonly #secretLine = create('div', 'secret');
  readonly #clear;
  readonly #keep;

  constructor(field: FieldView, ask: (request: Request) => void) {
    const { name } = field;
    this.element.classList.add(field.kind);
    this.#widget = widgets[field.kind](field, {
      change: (value) => ask({ type: 'change', field: name, value }),
      chooseFile: () => ask({ type: 'chooseFile', field: name }),
      fetchChoices: () => ask({ type: 'fetchChoices', field: name }),
      runAction: () => ask({ type: 'runAction', field: name }),
      openLink: () => ask({ type: 'openLink', field: name }),
    });
    this.#clear = createLinkButton('Clear', () => this.#answer(ask, 'clearSecret', name));
    this.#keep = createLinkButton('Keep', () => this.#answer(ask, 'keepSecret', name));
    this.#clear.ariaLabel = `Clear: ${field.label}`;
    this.#keep.ariaLabel = `Keep: ${field.label}`;
    this.element.addEventListener('focusout', ({ relatedTarget }) => {
      if (!(relatedTarget instanceof Node && this.element.contains(relatedTarget))) ask({ type: 'leave', field: name });
    });
    this.#build(field);
  }

  update(field: FieldView, current: boolean): void {
    this.element.hidden = !field.shown;
    this.#widget.update(field, current);
    setText(this.#help, field.help);
    this.#say(this.#errorLine, this.#error, field.error);
    this.#say(this.#hintLine, this.#hint, field.hint);
    const secret = field.secret ?? 'empty';
    this.#say(this.#secretLine, this.#secret, secretSentences[secret]);
    this.#clear.hidden = secret === 'cleared';
    this.#keep.hidden = secret !== 'cleared';
    void this.#describe(field);
  }

  focus(): void {
    void this.#ready().then(() => this.#widget.control.focus());
  }

  #build(field: FieldView): void {
    const { control, element, labelled } = this.#widget;
    control.id = `field-${field.name.replace(/[^\w-]/g, '_')}`;
    if (!labelled) {
      const label = create('vscode-label', '', field.label);
      label.htmlFor = control.id;
      label.required = field.required;
      this.element.append(label);
    }
    this.#errorLine.append(createIcon('error'), this.#error);
    this.#hintLine.append(createIcon('info'), this.#hint);
    this.#secretLine.append(this.#secret, this.#clear, this.#keep);
    this.element.append(element, this.#secretLine, this.#errorLine, this.#hintLine, this.#help);
  }

  #say(line: HTMLElement, place: HTMLElement, sentence: string | undefined): void {
    setText(place, sentence);
    line.hidden = place.hidden;
  }

  /** The button that was pressed goes: the focus stays with the field. */
  #answer(ask: (request: Request) => void, type: 'clearSecret' | 'keepSecret', field: string): void {
    ask({ type, field });
    this.focus();
  }

  /** Ties the sentences to the control itself, which an attribute on the vscode-element does not reach. */
  async #describe(field: FieldView): Promise<void> {
    await this.#ready();
    const target = innerControl(this.#widget.control) ?? this.#widget.control;
    const sentences = [this.#error, this.#hint, this.#secret, this.#help];
    target.ariaDescribedByElements = sentences.filter(({ hidden }) => !hidden);
    target.ariaInvalid = field.error === undefined ? 'false' : 'true';
    if (!this.#widget.labelled) target.ariaRequired = String(field.required);
  }

  async #ready(): Promise<void> {
    await this.#widget.control.updateComplete;
  }
}
