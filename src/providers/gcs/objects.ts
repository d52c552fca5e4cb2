import { StorageError } from '../../core/errors.ts';
import type { Entry, Lock } from '../../core/storageClient.ts';
import { objectEntry } from '../_shared/entries.ts';
import { checkKey } from '../_shared/keys.ts';
import { readAtMost } from '../_shared/readAtMost.ts';
import { repeated } from '../_shared/repeated.ts';
import { type About, type Asked, type GcsConnection, objectPath } from './connection.ts';
import { incomplete, Refusal } from './errors.ts';

/** https://cloud.google.com/storage/docs/json_api/v1/objects#resource */
export interface ObjectResource {
  readonly name?: string;
  readonly bucket?: string;
  readonly size?: string;
  readonly updated?: string;
  readonly generation?: string;
  readonly storageClass?: string;
  readonly temporaryHold?: boolean;
  readonly eventBasedHold?: boolean;
  readonly retentionExpirationTime?: string;
}

/** The fields of an object that a row of a listing shows. */
export const rowFields =
  'name,size,updated,generation,storageClass,temporaryHold,eventBasedHold,retentionExpirationTime';

/** Why an object can't be addressed, if it can't: what is sent would be taken for something else. */
export function refuseName(key: string): StorageError | undefined {
  if (key !== '.' && key !== '..') return checkKey(key);
  return new StorageError(
    'unsupported',
    `Cloud Storage has no objects of this name, which would mean a folder: ${key}`,
  );
}

/** An object as a listing or a question about it describes it. @param base the beginning of the prefix that the place shown stands for */
export function entryOf(bucket: string, resource: ObjectResource, base: string): Entry {
  const { name = '', size, updated, generation, storageClass } = resource;
  const entry = objectEntry(bucket, name, name.slice(base.length), {
    size: size === undefined ? undefined : Number(size),
    modified: updated === undefined ? undefined : new Date(updated),
    tag: generation,
    storageClass,
  });
  const locks = locksOf(resource);
  return locks.length === 0 ? entry : { ...entry, locks };
}

/** What keeps an object from being deleted; a retention of the past is left out. */
export function locksOf({ temporaryHold, eventBasedHold, retentionExpirationTime }: ObjectResource): readonly Lock[] {
  const until = Date.parse(retentionExpirationTime ?? '');
  return [
    ...(temporaryHold || eventBasedHold ? [{ kind: 'legal-hold' } as const] : []),
    ...(until > Date.now() ? [{ kind: 'retention', until } as const] : []),
  ];
}

export async function statObject(gcs: GcsConnection, entry: Entry, signal: AbortSignal): Promise<Entry> {
  const { bucket, key } = addressOf(entry);
  const asked = { path: objectPath(bucket, key), query: { fields: `kind,bucket,${rowFields}` } };
  const resource = await gcs.read<ObjectResource>('storage#object', asked, { bucket, key }, signal);
  if (resource.name !== key || resource.bucket !== bucket) throw incomplete(gcs.subject({ bucket, key }));
  return { ...entryOf(bucket, resource, ''), name: entry.name };
}

export async function readObject(
  gcs: GcsConnection,
  entry: Entry,
  limit: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { bucket, key } = addressOf(entry);
  const about = { bucket, key };
  try {
    const asked = { path: objectPath(bucket, key), query: { alt: 'media' } };
    const response = await repeated(() => opened(gcs, asked, about, signal), signal);
    const length = response.headers.get('content-length');
    const body = (response.body ?? []) as AsyncIterable<Uint8Array>;
    return await readAtMost(body, limit, length === null ? undefined : Number(length), entry);
  } catch (error) {
    throw gcs.fail(error, about, signal);
  }
}

async function opened(gcs: GcsConnection, asked: Asked, about: About, signal: AbortSignal): Promise<Response> {
  try {
    const response = await gcs.open(asked, signal);
    const { status, headers } = response;
    if (status === 200) return response;
    throw new Refusal({ status, headers, text: await response.text() });
  } catch (error) {
    throw gcs.fail(error, about, signal);
  }
}

/** Fails for what can't be addressed. */
export function addressOf({ container = '', id }: Entry): { bucket: string; key: string } {
  const refusal = refuseName(id);
  if (refusal) throw refusal;
  return { bucket: container, key: id };
}
