import type { Draft, Field, Fields, FieldValue } from './fields.ts';
import { schemaOf } from './schemas.ts';
import { isRequired, isShown } from './settings.ts';

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

/** Whether a value is one that its field can't take. An empty one never is. */
export function isRefused(name: string, field: Field, value: FieldValue): boolean {
  const parsed = schemaOf(field)?.safeParse(value);
  if (!parsed?.success) return true;
  if (parsed.data === undefined || parsed.data === '') return false;
  return opinions(name, field, parsed.data as FieldValue).some(({ severity }) => severity === 'error');
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
    const schema = schemaOf(field);
    if (!schema || !isShown(fields, name, draft)) continue;
    const parsed = schema.safeParse(draft[name] ?? field.default ?? (field.kind === 'number' ? undefined : ''));
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

/** The draft after a person gave one field a value, with what that value fills in elsewhere. */
export function withValue(fields: Fields, draft: Draft, name: string, value: FieldValue): Draft {
  const next = { ...draft, [name]: value };
  return { ...next, ...fields[name]?.fills?.(value, next) };
}

function opinions(name: string, field: Field, value: FieldValue): Issue[] {
  const refused = field.refuse?.(value);
  if (refused !== undefined) return [error(name, refused)];
  const hint = field.hint?.(value);
  return hint === undefined ? [] : [{ field: name, severity: 'hint', sentence: hint }];
}

function error(field: string, sentence: string): Issue {
  return { field, severity: 'error', sentence };
}
