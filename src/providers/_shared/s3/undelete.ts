import { type ErrorKind, StorageError, toStorageError } from '../../../core/errors.ts';
import type { Deleted, Entry, Restoration, RestorationResult } from '../../../core/storageClient.ts';
import { refuseTarget } from '../outcomes.ts';
import { isOurs } from '../restorations.ts';
import type { S3Connection } from './connection.ts';
import { startOf } from './listing.ts';
import { removeBatch } from './removal.ts';
import { newestVersions } from './versionsOf.ts';

/**
 * Brings back objects by taking away exactly the delete markers that their deletion has made. It looks before: a marker goes
 * only while it is what counts, and while behind it stands what was deleted. It looks again after, and believes only that.
 */
export async function undeleteBatch(
  s3: S3Connection,
  batch: readonly Deleted[],
  signal: AbortSignal,
): Promise<readonly Restoration[]> {
  const start = startOf(s3);
  const settled = new Map<Deleted, Restoration>();
  const settle = (deleted: Deleted, result: RestorationResult, error?: StorageError) =>
    settled.set(deleted, { deleted, result, ...(error ? { error } : {}) });
  const allowed = batch.filter((deleted) => {
    const refusal = refuseTarget(deleted.entry, start, ['object']) ?? refuseVersion(deleted.entry);
    if (refusal) settle(deleted, 'failed', refusal);
    return !refusal;
  });
  const markers = new Map<Deleted, string>();
  await eachBucket(s3, allowed, signal, settle, (deleted, versions) => {
    const standing = standingOf(deleted, versions);
    if (standing.kind === 'marked') markers.set(deleted, standing.marker);
    else settle(deleted, standing.result, standing.error);
  });
  const unsure = await takeAway(s3, markers, signal);
  await eachBucket(s3, [...markers.keys()], signal, settle, (deleted, versions) => {
    const refusal = unsure.get(deleted);
    const standing = standingOf(deleted, versions);
    if (standing.kind === 'there') settle(deleted, unsure.has(deleted) ? 'already-there' : 'restored');
    else if (standing.kind === 'marked') settle(deleted, resultOf(refusal?.kind), refusal ?? stayed(deleted));
    else settle(deleted, standing.result, standing.error);
  });
  return batch.map((deleted) => settled.get(deleted) ?? { deleted, result: 'failed', error: stayed(deleted) });
}

type Standing =
  | { readonly kind: 'marked'; readonly marker: string }
  | { readonly kind: 'there'; readonly result: 'already-there'; readonly error?: undefined }
  | { readonly kind: 'other'; readonly result: 'changed' | 'failed'; readonly error: StorageError };

/** How something that was deleted stands, by its newest versions. @param newest what counts, and what would without it */
function standingOf(deleted: Deleted, [newest, before]: readonly Entry[]): Standing {
  const { entry } = deleted;
  if (!newest?.version) return { kind: 'other', result: 'failed', error: nothingLeft(entry) };
  // What is not current and has no marker before it is deleted in a way that this protocol can't take back.
  if (!newest.version.latest) return { kind: 'other', result: 'failed', error: noMarker(entry) };
  if (!newest.version.marker) {
    return isSame(entry, newest)
      ? { kind: 'there', result: 'already-there' }
      : { kind: 'other', result: 'changed', error: somethingNewer(entry) };
  }
  if (!isOwn(deleted, newest)) {
    return deleted.trace === undefined
      ? { kind: 'other', result: 'failed', error: notKnown(entry) }
      : { kind: 'other', result: 'changed', error: deletedAgain(entry) };
  }
  if (!before || before.version?.marker || !isSame(entry, before)) {
    return { kind: 'other', result: 'failed', error: nothingLeft(entry) };
  }
  // Where versioning is suspended, whatever is written next takes this id: to delete it could delete that for good.
  if (newest.version.id === 'null') return { kind: 'other', result: 'failed', error: suspended(entry) };
  return { kind: 'marked', marker: newest.version.id };
}

/** Whether a marker is the one that this deletion has made. One that nobody named is so when it was made while it was sent. */
function isOwn(deleted: Deleted, { version, modified }: Entry): boolean {
  if (deleted.trace !== undefined) return version?.id === deleted.trace;
  return deleted.within !== undefined && isOurs(deleted, modified);
}

function isSame(planned: Entry, now: Entry): boolean {
  return planned.tag === undefined || planned.tag === now.tag;
}

/** Deletes the markers, each by its id. Gives back those of which the server did not say that they went, and why. */
async function takeAway(
  s3: S3Connection,
  markers: ReadonlyMap<Deleted, string>,
  signal: AbortSignal,
): Promise<ReadonlyMap<Deleted, StorageError | undefined>> {
  const all = [...markers];
  const targets = all.map(([{ entry }, id]) => ({
    entry: { ...entry, version: { id, latest: true, marker: true } },
    mode: 'permanent' as const,
  }));
  if (targets.length === 0) return new Map();
  try {
    const outcomes = await removeBatch(s3, targets, signal);
    return new Map(
      all.flatMap(([deleted], index) =>
        outcomes[index]?.result === 'deleted' ? [] : [[deleted, outcomes[index]?.error] as const],
      ),
    );
  } catch (error) {
    const failure = toStorageError(error);
    if (failure.kind === 'cancelled' || failure.kind === 'unauthenticated' || failure.kind === 'expired') throw failure;
    return new Map(all.map(([deleted]) => [deleted, failure]));
  }
}

/** Looks at the versions of all, bucket by bucket. Where that fails nothing is known: of one bucket it blames those in it. */
async function eachBucket(
  s3: S3Connection,
  all: readonly Deleted[],
  signal: AbortSignal,
  settle: (deleted: Deleted, result: RestorationResult, error: StorageError) => void,
  tell: (deleted: Deleted, versions: readonly Entry[]) => void,
): Promise<void> {
  const buckets = Map.groupBy(all, ({ entry }) => entry.container ?? '');
  for (const [bucket, group] of buckets) {
    try {
      const keys = group.map(({ entry }) => entry.id);
      const versions = await newestVersions(s3, bucket, keys, signal);
      for (const deleted of group) tell(deleted, versions.get(deleted.entry.id) ?? []);
    } catch (error) {
      const failure = toStorageError(error);
      if (buckets.size === 1) throw failure;
      for (const deleted of group) settle(deleted, resultOf(failure.kind), failure);
    }
  }
}

function resultOf(kind: ErrorKind | undefined): RestorationResult {
  return kind === 'forbidden' || kind === 'locked' ? 'denied' : 'failed';
}

function refuseVersion({ version, path }: Entry): StorageError | undefined {
  return version && new StorageError('unsupported', `A version that was deleted by itself is gone for good: ${path}`);
}

function nothingLeft({ path }: Entry): StorageError {
  return new StorageError('not-found', `There is nothing left to bring back: ${path}`, {
    hint: 'The bucket did not keep it, or its version was deleted since.',
  });
}

function noMarker({ path }: Entry): StorageError {
  return new StorageError('unsupported', `The server shows no delete marker that could be taken away: ${path}`);
}

function suspended({ path }: Entry): StorageError {
  return new StorageError(
    'unsupported',
    `Versioning is suspended, and what is written meanwhile could go with the marker, so it was left alone: ${path}`,
    { hint: 'Undelete it from its versions while nobody writes there.' },
  );
}

function somethingNewer({ path }: Entry): StorageError {
  return new StorageError('changed', `Something newer stands there, which is kept: ${path}`);
}

function deletedAgain({ path }: Entry): StorageError {
  return new StorageError('changed', `It came back and was deleted again since: ${path}`);
}

function notKnown({ path }: Entry): StorageError {
  return new StorageError('unsupported', `The server did not name the delete marker of this removal: ${path}`, {
    hint: 'Show Versions has what stands before the marker: Undelete takes it away.',
  });
}

function stayed({ entry: { path } }: Deleted): StorageError {
  return new StorageError('unexpected', `It did not come back, though the server took the delete marker away: ${path}`);
}
