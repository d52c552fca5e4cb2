import { StorageError, toStorageError } from '../core/errors.ts';
import type { FieldValue } from '../core/fields.ts';
import type { Provider } from '../core/provider.ts';
import { applies } from './applies.ts';
import { connectionOf } from './connection.ts';
import type { DraftConnection, FormDependencies, SavedCredential } from './dependencies.ts';
import * as drafts from './draft.ts';
import { DraftVerification } from './draftVerification.ts';
import { drawState } from './drawState.ts';
import { examine, firstError, secretToEnter } from './examine.ts';
import { PageFeed } from './pageFeed.ts';
import * as progress from './progress.ts';
import { type FormState, nameField, type PageMessage, parsePageMessage, providerField } from './protocol.ts';

/** What a session asks of the panel it is shown in. */
export interface SessionView {
  /** Shows a state; called only after the page has said that it is ready. */
  post(state: FormState): void;
  close(): void;
}

/** One open form: keeps the draft with its unsaved secrets, answers the page, and posts the whole state after each change. */
export class FormSession {
  readonly #dependencies: FormDependencies;
  readonly #view: SessionView;
  #draft: drafts.FormDraft;
  readonly #feed: PageFeed;
  #progress: progress.Progress;
  readonly #verification: DraftVerification;
  readonly #disposed = new AbortController();
  #saved = false;
  #saving: Promise<void> = Promise.resolve();

  /** @param conflict what is known of the credential's fate since the draft was begun. */
  constructor(
    draft: drafts.FormDraft,
    dependencies: FormDependencies,
    view: SessionView,
    conflict?: progress.Progress['conflict'],
  ) {
    this.#draft = draft;
    this.#progress = conflict === undefined ? progress.untouched : { ...progress.untouched, conflict };
    this.#dependencies = dependencies;
    this.#view = view;
    this.#verification = new DraftVerification(dependencies.operations.verify, dependencies.redactor.redact);
    this.#feed = new PageFeed(
      () => drawState(this.#draft, this.#progress, dependencies.providers),
      (state) => view.post(state),
      dependencies.log,
    );
  }

  get draft(): drafts.FormDraft {
    return this.#draft;
  }

  /** Whether anything would be lost if the form were closed now. */
  get dirty(): boolean {
    return !this.#saved && drafts.isDirty(this.#draft);
  }

  /** Settles when no save is under way any more, whether it succeeded or not. */
  get saving(): Promise<void> {
    return this.#saving;
  }

  /** Starts over with another draft. */
  replaceDraft(draft: drafts.FormDraft): void {
    this.#dropVerification();
    this.#progress = progress.untouched;
    this.#draft = draft;
    this.#feed.post();
  }

  /** Goes to the secret that must be entered, if one must. */
  focusSecret(): void {
    this.#feed.focus(secretToEnter(this.#draft));
    this.#feed.post();
  }

  /** Acts on a message of the page; anything that isn't one is logged and dropped. */
  async receive(raw: unknown): Promise<void> {
    const message = parsePageMessage(raw);
    const { providers, log } = this.#dependencies;
    if (
      !message ||
      !(this.#feed.ready || message.type === 'ready') ||
      !applies(message, this.#draft.provider, providers)
    ) {
      log.warn('The form dropped a message that it does not know.');
      return;
    }
    this.#feed.answer(message.id);
    if (message.type !== 'change' && message.type !== 'leave') {
      this.#progress = progress.without(this.#progress, 'failure');
    }
    try {
      await this.#act(message);
    } catch (error) {
      const { message: sentence, hint } = toStorageError(error);
      const failure = this.#dependencies.redactor.redact(hint === undefined ? sentence : `${sentence} ${hint}`);
      this.#progress = { ...this.#progress, failure };
      log.error('The form could not do what was asked.', error);
    }
    this.#feed.post();
  }

  /** Stops posting until the page is ready again: a hidden page is gone. */
  hide(): void {
    this.#feed.stop();
  }

  /** Ends everything that is still under way. */
  dispose(): void {
    this.#feed.stop();
    this.#verification.cancel();
    this.#disposed.abort();
  }

  async #act(message: PageMessage): Promise<void> {
    switch (message.type) {
      case 'ready':
        return this.#feed.start(message.id);
      case 'change':
        return this.#change(message.field, message.value);
      case 'leave':
        return this.#update(drafts.withLeft(this.#draft, message.field));
      case 'clearSecret':
        return this.#update(drafts.withoutSecret(this.#draft, message.field), true);
      case 'keepSecret':
        return this.#update(drafts.withStoredSecret(this.#draft, message.field), true);
      case 'chooseFile':
        return this.#chooseFile(message.field);
      case 'fetchChoices':
        return this.#fetchChoices(message.field);
      case 'runAction':
        return this.#runAction(message.field);
      case 'openLink':
        return this.#openLink(message.field);
      case 'verify':
        return this.#verify();
      case 'cancelVerify':
        return this.#verification.cancel();
      case 'save':
        return this.#save();
      case 'discardMine':
        return this.#discardMine();
      case 'overwrite':
        return this.#overwrite();
      case 'close':
        return this.#view.close();
    }
  }

  async #change(field: string, value: FieldValue): Promise<void> {
    const provider = field === providerField ? this.#findProvider(value) : undefined;
    if (field === nameField) {
      this.#update(drafts.withName(this.#draft, String(value)));
      await this.#checkName();
    } else if (provider) {
      this.#dropVerification();
      this.#progress = { ...this.#progress, choices: {}, fileNames: {}, fieldErrors: {} };
      this.#update(drafts.withProvider(this.#draft, provider), true);
      await this.#proposeName(provider);
    } else {
      this.#changeValue(field, value);
    }
  }

  #changeValue(field: string, value: FieldValue): void {
    this.#progress = progress.withoutFieldError(this.#progress, field);
    this.#update(drafts.withFieldValue(this.#draft, field, value), true);
  }

  async #proposeName(provider: Provider): Promise<void> {
    const name = await this.#dependencies.credentials.proposeName(provider.label);
    if (this.#draft.provider === provider) this.#draft = drafts.withProposedName(this.#draft, name);
  }

  async #checkName(): Promise<void> {
    const name = this.#draft.name.trim();
    const inUse = name !== '' && (await this.#dependencies.credentials.nameInUse(name, this.#draft.saved?.id));
    if (this.#draft.name.trim() === name) this.#draft = drafts.withNameChecked(this.#draft, name, inUse);
  }

  #update(draft: drafts.FormDraft, changesConnection = false): void {
    this.#draft = draft;
    if (changesConnection) this.#progress = progress.withStaleVerification(this.#progress);
  }

  async #chooseFile(field: string): Promise<void> {
    const { label = '', accept = [] } = this.#draft.provider.fields[field] ?? {};
    let took = false;
    await this.#whileBusy(field, async () => {
      const chosen = await this.#dependencies.ui.chooseFile(label, accept);
      return () => {
        if (!chosen) return;
        took = true;
        this.#changeValue(field, chosen.content);
        this.#draft = drafts.withLeft(this.#draft, field);
        this.#progress = { ...this.#progress, fileNames: { ...this.#progress.fileNames, [field]: chosen.name } };
      };
    });
    if (took) await this.#isUnsound();
  }

  async #fetchChoices(field: string): Promise<void> {
    await this.#whileBusy(field, async (signal) => {
      const choices = await this.#dependencies.operations.fetchChoices(await this.#connection(), field, signal);
      return () => {
        this.#progress = { ...this.#progress, choices: { ...this.#progress.choices, [field]: choices } };
      };
    });
  }

  async #runAction(field: string): Promise<void> {
    const { takes } = this.#draft.provider.fields[field] ?? {};
    await this.#whileBusy(field, async (signal) => {
      const filledIn = takes
        ? await this.#takeFromAnother(takes)
        : await this.#dependencies.operations.runAction(await this.#connection(), field, signal);
      return () => this.#update(drafts.withFilledIn(this.#draft, filledIn), true);
    });
  }

  async #takeFromAnother(secrets: readonly string[]): Promise<Readonly<Record<string, string>>> {
    const { credentials, ui, redactor } = this.#dependencies;
    const { provider, saved } = this.#draft;
    const keepers = await credentials.keepersOf(provider.id, secrets, saved?.id);
    if (keepers.length === 0) {
      const labels = secrets.map((name) => provider.fields[name]?.label ?? name).join(', ');
      throw new StorageError('not-found', `No other credential of ${provider.label} keeps this: ${labels}`);
    }
    const picked = await ui.pick('Take from Another Credential', keepers);
    if (!picked) return {};
    const kept = await credentials.readSecretsOf(picked.id);
    const taken = Object.fromEntries(secrets.map((name) => [name, kept[name] ?? '']));
    redactor.add(Object.values(taken));
    return taken;
  }

  /** Shows a field as busy while something is fetched for it; what came is taken in only if the provider is still the same. */
  async #whileBusy(field: string, fetch: (signal: AbortSignal) => Promise<() => void>): Promise<void> {
    if (this.#progress.busyFields.includes(field)) return;
    const { provider } = this.#draft;
    this.#progress = progress.withFieldBusy(this.#progress, field);
    this.#feed.post();
    try {
      const takeIn = await fetch(this.#disposed.signal);
      if (this.#draft.provider === provider) takeIn();
    } catch (error) {
      const { kind, message, hint } = toStorageError(error);
      const sentence = this.#dependencies.redactor.redact(hint === undefined ? message : `${message} ${hint}`);
      if (kind !== 'cancelled' && this.#draft.provider === provider) {
        this.#progress = progress.withFieldError(this.#progress, field, sentence);
      }
      if (kind === 'unexpected') this.#dependencies.log.error('A field of the form could not be filled.', error);
    } finally {
      this.#progress = progress.withFieldIdle(this.#progress, field);
    }
  }

  #openLink(field: string): void {
    const href = this.#draft.provider.fields[field]?.href;
    if (href !== undefined) this.#dependencies.ui.openExternal(href);
  }

  async #verify(): Promise<void> {
    if (this.#verification.running || this.#progress.saving || this.#refused((field) => field !== nameField)) return;
    this.#dropVerification();
    try {
      await this.#verification.run(this.#soundConnection(), (report) => {
        const stale = this.#progress.verification?.stale ?? false;
        this.#progress = { ...this.#progress, verification: { ...report, stale } };
        this.#feed.post();
      });
    } catch (error) {
      this.#dropVerification();
      if (error !== unsound) throw error;
    }
  }

  #dropVerification(): void {
    this.#verification.drop();
    this.#progress = progress.without(this.#progress, 'verification');
  }

  async #save(): Promise<void> {
    if (this.#progress.saving) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#saving = promise;
    this.#progress = { ...progress.without(this.#progress, 'conflict'), saving: true };
    this.#feed.post();
    try {
      await this.#checkName();
      if (this.#refused(() => true) || (await this.#isUnsound())) return;
      const examined = examine(this.#draft);
      const request = drafts.saveRequest(this.#draft, examined);
      await this.#dependencies.credentials.save({ ...request, ...progress.currentVerification(this.#progress) });
      this.#saved = true;
    } catch (error) {
      if (toStorageError(error).kind !== 'changed') throw error;
      this.#progress = { ...this.#progress, conflict: (await this.#newest()) ? 'changed' : 'removed' };
    } finally {
      this.#progress = { ...this.#progress, saving: false };
      resolve();
    }
    if (this.#saved) this.#view.close();
  }

  async #discardMine(): Promise<void> {
    const newest = await this.#newest();
    const provider = newest && this.#findProvider(newest.provider);
    if (!newest || !provider) {
      this.#progress = { ...this.#progress, conflict: 'removed' };
      return;
    }
    this.replaceDraft(drafts.draftOf(newest, provider));
  }

  async #overwrite(): Promise<void> {
    this.#draft = drafts.rebased(this.#draft, await this.#newest());
    await this.#save();
  }

  async #newest(): Promise<SavedCredential | undefined> {
    const id = this.#draft.saved?.id;
    return id === undefined ? undefined : this.#dependencies.credentials.find(id);
  }

  /** Whether the draft has errors; then all of them are shown and the first is gone to. */
  #refused(matters: (field: string) => boolean): boolean {
    this.#draft = drafts.withTried(this.#draft);
    const first = firstError(this.#draft, matters);
    this.#feed.focus(first);
    return first !== undefined;
  }

  /** Whether the provider's own code finds something wrong with what was entered; then it is shown at its field, which is gone to. */
  async #isUnsound(): Promise<boolean> {
    const { provider } = this.#draft;
    const { settings, secrets } = examine(this.#draft);
    const issues = await provider.examine(settings, secrets);
    const errors = issues.filter(({ severity }) => severity === 'error');
    if (this.#draft.provider === provider) {
      const fieldErrors = Object.fromEntries(errors.map(({ field, sentence }) => [field, sentence]));
      this.#progress = { ...this.#progress, fieldErrors };
      this.#feed.focus(errors[0]?.field);
    }
    return errors.length > 0;
  }

  async #soundConnection(): Promise<DraftConnection> {
    if (await this.#isUnsound()) throw unsound;
    return await this.#connection();
  }

  async #connection(): Promise<DraftConnection> {
    const connection = await connectionOf(this.#draft, this.#dependencies.credentials);
    this.#dependencies.redactor.add(Object.values(connection.secrets));
    return connection;
  }

  #findProvider(id: FieldValue): Provider | undefined {
    return this.#dependencies.providers.find((provider) => provider.id === id);
  }
}

/** Ends a verification whose draft has errors, which stand at their fields. */
const unsound = new StorageError('invalid-settings', 'Something in the form is wrong.');
