import { appendFile, cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { StorageError } from '../../../src/core/errors.ts';
import type { Deleted, Entry, Outcome, Recovery, Restoration, Target } from '../../../src/core/storageClient.ts';
import { confirmationFor } from '../../../src/removal/confirm.ts';
import { runRemoval, runUndo } from '../../../src/removal/engine.ts';
import { type KeptRemoval, keptRemovals, unfinishedOf } from '../../../src/removal/keptRemovals.ts';
import { readManifest } from '../../../src/removal/manifest.ts';
import { readCoverage, readOutcomes } from '../../../src/removal/outcomeLog.ts';
import type { Removal, RunRequest, UndoReport } from '../../../src/removal/removal.ts';
import { lockFolder, manifestFile, outcomesFile, reportFile } from '../../../src/removal/removalFolder.ts';
import { csvReport, summaryOf, textReport } from '../../../src/removal/report.ts';
import { retryFailed } from '../../../src/removal/retry.ts';
import { canUndo, leftToUndo, planUndo } from '../../../src/removal/undo.ts';
import {
  collect,
  container,
  facts,
  fakeClient,
  folder,
  keyspace,
  object,
  objects,
  plan,
  run,
  seededRandom,
  shortTimes,
  temporaryFolder,
} from './fakeStorage.ts';

const keeps: Recovery = { recoverable: 'yes', because: 'The bucket keeps versions.' };
const credential = { id: 'c1', name: 'Production' };

function undoing(batch = 1000) {
  const provider = facts({ batch });
  return { ...provider, capabilities: new Set([...provider.capabilities, 'undelete' as const]) };
}

/** A bucket with delete markers: a name is there, or has markers on it, the newest last. */
class Bucket {
  readonly markers = new Map<string, string[]>();
  readonly tags: Map<string, string>;
  /** How often each marker was taken away. */
  readonly undeleted = new Map<string, number>();
  readonly asked: (readonly Deleted[])[] = [];
  refuse: (id: string) => boolean = () => false;
  dead = false;
  #made = 0;

  constructor(entries: readonly Entry[]) {
    this.tags = new Map(entries.map(({ id, tag = '' }) => [id, tag]));
  }

  get there(): readonly string[] {
    return [...this.tags.keys()].filter((id) => !this.markers.get(id)?.length).sort();
  }

  delete(batch: readonly Target[], done = (_: string) => true): readonly Outcome[] {
    return batch.map((target) => {
      const { id } = target.entry;
      const trace = `m${this.#made++}`;
      if (done(id)) this.markers.set(id, [...(this.markers.get(id) ?? []), trace]);
      return { target, result: 'deleted', trace };
    });
  }

  undelete(batch: readonly Deleted[], done = (_: string) => true): readonly Restoration[] {
    this.asked.push(batch);
    return batch.map((deleted): Restoration => {
      const { id } = deleted.entry;
      const markers = this.markers.get(id) ?? [];
      const error = (kind: 'changed' | 'unsupported') => new StorageError(kind, `Because: ${id}`);
      if (this.refuse(id)) return { deleted, result: 'failed', error: error('unsupported') };
      if (markers.length === 0) return { deleted, result: 'already-there' };
      if (markers.at(-1) !== deleted.trace && !deleted.within) {
        return { deleted, result: 'changed', error: error('changed') };
      }
      if (done(id)) {
        this.markers.set(id, markers.slice(0, -1));
        this.undeleted.set(id, (this.undeleted.get(id) ?? 0) + 1);
      }
      return { deleted, result: 'restored' };
    });
  }

  client(entries: readonly Entry[]) {
    return {
      ...fakeClient({ pages: keyspace(entries), recovery: keeps, remove: (batch) => this.delete(batch) }),
      undelete: async (batch: readonly Deleted[]) => this.undelete(batch),
      stat: async (entry: Entry): Promise<Entry> => {
        if (this.markers.get(entry.id)?.length) throw new StorageError('not-found', 'There is no such object.');
        return entry;
      },
    };
  }
}

const tagged = (count: number) => objects(count).map((entry, n) => ({ ...entry, tag: `"${n}"` }));

function undo(client: RunRequest['client'], removal: Removal, more: Partial<RunRequest> = {}): Promise<UndoReport> {
  return runUndo({
    removal,
    client,
    provider: undoing(10),
    signal: new AbortController().signal,
    times: shortTimes,
    ...more,
  });
}

/** A removal of everything that has ended, and where it was run. */
async function removed(count: number, batch = 10) {
  const entries = tagged(count);
  const bucket = new Bucket(entries);
  const client = bucket.client(entries);
  const provider = undoing(batch);
  const removal = await plan(client, [container], { provider });
  const report = await run(client, removal, { provider });
  return { bucket, client, provider, removal, report, storage: path.resolve(removal.folder, '../..') };
}

const idsIn = async ({ folder: at, plan: { manifest } }: Removal) =>
  (await collect(readManifest(manifestFile(at), manifest))).map(({ id }) => id);

async function left(removal: Removal): Promise<number> {
  const all = await keptRemovals(path.resolve(removal.folder, '../..'));
  return leftToUndo(all.find((kept) => kept.removal.plan.id === removal.plan.id) as KeptRemoval, all);
}

const textOf = async (parts: AsyncIterable<string>) => (await collect(parts)).join('');

test('the journal keeps what brings each thing back, and nothing more where there is nothing', async () => {
  const { removal } = await removed(25);
  const outcomes = await collect(readOutcomes(removal));
  expect(outcomes.map(({ trace }) => trace)).toEqual(Array.from({ length: 25 }, (_, n) => `m${n}`));
  expect(await readCoverage(removal.folder)).toMatchObject([{ entries: 10 }, { entries: 10 }, { entries: 5 }]);

  const plain = fakeClient({ pages: keyspace(objects(25)) });
  const other = await plan(plain, [container]);
  await run(plain, other);
  expect(await readFile(outcomesFile(other.folder), 'utf8')).toBe('{"from":0,"entries":25,"result":"deleted"}\n');
});

test('only of what was deleted is believed what was named for it', async () => {
  const client = fakeClient({
    remove: (batch) =>
      batch.map((target, n) => ({
        target,
        result: n === 0 ? 'deleted' : 'already-gone',
        trace: n === 2 ? 7 : `m${n}`,
      })),
  });
  const removal = await plan(client, objects(3));
  await run(client, removal);
  expect((await collect(readOutcomes(removal))).map(({ trace }) => trace)).toEqual(['m0', undefined, undefined]);
});

test('an undo brings back what its removal deleted, and is a run of its own', async () => {
  const { bucket, client, removal, storage } = await removed(35);
  bucket.delete([{ entry: object('k0000007'), mode: 'recoverable' }]);
  const undone = await planUndo(removal, { ...credential, revision: 'r2' });
  expect(undone.plan).toMatchObject({
    undoes: removal.plan.id,
    credential: { id: 'c1', revision: 'r2' },
    manifest: { entries: 35 },
    counts: { objects: 35, bytes: 350 },
    notices: [],
  });
  expect(undone.plan.undo).toBeUndefined();
  const told: number[] = [];
  const report = await undo(client, undone, { onProgress: ({ done }) => told.push(done) });
  expect(report).toMatchObject({
    results: { restored: 34, 'already-there': 0, changed: 1, denied: 0, failed: 0, 'not-attempted': 0 },
    bytes: 340,
  });
  expect(told.at(-1)).toBe(35);
  expect(bucket.there).toHaveLength(34);
  expect(bucket.asked.flat()[0]).toEqual({
    entry: expect.objectContaining({ id: 'k0000000', tag: '"0"' }),
    trace: 'm0',
  });
  expect(bucket.asked.flat()[0]?.entry).not.toHaveProperty('trace');
  expect(summaryOf(report)).toBe('Brought back 34. Changed since, so kept as it is: 1');
  const text = await textOf(textReport(undone, report));
  expect(text).toContain(`Undo of the removal: ${removal.plan.id}`);
  expect(text).toMatch(/Not brought back:\nChanged since, so kept as it is: k0000007 - Because: k0000007\n$/);
  expect(await textOf(csvReport(undone))).toContain('Brought back,object,photos,k0000000');
  const kept = await keptRemovals(storage);
  expect(kept.map(({ removal: { plan: kind }, state }) => [kind.undoes !== undefined, state])).toEqual([
    [true, 'ended'],
    [false, 'ended'],
  ]);
  await expect(undo(client, undone)).rejects.toMatchObject({ message: 'This undo has been run before.' });
  await expect(runRemoval({ ...(await request(client)), removal: undone })).rejects.toThrow();
  await expect(undo(client, removal)).rejects.toThrow();
});

const request = async (client: RunRequest['client']) => ({
  client,
  provider: undoing(10),
  signal: new AbortController().signal,
});

test('asked again it brings back the rest, until all is back', async () => {
  const { bucket, client, removal } = await removed(40);
  expect(await left(removal)).toBe(40);
  bucket.refuse = (id) => Number(id.slice(1)) % 4 === 0;
  const first = await planUndo(removal, credential);
  expect((await undo(client, first)).results).toMatchObject({ restored: 30, failed: 10 });
  expect(await left(removal)).toBe(10);
  bucket.refuse = (id) => Number(id.slice(1)) % 8 === 0;
  const retried = await retryFailed(first);
  expect(retried.plan).toMatchObject({ undoes: removal.plan.id, retryOf: first.plan.id });
  expect((await undo(client, retried)).results).toMatchObject({ restored: 5, failed: 5 });
  expect(await left(removal)).toBe(5);
  bucket.refuse = () => false;
  const rest = await planUndo(removal, credential);
  expect(await idsIn(rest)).toEqual([0, 8, 16, 24, 32].map((n) => `k${String(n).padStart(7, '0')}`));
  expect((await undo(client, rest)).results).toMatchObject({ restored: 5 });
  expect(await left(removal)).toBe(0);
  expect(await canUndo(removal)).toBe(false);
  await expect(planUndo(removal, credential)).rejects.toMatchObject({ kind: 'unsupported' });
  expect(bucket.there).toHaveLength(40);
  expect([...bucket.undeleted.values()].every((times) => times === 1)).toBe(true);
});

test('what was cancelled is not back, and asked again it comes', async () => {
  const { bucket, client, removal } = await removed(40);
  const first = await planUndo(removal, credential);
  const report = await undo(client, first, { signal: AbortSignal.abort() });
  expect(report).toMatchObject({ results: { restored: 0, 'not-attempted': 40 }, stopped: { kind: 'cancelled' } });
  expect(bucket.asked).toEqual([]);
  const again = await planUndo(removal, credential);
  expect((await undo(client, again)).results.restored).toBe(40);
});

test('while an undo has no end, it is resumed and no other begun, and its credential is needed', async () => {
  const { client, removal, storage } = await removed(40);
  const first = await planUndo(removal, credential);
  await appendFile(outcomesFile(first.folder), '{"from":0,"entries":10,"result":"restored"}\n');
  expect(await left(removal)).toBe(0);
  await expect(planUndo(removal, credential)).rejects.toMatchObject({ kind: 'unsupported' });
  expect((await unfinishedOf(storage, 'c1')).map((kept) => [kept.state, kept.done])).toEqual([['interrupted', 10]]);
  const report = await undo(client, first, { resume: true });
  expect(report.results).toMatchObject({ restored: 40 });
});

test.each(Array.from({ length: 16 }, (_, seed) => seed))(
  'killed at any moment and resumed, an undo brings back all, each once: %d',
  async (seed) => {
    const random = seededRandom(seed);
    const { bucket, removal, client } = await removed(200);
    const deathAt = 1 + Math.floor(random() * 20);
    const died = Promise.withResolvers<void>();
    let calls = 0;
    const dying = {
      ...client,
      async undelete(batch: readonly Deleted[]) {
        await new Promise((resolve) => setTimeout(resolve, random() * 2));
        if (++calls === deathAt) {
          bucket.dead = true;
          setTimeout(died.resolve, 15);
        }
        const answer = bucket.undelete(batch, () => !bucket.dead || random() < 0.5);
        return bucket.dead ? new Promise<never>(() => {}) : answer;
      },
    };
    const undone = await planUndo(removal, credential);
    const abort = new AbortController();
    const first = undo(dying, undone, { signal: abort.signal });
    await Promise.race([died.promise, first]);
    const at = path.join(temporaryFolder(), 'removals', undone.plan.id);
    await cp(undone.folder, at, { recursive: true });
    await rm(lockFolder(at), { recursive: true, force: true });
    await rm(reportFile(at), { force: true });
    // A crash may cut the last line short.
    if (random() < 0.5) await appendFile(outcomesFile(at), '{"from":190,"entr');
    abort.abort();
    await first;
    bucket.dead = false;
    const report = await undo(client, { ...undone, folder: at }, { resume: true });
    expect(report.results.restored + report.results['already-there']).toBe(200);
    expect(bucket.there).toHaveLength(200);
    expect([...bucket.undeleted.values()].filter((times) => times > 1)).toEqual([]);
    const outcomes = await collect(readOutcomes({ ...undone, folder: at }));
    expect(outcomes.filter(({ fateUnknown }) => fateUnknown)).toEqual([]);
  },
);

test('what an interruption left without an answer comes back too, but only by the time of its deletion', async () => {
  const entries = tagged(30);
  const bucket = new Bucket(entries);
  const client = bucket.client(entries);
  const provider = undoing(10);
  const removal = await plan(client, [container], { provider });
  // Its first batch was deleted, and of a second one all but the answer.
  const [a, b] = [entries.slice(0, 10), entries.slice(10, 20)];
  bucket.delete([...a, ...b].map((entry) => ({ entry, mode: 'recoverable' })));
  const traces = a.map((_, n) => `m${n}`);
  await writeFile(
    outcomesFile(removal.folder),
    `${JSON.stringify({ from: 0, entries: 10, result: 'deleted', traces })}\n`,
  );
  const report = await run(client, removal, { provider, resume: true });
  expect(report.results).toMatchObject({ deleted: 20, 'already-gone': 10 });
  const undone = await planUndo(removal, credential);
  expect(undone.plan.manifest.entries).toBe(30);
  expect(undone.plan.notices).toEqual([
    'Deleted without an answer, so they come back only where it shows that this removal deleted them: 10',
  ]);
  const planned = await collect(readManifest(manifestFile(undone.folder), undone.plan.manifest));
  expect(planned.map(({ trace }) => trace !== undefined)).toEqual([
    ...Array(10).fill(true),
    ...Array(10).fill(false),
    ...Array(10).fill(true),
  ]);
  const [from = 0, to = 0] = planned[15]?.within ?? [];
  expect(from).toBe(removal.plan.plannedAt);
  expect(to).toBeGreaterThanOrEqual(from);
  expect(to).toBeLessThanOrEqual(report.startedAt + report.elapsed);
  expect((await undo(client, undone)).results.restored).toBe(30);
});

test('one that runs is run by nobody else', async () => {
  const { bucket, client, removal } = await removed(3);
  const gate = Promise.withResolvers<void>();
  const slow = {
    ...client,
    undelete: async (batch: readonly Deleted[]) => {
      await gate.promise;
      return bucket.undelete(batch);
    },
  };
  const undone = await planUndo(removal, credential);
  const first = undo(slow, undone);
  await expect.poll(async () => (await keptRemovals(path.resolve(undone.folder, '../..')))[0]?.state).toBe('running');
  await expect(undo(client, undone, { resume: true })).rejects.toMatchObject({
    message: 'This undo is running in another window.',
  });
  gate.resolve();
  expect((await first).results.restored).toBe(3);
});

test('what was gone before, refused or a version by itself is no part of it', async () => {
  const version = { id: 'v', latest: true, marker: false };
  const results = ['deleted', 'already-gone', 'denied', 'failed'] as const;
  const client = {
    ...fakeClient({
      recovery: keeps,
      remove: (batch) =>
        batch.map((target) => ({
          target,
          result: target.entry.version ? 'deleted' : results[Number(target.entry.id.at(-1))],
          error: new StorageError('forbidden', 'No.'),
        })),
    }),
  };
  const removal = await plan(client, [...objects(4), object('z', { version })], { provider: undoing() });
  await run(client, removal);
  const undone = await planUndo(removal, credential);
  expect(await idsIn(undone)).toEqual(['k0000000']);
});

test('folders come back before what is in them, the outermost first', async () => {
  const real = { real: true, contains: (outer: Entry, entry: Entry) => entry.id.startsWith(outer.id) };
  const provider = { ...undoing(), folders: real };
  const tree = [folder('a/'), object('a/1'), folder('a/b/'), object('a/b/2'), folder('a/c/'), object('a/c/3')];
  const there = new Set<string>();
  const client = {
    ...fakeClient({
      pages: (place) => [{ entries: tree.filter(({ id }) => place.kind === 'folder' && id.startsWith(place.id)) }],
      recovery: keeps,
    }),
    async undelete(batch: readonly Deleted[]) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return batch.map((deleted): Restoration => {
        const { id } = deleted.entry;
        const above = `${id
          .split('/')
          .slice(0, id.endsWith('/') ? -2 : -1)
          .join('/')}/`;
        const result = above === '/' || there.has(above) ? 'restored' : 'failed';
        there.add(id);
        return { deleted, result, error: new StorageError('not-found', 'Its folder is not there.') };
      });
    },
  };
  const removal = await plan(client, [folder('a/')], { provider });
  await run(client, removal, { provider });
  const undone = await planUndo(removal, credential);
  expect(await idsIn(undone)).toEqual(['a/', 'a/b/', 'a/c/', 'a/1', 'a/b/2', 'a/c/3'].sort(byFolder));
  expect((await undo(client, undone, { provider })).results).toMatchObject({ restored: 6, failed: 0 });
});

const byFolder = (a: string, b: string) => Number(b.endsWith('/')) - Number(a.endsWith('/'));

test('it is offered only where something was deleted that can come back', async () => {
  const { removal } = await removed(3);
  expect(await canUndo(removal)).toBe(true);
  const offered = async (change: (plan: Removal['plan']) => Partial<Removal['plan']>) =>
    await canUndo({ ...removal, plan: { ...removal.plan, ...change(removal.plan) } });
  expect(await offered(() => ({ mode: 'permanent' }))).toBe(false);
  expect(await offered(() => ({ recovery: { ...keeps, recoverable: 'no' } }))).toBe(false);
  expect(await offered(() => ({ recovery: { ...keeps, recoverable: 'unknown' } }))).toBe(true);
  expect(await offered(({ counts }) => ({ counts: { ...counts, versions: 3 } }))).toBe(false);

  const client = fakeClient({ recovery: keeps });
  const elsewhere = await plan(client, objects(3));
  await run(client, elsewhere);
  expect(elsewhere.plan.undo, 'this provider brings nothing back').toBeUndefined();
  expect(await canUndo(elsewhere)).toBe(false);

  const failing = fakeClient({
    recovery: keeps,
    remove: (batch) =>
      batch.map((target) => ({ target, result: 'denied', error: new StorageError('forbidden', 'No.') })),
  });
  const kept = await plan(failing, objects(3), { provider: undoing() });
  await run(failing, kept, { provider: undoing() });
  expect(await canUndo(kept)).toBe(false);
});

test('one that can not be planned leaves nothing behind', async () => {
  const { removal, storage } = await removed(3);
  await writeFile(manifestFile(removal.folder), 'damaged');
  await expect(planUndo(removal, credential)).rejects.toMatchObject({ kind: 'unexpected' });
  expect(await readdir(path.join(storage, 'removals'))).toEqual([removal.plan.id]);
});

test('an answer that says nothing, or two things, brings nothing back', async () => {
  const { client, removal } = await removed(10);
  const lying = {
    ...client,
    async undelete(batch: readonly Deleted[]) {
      const [a, b, c, d] = batch as [Deleted, Deleted, Deleted, Deleted];
      const result = 'restored' as const;
      return [
        { deleted: a, result },
        { deleted: a, result: 'changed' as const },
        { deleted: b, result: 'deleted' as never },
        { deleted: { entry: object('other') }, result },
        { deleted: c, result },
        null as never,
        { deleted: d, result },
        { deleted: d, result },
      ];
    },
  };
  const undone = await planUndo(removal, credential);
  expect((await undo(lying, undone)).results).toMatchObject({ restored: 2, failed: 8 });
});

test('the question says what comes back and what does not', async () => {
  const { removal } = await removed(1204, 1000);
  const asked = confirmationFor(removal.plan);
  expect(asked.kind === 'none' ? '' : asked.detail[0]).toBe(
    'This can be undone. The bucket keeps versions. Undo Removal, in the view Removals, brings it back.',
  );
  const undone = await planUndo(removal, credential);
  expect(confirmationFor(undone.plan)).toEqual({
    kind: 'modal',
    title: 'Bring back 1,204 objects?',
    button: 'Bring Back 1,204 Objects',
    detail: [
      'Only what this removal deleted comes back, and under its name. What has come there since is kept.',
      'Selected then: photos',
      'Size: 12 kB',
      'Credential: Production (Fake Storage)',
    ],
  });
});
