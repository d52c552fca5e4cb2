import type { StorageError } from '../../core/errors.ts';
import type { Deleted, Entry, Restoration } from '../../core/storageClient.ts';
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
import type { B2Connection } from './connection.ts';
import { newestVersions } from './listing.ts';
import { deleteVersion } from './removal.ts';

/** Takes away the hide markers of what was hidden, so that the files under them count again. */
export function undeleteBatch(
  b2: B2Connection,
  batch: readonly Deleted[],
  signal: AbortSignal,
): Promise<readonly Restoration[]> {
  const ways = {
    refuse: (deleted: Deleted) => refuseDeleted(deleted, b2.options.start),
    one: (deleted: Deleted, limited: AbortSignal) => unhide(b2, deleted, limited),
  };
  return restoreEach(batch, ways, (error, { entry }, limited) => b2.fail(error, about(entry), limited), signal);
}

/** Only where the marker is the newest of all, is the one that the removal left, and lies right on the file that was planned. */
async function unhide(b2: B2Connection, deleted: Deleted, signal: AbortSignal): Promise<Restoration> {
  const { entry, trace } = deleted;
  const [newest, below] = await newestVersions(b2, entry, signal);
  if (!newest?.version) return noLongerKept(deleted);
  if (stands(newest, entry)) return alreadyThere(deleted);
  const { id, marker } = newest.version;
  if (!marker || (trace !== undefined && trace !== id)) return keptNewer(deleted);
  if (!below) return noLongerKept(deleted);
  if (!stands(below, entry)) return keptNewer(deleted);
  if (!isOurs(deleted, newest.modified)) return notOurs(deleted);
  const failure = await takeAway(b2, newest, id, signal);
  return await look(b2, deleted, failure, signal);
}

/** The failure, if it is one: whether it was done all the same is seen by looking. */
async function takeAway(b2: B2Connection, marker: Entry, fileId: string, signal: AbortSignal) {
  try {
    await deleteVersion(b2, { entry: marker, mode: 'permanent' }, fileId, signal);
    return undefined;
  } catch (error) {
    return b2.fail(error, about(marker), signal);
  }
}

async function look(
  b2: B2Connection,
  deleted: Deleted,
  failure: StorageError | undefined,
  signal: AbortSignal,
): Promise<Restoration> {
  const [now] = await newestVersions(b2, deleted.entry, signal);
  if (now && stands(now, deleted.entry)) return restored(deleted);
  if (failure) return notRestored(deleted, failure);
  return now?.version?.marker === false ? keptNewer(deleted) : notShown(deleted);
}

/** Whether a version is the file that was planned. */
function stands({ version }: Entry, { tag }: Entry): boolean {
  return version?.id === tag && version?.marker === false;
}

function about({ container, id }: Entry) {
  return { bucket: container, key: id };
}
