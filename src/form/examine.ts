import { type Issue, parseDraft } from '../core/drafts.ts';
import type { Draft } from '../core/fields.ts';
import { isRequired, isShown } from '../core/settings.ts';
import type { FormDraft } from './draft.ts';
import { nameField } from './protocol.ts';

const nameLimit = 100;

/** What the draft comes to. */
export interface Examined {
  readonly settings: Draft;
  readonly secrets: Readonly<Record<string, string>>;
  /** Stored secrets that stay. */
  readonly kept: readonly string[];
  readonly issues: readonly Issue[];
}

/** Parses the draft and finds everything that is wrong with it. */
export function examine(draft: FormDraft): Examined {
  const { provider } = draft;
  const filled = { ...draft.values, ...draft.entered };
  const kept = keptSecrets(draft, parseDraft(provider.fields, filled).settings);
  const { settings, secrets, issues } = parseDraft(provider.fields, filled, new Set(kept));
  const missing = missingSecrets(draft, kept);
  const ofFields = issues.filter(({ field }) => !missing.has(field));
  const wrong = ofFields.some(({ severity }) => severity === 'error');
  return {
    settings,
    secrets,
    kept,
    issues: [
      ...nameIssues(draft),
      ...ofFields,
      ...[...missing].map(([field, sentence]) => ({ field, severity: 'error' as const, sentence })),
      ...(wrong ? [] : provider.check(settings)),
      ...forgottenSecrets(draft)
        .filter((field) => !missing.has(field))
        .map((field) => ({ field, severity: 'hint' as const, sentence: 'Enter it again: it was not saved.' })),
    ],
  };
}

/** Those of the issues that are to be shown now: none about a field that is still being filled in. */
export function visibleIssues(draft: FormDraft, issues: readonly Issue[]): readonly Issue[] {
  const missing = missingSecrets(draft, []);
  const forgotten = forgottenSecrets(draft);
  return issues.filter(({ field, severity }) => {
    if (missing.has(field) || (severity === 'hint' && forgotten.includes(field))) return true;
    return draft.left.includes(field) && (severity === 'hint' || draft.tried || hasValue(draft, field));
  });
}

/** The first field with an error, of those that matter. */
export function firstError(draft: FormDraft, matters: (field: string) => boolean): string | undefined {
  const errors = examine(draft).issues.filter(({ severity }) => severity === 'error');
  const wrong = new Set(errors.map(({ field }) => field));
  return [nameField, ...Object.keys(draft.provider.fields)].find((field) => wrong.has(field) && matters(field));
}

/** The secret that a person has to enter: the first that is lost, else the first that is required and not there. */
export function secretToEnter(draft: FormDraft): string | undefined {
  const { fields } = draft.provider;
  const filled = { ...draft.values, ...draft.entered };
  const { kept } = examine(draft);
  const secrets = Object.keys(fields).filter((name) => fields[name]?.secret && isShown(fields, name, filled));
  const inState = (state: ReturnType<typeof secretState>) =>
    secrets.filter((name) => secretState(draft, kept, name) === state);
  return inState('lost')[0] ?? inState('empty').find((name) => isRequired(fields, name, filled));
}

/** What becomes of a secret when the draft is saved as it is. */
export function secretState(draft: FormDraft, kept: readonly string[], field: string) {
  if (Object.hasOwn(draft.entered, field)) return 'entered';
  if (draft.cleared.includes(field)) return 'cleared';
  if (kept.includes(field)) return 'stored';
  return storedSecrets(draft).includes(field) ? 'lost' : 'empty';
}

function nameIssues({ name, takenName }: FormDraft): readonly Issue[] {
  const sentence = nameRefusal(name.trim(), takenName);
  return sentence === undefined ? [] : [{ field: nameField, severity: 'error', sentence }];
}

function nameRefusal(name: string, takenName: string | undefined): string | undefined {
  if (name === '') return 'Enter a name.';
  if (name.length > nameLimit) return `Enter a name of at most ${nameLimit} characters.`;
  return name === takenName ? `Choose another name. This one is in use: ${name}` : undefined;
}

/** A stored secret stays with the server that it was entered for. */
function keptSecrets(draft: FormDraft, settings: Draft): readonly string[] {
  const { saved, provider } = draft;
  if (!saved || saved.provider !== provider.id) return [];
  if (provider.origin(settings) !== provider.origin(saved.settings)) return [];
  return storedSecrets(draft).filter((name) => !saved.lostSecrets.includes(name));
}

/** Stored secrets that would go unasked, and what to say at their fields. */
function missingSecrets(draft: FormDraft, kept: readonly string[]): ReadonlyMap<string, string> {
  const lost = draft.saved?.lostSecrets ?? [];
  return new Map(
    storedSecrets(draft)
      .filter((name) => !kept.includes(name))
      .map((name) => [
        name,
        lost.includes(name)
          ? "The stored secret can't be read: enter it again."
          : 'The host changed: enter the secret again.',
      ]),
  );
}

/** Secrets of the saved credential that this form shows and leaves alone. */
function storedSecrets({ saved, provider, values, entered, cleared }: FormDraft): readonly string[] {
  if (!saved || saved.provider !== provider.id) return [];
  return saved.secretNames.filter(
    (name) =>
      Object.hasOwn(provider.fields, name) &&
      isShown(provider.fields, name, { ...values, ...entered }) &&
      !Object.hasOwn(entered, name) &&
      !cleared.includes(name),
  );
}

function forgottenSecrets({ provider, values, entered, forgotten }: FormDraft): readonly string[] {
  return forgotten.filter((name) => isShown(provider.fields, name, { ...values, ...entered }));
}

function hasValue(draft: FormDraft, field: string): boolean {
  if (field === nameField) return draft.name !== '';
  const value = draft.entered[field] ?? draft.values[field];
  return value !== undefined && value !== '';
}
