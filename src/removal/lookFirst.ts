import { StorageError, toStorageError } from '../core/errors.ts';
import { type Entry, isSameTag, type StorageClient, type Target } from '../core/storageClient.ts';
import type { Settled } from './batch.ts';
import type { ProviderFacts } from './removal.ts';
import { untilAborted } from './waiting.ts';

/** Questions under way at once. */
const questionsAtOnce = 16;

interface Looking {
  readonly client: StorageClient;
  readonly provider: ProviderFacts;
  /** Whether sending a delete twice is harmless. */
  readonly repeatable: boolean;
}

/**
 * Looks at what may have been deleted by a run that was interrupted, or that never heard what became of it. A second delete would take what has come under the name
 * since, and on a bucket with versions it would add a second marker. What this returns is settled; all else may be sent:
 * it is as it was planned, or can't be told apart and does no harm to send.
 */
export async function lookFirst(
  looking: Looking,
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<ReadonlyMap<Target, Settled>> {
  const settled = new Map<Target, Settled>();
  const queue = targets.filter((target) => isTelling(target, looking)).values();
  const ask = async () => {
    for (const target of queue) {
      const answer = await look(looking, target, signal);
      if (answer) settled.set(target, answer);
    }
  };
  await Promise.all(Array.from({ length: questionsAtOnce }, ask));
  return settled;
}

/** A version by its id, and a folder, can be deleted twice; what has no tag can't be told from what came since. */
function isTelling({ entry }: Target, { repeatable, provider }: Looking): boolean {
  if (entry.kind !== 'object' || entry.version !== undefined) return false;
  return !repeatable || (entry.tag !== undefined && provider.capabilities.has('stat'));
}

async function look(
  { client, provider, repeatable }: Looking,
  { entry }: Target,
  signal: AbortSignal,
): Promise<Settled | undefined> {
  if (!provider.capabilities.has('stat')) return cannotTell();
  try {
    const now = await untilAborted(askStat(client, entry, signal), signal);
    return isSameTag(now.tag, entry.tag) ? undefined : changed();
  } catch (error) {
    const failure = toStorageError(error);
    if (failure.kind === 'not-found') return { result: 'already-gone', fateUnknown: false, lookedAt: Date.now() };
    // Keys that may delete and not look go on, where that does no harm.
    if (repeatable && failure.kind === 'forbidden') return undefined;
    return { result: 'failed', error: failure, fateUnknown: true };
  }
}

async function askStat(client: StorageClient, entry: Entry, signal: AbortSignal): Promise<Entry> {
  return (await client.stat?.(entry, { signal })) ?? entry;
}

function changed(): Settled {
  const error = new StorageError('changed', 'It changed after its deletion was asked for.');
  return { result: 'changed', error, fateUnknown: false };
}

function cannotTell(): Settled {
  const sentence = 'Whether it is deleted was not answered, and the server can not be asked about it.';
  return { result: 'failed', error: new StorageError('unexpected', sentence), fateUnknown: true };
}
