import { emptyDraft, isRefused, withValue } from '../core/drafts.ts';
import type { Draft, Fields, FieldValue } from '../core/fields.ts';
import type { Provider } from '../core/provider.ts';
import { holdsValue } from '../core/settings.ts';
import type { SavedCredential, SaveRequest } from './dependencies.ts';
import { type Examined, examine, visibleIssues } from './examine.ts';
import { type Memento, nameField } from './protocol.ts';

/** A form while it is filled in: plain data that every function here leaves as it was and returns anew. */
export interface FormDraft {
  readonly provider: Provider;
  readonly name: string;
  /** False as long as the name is the proposed one, which follows the provider. */
  readonly nameEdited: boolean;
  /** A name that another credential is known to have. */
  readonly takenName?: string;
  /** Everything but secrets. */
  readonly values: Draft;
  /** Secrets typed here and not saved yet. */
  readonly entered: Readonly<Record<string, string>>;
  /** Secrets that were typed here before a restart, which kept their names alone. */
  readonly forgotten: readonly string[];
  /** Stored secrets that a save removes. */
  readonly cleared: readonly string[];
  /** Fields that are done with for now: only they show what is wrong with them. */
  readonly left: readonly string[];
  /** Whether a save or a verification was asked for: only then is an empty field an error. */
  readonly tried: boolean;
  readonly saved?: SavedCredential;
  /** What was filled in for providers chosen before. */
  readonly shelf: Readonly<Record<string, Pick<FormDraft, 'values' | 'entered' | 'cleared'>>>;
}

/** A draft of a new credential under a proposed name. */
export function newDraft(provider: Provider, name: string, values: Draft = {}): FormDraft {
  return {
    provider,
    name,
    nameEdited: false,
    values: { ...emptyDraft(provider.fields), ...ownValues(provider.fields, values) },
    entered: {},
    forgotten: [],
    cleared: [],
    left: [],
    tried: false,
    shelf: {},
  };
}

/** A draft that says what is saved. */
export function draftOf(saved: SavedCredential, provider: Provider): FormDraft {
  return {
    provider,
    name: saved.name,
    nameEdited: true,
    values: { ...emptyDraft(provider.fields), ...ownValues(provider.fields, saved.settings) },
    entered: {},
    forgotten: [],
    cleared: [],
    left: everyField(provider),
    tried: false,
    saved,
    shelf: {},
  };
}

/** The draft with another provider: what both ask for in the same way is carried over, secrets are not. */
export function withProvider(draft: FormDraft, provider: Provider): FormDraft {
  if (provider === draft.provider) return draft;
  const { values, entered, cleared } = draft;
  const shelved = draft.shelf[provider.id];
  return {
    ...draft,
    provider,
    values: { ...emptyDraft(provider.fields), ...shelved?.values, ...carriedValues(draft, provider.fields) },
    entered: shelved?.entered ?? {},
    forgotten: [],
    cleared: shelved?.cleared ?? [],
    left: [],
    tried: false,
    shelf: { ...draft.shelf, [draft.provider.id]: { values, entered, cleared } },
  };
}

export function withName(draft: FormDraft, name: string): FormDraft {
  return { ...stillTyping(draft, nameField), name, nameEdited: true };
}

/** The draft under a name that follows its provider, unless the person has given it one. */
export function withProposedName(draft: FormDraft, name: string): FormDraft {
  return draft.nameEdited ? draft : { ...draft, name };
}

/** The draft with what is known of its name: whether another credential has it. */
export function withNameChecked(draft: FormDraft, name: string, inUse: boolean): FormDraft {
  const { takenName: _, ...rest } = draft;
  return inUse ? { ...rest, takenName: name } : rest;
}

/** The draft after one field got a value, with what that fills in elsewhere. A secret given as '' is not given. */
export function withFieldValue(draft: FormDraft, field: string, value: FieldValue): FormDraft {
  return assigned(stillTyping(draft, field), { [field]: value });
}

/** The draft after several fields were filled in at once, by an action. */
export function withFilledIn(draft: FormDraft, values: Draft): FormDraft {
  return assigned(draft, values);
}

/** The draft after a person has gone on from a field. */
export function withLeft(draft: FormDraft, field: string): FormDraft {
  return draft.left.includes(field) ? draft : { ...draft, left: [...draft.left, field] };
}

/** The draft after a person asked for something that needs it to be right. */
export function withTried(draft: FormDraft): FormDraft {
  return { ...draft, tried: true, left: everyField(draft.provider) };
}

/** The draft without this secret: what was entered is dropped, what is stored is removed by a save. */
export function withoutSecret(draft: FormDraft, field: string): FormDraft {
  const stored = draft.saved?.secretNames.includes(field) && !draft.cleared.includes(field);
  return { ...withStoredSecret(draft, field), cleared: stored ? [...draft.cleared, field] : draft.cleared };
}

/** The draft with this secret as it is stored, if it is. */
export function withStoredSecret(draft: FormDraft, field: string): FormDraft {
  const { [field]: _, ...entered } = draft.entered;
  const others = (names: readonly string[]) => names.filter((name) => name !== field);
  return { ...draft, entered, forgotten: others(draft.forgotten), cleared: others(draft.cleared) };
}

/** The draft as a change to what is saved now; to nothing, when that is gone. */
export function rebased(draft: FormDraft, saved: SavedCredential | undefined): FormDraft {
  const { saved: _, ...rest } = draft;
  return saved ? { ...rest, saved } : { ...rest, cleared: [] };
}

/** Whether anything here would be lost if the form were closed. */
export function isDirty(draft: FormDraft): boolean {
  const { provider, saved, values } = draft;
  if (Object.keys(draft.entered).length > 0 || draft.cleared.length > 0) return true;
  if (saved && (saved.provider !== provider.id || saved.name !== draft.name)) return true;
  if (!saved && draft.nameEdited) return true;
  const before: Draft = { ...emptyDraft(provider.fields), ...saved?.settings };
  return Object.entries(provider.fields).some(
    ([name, field]) => holdsValue(field) && !field.secret && (values[name] ?? '') !== (before[name] ?? ''),
  );
}

/** What the store is asked to do; the draft must have no errors. */
export function saveRequest(draft: FormDraft, { settings, secrets, kept }: Examined): SaveRequest {
  const { saved } = draft;
  return {
    provider: draft.provider.id,
    name: draft.name.trim(),
    settings,
    secrets,
    keep: kept,
    ...(saved ? { basedOn: { id: saved.id, revision: saved.revision } } : {}),
  };
}

/** The draft without its secrets, for a window that comes back; without values that can't be right, too: one may be a password in the wrong place. */
export function mementoOf(draft: FormDraft): Memento {
  const { saved } = draft;
  return {
    ...(saved ? { credential: saved.id, revision: saved.revision } : {}),
    provider: draft.provider.id,
    name: draft.name,
    nameEdited: draft.nameEdited,
    values: keepableValues(draft),
    cleared: [...draft.cleared],
    entered: [...Object.keys(draft.entered), ...draft.forgotten],
  };
}

/** The draft that a memento was made of: of the newest revision where both say the same, else of its own, so that a save notices the change. */
export function restoredDraft(memento: Memento, provider: Provider, saved?: SavedCredential): FormDraft {
  const values = {
    ...emptyDraft(provider.fields),
    ...(saved?.provider === provider.id ? ownValues(provider.fields, saved.settings) : {}),
    ...ownValues(provider.fields, memento.values),
  };
  const { name, nameEdited, cleared, entered, revision } = memento;
  const forgotten = entered.filter((field) => provider.fields[field]?.secret);
  const common = { provider, name, nameEdited, values, entered: {}, forgotten, tried: false, shelf: {} };
  if (!saved) return { ...common, cleared: [], left: [] };
  const restored = {
    ...common,
    cleared: cleared.filter((field) => saved.secretNames.includes(field)),
    left: everyField(provider),
    saved,
  };
  return revision === undefined || !isDirty(restored) ? restored : { ...restored, saved: { ...saved, revision } };
}

/** Empty ones among them: on the way back, only what is absent is taken from the saved credential. */
function keepableValues({ provider, values }: FormDraft): Draft {
  return Object.fromEntries(
    Object.entries(provider.fields).flatMap(([name, field]) => {
      const value = values[name] ?? '';
      return !holdsValue(field) || field.secret || isRefused(name, field, value) ? [] : [[name, value]];
    }),
  );
}

function assigned(draft: FormDraft, given: Draft): FormDraft {
  const { fields } = draft.provider;
  const before: Draft = { ...draft.values, ...draft.entered };
  const after = Object.entries(ownFields(fields, given)).reduce(
    (filled, [name, value]) => withValue(fields, filled, name, value),
    before,
  );
  const secrets = Object.entries(after).filter(([name, value]) => fields[name]?.secret && value !== '');
  const entered = Object.fromEntries(secrets.map(([name, value]) => [name, String(value)]));
  return {
    ...draft,
    values: { ...draft.values, ...ownValues(fields, after) },
    entered,
    forgotten: draft.forgotten.filter((name) => !Object.hasOwn(entered, name)),
    cleared: draft.cleared.filter((name) => !Object.hasOwn(entered, name)),
  };
}

/** An error that shows stays until it is mended; a new one waits until the field is left. */
function stillTyping(draft: FormDraft, field: string): FormDraft {
  const visible = visibleIssues(draft, examine(draft).issues);
  if (visible.some((issue) => issue.field === field && issue.severity === 'error')) return draft;
  return { ...draft, left: draft.left.filter((name) => name !== field) };
}

function everyField(provider: Provider): readonly string[] {
  return [nameField, ...Object.keys(provider.fields)];
}

function carriedValues({ provider, values }: FormDraft, fields: Fields): Draft {
  return Object.fromEntries(
    Object.entries(ownValues(fields, values)).filter(([name, value]) => {
      const before = provider.fields[name];
      const after = fields[name];
      if (before?.kind !== after?.kind || value === before?.default || value === '') return false;
      return !after?.choices || after.choices.some((choice) => choice.value === value);
    }),
  );
}

/** The values that belong to fields of the provider, secrets left out. */
function ownValues(fields: Fields, values: Draft): Draft {
  return Object.fromEntries(Object.entries(ownFields(fields, values)).filter(([name]) => !fields[name]?.secret));
}

function ownFields(fields: Fields, values: Draft): Draft {
  return Object.fromEntries(
    Object.entries(values).filter(([name]) => Object.hasOwn(fields, name) && fields[name] && holdsValue(fields[name])),
  );
}
