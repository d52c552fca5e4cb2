import type { Condition, Draft, Field, Fields, FieldValue } from './fields.ts';

/** Something about a draft that a person must mend ('error') or may want to know ('hint'). */
export interface Issue {
  readonly field: string;
  readonly severity: 'error' | 'hint';
  readonly sentence: string;
}

export interface ParsedDraft {
  /** Every shown field that holds no secret, parsed; empty ones are left out. */
  readonly settings: Draft;
  /** Every shown secret that was given. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly issues: readonly Issue[];
}

/** The draft that a new form starts with. */
export function emptyDraft(fields: Fields): Draft {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, field]) => (field.default === undefined ? [] : [[name, field.default]])),
  );
}

/** Whether a field is shown, given what stands in the others. A field whose condition names a hidden field is hidden too. */
export function isShown(fields: Conditions, name: string, draft: Draft): boolean {
  return holds(fields[name]?.when, fields, draft, new Set([name]));
}

/** Whether a value is one that its field can't take. An empty one never is. */
export function isRefused(name: string, field: Field, value: FieldValue): boolean {
  const parsed = field.schema?.safeParse(value);
  if (!parsed?.success) return true;
  if (parsed.data === undefined || parsed.data === '') return false;
  return opinions(name, field, parsed.data as FieldValue).some(({ severity }) => severity === 'error');
}

/** Whether a field must be given, given what stands in the others. */
export function isRequired(fields: Fields, name: string, draft: Draft): boolean {
  const { required = false, requiredWhen } = fields[name] ?? {};
  return required || (requiredWhen !== undefined && holds(requiredWhen, fields, draft, new Set([name])));
}

/** The fields that temporary keys consist of, as far as they apply to these settings; none where there is nothing to enter. */
export function renewableFields(fields: Fields, settings: Draft): readonly string[] {
  return Object.keys(fields).filter((name) => fields[name]?.renew && isShown(fields, name, settings));
}

/**
 * Parses what stands in a form: hidden fields are dropped, the rest is checked field by field.
 * @param stored the secrets that the vault holds already: a required one may be left blank.
 */
export function parseDraft(fields: Fields, draft: Draft, stored: ReadonlySet<string> = new Set()): ParsedDraft {
  const settings: Record<string, FieldValue> = {};
  const secrets: Record<string, string> = {};
  const issues: Issue[] = [];
  for (const [name, field] of Object.entries(fields)) {
    if (!field.schema || !isShown(fields, name, draft)) continue;
    const parsed = field.schema.safeParse(draft[name] ?? field.default ?? (field.kind === 'number' ? undefined : ''));
    if (!parsed.success) {
      issues.push(error(name, parsed.error.issues[0]?.message ?? 'This value is not valid.'));
      continue;
    }
    const value = parsed.data as FieldValue | undefined;
    if (value === undefined || value === '') {
      if (!stored.has(name) && isRequired(fields, name, draft))
        issues.push(error(name, `Enter a value: ${field.label}`));
      continue;
    }
    issues.push(...opinions(name, field, value));
    if (field.secret) secrets[name] = String(value);
    else settings[name] = value;
  }
  return { settings, secrets, issues };
}

/** What a record says, with every absent field at its default: what a client is opened with. */
export function completeSettings(fields: Fields, settings: Draft): Draft {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, field]) => {
      if (!field.schema || field.secret) return [];
      const value = settings[name] ?? (isShown(fields, name, settings) ? field.default : undefined) ?? neutral(field);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** Every secret a provider knows, '' where none is kept. */
export function completeSecrets(
  fields: Fields,
  secrets: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, field]) => (field.secret ? [[name, secrets[name] ?? '']] : [])),
  );
}

/** The draft after a person gave one field a value, with what that value fills in elsewhere. */
export function withValue(fields: Fields, draft: Draft, name: string, value: FieldValue): Draft {
  const next = { ...draft, [name]: value };
  return { ...next, ...fields[name]?.fills?.(value, next) };
}

type Conditions = Readonly<Record<string, { readonly when?: Condition; readonly default?: FieldValue }>>;

function holds(
  condition: Condition | undefined,
  fields: Conditions,
  draft: Draft,
  above: ReadonlySet<string>,
): boolean {
  return Object.entries(condition ?? {}).every(([other, wanted]) => {
    const otherIsShown = above.has(other) || holds(fields[other]?.when, fields, draft, new Set([...above, other]));
    if (!otherIsShown) return false;
    const value = draft[other] ?? fields[other]?.default ?? '';
    return 'matches' in wanted ? new RegExp(wanted.matches).test(String(value)) : wanted.includes(value);
  });
}

function opinions(name: string, field: Field, value: FieldValue): Issue[] {
  const refused = field.refuse?.(value);
  if (refused !== undefined) return [error(name, refused)];
  const hint = field.hint?.(value);
  return hint === undefined ? [] : [{ field: name, severity: 'hint', sentence: hint }];
}

function neutral(field: Field): FieldValue | undefined {
  if (field.kind === 'toggle') return false;
  return field.kind === 'number' ? undefined : '';
}

function error(field: string, sentence: string): Issue {
  return { field, severity: 'error', sentence };
}
