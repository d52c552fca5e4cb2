import type { Entry } from '../../../core/storageClient.ts';
import { inParallel } from '../parallel.ts';
import type { S3Connection } from './connection.ts';
import { writeCursor } from './cursor.ts';
import { byBytes, listVersions } from './versions.ts';

/** Of each key, so many of its newest versions and markers are kept. */
const kept = 2;

/** A page that speaks of fewer of the keys costs more than asking for each. */
const worthAPage = 20;

/** Questions for one key under way at once. */
const inFlight = 16;

/**
 * The newest versions and delete markers of keys, as the server lists them now, the newest first; none for a key that has
 * none. Keys that stand close together are found on the same pages, the others each by a request of its own.
 */
export async function newestVersions(
  s3: S3Connection,
  bucket: string,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly Entry[]>> {
  const [first, ...others] = [...new Set(keys)].toSorted(byBytes);
  const found = new Map<string, readonly Entry[]>();
  if (first === undefined) return found;
  found.set(first, await newestOf(s3, bucket, first, signal));
  const rest = await findOnPages({ s3, bucket, signal }, first, others, found);
  await inParallel(rest, inFlight, async (key) => found.set(key, await newestOf(s3, bucket, key, signal)));
  return found;
}

interface Asking {
  readonly s3: S3Connection;
  readonly bucket: string;
  readonly signal: AbortSignal;
}

/**
 * Lists what follows a key, as long as that finds enough of the others, which are in their order. Gives back those not found
 * so: what a page doesn't mention is asked for, and not believed to be missing.
 */
async function findOnPages(
  { s3, bucket, signal }: Asking,
  after: string,
  others: readonly string[],
  found: Map<string, readonly Entry[]>,
): Promise<readonly string[]> {
  // Keys that may list only a part of the bucket must name it.
  const prefix = commonStart(after, others.at(-1) ?? after);
  let cursor = writeCursor({ key: after, mark: undefined });
  let left = others;
  const missed: string[] = [];
  let page: Map<string, Entry[]> = new Map();
  let skipped = false;
  while (left.length >= worthAPage && cursor !== undefined) {
    const listed = await listVersions(s3, { kind: 'container', id: bucket }, { cursor, prefix }, undefined, signal);
    for (const entry of listed.entries) {
      const same = page.get(entry.id) ?? [];
      if (same.length < kept) page.set(entry.id, [...same, entry]);
    }
    cursor = listed.cursor;
    // Of the last key more may follow on the next page.
    const end = cursor === undefined ? undefined : listed.entries.at(-1)?.id;
    const known = left.filter((key) => end === undefined || byBytes(key, end) < 0);
    for (const key of known) {
      const versions = page.get(key);
      if (versions) found.set(key, versions);
      else missed.push(key);
    }
    left = left.slice(known.length);
    const poor = known.length < worthAPage && cursor !== undefined;
    const next = left[0];
    // The keys may stand close together in several places: the second poor page in a row says that they don't.
    if ((poor && skipped) || next === undefined) break;
    skipped = poor;
    page = new Map(poor || end === undefined ? [] : [[end, page.get(end) ?? []]]);
    if (!poor) continue;
    found.set(next, await newestOf(s3, bucket, next, signal));
    left = left.slice(1);
    cursor = writeCursor({ key: next, mark: undefined });
  }
  return [...missed, ...left];
}

/** What two keys begin with; half a character is none. */
function commonStart(one: string, other: string): string {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length++;
  const start = one.slice(0, length);
  return start.isWellFormed() ? start : start.slice(0, -1);
}

/** Asked with the key as the prefix: its own versions come before those of any longer key. */
async function newestOf(s3: S3Connection, bucket: string, key: string, signal: AbortSignal): Promise<readonly Entry[]> {
  const at = { kind: 'container', id: bucket } as const;
  const { entries } = await listVersions(s3, at, { prefix: key, limit: kept }, undefined, signal);
  return entries.filter(({ id }) => id === key);
}
