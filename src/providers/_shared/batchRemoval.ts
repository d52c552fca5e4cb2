import type { StorageError } from '../../core/errors.ts';
import type { Outcome, Target } from '../../core/storageClient.ts';
import { unanswered } from './outcomes.ts';
import { inParallel } from './parallel.ts';

/** Time limit of one call, in milliseconds. */
const callLimit = 60_000;

/** Requests under way at once where each names one target. */
export const singlesInFlight = 8;

/** How a backend deletes a batch. */
export interface RemovalWays {
  /** Why a target must not be asked of the server at all, if so. */
  refuse(target: Target): StorageError | undefined;
  /** Equal for targets that may go in one request; undefined for one that goes by itself. */
  groupOf(target: Target): string | undefined;
  /** Deletes a group of two or more; undefined where the server takes none: then nothing was done yet. */
  together(targets: readonly Target[], signal: AbortSignal): Promise<readonly Outcome[] | undefined>;
  one(target: Target, signal: AbortSignal): Promise<Outcome>;
  /** What more can be learned of outcomes, with all of them known. */
  explain(outcomes: readonly Outcome[], signal: AbortSignal): Promise<readonly Outcome[]>;
}

/** Deletes a batch, together what may go so, the rest one by one: one outcome for each target, in their order. Throws only when the whole call failed. */
export async function removeInWays(
  batch: readonly Target[],
  { refuse, groupOf, together, one, explain }: RemovalWays,
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(callLimit)]);
  const outcomes = new Map<Target, Outcome>();
  const keep = (outcome: Outcome) => outcomes.set(outcome.target, outcome);

  const allowed = batch.filter((target) => {
    const error = refuse(target);
    if (error) keep({ target, result: 'failed', error });
    return !error;
  });
  const single: Target[] = [];
  for (const [group, targets] of Map.groupBy(allowed, groupOf)) {
    const answered = group === undefined || targets.length === 1 ? undefined : await together(targets, limited);
    for (const outcome of answered ?? []) keep(outcome);
    if (!answered) single.push(...targets);
  }
  await inParallel(single, singlesInFlight, async (target) => keep(await one(target, limited)));

  const inOrder = batch.map((target) => outcomes.get(target) ?? unanswered(target));
  const first = inOrder[0]?.error;
  if (first && batch.length > 1 && inOrder.every(({ error }) => error === first)) throw first;
  return await explain(inOrder, limited);
}
