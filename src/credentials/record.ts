import { StorageError } from '../core/errors.ts';
import type { FieldValue } from '../core/fields.ts';
import { isObjectOf, isText, type JsonObject, parseJson } from '../core/json.ts';
import { currentSchema, type Migration, migrate } from './migrations.ts';

/** The most bytes that a record may have. */
export const recordLimit = 1_000_000;

/** All of a credential but its secrets: what stands in its file. */
export interface CredentialRecord {
  readonly schema: typeof currentSchema;
  /** Another one after every save, never used twice. */
  readonly revision: string;
  readonly id: string;
  readonly provider: string;
  readonly name: string;
  readonly settings: Readonly<Record<string, FieldValue>>;
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
  if (migrated.kind === 'unknown' || !isRecord(migrated.value))
    return damaged(id, 'The file of this credential is damaged.');
  if (migrated.value.id !== id) return damaged(id, 'The file of this credential belongs to another one.');
  return { kind: 'readable', id, record: pickRecord(migrated.value) };
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

function isRecord(value: JsonObject): value is JsonObject & CredentialRecord {
  const { schema, revision, id, provider, name, settings, secretNames, secretRef } = value;
  return (
    schema === currentSchema &&
    isWord(revision) &&
    isWord(id) &&
    isText(provider, 1, 100) &&
    isText(name, 1, 200) &&
    isObjectOf(settings, isFieldValue, isFieldName) &&
    Array.isArray(secretNames) &&
    secretNames.every(isFieldName) &&
    (secretRef === undefined || isWord(secretRef))
  );
}

/** A record without whatever else stands in its file. */
function pickRecord({
  schema,
  revision,
  id,
  provider,
  name,
  settings,
  secretNames,
  secretRef,
}: CredentialRecord): CredentialRecord {
  return {
    schema,
    revision,
    id,
    provider,
    name,
    settings,
    secretNames,
    ...(secretRef === undefined ? {} : { secretRef }),
  };
}

function isWord(value: unknown): boolean {
  return isText(value) && /^[a-z0-9-]{1,64}$/.test(value);
}

function isFieldName(value: unknown): boolean {
  return isText(value, 1, 100);
}

function isFieldValue(value: unknown): value is FieldValue {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}
