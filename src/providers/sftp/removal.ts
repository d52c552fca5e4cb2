import { StorageError, toStorageError } from '../../core/errors.ts';
import type { Outcome, Target } from '../../core/storageClient.ts';
import { parentOf, refuseFile } from '../_shared/files.ts';
import { resultOf, unanswered } from '../_shared/outcomes.ts';
import { inParallel } from '../_shared/parallel.ts';
import type { SftpConnection } from './connection.ts';
import { status } from './errors.ts';
import { attributesOf, isReadable } from './listing.ts';

/** Requests that are on their way at once over the one connection. */
const inFlight = 64;

/** Deletes files and empty folders by exactly the paths that were listed: one outcome for each, in their order. */
export async function removeFiles(
  sftp: SftpConnection,
  batch: readonly Target[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const outcomes = new Map<Target, Outcome>();
  const refuse = (target: Target, error: StorageError) => {
    outcomes.set(target, { target, result: resultOf(error), error });
  };
  const { base } = await sftp.open(signal);
  const allowed = batch.filter((target) => {
    const error = refuseTarget(target, base);
    if (error) outcomes.set(target, { target, result: 'failed', error });
    return !error;
  });
  for (const [folder, targets] of Map.groupBy(allowed, ({ entry }) => parentOf(entry.id))) {
    const moved = await movedAway(sftp, folder, signal);
    if (moved) for (const target of targets) refuse(target, moved);
    else
      await inParallel(targets, inFlight, async (target) =>
        outcomes.set(target, await removeOne(sftp, target, signal)),
      );
  }
  return batch.map((target) => outcomes.get(target) ?? unanswered(target));
}

function refuseTarget({ entry }: Target, base: string): StorageError | undefined {
  if (!isReadable(entry.id)) {
    return new StorageError('unsupported', `This name can't be told to the server as it is: ${entry.path}`, {
      hint: 'It holds bytes that are no UTF-8. Rename it at the server.',
    });
  }
  return refuseFile(entry, base, ['object', 'folder']);
}

/** Why a folder is no longer the one that was listed, if so: a link on the way would lead elsewhere. */
async function movedAway(sftp: SftpConnection, folder: string, signal: AbortSignal): Promise<StorageError | undefined> {
  try {
    const now = await sftp.askAgain<string>(folder, signal, (session, done) => session.sftp.realpath(folder, done));
    if (now === folder) return undefined;
    return new StorageError('changed', `A link has taken the place of a folder on the way: ${folder}`, { detail: now });
  } catch (error) {
    const failure = toStorageError(error);
    // What is below a folder that is gone is gone; each is asked for all the same.
    return failure.kind === 'not-found' ? undefined : failure;
  }
}

async function removeOne(sftp: SftpConnection, target: Target, signal: AbortSignal): Promise<Outcome> {
  const { id, kind } = target.entry;
  try {
    await sftp.ask<void>(id, signal, (session, done) => {
      const answered = (error?: Error | null) => done(error, undefined);
      if (kind === 'folder') session.sftp.rmdir(id, answered);
      else session.sftp.unlink(id, answered);
    });
    return { target, result: 'deleted' };
  } catch (error) {
    const explained = await explain(sftp, target, toStorageError(error), signal).catch(toStorageError);
    if (explained.kind === 'not-found') return { target, result: 'already-gone' };
    return { target, result: resultOf(explained), error: explained };
  }
}

/** The protocol has few words: what is behind 'not there' and 'failure' is told by looking. */
async function explain(
  sftp: SftpConnection,
  { entry: { id, kind } }: Target,
  failure: StorageError,
  signal: AbortSignal,
): Promise<StorageError> {
  if (failure.kind === 'not-found') return (await isThere(sftp, id, signal)) ? replaced(id) : failure;
  const { cause } = failure;
  const unsaid = cause instanceof Error && 'code' in cause && cause.code === status.failure;
  if (kind !== 'folder' || !unsaid) return failure;
  const inside = await sftp
    .askAgain<readonly unknown[]>(id, signal, (session, done) => session.sftp.readdir(id, done))
    .catch(() => []);
  return inside.length === 0 ? failure : new StorageError('not-empty', `Something is in this folder: ${id}`, { cause });
}

/** A folder that is asked for is 'not there' for some servers when a file is in its place. */
async function isThere(sftp: SftpConnection, id: string, signal: AbortSignal): Promise<boolean> {
  try {
    await attributesOf(sftp, id, signal);
    return true;
  } catch (error) {
    const failure = toStorageError(error);
    if (failure.kind === 'not-found') return false;
    throw failure;
  }
}

function replaced(id: string): StorageError {
  return new StorageError('changed', `Something else is in its place: ${id}`);
}
