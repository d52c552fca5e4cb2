import { StorageError, toStorageError } from '../core/errors.ts';
import { type Entry, type Outcome, placeOf, removalResults, type StorageClient } from '../core/storageClient.ts';
import { type Settled, settle } from './batch.ts';
import { listEverything } from './listing.ts';
import { lineOf } from './logLines.ts';
import { readManifest } from './manifest.ts';
import type { OutcomeLog } from './outcomeLog.ts';
import type { ProviderFacts, RemovalReport, RunRequest, RunResult, Selected } from './removal.ts';
import { manifestFile } from './removalFolder.ts';
import { untilAborted } from './waiting.ts';

/** Entries whose outcomes share a line of the log. */
const lineLength = 1_000;

/**
 * Deletes each selected folder whole, by one call, with all that arrives meanwhile: only for a plan that was confirmed so.
 * Every entry of the manifest gets its outcome. Where a folder was kept, the server names only some of the reasons: what is
 * still there is listed then, and only what is not has gone. Of a folder whose answer never came the fate of all is unknown.
 * @param lost aborted when another window has taken the removal over: then nothing more is sent or recorded
 */
export async function runTrees(request: RunRequest, log: OutcomeLog, lost: AbortSignal): Promise<RemovalReport> {
  const { removal, signal, onProgress } = request;
  const { folder, plan } = removal;
  const startedAt = Date.now();
  const results = Object.fromEntries(removalResults.map((result) => [result, 0])) as Record<RunResult, number>;
  let [bytes, fateUnknown, done] = [0, 0, 0];
  const total = plan.manifest.entries;
  const tell = () =>
    onProgress?.({
      phase: signal.aborted ? 'stopping' : 'running',
      done,
      total,
      results: { ...results },
      bytes,
      underWay: 0,
    });

  tell();
  const fates: Fate[] = [];
  const gone = () => lost.aborted || request.leaving?.aborted;
  for (const selected of plan.selection) if (!gone()) fates.push(await removeFolder(request, selected));
  // The answer is only that the window goes, or the journal is another one's: what became of the folders is not known.
  if (gone()) throw new StorageError('cancelled', 'This window has lost the removal while it ran.');
  let line: { from: number; entries: Entry[] } = { from: 0, entries: [] };
  const record = async () => {
    const settled = line.entries.map((entry) => fateOf(entry, fates));
    if (settled.length > 0) await log.append(lineOf(line.from, settled));
    for (const [index, each] of settled.entries()) {
      results[each.result]++;
      if (each.fateUnknown) fateUnknown++;
      if (each.result === 'deleted') bytes += line.entries[index]?.size ?? 0;
    }
    done += settled.length;
    line = { from: done, entries: [] };
    tell();
  };
  for await (const entry of readManifest(manifestFile(folder), plan.manifest)) {
    line.entries.push(entry);
    if (line.entries.length === lineLength) await record();
  }
  await record();
  const stopped = signal.aborted ? { kind: 'cancelled' as const, sentence: 'Cancelled.' } : undefined;
  const elapsed = Date.now() - startedAt;
  return { results, fateUnknown, bytes, startedAt, elapsed, ...(stopped ? { stopped } : {}) };
}

/** What became of a folder and of what was in it. */
interface Fate {
  readonly holds: (entry: Entry) => boolean;
  readonly of: (entry: Entry) => Settled;
}

async function removeFolder({ client, provider, removal, signal }: RunRequest, selected: Selected): Promise<Fate> {
  const folder: Entry = { ...selected };
  const holds = (entry: Entry) => entry.id === folder.id || (provider.folders.contains?.(folder, entry) ?? false);
  if (signal.aborted) return { holds, of: () => notAttempted };
  try {
    const target = { entry: folder, mode: removal.plan.mode };
    const answers = await untilAborted(client.removeTree?.(target, { signal }) ?? Promise.resolve([]), signal);
    const [own, ...kept] = answers;
    if (own?.target.entry.id !== folder.id) return { holds, of: () => settle('failed') };
    const fate = settle(own.result, own.error);
    // What the backend named brings back the folder, and as a part of it what was in it.
    const itself = own.result === 'deleted' && own.trace ? { ...fate, trace: own.trace } : fate;
    if (kept.length === 0 && own.error?.kind !== 'not-empty') return { holds, of: () => itself };
    return { holds, of: readerOf(folder, itself, kept, await idsLeft(client, provider, folder, signal)) };
  } catch (error) {
    const failed = settle('failed', toStorageError(error));
    return { holds, of: () => failed };
  }
}

const notAttempted: Settled = {
  result: 'not-attempted',
  error: new StorageError('cancelled', 'Cancelled.'),
  fateUnknown: false,
};

/** What is still in a folder; undefined where it can't be listed. */
async function idsLeft(
  client: StorageClient,
  provider: ProviderFacts,
  folder: Entry,
  signal: AbortSignal,
): Promise<ReadonlySet<string> | undefined> {
  const place = placeOf(folder);
  const left = new Set<string>();
  try {
    if (!place) return undefined;
    for await (const { entries } of listEverything(client, place, provider, {}, signal)) {
      for (const { id } of entries) left.add(id);
    }
    return left;
  } catch (error) {
    return toStorageError(error).kind === 'not-found' ? left : undefined;
  }
}

/** What became of a folder that was kept, and of what was in it. @param left the ids that are still in it */
function readerOf(
  folder: Entry,
  itself: Settled,
  kept: readonly Outcome[],
  left: ReadonlySet<string> | undefined,
): (entry: Entry) => Settled {
  const byId = new Map(kept.map(({ target, result, error }) => [target.entry.id, settle(result, error)]));
  return (entry) => {
    if (entry.id === folder.id) return itself;
    if (left && !left.has(entry.id)) return { result: 'deleted', fateUnknown: false };
    return byId.get(entry.id) ?? (left ? stays : unknown);
  };
}

const stays: Settled = {
  result: 'failed',
  error: new StorageError('not-empty', 'It is still there, since something in the folder was kept.'),
  fateUnknown: false,
};

const unknown: Settled = {
  result: 'failed',
  error: new StorageError('unexpected', 'Something in the folder was kept, and what it was could not be listed.'),
  fateUnknown: true,
};

function fateOf(entry: Entry, fates: readonly Fate[]): Settled {
  return fates.find(({ holds }) => holds(entry))?.of(entry) ?? settle('failed');
}
