import { StorageError, toStorageError } from '../core/errors.ts';
import { type Entry, type Outcome, placeOf, type RemovalResult, removalResults } from '../core/storageClient.ts';
import { type Settled, settle } from './batch.ts';
import { lineOf } from './logLines.ts';
import { readManifest } from './manifest.ts';
import type { OutcomeLog } from './outcomeLog.ts';
import type { RemovalReport, RunRequest, Selected } from './removal.ts';
import { manifestFile } from './removalFolder.ts';
import { untilAborted } from './waiting.ts';

/** Entries whose outcomes share a line of the log. */
const lineLength = 1_000;

/**
 * Deletes each selected folder whole, by one call, with all that arrives meanwhile: only for a plan that was confirmed so.
 * Every entry of the manifest gets its outcome: what the server says it has kept, and the folders above it, stay; all else went
 * with its folder; of a folder whose answer never came the fate of everything is unknown.
 */
export async function runTrees(request: RunRequest, log: OutcomeLog): Promise<RemovalReport> {
  const { removal, signal, onProgress } = request;
  const { folder, plan } = removal;
  const startedAt = Date.now();
  const results = Object.fromEntries(removalResults.map((result) => [result, 0])) as Record<RemovalResult, number>;
  let [bytes, fateUnknown, done] = [0, 0, 0];
  const total = plan.manifest.entries;
  const tell = () =>
    onProgress?.({ phase: signal.aborted ? 'stopping' : 'running', done, total, results: { ...results }, bytes });

  tell();
  const fates: Fate[] = [];
  for (const selected of plan.selection) fates.push(await removeFolder(request, selected));
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
    return { holds, of: readerOf(folder, answers) };
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

/** The first answer is the folder's own; the others name what was kept. */
function readerOf(folder: Entry, [own, ...kept]: readonly Outcome[]): (entry: Entry) => Settled {
  const itself = own?.target.entry.id === folder.id ? settle(own.result, own.error) : settle('failed');
  if (itself.result === 'deleted' || itself.result === 'already-gone' || kept.length === 0) return () => itself;
  const byId = new Map(kept.map(({ target, result, error }) => [target.entry.id, settle(result, error)]));
  const above = new Set([...byId.keys()].flatMap(ancestorsOf));
  return (entry) => {
    if (entry.id === folder.id) return itself;
    const said = byId.get(entry.id);
    if (said) return said;
    return placeOf(entry) && above.has(entry.id.replace(/\/$/, ''))
      ? notEmpty
      : { result: 'deleted', fateUnknown: false };
  };
}

const notEmpty: Settled = {
  result: 'failed',
  error: new StorageError('not-empty', 'Something in it was kept.'),
  fateUnknown: false,
};

function ancestorsOf(path: string): readonly string[] {
  const parts = path.replace(/\/$/, '').split('/');
  return parts.map((_, depth) => parts.slice(0, depth).join('/')).filter((each) => each !== '');
}

function fateOf(entry: Entry, fates: readonly Fate[]): Settled {
  return fates.find(({ holds }) => holds(entry))?.of(entry) ?? settle('failed');
}
