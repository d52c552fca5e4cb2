import { readFile, rm, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { type ErrorKind, StorageError } from '../../../src/core/errors.ts';
import { identityOf, type Outcome, type Target } from '../../../src/core/storageClient.ts';
import { createOutcomeLog, readOutcomes } from '../../../src/removal/outcomeLog.ts';
import type { Pace } from '../../../src/removal/pace.ts';
import type { RemovalProgress } from '../../../src/removal/removal.ts';
import { manifestFile, outcomesFile, readReport } from '../../../src/removal/removalFolder.ts';
import {
  collect,
  container,
  deletedAll,
  facts,
  fakeClient,
  folder,
  keyspace,
  object,
  objects,
  plan,
  run,
} from './fakeStorage.ts';

const none = { deleted: 0, 'already-gone': 0, changed: 0, locked: 0, denied: 0, failed: 0, 'not-attempted': 0 };

function failing(target: Target, kind: ErrorKind, more: { retryable?: boolean; retryAfter?: number } = {}): Outcome {
  return { target, result: 'failed', error: new StorageError(kind, `It failed: ${kind}`, more) };
}

/** Gives a turn only when the one before has ended. */
function oneByOne(): Pace {
  let last = Promise.resolve();
  return {
    async enter() {
      const before = last;
      let end = () => {};
      last = new Promise((resolve) => {
        end = resolve;
      });
      await before;
      return () => end();
    },
  };
}

test('every object of the plan is sent once, in batches, and counted with its bytes', async () => {
  const client = fakeClient({ pages: keyspace(objects(2500)) });
  const removal = await plan(client, [container]);
  const progress: RemovalProgress[] = [];
  const report = await run(client, removal, { onProgress: (step) => progress.push(step) });
  expect(report).toMatchObject({ results: { ...none, deleted: 2500 }, bytes: 25_000, fateUnknown: 0 });
  expect(report.stopped).toBeUndefined();
  expect(client.calls.map((batch) => batch.length)).toEqual([1000, 1000, 500]);
  expect(client.calls.flat().map(({ entry, mode }) => [entry.id, mode])).toEqual(
    objects(2500).map(({ id }) => [id, 'recoverable']),
  );
  expect(progress.at(-1)).toEqual({
    phase: 'running',
    done: 2500,
    total: 2500,
    results: report.results,
    bytes: 25_000,
    underWay: 0,
    allowed: { calls: expect.any(Number) },
  });
  expect(await readReport(removal.folder)).toEqual(report);
});

test('never more batches are under way than the pace allows, and the manifest is read no further', async () => {
  let now = 0;
  let most = 0;
  const client = fakeClient({
    pages: keyspace(objects(100)),
    async remove(batch) {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 1));
      now--;
      return deletedAll(batch);
    },
  });
  const removal = await plan(client, [container]);
  const report = await run(client, removal, { provider: facts({ batch: 1 }) });
  expect(report.results.deleted).toBe(100);
  expect(most).toBe(4);
});

test('each result of the client is kept, with its reason', async () => {
  const results = ['deleted', 'already-gone', 'changed', 'locked', 'denied', 'failed', 'not-attempted'] as const;
  const client = fakeClient({
    remove: (batch) =>
      batch.map((target, index) => ({
        target,
        result: results[index],
        error: new StorageError('locked', `Because: ${target.entry.id}`),
      })),
  });
  const removal = await plan(client, objects(7));
  const report = await run(client, removal);
  expect(report.results).toEqual({ ...none, ...Object.fromEntries(results.map((result) => [result, 1])) });
  const outcomes = await collect(readOutcomes(removal));
  expect(outcomes.map(({ result }) => result)).toEqual(results);
  expect(outcomes.map(({ error }) => error?.sentence)).toEqual([
    undefined,
    undefined,
    ...objects(7)
      .slice(2)
      .map(({ id }) => `Because: ${id}`),
  ]);
});

test('a failed batch blames only itself', async () => {
  const client = fakeClient({
    pages: keyspace(objects(3000)),
    remove: (batch, _, call) => {
      if (call === 2) throw new StorageError('forbidden', 'Not these.');
      return deletedAll(batch);
    },
  });
  const removal = await plan(client, [container]);
  const report = await run(client, removal);
  expect(report.results).toEqual({ ...none, deleted: 2000, denied: 1000 });
  const denied = (await collect(readOutcomes(removal))).filter(({ result }) => result === 'denied');
  expect(denied.map(({ entry }) => entry.id)).toEqual(
    objects(3000)
      .slice(1000, 2000)
      .map(({ id }) => id),
  );
  expect(denied.every(({ error }) => error?.sentence === 'Not these.')).toBe(true);
});

test('answers are matched by identity, never by position', async () => {
  const one = object('a', { version: { id: 'v1', latest: true, marker: false } });
  const two = object('a', { version: { id: 'v2', latest: false, marker: false } });
  const client = fakeClient({
    remove: (batch) =>
      batch
        .toReversed()
        .map(
          (target): Outcome =>
            target.entry.version?.id === 'v2' ? failing(target, 'unsupported') : { target, result: 'deleted' },
        ),
  });
  const removal = await plan(client, [one, two, object('b')]);
  await run(client, removal);
  expect((await collect(readOutcomes(removal))).map(({ entry, result }) => [entry.version?.id, result])).toEqual([
    ['v1', 'deleted'],
    ['v2', 'failed'],
    [undefined, 'deleted'],
  ]);
});

test('what the server did not answer, or answered both ways, has failed with an unknown fate', async () => {
  const client = fakeClient({
    remove: ([first, second, third]) => [
      { target: first, result: 'deleted' },
      { target: second, result: 'deleted' },
      failing(second as Target, 'unsupported'),
      { target: { ...(third as Target), entry: object('somewhere else') }, result: 'deleted' },
    ],
  });
  const removal = await plan(client, objects(3));
  const report = await run(client, removal);
  expect(report).toMatchObject({ results: { ...none, deleted: 1, failed: 2 }, fateUnknown: 2 });
  const outcomes = await collect(readOutcomes(removal));
  expect(outcomes.map(({ error }) => error?.sentence)).toEqual([
    undefined,
    'The server said two different things about it.',
    'The server did not say what became of it.',
  ]);
});

test.each([
  undefined,
  null,
  'done',
  {},
  [null],
  [{ result: 'deleted' }],
  [{ target: {}, result: 'deleted' }],
  [{ target: { entry: 7 }, result: 'deleted' }],
])('an answer that is none counts as failed: %j', async (answer) => {
  const client = fakeClient({ remove: () => answer });
  const removal = await plan(client, objects(2));
  expect((await run(client, removal)).results).toEqual({ ...none, failed: 2 });
});

test('a batch that is never answered is given up after its time, with its call aborted, and its fate said to be unknown', async () => {
  const signals: AbortSignal[] = [];
  const client = fakeClient({
    recovery: yes,
    pages: keyspace(objects(2000)),
    remove(batch, signal, call) {
      if (call > 1) return deletedAll(batch);
      signals.push(signal);
      return new Promise(() => {});
    },
  });
  const removal = await plan(client, [container]);
  const report = await run(client, removal, { times: { batch: 20, grace: 20, retry: 1, longestWait: 10 } });
  expect(report).toMatchObject({ results: { ...none, deleted: 1000, failed: 1000 }, fateUnknown: 1000 });
  expect(client.calls).toHaveLength(2);
  expect(signals[0]?.aborted).toBe(true);
  const [first] = await collect(readOutcomes(removal));
  expect(first).toMatchObject({ result: 'failed', fateUnknown: true, error: { kind: 'timed-out' } });
  expect(first?.error?.sentence).toMatch(/may or may not be deleted/);
});

test('what took too long is sent again in smaller pieces, where sending twice does no harm', async () => {
  const client = fakeClient({
    remove: (batch) => (batch.length > 50 ? new Promise(() => {}) : deletedAll(batch)),
  });
  const removal = await plan(client, objects(300));
  const report = await run(client, removal, { times: { batch: 20, grace: 20, retry: 1, longestWait: 10 } });
  expect(report).toMatchObject({ results: { ...none, deleted: 300 }, fateUnknown: 0 });
  expect(client.calls.map((batch) => batch.length)).toEqual([300, 250, 50, ...Array(5).fill(50)]);
});

test('a server that only fails uses up what a run may spend on trying again', async () => {
  const client = fakeClient({
    pages: keyspace(objects(400)),
    remove(batch, _, call) {
      if (call % 100 === 0) return deletedAll(batch);
      throw new StorageError('unexpected', 'Trouble.', { retryable: true });
    },
  });
  const removal = await plan(client, [container]);
  const report = await run(client, removal, { provider: facts({ batch: 1 }) });
  expect(report.results.deleted + report.results.failed).toBe(400);
  expect(client.calls.length).toBeLessThan(400 + 120);
});

test('what failed in passing is sent again, and only that', async () => {
  const client = fakeClient({
    remove: (batch, _, call) =>
      batch.map(
        (target, index): Outcome =>
          call === 1 && index === 1
            ? failing(target, 'rate-limited', { retryAfter: 5 })
            : { target, result: 'deleted' },
      ),
  });
  const removal = await plan(client, objects(3));
  expect((await run(client, removal)).results).toEqual({ ...none, deleted: 3 });
  expect(client.calls.map((batch) => batch.map(({ entry }) => entry.id))).toEqual([
    objects(3).map(({ id }) => id),
    ['k0000001'],
  ]);
});

test('a whole batch is sent again after a passing error, a bounded number of times', async () => {
  const client = fakeClient({
    remove() {
      throw new StorageError('rate-limited', 'Slow down.');
    },
  });
  const removal = await plan(client, objects(3));
  expect((await run(client, removal)).results).toEqual({ ...none, failed: 3 });
  expect(client.calls).toHaveLength(10);
});

test('a batch that has had its time is not sent again', async () => {
  const client = fakeClient({
    async remove() {
      await new Promise((resolve) => setTimeout(resolve, 40));
      throw new StorageError('rate-limited', 'Slow down.', { retryAfter: 80 });
    },
  });
  const removal = await plan(client, objects(3));
  const report = await run(client, removal, { times: { batch: 100, grace: 10, retry: 1, longestWait: 1_000 } });
  expect(report.results).toEqual({ ...none, failed: 3 });
  expect(client.calls).toHaveLength(1);
});

test('a wait that the server asks for and nobody would sit out is not begun', async () => {
  const client = fakeClient({
    remove() {
      throw new StorageError('rate-limited', 'Come back tomorrow.', { retryAfter: 86_400_000 });
    },
  });
  const report = await run(client, await plan(client, objects(3)));
  expect(report).toMatchObject({ results: { failed: 3 }, fateUnknown: 0 });
  expect(client.calls).toHaveLength(1);
});

const yes = { recoverable: 'yes', because: 'Versions are kept.' } as const;

test.each<[ErrorKind, number]>([
  ['unreachable', 1],
  ['timed-out', 1],
  ['rate-limited', 10],
])('where a second delete leaves a second marker, %s is sent %i times', async (kind, sent) => {
  const client = fakeClient({
    recovery: yes,
    remove() {
      throw new StorageError(kind, 'Not now.');
    },
  });
  const report = await run(client, await plan(client, objects(2)));
  expect(client.calls).toHaveLength(sent);
  expect(report).toMatchObject({ results: { failed: 2 }, fateUnknown: kind === 'rate-limited' ? 0 : 2 });
});

test('there, a target named by its version is sent again all the same, and alone', async () => {
  const version = object('a', { version: { id: 'v1', latest: false, marker: false } });
  const client = fakeClient({
    recovery: yes,
    remove(batch, _, call) {
      if (call === 1) throw new StorageError('unreachable', 'The connection was reset.');
      return deletedAll(batch);
    },
  });
  const report = await run(client, await plan(client, [version, object('a')]));
  expect(report).toMatchObject({ results: { ...none, deleted: 1, failed: 1 }, fateUnknown: 1 });
  expect(client.calls[1]?.map(({ entry }) => identityOf(entry))).toEqual([identityOf(version)]);
});

test('a fate that was unknown once stays so until the server says gone', async () => {
  const client = fakeClient({
    remove(_, __, call) {
      throw new StorageError(call === 1 ? 'unreachable' : 'rate-limited', 'Not now.');
    },
  });
  expect(await run(client, await plan(client, objects(2)))).toMatchObject({ results: { failed: 2 }, fateUnknown: 2 });
});

test.each<ErrorKind>(['unauthenticated', 'expired'])(
  'a lost login (%s) stops: the rest is not attempted',
  async (kind) => {
    for (const thrown of [true, false]) {
      const client = fakeClient({
        pages: keyspace(objects(50)),
        remove(batch, _, call) {
          if (call !== 3) return deletedAll(batch);
          if (thrown) throw new StorageError(kind, 'Sign in again.');
          return batch.map((target) => failing(target, kind));
        },
      });
      const removal = await plan(client, [container]);
      const report = await run(client, removal, { provider: facts({ batch: 1 }) });
      const { deleted, failed, 'not-attempted': rest } = report.results;
      expect(failed).toBe(1);
      expect(deleted + failed).toBe(client.calls.length);
      expect(client.calls.length).toBeLessThanOrEqual(7);
      expect(deleted + failed + rest).toBe(50);
      expect(report.stopped?.kind).toBe(kind);
      const outcomes = await collect(readOutcomes(removal));
      expect(outcomes.slice(client.calls.length).every(({ result }) => result === 'not-attempted')).toBe(true);
    }
  },
);

test('a server that no longer answers ends the run', async () => {
  const client = fakeClient({
    pages: keyspace(objects(500)),
    remove(batch, _, call) {
      if (call <= 10) return deletedAll(batch);
      throw new StorageError('unreachable', 'Nobody there.', { retryable: false });
    },
  });
  const report = await run(client, await plan(client, [container]), { provider: facts({ batch: 1 }) });
  expect(report.results.deleted).toBe(10);
  expect(report.results.failed).toBeLessThanOrEqual(8);
  expect(report.results['not-attempted']).toBeGreaterThan(480);
  expect(report.stopped?.kind).toBe('unreachable');
});

test('a server that asks to slow down whatever is sent ends the run', async () => {
  const client = fakeClient({
    pages: keyspace(objects(500)),
    remove(batch, _, call) {
      if (call <= 10) return deletedAll(batch);
      throw new StorageError('rate-limited', 'Come back tomorrow.', { retryAfter: 86_400_000 });
    },
  });
  const pace = oneByOne();
  const provider = facts({ batch: 1 });
  const report = await run(client, await plan(client, [container]), { provider, paceOf: () => pace });
  expect(report.results.deleted).toBe(10);
  expect(report.results['not-attempted']).toBeGreaterThan(470);
  expect(report.stopped?.kind).toBe('rate-limited');
});

test('a server that answers now and then does not end the run', async () => {
  const client = fakeClient({
    pages: keyspace(objects(30)),
    remove(batch, _, call) {
      if (call % 4 === 0) return deletedAll(batch);
      throw new StorageError('unreachable', 'Nobody there.', { retryable: false });
    },
  });
  const removal = await plan(client, [container]);
  const pace = oneByOne();
  const report = await run(client, removal, { provider: facts({ batch: 1 }), paceOf: () => pace });
  expect(report.results).toEqual({ ...none, deleted: 7, failed: 23 });
});

test('after a lost login nothing is sent again, whatever else failed in passing', async () => {
  const client = fakeClient({
    remove: ([first, ...others]) => [
      failing(first as Target, 'expired'),
      ...others.map((target) => failing(target, 'rate-limited')),
    ],
  });
  expect((await run(client, await plan(client, objects(3)))).results).toEqual({ ...none, failed: 3 });
  expect(client.calls).toHaveLength(1);
});

test('real folders go after every object, children before parents, none while another is under way', async () => {
  const order: string[] = [];
  const client = fakeClient({
    pages: () => [{ entries: [folder('a/b/'), object('a/b/1'), folder('a/b/c/'), object('a/2'), object('a/3')] }],
    async remove(batch) {
      order.push(`begin ${batch.map(({ entry }) => entry.id)}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
      order.push(`end ${batch.map(({ entry }) => entry.id)}`);
      return deletedAll(batch);
    },
  });
  const provider = facts({ batch: 2, folders: { real: true } });
  const removal = await plan(client, [folder('a/')], { provider });
  const report = await run(client, removal, { provider });
  expect(report.results).toEqual({ ...none, deleted: 6 });
  expect(order.slice(4)).toEqual(['a/b/c/', 'a/b/', 'a/'].flatMap((id) => [`begin ${id}`, `end ${id}`]));
  expect(new Set(order.slice(0, 4))).toEqual(new Set(['begin a/b/1,a/2', 'begin a/3', 'end a/3', 'end a/b/1,a/2']));
});

test('a damaged manifest sends nothing, and is not taken for a run', async () => {
  const client = fakeClient({ pages: keyspace(objects(5000)) });
  const removal = await plan(client, [container]);
  const whole = await readFile(manifestFile(removal.folder));
  await writeFile(manifestFile(removal.folder), whole.subarray(0, whole.length - 20));
  await expect(run(client, removal)).rejects.toMatchObject({ kind: 'unexpected', message: /damaged/ });
  expect(client.calls).toEqual([]);
  await writeFile(manifestFile(removal.folder), whole);
  expect((await run(client, removal)).results.deleted).toBe(5000);
});

test('a removal runs once', async () => {
  const client = fakeClient();
  const removal = await plan(client, objects(2));
  await run(client, removal);
  await expect(run(client, removal)).rejects.toMatchObject({ kind: 'already-exists' });
  expect(client.calls).toHaveLength(1);
});

test('a provider that can not remove is refused', async () => {
  const client = fakeClient();
  const removal = await plan(client, objects(2));
  const provider = { ...facts(), capabilities: new Set(['walk'] as const) };
  await expect(run(client, removal, { provider })).rejects.toMatchObject({ kind: 'unsupported' });
  expect(client.calls).toEqual([]);
});

test('an empty plan runs to an empty report', async () => {
  const client = fakeClient();
  expect((await run(client, await plan(client, [container]))).results).toEqual(none);
  expect(client.calls).toEqual([]);
});

test('a log that a crash cut short, or that never was, leaves the rest unknown, never deleted', async () => {
  const client = fakeClient({ pages: keyspace(objects(3000)) });
  const removal = await plan(client, [container]);
  await run(client, removal);
  const file = outcomesFile(removal.folder);
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.slice(0, -5));
  const outcomes = await collect(readOutcomes(removal));
  expect(outcomes.filter(({ result }) => result === 'deleted')).toHaveLength(2000);
  expect(outcomes.filter(({ result, fateUnknown }) => result === 'failed' && fateUnknown)).toHaveLength(1000);
  await rm(file);
  expect((await collect(readOutcomes(removal))).every(({ fateUnknown }) => fateUnknown)).toBe(true);
});

test('lines of a log may come in any order and share a write', async () => {
  const client = fakeClient({ pages: keyspace(objects(30)) });
  const removal = await plan(client, [container]);
  const log = await createOutcomeLog(removal.folder);
  await Promise.all([
    log.append({ from: 20, entries: 10, result: 'not-attempted' }),
    log.append({ from: 0, entries: 10, result: 'deleted', exceptions: [[3, { result: 'already-gone' }]] }),
    log.append({ from: 10, entries: 10, result: 'deleted' }),
  ]);
  await log.close();
  const outcomes = await collect(readOutcomes(removal));
  expect(outcomes.map(({ entry }) => entry.id)).toEqual(objects(30).map(({ id }) => id));
  expect(outcomes.map(({ result }) => result)).toEqual(
    Array.from({ length: 30 }, (_, at) => (at === 3 ? 'already-gone' : at < 20 ? 'deleted' : 'not-attempted')),
  );
});

test('nothing of a server’s own text is written to disk', async () => {
  const canary = 'canary-7f3a';
  const client = fakeClient({
    remove() {
      throw new StorageError('forbidden', 'The server refused.', {
        detail: `secret=${canary}`,
        hint: canary,
        cause: new Error(canary),
      });
    },
  });
  const removal = await plan(client, objects(2));
  const report = await run(client, removal);
  const written = `${await readFile(outcomesFile(removal.folder), 'utf8')}${JSON.stringify(report)}`;
  expect(written).toContain('The server refused.');
  expect(written).not.toContain(canary);
});

test('what is said not to be there, for a reason that is not known, may be deleted all the same', async () => {
  const client = fakeClient({
    pages: keyspace(objects(2)),
    remove: (batch) =>
      batch.map((target) => ({ target, result: 'failed', error: new StorageError('not-found', 'This is not there.') })),
  });
  expect(await run(client, await plan(client, [container]))).toMatchObject({ results: { failed: 2 }, fateUnknown: 2 });
});
