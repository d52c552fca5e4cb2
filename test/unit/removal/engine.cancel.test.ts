import { expect, test } from 'vitest';
import { StorageError } from '../../../src/core/errors.ts';
import { readOutcomes } from '../../../src/removal/outcomeLog.ts';
import type { RemovalProgress } from '../../../src/removal/removal.ts';
import {
  collect,
  container,
  deletedAll,
  facts,
  fakeClient,
  keyspace,
  objects,
  plan,
  run,
  shortTimes,
} from './fakeStorage.ts';

const singles = facts({ batch: 1 });
const patient = { timeout: 20_000 };

test('cancelled before it begins, a run makes no call and reports everything as not attempted', async () => {
  const client = fakeClient({ pages: keyspace(objects(2500)) });
  const removal = await plan(client, [container]);
  const report = await run(client, removal, { signal: AbortSignal.abort() });
  expect(client.calls).toEqual([]);
  expect(report.results['not-attempted']).toBe(2500);
  expect(report.stopped).toEqual({ kind: 'cancelled', sentence: 'Cancelled.' });
});

test('a cancel is told at once and no batch leaves after it; what is in flight may still answer', async () => {
  const cancel = new AbortController();
  const progress: RemovalProgress[] = [];
  let answer = () => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const client = fakeClient({
    pages: keyspace(objects(100)),
    async remove(batch) {
      await answered;
      return deletedAll(batch);
    },
  });
  const removal = await plan(client, [container]);
  const running = run(client, removal, {
    provider: singles,
    signal: cancel.signal,
    times: { ...shortTimes, grace: 10_000 },
    onProgress: (step) => progress.push(step),
  });
  await expect.poll(() => client.calls.length, patient).toBe(4);
  cancel.abort();
  expect(progress.at(-1)?.phase).toBe('stopping');
  answer();
  const report = await running;
  expect(client.calls).toHaveLength(4);
  expect(report.results).toMatchObject({ deleted: 4, failed: 0, 'not-attempted': 96 });
  expect(report.stopped?.kind).toBe('cancelled');
});

test('what does not answer within the grace is aborted, and its fate said to be unknown', async () => {
  const cancel = new AbortController();
  const signals: AbortSignal[] = [];
  const client = fakeClient({
    pages: keyspace(objects(100)),
    remove(_, signal) {
      signals.push(signal);
      return new Promise(() => {});
    },
  });
  const removal = await plan(client, [container]);
  const running = run(client, removal, {
    provider: singles,
    signal: cancel.signal,
    times: { ...shortTimes, batch: 60_000 },
  });
  await expect.poll(() => client.calls.length, patient).toBe(4);
  expect(signals.some(({ aborted }) => aborted)).toBe(false);
  cancel.abort();
  const report = await running;
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true, true]);
  expect(report).toMatchObject({ results: { deleted: 0, failed: 4, 'not-attempted': 96 }, fateUnknown: 4 });
  const outcomes = await collect(readOutcomes(removal));
  expect(outcomes[0]).toMatchObject({
    result: 'failed',
    fateUnknown: true,
    error: { kind: 'cancelled', sentence: 'Cancelled while the server was at it, so it may or may not be deleted.' },
  });
  expect(outcomes[4]).toMatchObject({ result: 'not-attempted', fateUnknown: false });
});

test('a cancel ends the wait before a batch is sent again', async () => {
  const cancel = new AbortController();
  const client = fakeClient({
    remove() {
      throw new StorageError('rate-limited', 'Slow down.', { retryAfter: 50_000 });
    },
  });
  const removal = await plan(client, objects(3));
  const running = run(client, removal, { signal: cancel.signal, times: { ...shortTimes, longestWait: 60_000 } });
  await expect.poll(() => client.calls.length, patient).toBe(1);
  cancel.abort();
  const report = await running;
  expect(client.calls).toHaveLength(1);
  expect(report).toMatchObject({ results: { failed: 3 }, fateUnknown: 0 });
});

test('a cancel after the last answer changes nothing', async () => {
  const cancel = new AbortController();
  const client = fakeClient();
  const removal = await plan(client, objects(3));
  const report = await run(client, removal, {
    signal: cancel.signal,
    onProgress: ({ done }) => done === 3 && cancel.abort(),
  });
  expect(report.results.deleted).toBe(3);
  expect(report.stopped).toBeUndefined();
});
