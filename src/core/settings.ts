import type { Condition, Draft, Field, Fields, FieldValue } from './fields.ts';

/** Whether a field holds a value at all: links and buttons don't. */
export function holdsValue({ kind }: Field): boolean {
  return kind !== 'link' && kind !== 'action';
}

/** Whether a field is shown, given what stands in the others. A field whose condition names a hidden field is hidden too. */
export function isShown(fields: Conditions, name: string, draft: Draft): boolean {
  return holds(fields[name]?.when, fields, draft, new Set([name]));
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

/** What a record says, with every absent field at its default: what a client is opened with. */
export function completeSettings(fields: Fields, settings: Draft): Draft {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, field]) => {
      if (!holdsValue(field) || field.secret) return [];
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

function neutral(field: Field): FieldValue | undefined {
  if (field.kind === 'toggle') return false;
  return field.kind === 'number' ? undefined : '';
}
