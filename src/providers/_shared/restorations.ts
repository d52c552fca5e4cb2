import { StorageError } from '../../core/errors.ts';
import type { Deleted, Restoration } from '../../core/storageClient.ts';
import type { Start } from './entries.ts';
import { refuseTarget, resultOf } from './outcomes.ts';
import { inParallel } from './parallel.ts';

/** Time limit of one call, in milliseconds: each thing takes several requests. */
const callLimit = 300_000;

const inFlight = 8;

/** How a backend brings back one thing that was deleted. */
export interface RestorationWays {
  /** Why the server must not be asked for it at all, if so. */
  refuse(deleted: Deleted): StorageError | undefined;
  /** What ends it with an error is called failed, or denied where that is what the error says. */
  one(deleted: Deleted, signal: AbortSignal): Promise<Restoration>;
}

/** Brings back a batch, several at once: one restoration for each, in their order. */
export async function restoreEach(
  batch: readonly Deleted[],
  { refuse, one }: RestorationWays,
  fail: (error: unknown, deleted: Deleted, signal: AbortSignal) => StorageError,
  signal: AbortSignal,
): Promise<readonly Restoration[]> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(callLimit)]);
  const restorations = new Map<Deleted, Restoration>();
  await inParallel(batch, inFlight, async (deleted) => {
    const refusal = refuse(deleted);
    try {
      restorations.set(deleted, refusal ? notRestored(deleted, refusal) : await one(deleted, limited));
    } catch (error) {
      restorations.set(deleted, notRestored(deleted, fail(error, deleted, limited)));
    }
  });
  return batch.map((deleted) => restorations.get(deleted) ?? notRestored(deleted, unknownFate(deleted)));
}

/** What can't be brought back into a place of objects: anything but an object that was deleted as such, and known by its tag. */
export function refuseDeleted({ entry }: Deleted, start: Start): StorageError | undefined {
  if (entry.version !== undefined) return gone(`A version that was deleted is gone for good: ${entry.path}`);
  if (entry.kind !== 'object') return gone(`Only objects can be brought back: ${entry.path}`);
  if (!entry.tag) return gone(`It was not noted which one was deleted: ${entry.path}`);
  return refuseTarget(entry, start, ['object']);
}

export function restored(deleted: Deleted): Restoration {
  return { deleted, result: 'restored' };
}

export function alreadyThere(deleted: Deleted): Restoration {
  return { deleted, result: 'already-there' };
}

/** Something else stands there now, and was left alone. */
export function keptNewer(deleted: Deleted): Restoration {
  const sentence = `Something else stands there now, which was left alone: ${deleted.entry.path}`;
  return { deleted, result: 'changed', error: new StorageError('changed', sentence) };
}

/**
 * Whether what was deleted at a moment is what this removal deleted: told by its trace, or, where its deletion was never
 * answered, by when that was.
 * @param deletedAt milliseconds since the epoch; undefined where the server doesn't say
 */
export function isOurs({ trace, within }: Deleted, deletedAt: number | undefined): boolean {
  if (trace !== undefined || within === undefined) return true;
  return deletedAt !== undefined && deletedAt >= within[0] - clockStep && deletedAt <= within[1];
}

/** Servers tell times in whole seconds, cut off. */
const clockStep = 1_000;

/** Somebody else may have deleted it. */
export function notOurs(deleted: Deleted): Restoration {
  const sentence = `It is not known whether this removal deleted it, so it was left alone: ${deleted.entry.path}`;
  return notRestored(deleted, new StorageError('unsupported', sentence));
}

/** The server does not have what was deleted any more. */
export function noLongerKept(deleted: Deleted): Restoration {
  const sentence = `The server does not keep it any more, so it can't be brought back: ${deleted.entry.path}`;
  return notRestored(deleted, new StorageError('not-found', sentence));
}

/** What the server called done is not what a look at it shows. */
export function notShown(deleted: Deleted): Restoration {
  return notRestored(deleted, unknownFate(deleted));
}

export function notRestored(deleted: Deleted, error: StorageError): Restoration {
  const result = resultOf(error);
  return { deleted, result: result === 'denied' || result === 'changed' ? result : 'failed', error };
}

function unknownFate({ entry }: Deleted): StorageError {
  return new StorageError('unexpected', `The server did not show that it is there again: ${entry.path}`);
}

function gone(sentence: string): StorageError {
  return new StorageError('unsupported', sentence);
}
