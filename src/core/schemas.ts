import * as z from 'zod/mini';
import type { Field, FieldKind, FieldValue } from './fields.ts';

type Schema = z.ZodMiniType<FieldValue | undefined>;

/** What a field takes, made from its declaration; undefined for one that holds no value. Outer white space of a line goes. */
export function schemaOf(field: Field): Schema | undefined {
  return makers[field.kind](field);
}

const trimmed = z.pipe(
  z.string('Enter text.'),
  z.transform((value: string) => value.trim()),
) as Schema;
const exact = z.string('Enter text.') as Schema;

const makers: Readonly<Record<FieldKind, (field: Field) => Schema | undefined>> = {
  text: () => trimmed,
  fetchedChoice: () => trimmed,
  secret: () => exact,
  file: () => exact,
  textArea: () => exact,
  number: ({ min, max }) => wholeNumber(min ?? Number.MIN_SAFE_INTEGER, max ?? Number.MAX_SAFE_INTEGER),
  toggle: () => z.boolean() as Schema,
  choice: ({ choices = [] }) =>
    z.enum(
      choices.map(({ value }) => value),
      'Choose one of the list.',
    ) as Schema,
  link: () => undefined,
  action: () => undefined,
};

function wholeNumber(min: number, max: number): Schema {
  const sentence =
    max === Number.MAX_SAFE_INTEGER
      ? `Enter a whole number from ${min}.`
      : `Enter a whole number from ${min} to ${max}.`;
  const inRange = z.number(sentence).check(z.int(sentence), z.gte(min, sentence), z.lte(max, sentence));
  return z.pipe(z.transform(readNumber), z.optional(inRange)) as Schema;
}

function readNumber(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const digits = value.trim();
  if (digits === '') return undefined;
  return /^-?\d+$/.test(digits) ? Number(digits) : Number.NaN;
}
