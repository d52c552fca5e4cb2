import { StorageError } from '../../core/errors.ts';
import type { Deleted, Entry, Restoration } from '../../core/storageClient.ts';
import { encodeKey, encodeSegment } from '../_shared/keys.ts';
import {
  alreadyThere,
  isOurs,
  keptNewer,
  noLongerKept,
  notOurs,
  notRestored,
  notShown,
  refuseDeleted,
  restored,
  restoreEach,
} from '../_shared/restorations.ts';
import type { Asked, SwiftConnection } from './connection.ts';
import { isOfSwift } from './errors.ts';
import { listPage, walkPages } from './listing.ts';
import { statObject } from './objects.ts';
import { decoded, headOfContainer, versioningOf } from './versioning.ts';

/** Brings back what containers with versions, or with an archive of what is deleted, have kept. */
export function undeleteBatch(
  swift: SwiftConnection,
  batch: readonly Deleted[],
  signal: AbortSignal,
): Promise<readonly Restoration[]> {
  const heads = new Map<string, ReturnType<typeof headOfContainer>>();
  const headOf = (container: string, limited: AbortSignal) => {
    const known = heads.get(container) ?? headOfContainer(swift, container, limited);
    heads.set(container, known);
    return known;
  };
  const ways = {
    refuse: (deleted: Deleted) => refuseDeleted(deleted, swift.options),
    one: async (deleted: Deleted, limited: AbortSignal) => {
      const headers = await headOf(deleted.entry.container ?? '', limited);
      const versioning = versioningOf(headers);
      if (versioning === 'versions') return await bringBack(swift, deleted, limited);
      if (versioning === 'history') {
        return await copyBack(swift, deleted, decoded(headers['x-history-location']), limited);
      }
      return notRestored(deleted, keepsNone(deleted.entry));
    },
  };
  return restoreEach(batch, ways, failureOf, signal);
}

function failureOf(error: unknown, { entry }: Deleted): StorageError {
  if (error instanceof StorageError) return error;
  return new StorageError('unexpected', `Something unexpected went wrong: ${entry.path}`, { detail: String(error) });
}

/** Makes the version that was planned current again where only markers came after it, and takes those away. */
async function bringBack(swift: SwiftConnection, deleted: Deleted, signal: AbortSignal): Promise<Restoration> {
  const { entry, trace } = deleted;
  const versions = await newestVersions(swift, entry, signal);
  const live = versions.find(({ version }) => version?.latest && !version.marker);
  if (live) return live.tag === entry.tag ? alreadyThere(deleted) : keptNewer(deleted);
  const below = versions.findIndex(({ version }) => version?.marker === false);
  const [planned, markers] = [versions[below], versions.slice(0, Math.max(below, 0))];
  if (!planned?.version) return noLongerKept(deleted);
  if (planned.tag !== entry.tag || (trace !== undefined && markers[0]?.version?.id !== trace))
    return keptNewer(deleted);
  if (!isOurs(deleted, markers[0]?.modified)) return notOurs(deleted);
  const failure = await change(swift, 'PUT', entry, planned.version.id, signal);
  if (failure && !failure.retryable) return notRestored(deleted, failure);
  return await settle(swift, deleted, planned, markers, failure, signal);
}

async function settle(
  swift: SwiftConnection,
  deleted: Deleted,
  { version }: Entry,
  markers: readonly Entry[],
  failure: StorageError | undefined,
  signal: AbortSignal,
): Promise<Restoration> {
  const { entry } = deleted;
  const versions = await newestVersions(swift, entry, signal);
  const newest = versions.find((each) => each.version?.marker === false);
  const isCurrent = versions.some((each) => each.version?.latest && each.version.id === version?.id);
  if (newest?.version && newest.version.id !== version?.id) {
    // It was written between the look and the change, which has no condition: it stays what is current.
    const undone = isCurrent ? await change(swift, 'PUT', entry, newest.version.id, signal) : undefined;
    return undone ? notRestored(deleted, undone) : keptNewer(deleted);
  }
  if (!isCurrent) return failure ? notRestored(deleted, failure) : notShown(deleted);
  // One that stays says nothing of what is current.
  for (const marker of markers) await change(swift, 'DELETE', entry, marker.version?.id ?? '', signal);
  return restored(deleted);
}

/** A change of one version; the failure, if it is one. */
async function change(
  swift: SwiftConnection,
  method: 'PUT' | 'DELETE',
  { container = '', id }: Entry,
  versionId: string,
  signal: AbortSignal,
): Promise<StorageError | undefined> {
  const body = method === 'PUT' ? { body: '' } : {};
  return await attempt(swift, { method, container, id, query: { 'version-id': versionId }, ...body }, signal);
}

async function attempt(swift: SwiftConnection, asked: Asked, signal: AbortSignal): Promise<StorageError | undefined> {
  try {
    await swift.demand(await swift.answer(asked, signal), asked);
    return undefined;
  } catch (error) {
    if (error instanceof StorageError) return error;
    throw error;
  }
}

const pageSize = 20;

/** The versions and markers of exactly this name, the newest first, at least as far as the first that is no marker. */
async function newestVersions(
  swift: SwiftConnection,
  { container = '', id }: Entry,
  signal: AbortSignal,
): Promise<readonly Entry[]> {
  const found: Entry[] = [];
  let cursor: string | undefined;
  do {
    const query = { prefix: id, versions: true, limit: pageSize, ...(cursor === undefined ? {} : { cursor }) };
    const page = await listPage(swift, { kind: 'container', id: container }, query, signal);
    const own = page.entries.filter((entry) => entry.kind === 'object' && entry.id === id);
    found.push(...own);
    // Of all names that begin with a name, that one itself comes first.
    cursor = own.length < page.entries.length ? undefined : page.cursor;
  } while (cursor !== undefined && !found.some(({ version }) => version?.marker === false));
  return found;
}

/**
 * Copies back what an archive has, where a look shows that nothing has the name now.
 * https://docs.openstack.org/swift/latest/middleware.html#versioned-writes
 */
async function copyBack(
  swift: SwiftConnection,
  deleted: Deleted,
  archive: string,
  signal: AbortSignal,
): Promise<Restoration> {
  const { entry } = deleted;
  const live = await liveObject(swift, entry, signal);
  if (live) return live.tag === entry.tag ? alreadyThere(deleted) : keptNewer(deleted);
  const length = Buffer.byteLength(entry.id).toString(16).padStart(3, '0');
  const prefix = `${length}${entry.id}/`;
  let kept: Entry | undefined;
  for await (const { entries } of walkPages(swift, { kind: 'container', id: archive }, { prefix }, signal)) {
    kept = entries.findLast(({ id, tag }) => tag === entry.tag && !id.slice(prefix.length).includes('/')) ?? kept;
  }
  if (!kept) return noLongerKept(deleted);
  // The archive doesn't say when something was deleted.
  if (!isOurs(deleted, undefined)) return notOurs(deleted);
  const source = `/${encodeSegment(archive)}/${encodeKey(kept.id)}`;
  const { container = '', id } = entry;
  // Swift would apply a condition to what is copied from. What was written since the look goes into the archive, and stays.
  const headers = { 'x-copy-from': source };
  // Of a large object or a link it is the list or the link itself that comes back, not what it stands for.
  const query = { 'multipart-manifest': 'get', symlink: 'get' };
  const failure = await attempt(swift, { method: 'PUT', container, id, query, headers, body: '' }, signal);
  const now = await liveObject(swift, entry, signal);
  if (now) return now.tag === entry.tag ? restored(deleted) : keptNewer(deleted);
  return failure ? notRestored(deleted, failure) : notShown(deleted);
}

/** Undefined where Swift itself says that none is there. */
async function liveObject(swift: SwiftConnection, entry: Entry, signal: AbortSignal): Promise<Entry | undefined> {
  const { container = '', id } = entry;
  const answer = await swift.answer({ method: 'HEAD', container, id }, signal);
  if (answer.status === 404 && isOfSwift(answer)) return undefined;
  return await statObject(swift, entry, signal);
}

function keepsNone({ container = '' }: Entry): StorageError {
  return new StorageError('unsupported', `This container does not keep what is deleted: ${container}`);
}
