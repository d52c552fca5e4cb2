import { StorageError, toStorageError } from '../core/errors.ts';
import type { Entry, StorageClient, Target } from '../core/storageClient.ts';
import type { Settled } from './batch.ts';
import type { ProviderFacts } from './removal.ts';
import { untilAborted } from './waiting.ts';

/** Questions under way at once. */
const questionsAtOnce = 16;

/**
 * Looks at what may have been deleted by a run that was interrupted, where a second delete would do harm: on a bucket with
 * versions it would add a second marker. What it returns is settled; all else is as it was planned and may be sent.
 */
export async function lookFirst(
  client: StorageClient,
  { capabilities }: ProviderFacts,
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<ReadonlyMap<Target, Settled>> {
  const settled = new Map<Target, Settled>();
  // A version by its id, and a folder, can be deleted twice.
  const queue = targets.filter(({ entry }) => entry.kind === 'object' && entry.version === undefined).values();
  const ask = async () => {
    for (const target of queue) {
      const answer = capabilities.has('stat') ? await look(client, target, signal) : cannotTell();
      if (answer) settled.set(target, answer);
    }
  };
  await Promise.all(Array.from({ length: questionsAtOnce }, ask));
  return settled;
}

async function look(client: StorageClient, { entry }: Target, signal: AbortSignal): Promise<Settled | undefined> {
  try {
    const now = await untilAborted(askStat(client, entry, signal), signal);
    return now.tag === undefined || entry.tag === undefined || now.tag === entry.tag ? undefined : changed();
  } catch (error) {
    const failure = toStorageError(error);
    if (failure.kind === 'not-found') return { result: 'already-gone', fateUnknown: false };
    return { result: 'failed', error: failure, fateUnknown: true };
  }
}

async function askStat(client: StorageClient, entry: Entry, signal: AbortSignal): Promise<Entry> {
  return (await client.stat?.(entry, { signal })) ?? entry;
}

function changed(): Settled {
  const error = new StorageError('changed', 'It changed while the removal was interrupted.');
  return { result: 'changed', error, fateUnknown: false };
}

function cannotTell(): Settled {
  const sentence = 'The removal was interrupted while it was being deleted, and the server can not be asked about it.';
  return { result: 'failed', error: new StorageError('unexpected', sentence), fateUnknown: true };
}
