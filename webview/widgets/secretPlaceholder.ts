import type { FieldView } from '../../src/form/protocol.ts';

/** What stands in an empty secret field. */
export function secretPlaceholder({ secret, placeholder }: FieldView): string | undefined {
  if (secret === 'stored') return '•••••••• stored';
  if (secret === 'entered') return '•••••••• entered, not saved';
  return placeholder;
}
