import {
  type DeleteMarkerEntry,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type ObjectVersion,
} from '@aws-sdk/client-s3';
import { StorageError } from '../../../core/errors.ts';
import type { Entry, ListQuery, Page, Place, WalkQuery } from '../../../core/storageClient.ts';
import { containerOf, endless, folderEntry, objectEntry, strayName } from '../entries.ts';
import { checkPrefix } from '../keys.ts';
import type { S3Connection } from './connection.ts';
import { type Cursor, readCursor, writeCursor } from './cursor.ts';
import { decoderOf } from './keys.ts';
import { pageSize } from './listing.ts';
import { withLocks } from './locks.ts';

/** Of so many versions of a walk it is asked whether they are locked: each costs a request. */
const asked = 1_000;

/** One page of the versions, delete markers and folders that stand directly at a place, with their locks. */
export async function listVersionsPage(
  s3: S3Connection,
  at: Place,
  query: ListQuery,
  signal: AbortSignal,
): Promise<Page> {
  const page = await listVersions(s3, at, query, '/', signal);
  return { ...page, entries: await withLocks(s3, containerOf(at), page.entries, signal) };
}

/** Every version and delete marker below a place, in the order of their keys' bytes; the first of them with their locks. */
export async function* walkVersions(
  s3: S3Connection,
  at: Place,
  { id, prefix = id?.slice(baseOf(at).length) }: WalkQuery,
  signal: AbortSignal,
): AsyncGenerator<Page> {
  let unasked = asked;
  let cursor: string | undefined;
  do {
    const query = { ...(cursor === undefined ? {} : { cursor }), ...(prefix === undefined ? {} : { prefix }) };
    const page = await listVersions(s3, at, query, undefined, signal);
    const meant = id === undefined ? page.entries : page.entries.filter((entry) => entry.id === id);
    const first = await withLocks(s3, containerOf(at), meant.slice(0, unasked), signal);
    unasked -= first.length;
    yield { ...page, entries: [...first, ...meant.slice(first.length)] };
    // A longer key stands behind all versions of the one that is meant.
    cursor = meant.length < page.entries.length ? undefined : page.cursor;
  } while (cursor !== undefined);
}

/** Whether an entry is a delete marker at the server now; says so only when the server lists exactly this one as such. */
export async function isMarker(s3: S3Connection, { container = '', id, version }: Entry, signal: AbortSignal) {
  const at: Place = { kind: 'container', id: container };
  let cursor: string | undefined;
  do {
    const query = { prefix: id, ...(cursor === undefined ? {} : { cursor }) };
    const page = await listVersions(s3, at, query, undefined, signal);
    const same = page.entries.filter((entry) => entry.id === id);
    const found = same.find((entry) => entry.version?.id === version?.id);
    if (found) return found.version?.marker ?? false;
    cursor = same.length < page.entries.length ? undefined : page.cursor;
  } while (cursor !== undefined);
  return undefined;
}

/** One page of versions and delete markers below a place, each key's from the newest, in the order of the keys' bytes. */
export async function listVersions(
  s3: S3Connection,
  at: Place,
  query: ListQuery,
  delimiter: string | undefined,
  signal: AbortSignal,
): Promise<Page> {
  const bucket = containerOf(at);
  const base = baseOf(at);
  const prefix = base + (query.prefix ?? '');
  const refusal = checkPrefix(prefix);
  if (refusal) throw refusal;
  const from = readCursor(query.cursor);
  try {
    const answer = await s3.reader.send(
      new ListObjectVersionsCommand({
        Bucket: bucket,
        Prefix: prefix,
        Delimiter: delimiter,
        MaxKeys: query.limit ?? pageSize,
        EncodingType: 'url',
        KeyMarker: from?.key,
        VersionIdMarker: from?.mark,
      }),
      { abortSignal: signal },
    );
    return readPage(answer, bucket, base, query.cursor);
  } catch (error) {
    throw s3.fail(error, { bucket }, signal);
  }
}

function readPage(
  answer: ListObjectVersionsCommandOutput,
  bucket: string,
  base: string,
  cursor: string | undefined,
): Page {
  const decode = decoderOf(answer.EncodingType);
  const entryOf = (version: ObjectVersion & DeleteMarkerEntry, marker: boolean): Entry => {
    const { Key = '', VersionId = '', IsLatest = false, Size, LastModified, ETag, StorageClass } = version;
    const key = decode(Key);
    const facts = { size: Size, modified: LastModified, tag: ETag, storageClass: StorageClass };
    const entry = objectEntry(bucket, key, key.slice(base.length), facts);
    return { ...entry, version: { id: VersionId, latest: IsLatest, marker } };
  };
  const versions = [
    ...(answer.Versions ?? []).map((version) => entryOf(version, false)),
    ...(answer.DeleteMarkers ?? []).map((marker) => entryOf(marker, true)),
  ].sort(newestFirst);
  const folders = (answer.CommonPrefixes ?? []).map(({ Prefix }) => folderEntry(bucket, decode(Prefix ?? ''), base));
  const entries = [...folders, ...versions];
  if (entries.some(({ id }) => id === '' || !id.startsWith(base))) throw strayName(bucket);
  if (versions.some(({ version }) => version?.id === '')) throw withoutVersion(bucket);
  if (!answer.IsTruncated) return { entries };
  const next = writeCursor(nextOf(answer, entries));
  if (next === undefined || next === cursor) throw endless(bucket);
  return { entries, cursor: next };
}

/** Ceph doesn't encode the next key though it encodes the keys: it is one that was listed, written either way. */
function nextOf(answer: ListObjectVersionsCommandOutput, entries: readonly Entry[]): Cursor {
  const { NextKeyMarker: next, NextVersionIdMarker: mark } = answer;
  const last = entries.map(({ id }) => id).reduce((a, b) => (byBytes(a, b) > 0 ? a : b), '');
  return { key: next === last || next === undefined ? next : decoderOf(answer.EncodingType)(next), mark };
}

/** The server lists versions and markers of a key from the newest; the SDK gives them in two lists. */
function newestFirst(a: Entry, b: Entry): number {
  const byKey = a.id === b.id ? 0 : byBytes(a.id, b.id);
  return byKey || Number(b.version?.latest) - Number(a.version?.latest) || (b.modified ?? 0) - (a.modified ?? 0);
}

/** The order in which a server lists keys. */
export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function baseOf(at: Place): string {
  return at.kind === 'folder' ? at.id : '';
}

function withoutVersion(bucket: string): StorageError {
  return new StorageError('unexpected', `The server listed a version without its id: ${bucket}`, {
    hint: 'Deleting from such a listing could delete something else. Tell the operator of the server.',
  });
}
