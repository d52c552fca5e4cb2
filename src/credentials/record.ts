import * as z from 'zod/mini';
import { StorageError } from '../core/errors.ts';
import { currentSchema, type Migration, migrate } from './migrations.ts';

/** The most bytes that a record may have. */
export const recordLimit = 1_000_000;

const word = z.string().check(z.regex(/^[a-z0-9-]{1,64}$/));
const fieldName = z.string().check(z.minLength(1), z.maxLength(100));

const recordSchema = z.object({
  schema: z.literal(currentSchema),
  revision: word,
  id: word,
  provider: z.string().check(z.minLength(1), z.maxLength(100)),
  name: z.string().check(z.minLength(1), z.maxLength(200)),
  settings: z.record(fieldName, z.union([z.string(), z.number(), z.boolean()])),
  secretNames: z.array(fieldName),
  secretRef: z.optional(word),
});

/** All of a credential but its secrets: what stands in its file. */
export interface CredentialRecord {
  readonly schema: typeof currentSchema;
  /** Another one after every save, never used twice. */
  readonly revision: string;
  readonly id: string;
  readonly provider: string;
  readonly name: string;
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  /** The secrets that the vault should hold. */
  readonly secretNames: readonly string[];
  /** The revision whose save put the secrets into the vault; absent when there are none. */
  readonly secretRef?: string;
}

/** A credential's file as it was found. One that can't be read is shown and left as it is. */
export type StoredCredential =
  | { readonly kind: 'readable'; readonly id: string; readonly record: CredentialRecord }
  | { readonly kind: 'damaged' | 'newer'; readonly id: string; readonly sentence: string };

/** Reads a credential's file; never throws. */
export function parseRecord(id: string, text: string, steps?: ReadonlyMap<number, Migration>): StoredCredential {
  const json = parseJson(text);
  if (json === undefined) return damaged(id, 'The file of this credential is not JSON.');
  const migrated = migrate(json, steps);
  if (migrated.kind === 'newer') {
    return { kind: 'newer', id, sentence: 'This credential was made by a newer version of Storage Credentials.' };
  }
  const parsed = migrated.kind === 'current' ? recordSchema.safeParse(migrated.value) : undefined;
  if (!parsed?.success) return damaged(id, 'The file of this credential is damaged.');
  if (parsed.data.id !== id) return damaged(id, 'The file of this credential belongs to another one.');
  const { secretRef, ...rest } = parsed.data;
  return { kind: 'readable', id, record: secretRef === undefined ? rest : { ...rest, secretRef } };
}

/** The file of a record; refuses what could not be read again. */
export function formatRecord(record: CredentialRecord): string {
  const text = `${JSON.stringify(record, null, 2)}\n`;
  if (Buffer.byteLength(text) > recordLimit) {
    throw new StorageError('invalid-settings', 'The settings of this credential are too long to be saved.');
  }
  const found = parseRecord(record.id, text);
  if (found.kind !== 'readable') {
    throw new StorageError('invalid-settings', 'The settings of this credential are not valid.');
  }
  return text;
}

export function damaged(id: string, sentence: string): StoredCredential {
  return { kind: 'damaged', id, sentence };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
