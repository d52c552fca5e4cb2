import { appendFile, cp, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { StorageError } from '../../../src/core/errors.ts';
import type { Entry, StorageClient, Target } from '../../../src/core/storageClient.ts';
import { readOutcomes } from '../../../src/removal/outcomeLog.ts';
import type { Removal, RemovalReport } from '../../../src/removal/removal.ts';
import { lockFolder, outcomesFile, reportFile } from '../../../src/removal/removalFolder.ts';
import {
  collect,
  container,
  deletedAll,
  facts,
  fakeClient,
  keyspace,
  object,
  objects,
  plan,
  run,
  seededRandom,
  shortTimes,
  temporaryFolder,
} from './fakeStorage.ts';

/** A server that remembers what is there and how often each thing was deleted. */
class Server {
  readonly there: Map<string, string>;
  readonly deletes = new Map<string, number>();
  /** Resolves when the power goes: what was asked until then may be done, and nothing is answered. */
  #dead = false;

  constructor(entries: readonly Entry[]) {
    this.there = new Map(entries.map(({ id, tag = '' }) => [id, tag]));
  }

  die(): void {
    this.#dead = true;
  }

  revive(): void {
    this.#dead = false;
  }

  delete(batch: readonly Target[], random: () => number) {
    const done = this.#dead ? batch.filter(() => random() < 0.5) : batch;
    for (const { entry } of done) {
      this.deletes.set(entry.id, (this.deletes.get(entry.id) ?? 0) + 1);
      this.there.delete(entry.id);
    }
    return this.#dead ? new Promise<never>(() => {}) : deletedAll(batch);
  }

  stat(entry: Entry): Entry {
    const tag = this.there.get(entry.id);
    if (tag === undefined) throw new StorageError('not-found', 'There is no such object.');
    return { ...entry, tag };
  }
}

const markers = { recoverable: 'yes', because: 'The bucket keeps versions.' } as const;

/** What a removal's folder was at some moment, as the same removal. */
async function copyOf(removal: Removal): Promise<Removal> {
  const folder = path.join(temporaryFolder(), 'removals', removal.plan.id);
  await cp(removal.folder, folder, { recursive: true });
  await rm(lockFolder(folder), { recursive: true, force: true });
  await rm(reportFile(folder), { force: true });
  return { ...removal, folder };
}

const total = ({ results }: RemovalReport) => Object.values(results).reduce((sum, count) => sum + count, 0);

test.each(Array.from({ length: 40 }, (_, seed) => seed))(
  'killed at any moment and resumed, a removal deletes everything and counts it once: %d',
  async (seed) => {
    const random = seededRandom(seed);
    const entries = objects(400).map((entry, n) => ({ ...entry, tag: `"${n}"` }));
    const versioned = seed % 2 === 0;
    const server = new Server(entries);
    let calls = 0;
    const deathAt = 1 + Math.floor(random() * 40);
    const died = Promise.withResolvers<void>();
    const client: StorageClient = {
      ...fakeClient({
        pages: keyspace(entries),
        ...(versioned ? { recovery: markers } : {}),
        async remove(batch) {
          await new Promise((resolve) => setTimeout(resolve, random() * 2));
          if (++calls === deathAt) {
            server.die();
            setTimeout(died.resolve, 15);
          }
          return server.delete(batch, random);
        },
      }),
      stat: async (entry) => server.stat(entry),
    };
    const provider = facts({ batch: 10 });
    const removal = await plan(client, [container], { provider });
    const abort = new AbortController();
    const first = run(client, removal, { provider, signal: abort.signal });
    await Promise.race([died.promise, first]);
    const copy = await copyOf(removal);
    // A crash may cut the last line short.
    if (random() < 0.5) await appendFile(outcomesFile(copy.folder), '{"from":390,"entr');
    abort.abort();
    await first;
    const survivors = new Map(server.there);
    server.revive();
    if (random() < 0.5) {
      const [changed] = survivors.keys();
      if (changed !== undefined) server.there.set(changed, '"changed"');
    }
    const report = await run(client, copy, { provider, resume: true });
    expect(total(report)).toBe(400);
    expect(report.results.failed).toBe(0);
    const outcomes = await collect(readOutcomes(copy));
    expect(outcomes.filter(({ fateUnknown }) => fateUnknown)).toEqual([]);
    const kept = outcomes.filter(({ result }) => result === 'changed').map(({ entry }) => entry.id);
    expect([...server.there.keys()]).toEqual(kept);
    expect(report.bytes).toBe(report.results.deleted * 10);
    const twice = [...server.deletes].filter(([, times]) => times > 1);
    if (versioned) expect(twice, 'a second delete leaves a second marker').toEqual([]);
  },
);

test('what may have been sent and can not be asked about is not sent again where that would do harm', async () => {
  const entries = objects(30);
  const server = new Server(entries);
  const client = fakeClient({
    pages: keyspace(entries),
    recovery: markers,
    remove: (batch) => server.delete(batch, () => 1),
  });
  const provider = { ...facts({ batch: 10 }), capabilities: new Set(['remove', 'walk', 'recovery'] as const) };
  const removal = await plan(client, [container], { provider });
  await run(client, await begun(removal), { provider, resume: true });
  const again = await collect(readOutcomes(removal));
  expect(new Set(again.map(({ result, fateUnknown }) => `${result} ${fateUnknown}`))).toEqual(new Set(['failed true']));
  expect(client.calls).toEqual([]);
});

test('what has come under a name since is kept, also where a second delete would leave no marker', async () => {
  const entries = objects(30).map((entry, n) => ({ ...entry, tag: `"${n}"` }));
  const server = new Server(entries);
  server.there.set('k0000003', '"new"');
  server.there.delete('k0000004');
  const remove = (batch: readonly Target[]) => server.delete(batch, () => 1);
  const client = {
    ...fakeClient({ pages: keyspace(entries), remove }),
    stat: async (entry: Entry) => server.stat(entry),
  };
  const removal = await begun(await plan(client, [container]));
  const report = await run(client, removal, { resume: true });
  expect(report.results).toMatchObject({ deleted: 28, changed: 1, 'already-gone': 1 });
  expect([...server.there.keys()]).toEqual(['k0000003']);
});

test('keys that may delete and not look go on where a second delete does no harm', async () => {
  const entries = objects(30).map((entry, n) => ({ ...entry, tag: `"${n}"` }));
  const server = new Server(entries);
  const remove = (batch: readonly Target[]) => server.delete(batch, () => 1);
  const stat = () => Promise.reject(new StorageError('forbidden', 'No.'));
  const client = { ...fakeClient({ pages: keyspace(entries), remove }), stat };
  const report = await run(client, await begun(await plan(client, [container])), { resume: true });
  expect(report.results.deleted).toBe(30);
});

test('cancelled while it looks, it sends nothing', async () => {
  const entries = objects(30).map((entry, n) => ({ ...entry, tag: `"${n}"` }));
  const abort = new AbortController();
  let looks = 0;
  const client = {
    ...fakeClient({ pages: keyspace(entries), recovery: markers }),
    stat: async (entry: Entry) => {
      if (++looks === 25) abort.abort();
      return entry;
    },
  };
  const removal = await begun(await plan(client, [container]));
  await run(client, removal, { resume: true, signal: abort.signal, times: { ...shortTimes, grace: 1000 } });
  expect(client.calls).toEqual([]);
});

test('a version is deleted again without looking, since it can be', async () => {
  const version = { id: 'v1', latest: true, marker: false };
  const entries = [object('a', { version }), object('b', { version })];
  const server = new Server(entries);
  const client = fakeClient({ recovery: markers, remove: (batch) => server.delete(batch, () => 1) });
  const removal = await plan(client, entries);
  const report = await run(client, await begun(removal), { resume: true });
  expect(report.results.deleted).toBe(2);
});

test('one that has ended, or was never begun, is not resumed', async () => {
  const client = fakeClient({ pages: keyspace(objects(3)) });
  const removal = await plan(client, [container]);
  await expect(run(client, removal, { resume: true })).rejects.toMatchObject({ kind: 'unsupported' });
  await run(client, removal);
  await expect(run(client, removal, { resume: true })).rejects.toMatchObject({ kind: 'already-exists' });
  expect(client.calls).toHaveLength(1);
});

test('one that runs is run by nobody else, and its lock goes with it', async () => {
  const gate = Promise.withResolvers<void>();
  const client = fakeClient({
    pages: keyspace(objects(3)),
    async remove(batch) {
      await gate.promise;
      return deletedAll(batch);
    },
  });
  const removal = await plan(client, [container]);
  const first = run(client, removal);
  await expect.poll(() => client.calls.length).toBe(1);
  await expect(run(client, removal, { resume: true })).rejects.toMatchObject({
    kind: 'already-exists',
    message: 'This removal is running in another window.',
  });
  gate.resolve();
  expect((await first).results.deleted).toBe(3);
  expect(await readdir(lockFolder(removal.folder))).toEqual([]);
});

test('a run whose lock was taken over stops, and writes no end', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const gate = Promise.withResolvers<void>();
  const client = fakeClient({
    pages: keyspace(objects(300)),
    async remove(batch) {
      await gate.promise;
      return deletedAll(batch);
    },
  });
  const provider = facts({ batch: 10 });
  const removal = await plan(client, [container], { provider });
  const first = run(client, removal, { provider });
  await expect.poll(() => client.calls.length).toBeGreaterThan(0);
  await rm(lockFolder(removal.folder), { recursive: true });
  await vi.advanceTimersByTimeAsync(20_000);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const sent = client.calls.length;
  gate.resolve();
  await expect(first).rejects.toMatchObject({ kind: 'changed' });
  expect(client.calls).toHaveLength(sent);
  await expect(readFile(reportFile(removal.folder))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('of what is under way when its window goes nothing is recorded, and whoever resumes it looks', async () => {
  const entries = objects(30).map((entry, n) => ({ ...entry, tag: `"${n}"` }));
  const server = new Server(entries);
  const leaving = new AbortController();
  const client = {
    ...fakeClient({
      pages: keyspace(entries),
      recovery: markers,
      async remove(batch) {
        const answer = server.delete(batch, () => 1);
        if (batch[0]?.entry.id === 'k0000000') return await answer;
        // Its connections are closed with the window.
        await new Promise((resolve) => setTimeout(resolve, 20));
        leaving.abort();
        throw new StorageError('unreachable', 'The connection was cut.');
      },
    }),
    stat: async (entry: Entry) => server.stat(entry),
  };
  const provider = facts({ batch: 10 });
  const removal = await plan(client, [container], { provider });
  await expect(run(client, removal, { provider, leaving: leaving.signal })).rejects.toMatchObject({
    kind: 'cancelled',
  });
  expect(await readFile(outcomesFile(removal.folder), 'utf8')).toBe('{"from":0,"entries":10,"result":"deleted"}\n');
  const report = await run(client, removal, { provider, resume: true });
  expect(report.results).toMatchObject({ deleted: 10, 'already-gone': 20, failed: 0 });
  expect([...server.deletes.values()].every((times) => times === 1)).toBe(true);
});

test('cancelled while it is resumed, it says of all the rest that it was not attempted', async () => {
  const client = fakeClient({ pages: keyspace(objects(100)) });
  const provider = facts({ batch: 10 });
  const removal = await begun(await plan(client, [container], { provider }));
  await appendFile(
    outcomesFile(removal.folder),
    [
      { from: 20, entries: 10, result: 'deleted' },
      { from: 0, entries: 10, result: 'deleted', exceptions: [[3, { result: 'already-gone' }]] },
    ]
      .map((line) => `${JSON.stringify(line)}\n`)
      .join(''),
  );
  const report = await run(client, removal, { provider, resume: true, signal: AbortSignal.abort() });
  expect(report.results).toMatchObject({ deleted: 19, 'already-gone': 1, 'not-attempted': 80 });
  const outcomes = await collect(readOutcomes(removal));
  expect(outcomes.slice(10, 20).every(({ result }) => result === 'not-attempted')).toBe(true);
  expect(outcomes.filter(({ result }) => result === 'not-attempted')).toHaveLength(80);
  expect((await readFile(outcomesFile(removal.folder), 'utf8')).trim().split('\n')).toHaveLength(4);
});

test('paused, it sends nothing until it goes on', async () => {
  let gate = Promise.withResolvers<void>();
  let paused = false;
  const client = fakeClient({
    pages: keyspace(objects(50)),
    remove(batch) {
      paused = true;
      return deletedAll(batch);
    },
  });
  const provider = facts({ batch: 10 });
  const removal = await plan(client, [container], { provider });
  const running = run(client, removal, { provider, paused: () => (paused ? gate.promise : undefined) });
  await new Promise((resolve) => setTimeout(resolve, 50));
  const sent = client.calls.length;
  expect(sent).toBeLessThan(5);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(client.calls).toHaveLength(sent);
  gate.resolve();
  gate = Promise.withResolvers();
  gate.resolve();
  expect((await running).results.deleted).toBe(50);
});

/** A removal as a crash leaves it right after its first breath: begun, and nothing recorded. */
async function begun(removal: Removal): Promise<Removal> {
  await appendFile(outcomesFile(removal.folder), '');
  return removal;
}
