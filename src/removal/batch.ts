import { type ErrorKind, StorageError, toStorageError } from '../core/errors.ts';
import { type Entry, identityOf, type Target } from '../core/storageClient.ts';
import type { Leave, Pace } from './pace.ts';
import type { RunResult } from './removal.ts';
import type { RetryBudget } from './retryBudget.ts';
import { sleep, untilAborted } from './waiting.ts';
import { type Answer, asMeant, type Work } from './work.ts';

/** Milliseconds. */
export interface RunTimes {
  /** The most that one call may take. */
  readonly batch: number;
  /** How long answers are awaited after a cancel. */
  readonly grace: number;
  /** The longest first wait before a batch is sent again; it doubles each time. */
  readonly retry: number;
  /** The longest wait that a server may ask for. */
  readonly longestWait: number;
}

export const runTimes: RunTimes = { batch: 60_000, grace: 2_000, retry: 500, longestWait: 60_000 };

/** How often a target is sent at most: a server that asks to slow down has done nothing and will take it later. */
function attemptsAfter({ kind }: StorageError): number {
  return kind === 'rate-limited' ? 10 : 4;
}

/** What became of one target of a batch. */
export interface Settled {
  readonly result: RunResult;
  /** Absent on what went as it was meant, and on what had gone so before. */
  readonly error?: StorageError;
  /** Whether it may be done all the same, since the server's answer never came. */
  readonly fateUnknown: boolean;
  /** What the backend named that brings it back. */
  readonly trace?: string;
  /** When it was found gone after an interrupted run that may have deleted it. */
  readonly lookedAt?: number;
}

export interface BatchContext {
  readonly work: Work;
  readonly times: RunTimes;
  /** Gives each call its turn. */
  readonly pace: Pace;
  readonly budget: RetryBudget;
  /** Aborted when nothing may be sent any more. */
  readonly stopped: AbortSignal;
  /** Aborted when answers are no longer awaited. */
  readonly abandoned: AbortSignal;
}

/** How large the pieces are in which a batch is sent again that took too long: a smaller one each time. */
const pieces = [250, 50, 1];

/** What became of a batch, and the turn of its last call, which ends when that is kept. */
export interface SettledBatch {
  readonly settled: readonly Settled[];
  readonly leave: () => void;
}

/**
 * Sends a batch and tells what became of each target, in their order; never rejects.
 * What failed in passing is sent again, by itself, unless it may be done already and doing it twice would do harm;
 * what took too long is sent again in smaller pieces.
 * @param first the turn of the first call
 */
export async function settleBatch(
  targets: readonly Target[],
  first: Leave,
  context: BatchContext,
): Promise<SettledBatch> {
  const settled: (Settled | undefined)[] = targets.map(() => undefined);
  const begun = performance.now();
  let pending = targets.map((_, index) => index);
  let size = targets.length;
  let leave: Leave | undefined = first;
  let met: StorageError | undefined;
  for (let attempt = 1; ; attempt++) {
    const answers: Settled[] = [];
    for (let from = 0; from < pending.length; from += size) {
      const piece = pending.slice(from, from + size);
      if (from > 0 || attempt > 1) {
        leave?.(met);
        leave = await takeTurn(piece.length, context);
      }
      if (!leave) break;
      const sent = piece.flatMap((index) => targets[index] ?? []);
      const answered = await sendOnce(sent, context);
      for (const [at, index] of piece.entries()) settled[index] = merge(settled[index], answered[at] ?? unanswered());
      answers.push(...answered);
      met = answered.find(({ error }) => error?.retryable)?.error;
      if (!met) context.budget.earn();
    }
    pending = pending.filter((index) => mayRepeat(targets[index], settled[index], context));
    const failure = settled[pending[0] ?? -1]?.error;
    if (!leave || !failure || attempt >= attemptsAfter(failure) || answers.some(isLoginLost)) break;
    const inVain = answers.every(({ result }) => result === 'failed');
    if (inVain && !context.budget.spend(failure)) break;
    leave(met);
    if (!(await waitBefore(attempt + 1, answers, context))) break;
    if (failure.kind === 'timed-out') size = pieces.find((piece) => piece < size) ?? 1;
    else if (performance.now() - begun >= context.times.batch) break;
  }
  return { settled: settled.map((each) => each ?? unanswered()), leave: () => leave?.(met) };
}

/** Undefined when nothing may be sent any more. */
function takeTurn(keys: number, { pace, stopped }: BatchContext): Promise<Leave | undefined> {
  return pace.enter(keys, stopped).catch(() => undefined);
}

/** Whether the server no longer knows who is asking: then no later batch can fare better. */
export function isLoginLost({ error }: Settled): boolean {
  return error?.kind === 'unauthenticated' || error?.kind === 'expired';
}

/** What became of each target, in their order. */
async function sendOnce(
  targets: readonly Target[],
  { work, times, abandoned }: BatchContext,
): Promise<readonly Settled[]> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(tookTooLong(times.batch, work)), times.batch);
  const signal = AbortSignal.any([abandoned, limit.signal]);
  try {
    return matchAnswers(targets, await untilAborted(work.call(targets, signal), signal), work);
  } catch (error) {
    const failure = toStorageError(error);
    const settled = settle(resultOf(failure.kind, work), failure);
    return targets.map(() => settled);
  } finally {
    clearTimeout(timer);
  }
}

/** Answers are believed by identity alone: what was not asked is dropped, what was not answered or answered both ways has failed. */
function matchAnswers(targets: readonly Target[], answers: unknown, work: Work): readonly Settled[] {
  const settled: (Settled | undefined)[] = targets.map(() => undefined);
  const indexOf = finderOf(targets);
  for (const [at, each] of (Array.isArray(answers) ? answers : []).entries()) {
    const answer = work.read(each);
    const index = answer && indexOf(answer.entry, at);
    if (!answer || index === undefined) continue;
    const before = settled[index];
    settled[index] = before && before.result !== answer.result ? contradicted() : settledBy(answer, work);
  }
  return settled.map((each) => each ?? unanswered());
}

/** Finds the target that an entry is: mostly the one in the same place. */
function finderOf(targets: readonly Target[]): (entry: Entry, guess: number) => number | undefined {
  let indexes: ReadonlyMap<string, number> | undefined;
  return (entry, guess) => {
    if (targets[guess]?.entry === entry) return guess;
    indexes ??= new Map(targets.map((target, index) => [identityOf(target.entry), index]));
    return indexes.get(identityOf(entry));
  };
}

function settledBy({ result, error, trace }: Answer, work: Work): Settled {
  const settled = settle(result, error);
  return result === work.meant && trace !== undefined ? { ...settled, trace } : settled;
}

/** What an answer says of a target; a failure whose answer may have come after the work leaves its fate unknown. */
export function settle(result: RunResult, error?: StorageError): Settled {
  const plainly = settledAsMeant.get(result);
  if (plainly) return plainly;
  const reason = error ?? new StorageError('unexpected', 'The server gave no reason.');
  return { result, error: reason, fateUnknown: result === 'failed' && unknowing.has(reason.kind) };
}

const settledAsMeant: ReadonlyMap<RunResult, Settled> = new Map(
  [...asMeant].map((result) => [result, { result, fateUnknown: false }]),
);

/** Errors that may come after the server has done its work: what is not there, for whatever reason, may have been deleted. */
const unknowing: ReadonlySet<ErrorKind> = new Set(['unreachable', 'timed-out', 'cancelled', 'unexpected', 'not-found']);

/** A target whose fate was unknown once stays so until the server says what became of it. */
function merge(before: Settled | undefined, now: Settled): Settled {
  return before?.fateUnknown && now.result === 'failed' ? { ...now, fateUnknown: true } : now;
}

function mayRepeat(target: Target | undefined, settled: Settled | undefined, { work }: BatchContext): boolean {
  if (settled?.result !== 'failed' || !settled.error?.retryable) return false;
  return work.repeatable || target?.entry.version !== undefined || !settled.fateUnknown;
}

/** Waits a random part of a span that doubles each time, or as long as the server asked; false when there is nothing to wait for. */
async function waitBefore(attempt: number, answers: readonly Settled[], context: BatchContext): Promise<boolean> {
  const { times, stopped } = context;
  const asked = Math.max(0, ...answers.map(({ error }) => error?.retryAfter ?? 0));
  if (asked > times.longestWait) return false;
  const chosen = Math.random() * times.retry * 2 ** (attempt - 2);
  return await sleep(Math.max(asked, chosen), stopped).then(
    () => true,
    () => false,
  );
}

/** What an error of a whole call says of each target in it. */
function resultOf(kind: ErrorKind, { results }: Work): RunResult {
  if (kind === 'forbidden') return 'denied';
  return (kind === 'locked' || kind === 'changed') && results.includes(kind) ? kind : 'failed';
}

/** What is said of a target for which nothing else can be. */
export const neverSettled: Settled = {
  result: 'failed',
  error: new StorageError('unexpected', 'What became of it was not recorded.'),
  fateUnknown: true,
};

function unanswered(): Settled {
  return settle('failed', new StorageError('unexpected', 'The server did not say what became of it.'));
}

function contradicted(): Settled {
  return settle('failed', new StorageError('unexpected', 'The server said two different things about it.'));
}

function tookTooLong(ms: number, { words }: Work): StorageError {
  const seconds = Math.round(ms / 1000);
  const sentence = `The server did not answer within ${seconds} seconds, so it may or may not be ${words.state}.`;
  return new StorageError('timed-out', sentence);
}
