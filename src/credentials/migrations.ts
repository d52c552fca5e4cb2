import { isObject, type JsonObject } from '../core/json.ts';

/** Turns a record of one schema into the next one. */
export type Migration = (older: JsonObject) => JsonObject;

/** The schema that this version writes. */
export const currentSchema = 1 as const;

/** By the schema they start from. A record is migrated when it is read and written in the new schema when it is next saved. */
export const migrations: ReadonlyMap<number, Migration> = new Map();

export type Migrated =
  | { readonly kind: 'current'; readonly value: JsonObject }
  | { readonly kind: 'newer' }
  | { readonly kind: 'unknown' };

/** Brings a parsed file to the current schema, step by step; a newer one is left alone. */
export function migrate(value: unknown, steps: ReadonlyMap<number, Migration> = migrations): Migrated {
  if (!isObject(value)) return { kind: 'unknown' };
  const { schema } = value;
  if (typeof schema !== 'number' || !Number.isInteger(schema)) return { kind: 'unknown' };
  if (schema > currentSchema) return { kind: 'newer' };
  if (schema === currentSchema) return { kind: 'current', value };
  const step = steps.get(schema);
  return step ? migrate({ ...step(value), schema: schema + 1 }, steps) : { kind: 'unknown' };
}
