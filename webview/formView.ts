import { stageLabels, stages } from '../src/core/verification.ts';
import { type FieldView, type FormState, nameField, providerField, type Request } from '../src/form/protocol.ts';
import { create, createButton, createIcon, setText } from './dom.ts';
import { FieldRow } from './fieldRow.ts';
import { VerificationList } from './verificationList.ts';

const conflicts = {
  changed:
    'This credential was changed in another window. Discard what you entered here, or overwrite the other change.',
  removed: 'This credential was removed meanwhile. What you entered is kept here.',
} as const;

/** The form. Every state is patched into what stands there, so that focus, caret and opened sections survive. */
export class FormView {
  readonly element = create('main');
  readonly #ask;
  readonly #heading = create('h1');
  readonly #banner = create('div', 'banner');
  readonly #bannerText = create('span');
  readonly #discard;
  readonly #overwrite;
  readonly #ownFields = create('div', 'fields');
  readonly #fields = create('div', 'fields');
  readonly #advanced = create('details', 'advanced');
  readonly #advancedFields = create('div', 'fields');
  readonly #warning = create('p', 'warning');
  readonly #warningText = create('span');
  readonly #verification = new VerificationList();
  readonly #status = create('div', 'status');
  readonly #statusIcon = createIcon('pass');
  readonly #statusText = create('span');
  readonly #save;
  readonly #verify;
  readonly #rows = new Map<string, FieldRow>();
  #provider: string | undefined;
  #state: FormState | undefined;

  constructor(ask: (request: Request) => void) {
    this.#ask = ask;
    this.#discard = createButton('Discard Mine', () => ask({ type: 'discardMine' }));
    this.#overwrite = createButton('Overwrite', () => ask({ type: 'overwrite' }));
    this.#save = createButton('Save', () => ask({ type: 'save' }), false);
    this.#verify = createButton('Verify', () => ask({ type: this.#verifying ? 'cancelVerify' : 'verify' }));
    this.#build();
    document.addEventListener('keydown', (event) => this.#onKey(event), { capture: true });
    document.addEventListener('keydown', (event) => this.#onEscape(event));
  }

  /** @param isCurrent whether the state takes into account all that was typed in a field. */
  update(state: FormState, isCurrent: (field: string) => boolean): void {
    const failedBefore = new Set(
      this.#state?.fields.filter(({ error }) => error !== undefined).map(({ name }) => name),
    );
    this.#state = state;
    setText(this.#heading, state.title);
    if (state.provider !== this.#provider) this.#changeProvider(state);
    for (const field of state.fields) this.#rows.get(field.name)?.update(field, isCurrent(field.name));
    const advanced = state.fields.filter((field) => field.advanced && field.shown);
    this.#advanced.hidden = advanced.length === 0;
    if (advanced.some(({ name, error }) => error !== undefined && !failedBefore.has(name))) this.#advanced.open = true;
    this.#drawBanner(state);
    this.#drawWarning(state);
    this.#verification.update(state.verification);
    this.#drawFooter(state);
    if (state.focus !== undefined) this.#goTo(state.focus);
  }

  get #verifying(): boolean {
    return this.#state?.verification?.running ?? false;
  }

  #build(): void {
    this.#banner.role = 'alert';
    this.#status.role = 'status';
    this.#status.append(this.#statusIcon, this.#statusText);
    this.#save.title = 'Save (Ctrl+Enter, Cmd+Enter on a Mac)';
    this.#bannerText.className = 'text';
    this.#banner.append(createIcon('warning'), this.#bannerText, this.#discard, this.#overwrite);
    this.#warning.append(createIcon('warning'), this.#warningText);
    this.#advanced.append(create('summary', '', 'Advanced'), this.#advancedFields);
    const buttons = create('div', 'buttons');
    buttons.append(
      this.#save,
      this.#verify,
      createButton('Cancel', () => this.#ask({ type: 'close' })),
    );
    const footer = create('footer');
    footer.append(this.#banner, buttons, this.#status);
    const content = create('div', 'content');
    content.append(
      this.#heading,
      this.#ownFields,
      this.#fields,
      this.#advanced,
      this.#warning,
      this.#verification.element,
    );
    this.element.append(content, footer);
  }

  /** The form's own fields stay, and the focus with them; the provider's are built anew. */
  #changeProvider({ provider, fields }: FormState): void {
    this.#provider = provider;
    this.#fields.replaceChildren();
    this.#advancedFields.replaceChildren();
    this.#advanced.open = false;
    for (const field of fields) {
      const own = isOwn(field);
      if (own && this.#rows.has(field.name)) continue;
      const row = new FieldRow(field, this.#ask);
      this.#rows.set(field.name, row);
      const section = field.advanced ? this.#advancedFields : this.#fields;
      (own ? this.#ownFields : section).append(row.element);
    }
  }

  #drawBanner({ conflict, failure }: FormState): void {
    setText(this.#bannerText, conflict ? conflicts[conflict] : failure);
    this.#banner.hidden = this.#bannerText.hidden;
    this.#discard.hidden = conflict !== 'changed';
    setText(this.#overwrite, conflict === 'removed' ? 'Save as New' : 'Overwrite');
    this.#overwrite.hidden = conflict === undefined;
  }

  #drawWarning({ warning }: FormState): void {
    setText(this.#warningText, warning);
    this.#warning.hidden = this.#warningText.hidden;
  }

  #drawFooter(state: FormState): void {
    this.#save.disabled = state.busy;
    this.#verify.disabled = state.busy;
    setText(this.#verify, this.#verifying ? 'Stop Verifying' : 'Verify');
    const { sentence, look } = statusOf(state);
    setText(this.#statusText, sentence);
    this.#status.hidden = this.#statusText.hidden;
    this.#status.className = `status ${look}`;
    this.#statusIcon.hidden = look === '';
    this.#statusIcon.name = look === 'failed' ? 'error' : 'pass';
  }

  #goTo(name: string): void {
    if (this.#state?.fields.find((field) => field.name === name)?.advanced) this.#advanced.open = true;
    this.#rows.get(name)?.focus();
  }

  /** Before the controls see it: in a select, Enter would open the list. */
  #onKey(event: KeyboardEvent): void {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.stopPropagation();
    if (!this.#state?.busy) this.#ask({ type: 'save' });
  }

  /** After the controls have seen it: in a select, Escape closes the list. */
  #onEscape(event: KeyboardEvent): void {
    if (event.key === 'Escape' && this.#verifying) this.#ask({ type: 'cancelVerify' });
  }
}

function isOwn({ name }: FieldView): boolean {
  return name === providerField || name === nameField;
}

function statusOf({ busy, dirty, fields, verification }: FormState): { sentence: string; look: string } {
  const wrong = fields.filter(({ shown, error }) => shown && error !== undefined).length;
  if (busy) return { sentence: 'Saving…', look: '' };
  if (verification?.running) {
    const next = stages[verification.steps.length];
    return { sentence: next ? `Verifying: ${stageLabels[next]}…` : 'Verifying…', look: '' };
  }
  if (wrong > 0)
    return { sentence: wrong === 1 ? '1 field needs attention.' : `${wrong} fields need attention.`, look: 'failed' };
  if (verification?.stale) return { sentence: 'Changed since the verification.', look: '' };
  if (verification?.sentence !== undefined) {
    return { sentence: verification.sentence, look: verification.works ? 'ok' : 'failed' };
  }
  return { sentence: dirty ? 'Not saved yet.' : '', look: '' };
}
