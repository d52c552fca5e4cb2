import { StorageError, toStorageError } from '../core/errors.ts';
import { type RemovalResult, removalResults } from '../core/storageClient.ts';
import { targetKey } from './artifacts.ts';
import { runRemoval } from './engine.ts';
import { readOutcomes } from './outcomeLog.ts';
import type { EntryOutcome, Removal, RemovalProgress, RemovalReport, RunRequest } from './removal.ts';

/** One credential's part of a removal that goes over several. */
export type Share = Pick<RunRequest, 'removal' | 'client' | 'provider' | 'conditional' | 'paceOf'>;

/** How a share ended: with its report, or with why there is none. */
export interface EndedShare {
  readonly removal: Removal;
  readonly report?: RemovalReport;
  readonly error?: StorageError;
}

/** Runs all shares at the same time, each as a removal of its own: what ends one leaves the others alone. Never rejects. */
export async function runShares(
  shares: readonly Share[],
  signal: AbortSignal,
  onProgress?: (progress: Pick<RemovalProgress, 'phase' | 'done' | 'total'>) => void,
  run: (request: RunRequest) => Promise<RemovalReport> = runRemoval,
): Promise<readonly EndedShare[]> {
  const total = shares.reduce((sum, { removal }) => sum + removal.plan.manifest.entries, 0);
  const done = new Map<Share, number>();
  const tell = (share: Share, progress: RemovalProgress) => {
    done.set(share, progress.done);
    const phase = signal.aborted ? 'stopping' : 'running';
    onProgress?.({ phase, done: [...done.values()].reduce((sum, each) => sum + each, 0), total });
  };
  return await Promise.all(
    shares.map(async (share): Promise<EndedShare> => {
      const { removal } = share;
      try {
        return { removal, report: await run({ ...share, signal, onProgress: (now) => tell(share, now) }) };
      } catch (error) {
        return { removal, error: toStorageError(error) };
      }
    }),
  );
}

/** The reports of several removals as one. What has no report counts as failed. */
export function joinReports(shares: readonly EndedShare[]): RemovalReport {
  const reports = shares.flatMap(({ report }) => report ?? []);
  const lost = shares.reduce((sum, { removal, report }) => sum + (report ? 0 : removal.plan.manifest.entries), 0);
  const sum = (count: (report: RemovalReport) => number) => reports.reduce((all, report) => all + count(report), 0);
  const results = Object.fromEntries(
    removalResults.map((result) => [result, sum((report) => report.results[result])]),
  ) as Record<RemovalResult, number>;
  const startedAt = Math.min(...reports.map((report) => report.startedAt), Date.now());
  const stopped = reports.find((report) => report.stopped)?.stopped;
  return {
    results: { ...results, failed: results.failed + lost },
    fateUnknown: sum(({ fateUnknown }) => fateUnknown) + lost,
    bytes: sum(({ bytes }) => bytes),
    startedAt,
    elapsed: Math.max(0, ...reports.map((report) => report.startedAt + report.elapsed - startedAt)),
    ...(stopped ? { stopped } : {}),
  };
}

/**
 * What became of every target of several removals, by `targetKey`; of one that was tried again, what came out last. Whose
 * fate was unknown once, and of which no server has said more since, may be deleted all the same.
 */
export async function outcomesOf(
  removals: readonly Removal[],
): Promise<ReadonlyMap<string, EntryOutcome<RemovalResult>>> {
  const outcomes = new Map<string, EntryOutcome<RemovalResult>>();
  for (const removal of removals) {
    try {
      for await (const outcome of readOutcomes(removal)) {
        if (!isOfRemoval(outcome)) continue;
        const key = targetKey(removal.plan.credential.id, outcome.entry);
        const unsure = outcomes.get(key)?.fateUnknown && unsaid.has(outcome.result);
        outcomes.set(key, unsure ? { ...outcome, fateUnknown: true } : outcome);
      }
    } catch (error) {
      // What can't be read of one must not hide what became of the others: its rows say that nothing is recorded.
      if (!(error instanceof StorageError)) throw error;
    }
  }
  return outcomes;
}

function isOfRemoval(outcome: EntryOutcome): outcome is EntryOutcome<RemovalResult> {
  return removalResults.some((result) => result === outcome.result);
}

/** Results of which no server has said that the target is there or gone. */
const unsaid: ReadonlySet<RemovalResult> = new Set(['failed', 'not-attempted']);
