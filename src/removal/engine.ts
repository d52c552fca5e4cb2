import { cancelled, StorageError, toStorageError } from '../core/errors.ts';
import type { Target } from '../core/storageClient.ts';
import { tryHold } from '../credentials/fileLock.ts';
import { realFiles } from '../credentials/files.ts';
import { isLoginLost, neverSettled, runTimes, type Settled, settleBatch } from './batch.ts';
import { type Batch, batchesOf, type Placed } from './batches.ts';
import { writeJson } from './files.ts';
import { lineOf } from './logLines.ts';
import { lookFirst } from './lookFirst.ts';
import { checkManifest } from './manifest.ts';
import {
  createOutcomeLog,
  loggedError,
  type OutcomeLog,
  type Range,
  readCoverage,
  readLog,
  readLogPages,
  resumeOutcomeLog,
} from './outcomeLog.ts';
import { type Allowed, type Leave, type Pace, Paces } from './pace.ts';
import type { ManifestEntry, RemovalReport, RunReport, RunRequest, RunResult, UndoReport } from './removal.ts';
import { lockFolder, manifestFile, readReport, reportFile } from './removalFolder.ts';
import { RetryBudget } from './retryBudget.ts';
import { runTrees } from './treeRun.ts';
import { untilAborted } from './waiting.ts';
import { deletion, restoration, type Work } from './work.ts';

/** Batches under way or waiting to be sent again. */
const mostBatches = 8;

/** After so many batches in a row of which the server took nothing, no more are sent: it is gone, or takes none any more. */
const inVainInARow = 4;

/**
 * Deletes what the manifest of a removal names, and nothing else. Every entry gets one of the seven results, which is on disk
 * before it is counted; they add up to the plan whatever the client does. Cancelling is part of the report, not an error.
 * Rejects when nothing was sent: a damaged manifest, a removal that has been run; or when results can no longer be written.
 */
export async function runRemoval(request: RunRequest): Promise<RemovalReport> {
  const { removal, client, provider } = request;
  const { plan } = removal;
  if (!client.remove || !provider.capabilities.has('remove')) {
    throw new StorageError('unsupported', `Nothing can be deleted here: ${provider.label}`);
  }
  if (plan.undoes !== undefined) throw new StorageError('unexpected', 'What an undo brings back is never deleted.');
  const whole = plan.whole && client.removeTree && !request.resume;
  return await journalled(request, deletion(request), whole ? (log, lost) => runTrees(request, log, lost) : undefined);
}

/** Brings back what the manifest of an undo names, with the same promises as a removal: nothing else, and every result kept. */
export async function runUndo(request: RunRequest): Promise<UndoReport> {
  const { removal, client, provider } = request;
  if (!client.undelete || !provider.capabilities.has('undelete')) {
    throw new StorageError('unsupported', `Nothing can be brought back here: ${provider.label}`);
  }
  if (removal.plan.undoes === undefined) throw new StorageError('unexpected', 'This is no undo of a removal.');
  return await journalled(request, restoration(request));
}

/** Runs under the removal's lock, once, with a journal and a report. */
async function journalled<Result extends RunResult>(
  request: RunRequest,
  work: Work<Result>,
  instead?: (log: OutcomeLog, lost: AbortSignal) => Promise<RunReport<Result>>,
): Promise<RunReport<Result>> {
  const { removal, signal, resume } = request;
  const { folder, plan } = removal;
  const { run } = work.words;
  await checkManifest(manifestFile(folder), plan.manifest, signal);
  await using held = await tryHold(realFiles, lockFolder(folder));
  if (!held) throw new StorageError('already-exists', `This ${run} is running in another window.`);
  const earlier = resume ? await unfinished(folder, work) : [];
  const log = resume
    ? await resumeOutcomeLog(folder)
    : await createOutcomeLog(folder).catch((error: unknown) => refuseSecondRun(error, work));
  try {
    const report = await (instead?.(log, held.lost) ?? new Run(request, work, log, earlier, held.lost).finish());
    if (held.lost.aborted) throw takenOver(work);
    if (request.leaving?.aborted) throw windowGone(work);
    await writeJson(reportFile(folder), report).catch((error: unknown) => failToWrite(error, work));
    return report;
  } finally {
    await log.close();
  }
}

class Run<Result extends RunResult> {
  readonly #request: RunRequest;
  readonly #work: Work<Result>;
  readonly #log: OutcomeLog;
  readonly #paceOf: (container: string) => Pace;
  readonly #budget = new RetryBudget();
  readonly #startedAt = Date.now();
  /** What had its outcome before this run. */
  readonly #earlier: readonly Range[];
  /** Aborted when nothing may be sent any more; its reason is the report's. */
  readonly #stop = new AbortController();
  /** Aborted when answers are no longer awaited. */
  readonly #abandon = new AbortController();
  readonly #inFlight = new Set<Promise<void>>();
  readonly #results: Record<RunResult, number>;
  #fateUnknown = 0;
  #bytes = 0;
  #done = 0;
  #underWay = 0;
  #foundGone = 0;
  #allowed: Allowed | undefined;
  #inVain = 0;
  #logFailure: StorageError | undefined;

  /** @param lost aborted when another window has taken the removal over: then nothing more is sent, and no end is written */
  constructor(request: RunRequest, work: Work<Result>, log: OutcomeLog, earlier: readonly Range[], lost: AbortSignal) {
    this.#request = request;
    this.#work = work;
    this.#results = Object.fromEntries(work.results.map((result) => [result, 0])) as Record<RunResult, number>;
    this.#log = log;
    this.#earlier = earlier;
    lost.addEventListener('abort', () => {
      this.#logFailure ??= takenOver(work);
      this.#halt(this.#logFailure);
    });
    request.leaving?.addEventListener('abort', () => {
      this.#logFailure ??= windowGone(work);
      this.#halt(this.#logFailure);
    });
    this.#paceOf = request.paceOf ?? new Paces().at('');
  }

  async finish(): Promise<RunReport<Result>> {
    const { signal, times = runTimes } = this.#request;
    let grace: ReturnType<typeof setTimeout> | undefined;
    const cancel = () => {
      this.#halt(cancelled());
      grace = setTimeout(() => this.#abandon.abort(abandoned(this.#work)), times.grace);
    };
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) cancel();
    try {
      await this.#countEarlier();
      const sent = await this.#sendAll();
      await this.#settleInFlight();
      await this.#recordRest(sent);
    } finally {
      clearTimeout(grace);
      signal.removeEventListener('abort', cancel);
    }
    return this.#report();
  }

  async #countEarlier(): Promise<void> {
    if (this.#earlier.length === 0) return this.#tell();
    for await (const { entry, recorded } of readLog(this.#request.removal)) {
      if (!recorded) continue;
      this.#results[recorded.result]++;
      if (recorded.fateUnknown) this.#fateUnknown++;
      if (recorded.lookedAt !== undefined) this.#foundGone++;
      if (recorded.result === this.#work.meant) this.#bytes += entry.size ?? 0;
      this.#done++;
    }
    this.#tell();
  }

  async *#left(): AsyncGenerator<readonly Placed[]> {
    for await (const page of readLogPages(this.#request.removal)) yield page.filter(({ recorded }) => !recorded);
  }

  /** Sends batch after batch, as many at once as the pace allows; gives back up to where in the manifest. */
  async #sendAll(): Promise<number> {
    const { removal, provider, conditional = provider.capabilities.has('conditional') } = this.#request;
    const { mode, bypass } = removal.plan;
    const limit = Math.max(1, provider.limits.batch);
    const rules = { limit, mode, bypass, conditional, contains: provider.folders.contains };
    let sent = 0;
    let alone = false;
    try {
      for await (const batch of batchesOf(this.#left(), rules)) {
        if (batch.alone || alone) await this.#settleInFlight();
        alone = batch.alone;
        // What waits to be sent again holds no turn, but its targets: there are never many of them.
        while (this.#inFlight.size >= mostBatches) await Promise.race(this.#inFlight);
        const leave = await this.#paceFor(batch).enter(batch.targets.length, this.#stop.signal);
        await this.#whilePaused();
        if (this.#stop.signal.aborted) {
          leave();
          break;
        }
        sent = batch.from + batch.targets.length;
        this.#start(batch, leave);
      }
    } catch (error) {
      this.#halt(toStorageError(error));
    }
    return sent;
  }

  /** A run that is stopped is no longer paused. */
  async #whilePaused(): Promise<void> {
    const paused = this.#request.paused?.();
    if (paused) await untilAborted(paused, this.#stop.signal).catch(() => undefined);
  }

  #start(batch: Batch, leave: Leave): void {
    const work = this.#settle(batch, leave)
      .catch((error: unknown) => {
        this.#logFailure ??= logFailure(error, this.#work);
        this.#halt(this.#logFailure);
      })
      .finally(() => this.#inFlight.delete(work));
    this.#inFlight.add(work);
    this.#underWay += batch.targets.length;
  }

  /** Rejects only when the outcome can't be written. */
  async #settle({ from, targets }: Batch, first: Leave): Promise<void> {
    const { client, provider, removal } = this.#request;
    const unsure = this.#work.looksFirst ? targets.filter((target) => this.#isUnsure(from, target)) : [];
    const { repeatable } = removal.plan;
    const looked = await lookFirst({ client, provider, repeatable }, unsure, this.#stop.signal);
    const rest = targets.filter((target) => !looked.has(target));
    const { settled, leave } = await this.#send(rest, first, unsure.length > 0);
    const answers = settled.values();
    const all = targets.map((target): Settled => looked.get(target) ?? answers.next().value ?? neverSettled);
    try {
      // The journal is another window's by now, or the answer is only that this one goes.
      if (this.#logFailure) throw this.#logFailure;
      await this.#log.append(lineOf(from, all, this.#work.meant));
      this.#count(targets, all);
    } finally {
      leave();
    }
  }

  /** @param looked whether the look before took a while, in which the run may have been stopped */
  async #send(targets: readonly Target[], leave: Leave, looked: boolean): ReturnType<typeof settleBatch> {
    if (targets.length === 0) return { settled: [], leave };
    if (looked && this.#stop.signal.aborted) {
      const error: StorageError = this.#stop.signal.reason;
      return { settled: targets.map(() => ({ result: 'not-attempted', error, fateUnknown: false })), leave };
    }
    const { times = runTimes } = this.#request;
    return await settleBatch(targets, leave, {
      work: this.#work,
      times,
      pace: this.#paceFor({ targets }),
      budget: this.#budget,
      stopped: this.#stop.signal,
      abandoned: this.#abandon.signal,
    });
  }

  /** Whether an earlier run may have deleted it: one that was interrupted, or one that never heard of it and is tried again. */
  #isUnsure(from: number, { entry }: { readonly entry: ManifestEntry }): boolean {
    return from < this.#unsureBefore() || entry.within !== undefined;
  }

  /** What stands before may have been on its way when an earlier run was interrupted: no more than was under way at once. */
  #unsureBefore(): number {
    const { resume, provider, removal } = this.#request;
    // What was deleted whole was all under way at once.
    if (resume && removal.plan.whole) return Number.POSITIVE_INFINITY;
    const limit = Math.max(1, provider.limits.batch);
    return resume ? endOf(this.#earlier) + mostBatches * limit : 0;
  }

  #paceFor({ targets }: Pick<Batch, 'targets'>): Pace {
    return this.#paceOf(targets[0]?.entry.container ?? '');
  }

  #count(targets: readonly Target[], settled: readonly Settled[]): void {
    for (const [index, { result, fateUnknown, lookedAt }] of settled.entries()) {
      this.#results[result]++;
      if (fateUnknown) this.#fateUnknown++;
      if (lookedAt !== undefined) this.#foundGone++;
      if (result === this.#work.meant) this.#bytes += targets[index]?.entry.size ?? 0;
    }
    this.#done += settled.length;
    this.#underWay -= settled.length;
    this.#allowed = this.#paceFor({ targets }).now;
    const lost = settled.find(isLoginLost)?.error;
    if (lost) this.#halt(lost);
    const reason = settled.every(isInVain) ? settled[0]?.error : undefined;
    this.#inVain = reason ? this.#inVain + 1 : 0;
    if (reason && this.#inVain >= inVainInARow) this.#halt(takesNothing(reason, this.#work));
    this.#tell();
  }

  async #settleInFlight(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight);
  }

  async #recordRest(sent: number): Promise<void> {
    if (this.#logFailure) throw this.#logFailure;
    const error = loggedError(this.#stop.signal.reason ?? cancelled());
    for (const range of gapsIn(this.#earlier, sent, this.#request.removal.plan.manifest.entries)) {
      await this.#log
        .append({ ...range, result: 'not-attempted', error })
        .catch((failure: unknown) => failToWrite(failure, this.#work));
      this.#results['not-attempted'] += range.entries;
      this.#done += range.entries;
    }
    this.#tell();
  }

  /** The first reason counts. */
  #halt(reason: StorageError): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort(reason);
    this.#tell();
  }

  #tell(): void {
    this.#request.onProgress?.({
      phase: this.#stop.signal.aborted ? 'stopping' : 'running',
      done: this.#done,
      total: this.#request.removal.plan.manifest.entries,
      results: { ...this.#results },
      bytes: this.#bytes,
      underWay: this.#underWay,
      ...(this.#allowed === undefined ? {} : { allowed: this.#allowed }),
    });
  }

  #report(): RunReport<Result> {
    const endedEarly = this.#results['not-attempted'] > 0 || this.#abandon.signal.aborted;
    const reason: StorageError | undefined = endedEarly ? this.#stop.signal.reason : undefined;
    return {
      results: { ...this.#results },
      fateUnknown: this.#fateUnknown,
      ...(this.#foundGone > 0 ? { foundGone: this.#foundGone } : {}),
      bytes: this.#bytes,
      startedAt: this.#startedAt,
      elapsed: Date.now() - this.#startedAt,
      ...(reason ? { stopped: { kind: reason.kind, sentence: reason.message } } : {}),
    };
  }
}

/** What an interrupted run has recorded; fails where there is nothing to go on with. */
async function unfinished(folder: string, { words }: Work): Promise<readonly Range[]> {
  if (await readReport(folder)) throw new StorageError('already-exists', `This ${words.run} has ended.`);
  const earlier = await readCoverage(folder);
  if (!earlier) throw new StorageError('unsupported', `This ${words.run} was never begun.`);
  return earlier;
}

function endOf(ranges: readonly Range[]): number {
  return ranges.reduce((end, { from, entries }) => Math.max(end, from + entries), 0);
}

/** What no range covers of the positions from `start` to `end`. @param ranges in their order */
function gapsIn(ranges: readonly Range[], start: number, end: number): readonly Range[] {
  const gaps: Range[] = [];
  let from = start;
  for (const range of [...ranges, { from: end, entries: 0 }]) {
    if (range.from > from) gaps.push({ from, entries: Math.min(range.from, end) - from });
    from = Math.max(from, range.from + range.entries);
  }
  return gaps;
}

function isInVain({ error }: Settled): boolean {
  return error?.kind === 'unreachable' || error?.kind === 'timed-out' || error?.kind === 'rate-limited';
}

function refuseSecondRun(error: unknown, work: Work): never {
  if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
    throw new StorageError('already-exists', `This ${work.words.run} has been run before.`, { cause: error });
  }
  return failToWrite(error, work);
}

function failToWrite(error: unknown, work: Work): never {
  throw logFailure(error, work);
}

function logFailure(cause: unknown, { words }: Work): StorageError {
  const sentence = `The ${words.run} stopped, since what it did could not be written to disk.`;
  return new StorageError('unexpected', sentence, { detail: String(cause), cause });
}

function takenOver({ words }: Work): StorageError {
  const sentence = `Another window has taken this ${words.run} over, so it was not gone on with here.`;
  return new StorageError('changed', sentence);
}

function windowGone({ words }: Work): StorageError {
  return new StorageError('cancelled', `The window was closed while the ${words.run} ran. It can be resumed.`);
}

function takesNothing({ kind }: StorageError, { words }: Work): StorageError {
  if (kind === 'rate-limited') {
    return new StorageError(kind, `The ${words.run} stopped, since the server only asks to slow down.`, {
      hint: `Try again later: what was not ${words.done} can be retried.`,
    });
  }
  return new StorageError('unreachable', `The ${words.run} stopped, since the server no longer answers.`, {
    hint: `Try again when the server can be reached: what was not ${words.done} can be retried.`,
  });
}

function abandoned({ words }: Work): StorageError {
  const sentence = `Cancelled while the server was at it, so it may or may not be ${words.state}.`;
  return new StorageError('cancelled', sentence);
}
