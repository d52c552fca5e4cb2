import type { Draft } from '../core/fields.ts';
import type { Provider } from '../core/provider.ts';
import type { FormDependencies } from './dependencies.ts';
import { draftOf, type FormDraft, newDraft, restoredDraft } from './draft.ts';
import { FormSession } from './formSession.ts';
import { type FormState, memento } from './protocol.ts';

/** One tab that shows a page; everything the forms need of VS Code's webview panels. */
export interface FormPanel {
  setTitle(title: string): void;
  /** Loads the page, once all listeners are there. */
  load(): void;
  post(state: FormState): void;
  reveal(): void;
  close(): void;
  onMessage(listener: (raw: unknown) => void): void;
  /** A hidden page is gone: it loads anew, and says `ready`, when it is shown again. */
  onHidden(listener: () => void): void;
  onClosed(listener: () => void): void;
}

export interface FormsDependencies extends FormDependencies {
  readonly ui: FormDependencies['ui'] & {
    /** A notification with one button: whether that was pressed. */
    offer(sentence: string, button: string): Promise<boolean>;
    showError(sentence: string): void;
  };
}

/** What a new form may start with. */
export interface FormStart {
  /** The id of a provider. */
  readonly provider?: string;
  /** Values of fields; secrets among them are left out. */
  readonly values?: Draft;
}

/** Where the form of a credential is opened. */
export interface EditStart {
  /** 'secret' goes to the secret that must be entered again. */
  readonly focus?: 'secret';
}

interface OpenForm {
  readonly session: FormSession;
  readonly panel: FormPanel;
}

/** The open forms: one for each credential and one for a new one. */
export class CredentialForms {
  readonly #dependencies: FormsDependencies;
  readonly #openPanel: () => FormPanel;
  readonly #open = new Set<OpenForm>();

  constructor(openPanel: () => FormPanel, dependencies: FormsDependencies) {
    this.#openPanel = openPanel;
    this.#dependencies = dependencies;
  }

  /** Opens the form of a new credential, or reveals it: what was filled in there already stays. */
  async add(start: FormStart = {}): Promise<void> {
    const draft = await this.#newDraft(start);
    this.#reveal(draft);
  }

  /** Opens the form of a credential, or reveals it. */
  async edit(id: string, { focus }: EditStart = {}): Promise<void> {
    const draft = await this.#savedDraft(id);
    if (!draft) return this.#dependencies.ui.showError('This credential is gone.');
    this.#reveal(draft);
    if (focus === 'secret') this.#find(id)?.session.focusSecret();
  }

  /** Brings forms without unsaved changes up to date, and closes those whose credential is gone. */
  async refresh(): Promise<void> {
    for (const { session, panel } of [...this.#open]) {
      const { saved } = session.draft;
      if (!saved || session.dirty) continue;
      const draft = await this.#savedDraft(saved.id);
      if (session.dirty) continue;
      if (!draft) panel.close();
      else if (draft.saved?.revision !== saved.revision) {
        session.replaceDraft(draft);
        panel.setTitle(titleOf(draft));
      }
    }
  }

  /** Fills a panel that VS Code brought back after a reload with what its page had kept. */
  async restore(panel: FormPanel, kept: unknown): Promise<void> {
    const parsed = memento.safeParse(kept);
    const known = parsed.success ? this.#findProvider(parsed.data.provider) : undefined;
    if (!parsed.success || !known) {
      panel.close();
      return;
    }
    const { credential } = parsed.data;
    const saved = credential === undefined ? undefined : await this.#dependencies.credentials.find(credential);
    const draft = restoredDraft(parsed.data, known, saved);
    const changed = saved && draft.saved?.revision !== saved.revision ? 'changed' : undefined;
    this.#show(draft, panel, credential !== undefined && !saved ? 'removed' : changed);
  }

  /** Ends every form without asking, when the extension ends. */
  closeAll(): void {
    for (const { session } of this.#open) session.dispose();
    this.#open.clear();
  }

  /** Shows the draft in the form there is, unless that holds unsaved changes, or in a new one. */
  #reveal(draft: FormDraft): void {
    const open = this.#find(draft.saved?.id);
    if (!open) {
      this.#show(draft, this.#openPanel());
      return;
    }
    const { dirty, draft: shown } = open.session;
    if (!dirty && (!draft.saved || draft.saved.revision !== shown.saved?.revision)) open.session.replaceDraft(draft);
    open.panel.reveal();
  }

  #show(draft: FormDraft, panel: FormPanel, conflict?: FormState['conflict']): void {
    const view = { post: (state: FormState) => panel.post(state), close: () => panel.close() };
    const form = { session: new FormSession(draft, this.#dependencies, view, conflict), panel };
    this.#open.add(form);
    panel.setTitle(titleOf(draft));
    panel.onMessage((raw) => void form.session.receive(raw));
    panel.onHidden(() => form.session.hide());
    panel.onClosed(() => this.#closed(form));
    panel.load();
  }

  /** A tab can't refuse to be closed: what was not saved is kept until the person has answered. */
  #closed(form: OpenForm): void {
    if (!this.#open.delete(form)) return;
    form.session.dispose();
    this.#offerUnsaved(form.session).catch((error: unknown) =>
      this.#dependencies.log.error('The form could not be reopened.', error),
    );
  }

  async #offerUnsaved(session: FormSession): Promise<void> {
    await session.saving;
    if (session.dirty) await this.#offerToReopen(session.draft);
  }

  async #offerToReopen(draft: FormDraft): Promise<void> {
    const sentence =
      draft.name === '' ? 'The credential was not saved.' : `The credential was not saved: ${draft.name}`;
    if (await this.#dependencies.ui.offer(sentence, 'Reopen')) await this.#reopen(draft);
  }

  /** Where another form of the credential holds changes of its own by now, those go first and the offer stands. */
  async #reopen(draft: FormDraft): Promise<void> {
    const open = this.#find(draft.saved?.id);
    if (!open) return this.#show(draft, this.#openPanel());
    open.panel.reveal();
    if (open.session.dirty) await this.#offerToReopen(draft);
    else open.session.replaceDraft(draft);
  }

  #find(id: string | undefined): OpenForm | undefined {
    return [...this.#open].find(({ session }) => session.draft.saved?.id === id);
  }

  async #newDraft({ provider, values }: FormStart): Promise<FormDraft> {
    const { providers, credentials } = this.#dependencies;
    const chosen = (provider === undefined ? undefined : this.#findProvider(provider)) ?? preselected(providers);
    if (!chosen) throw new Error('There is no provider.');
    return newDraft(chosen, await credentials.proposeName(chosen.label), values);
  }

  async #savedDraft(id: string): Promise<FormDraft | undefined> {
    const saved = await this.#dependencies.credentials.find(id);
    const provider = saved && this.#findProvider(saved.provider);
    return saved && provider ? draftOf(saved, provider) : undefined;
  }

  #findProvider(id: string) {
    return this.#dependencies.providers.find((provider) => provider.id === id);
  }
}

function preselected(providers: readonly Provider[]): Provider | undefined {
  return providers.find((provider) => provider.preselected) ?? providers[0];
}

function titleOf({ saved }: FormDraft): string {
  return saved ? saved.name : 'Add Credential';
}
