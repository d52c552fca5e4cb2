import type { Field, Fields } from '../src/core/fields.ts';
import type { Provider } from '../src/core/provider.ts';
import { writeRegistry } from './registry.mjs';
import { root } from './run.ts';

/** One field of a form as plain data. */
export interface FieldDescription extends Pick<Field, 'kind' | 'label' | 'required' | 'secret'> {
  readonly name: string;
  readonly help: string;
  readonly advanced: boolean;
  readonly choices?: Field['choices'];
  readonly default?: Field['default'];
  readonly when?: Field['when'];
  readonly requiredWhen?: Field['requiredWhen'];
}

export interface FormDescription {
  readonly id: string;
  readonly label: string;
  readonly fields: readonly FieldDescription[];
}

/** Every provider's form, in the order of their folders. */
export async function describeForms(): Promise<readonly FormDescription[]> {
  return (await loadProviders()).map(({ id, label, fields }) => ({ id, label, fields: describeFields(fields) }));
}

/** The providers that stand in src/providers. */
export async function loadProviders(): Promise<readonly Provider[]> {
  writeRegistry(root);
  return (await import('../src/providers/registry.generated.ts')).providers;
}

function describeFields(fields: Fields): readonly FieldDescription[] {
  return Object.entries(fields).map(([name, field]) => ({
    name,
    label: field.label,
    kind: field.kind,
    help: field.help ?? '',
    required: field.required,
    secret: field.secret,
    advanced: field.advanced ?? false,
    ...(field.choices ? { choices: field.choices } : {}),
    ...(field.default === undefined ? {} : { default: field.default }),
    ...(field.when ? { when: field.when } : {}),
    ...(field.requiredWhen ? { requiredWhen: field.requiredWhen } : {}),
  }));
}

if (import.meta.main) console.log(JSON.stringify(await describeForms(), null, 2));
