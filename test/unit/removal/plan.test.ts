import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { type ErrorKind, StorageError } from '../../../src/core/errors.ts';
import type { Entry, Page } from '../../../src/core/storageClient.ts';
import { readManifest } from '../../../src/removal/manifest.ts';
import { discardRemoval } from '../../../src/removal/plan.ts';
import type { Removal } from '../../../src/removal/removal.ts';
import { manifestFile, openRemoval } from '../../../src/removal/removalFolder.ts';
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
  temporaryFolder,
} from './fakeStorage.ts';

async function idsIn({ folder: at, plan: { manifest } }: Removal): Promise<string[]> {
  return (await collect(readManifest(manifestFile(at), manifest))).map(({ id }) => id);
}

const removalsIn = (storage: string) => readdir(path.join(storage, 'removals')).catch(() => []);

test('a folder is listed page by page; objects are taken as they were listed', async () => {
  const keys = [...objects(2500, 'a/'), object('b/1')];
  const client = fakeClient({ pages: keyspace(keys) });
  const seen: number[] = [];
  const removal = await plan(client, [folder('a/'), object('b/1', { tag: '"e1"', size: 7 })], {
    onProgress: ({ objects }) => seen.push(objects),
  });
  expect(removal.plan.counts).toEqual({
    objects: 2501,
    folders: 0,
    versions: 0,
    markers: 0,
    uploads: 0,
    locked: 0,
    bypassable: 0,
    bytes: 25_007,
  });
  expect(seen).toEqual([1000, 2000, 2500, 2501]);
  expect(client.walked).toEqual([{ kind: 'folder', container: 'photos', id: 'a/' }]);
  const entries = await collect(readManifest(manifestFile(removal.folder), removal.plan.manifest));
  expect(entries.at(-1)).toEqual(object('b/1', { tag: '"e1"', size: 7 }));
});

test('the plan stands on disk, with no more than was asked', async () => {
  const removal = await plan(fakeClient(), [object('a')]);
  expect(await openRemoval(removal.folder)).toEqual(removal);
  expect(JSON.parse(await readFile(path.join(removal.folder, 'plan.json'), 'utf8'))).toEqual(removal.plan);
  expect(removal.plan).toMatchObject({
    credential: { id: 'c1', name: 'Production' },
    provider: { id: 'fake', label: 'Fake Storage' },
    selection: [{ kind: 'object', container: 'photos', id: 'a', path: 'a' }],
    mode: 'recoverable',
    recovery: { recoverable: 'no' },
    repeatable: true,
  });
});

test('what was selected twice, or lies in a selected folder or container, is counted once', async () => {
  const keys = ['a/1', 'a/b/2', 'a/b/3', 'c'].map((id) => object(id));
  const client = fakeClient({ pages: keyspace(keys) });
  const nested = await plan(client, [folder('a/b/'), object('a/1'), object('a/1'), folder('a/'), object('a/b/2')]);
  expect(await idsIn(nested)).toEqual(['a/1', 'a/b/2', 'a/b/3']);
  const whole = await plan(client, [folder('a/'), container, object('c')]);
  expect(await idsIn(whole)).toEqual(['a/1', 'a/b/2', 'a/b/3', 'c']);
});

test('folders of the same name in two containers are two folders', async () => {
  const other = { container: 'videos' };
  const client = fakeClient({
    pages: (place) => [
      { entries: [object('a/1', place.kind === 'folder' ? { container: place.container ?? '' } : {})] },
    ],
  });
  const removal = await plan(client, [folder('a/'), folder('a/', other)]);
  expect(removal.plan.counts.objects).toBe(2);
});

test('a version that was selected stays beside the folder that holds its object', async () => {
  const old = object('a/1', { version: { id: 'v1', latest: false, marker: false } });
  const client = fakeClient({ pages: keyspace([object('a/1')]) });
  const removal = await plan(client, [folder('a/'), old]);
  expect(removal.plan.counts).toMatchObject({ objects: 2, versions: 1 });
});

test('locks that still hold are counted', async () => {
  const client = fakeClient();
  const locked = [
    object('held', { locks: [{ kind: 'legal-hold' }] }),
    object('kept', { locks: [{ kind: 'retention', until: Date.now() + 60_000 }] }),
    object('over', { locks: [{ kind: 'retention', until: 1 }] }),
  ];
  expect((await plan(client, locked)).plan.counts.locked).toBe(2);
});

test('an empty selection and a thing without identity are refused before anything is listed', async () => {
  const client = fakeClient();
  const storage = temporaryFolder();
  for (const selection of [
    [],
    [object('')],
    [folder('')],
    [{ ...container, id: '' }],
    [object('a', { container: '' })],
  ]) {
    await expect(plan(client, selection, { folder: storage })).rejects.toMatchObject({ kind: 'unsupported' });
  }
  expect(client.walked).toEqual([]);
  expect(await removalsIn(storage)).toEqual([]);
});

test('a listing that strays outside what was selected ends the plan', async () => {
  const strays: Entry[] = [object('b/1'), object('a/1', { container: 'videos' }), object(''), container];
  for (const stray of strays) {
    const client = fakeClient({ pages: () => [{ entries: [object('a/0'), stray] }] });
    await expect(plan(client, [folder('a/')])).rejects.toMatchObject({ kind: 'unexpected' });
  }
});

test.each<[string, () => Iterable<Page>]>([
  ['one page', () => endless([{ entries: objects(3), cursor: 'same' }])],
  [
    'two pages in turn',
    () =>
      endless([
        { entries: objects(3), cursor: 'x' },
        { entries: objects(3, 'm'), cursor: 'y' },
      ]),
  ],
  [
    'a circle that is entered late',
    () => endless([{ entries: objects(1, 'z') }, { entries: objects(1, 'y') }], objects(50)),
  ],
  ['empty pages with one cursor', () => endless([{ entries: [], cursor: 'same' }])],
])('a server that goes in circles is found out: %s', async (_, pages) => {
  const storage = temporaryFolder();
  const planning = plan(fakeClient({ pages }), [container], { folder: storage });
  await expect(planning).rejects.toMatchObject({ kind: 'unexpected', message: /again and again/ });
  expect(await removalsIn(storage)).toEqual([]);
});

function* endless(circle: readonly Page[], before: readonly Entry[] = []): Generator<Page> {
  for (const entry of before) yield { entries: [entry] };
  for (;;) yield* circle;
}

test('keys that come twice, in a page or across two, are counted once and named', async () => {
  const pages = [
    { entries: ['a', 'b', 'b'].map((id) => object(id)), cursor: '1' },
    { entries: ['b', 'c'].map((id) => object(id)) },
  ];
  const removal = await plan(fakeClient({ pages: () => pages }), [container]);
  expect(await idsIn(removal)).toEqual(['a', 'b', 'c']);
  expect(removal.plan.notices).toEqual(['The server listed some things twice; each is counted once: 2 objects']);
});

test('snapshots that go with an object are counted by a walk, and else the plan says that they were not', async () => {
  const provider = facts({ snapshots: true });
  const client = fakeClient({ pages: keyspace([object('in/a', { snapshots: 2 }), object('in/b')]) });
  const noticesOf = async (...selection: readonly Entry[]) =>
    (await plan(client, selection, { provider })).plan.notices;
  expect(await noticesOf(folder('in/'), object('in/a'))).toEqual(['Snapshots that go with their objects: 2']);
  expect(await noticesOf(object('in/b'))).toEqual([expect.stringMatching(/^Snapshots .* was not counted\.$/)]);
  expect((await plan(client, [object('in/b')])).plan.notices).toEqual([]);
});

test('large objects whose segments stay are told, with where, unless the segments are selected too', async () => {
  const segmentsAt = (prefix: string) => ({ segmentsAt: { container: 'photos', prefix } });
  const large = ['w', 'x', 'y', 'z'].map((name) => object(`in/${name}`, segmentsAt(`parts/${name}`)));
  const client = fakeClient({ pages: keyspace([object('in/a'), ...large, object('parts/x')]) });
  const noticesOf = async (...selection: readonly Entry[]) => (await plan(client, selection)).plan.notices;
  expect(await noticesOf(folder('in/'))).toEqual([
    'Large objects that go without their segments: 4. What stays begins with: photos/parts/w, photos/parts/x, photos/parts/y and 1 more',
  ]);
  expect(await noticesOf(folder('in/'), folder('parts/'))).toEqual([]);
});

test('a large object that was selected by itself is looked at, as far as may be', async () => {
  const provider = facts({ segments: true });
  const empty = object('big', { size: 0 });
  const noticesOf = async (stat: () => Promise<Entry>, entry = empty) =>
    (await plan({ ...fakeClient(), stat }, [entry], { provider })).plan.notices;
  const found = async () => ({ ...empty, size: 9, segmentsAt: { container: 'b', prefix: 'parts/' } });
  expect(await noticesOf(found)).toEqual([
    'Large objects that go without their segments: 1. What stays begins with: b/parts/',
  ]);
  expect(await noticesOf(found, object('small', { size: 1 }))).toEqual([]);
  const failing = (kind: ErrorKind) => async () => {
    throw new StorageError(kind, 'No.');
  };
  expect(await noticesOf(failing('forbidden'))).toEqual([]);
  await expect(noticesOf(failing('unreachable'))).rejects.toMatchObject({ kind: 'unreachable' });
});

test('a backend that lists one folder at a time is walked; real folders come after all that is in them', async () => {
  const tree: Record<string, readonly Entry[]> = {
    'top/': [folder('top/x/'), object('top/1'), folder('top/y/')],
    'top/x/': [object('top/x/1'), folder('top/x/deep/')],
    'top/y/': [],
    'top/x/deep/': [object('top/x/deep/1')],
  };
  const client = fakeClient({
    list: async (place) => ({ entries: (place.kind === 'folder' && tree[place.id]) || [] }),
  });
  const real = facts({ walks: false, folders: { real: true } });
  const removal = await plan(client, [folder('top/')], { provider: real });
  expect(removal.plan.counts).toMatchObject({ objects: 3, folders: 4 });
  const ids = await idsIn(removal);
  const at = (id: string) => ids.indexOf(id);
  expect(new Set(ids.slice(0, 3))).toEqual(new Set(['top/1', 'top/x/1', 'top/x/deep/1']));
  expect(at('top/x/deep/')).toBeLessThan(at('top/x/'));
  expect(at('top/x/')).toBeLessThan(at('top/'));
  expect(ids.at(-1)).toBe('top/');
});

test('thousands of real folders are turned round without a trace on disk', async () => {
  const deep = Array.from({ length: 3_500 }, (_, index) => folder(`${'d/'.repeat(2)}${index}/`, { path: `${index}` }));
  const real = facts({ folders: { real: true } });
  const removal = await plan(fakeClient({ pages: () => [{ entries: deep }] }), [folder('d/d/')], { provider: real });
  const expected = [folder('d/d/'), ...deep].map(({ id }) => id).reverse();
  expect(await idsIn(removal)).toEqual(expected);
  expect((await readdir(removal.folder)).sort()).toEqual(['manifest.jsonl.gz', 'plan.json']);
});

test('where ids say nothing, a selected folder inside another is found by listing', async () => {
  const tree: Record<string, readonly Entry[]> = { A: [opaque('B'), object('1')], B: [object('2')] };
  function opaque(id: string, shown = id): Entry {
    return folder(id, { path: shown });
  }
  const client = fakeClient({
    list: async (place) => ({ entries: (place.kind === 'folder' && tree[place.id]) || [] }),
  });
  const real = facts({ walks: false, folders: { real: true } });
  const removal = await plan(client, [opaque('B', 'A/B'), opaque('A')], { provider: real });
  expect((await idsIn(removal)).toSorted()).toEqual(['1', '2', 'A', 'B']);
  const misleading = plan(client, [opaque('B', ''), opaque('A', 'longer')], { provider: real });
  await expect(misleading).rejects.toMatchObject({ kind: 'unsupported', message: /inside another/ });
});

test('recovery is asked once per container, and the weakest answer holds', async () => {
  const asked: unknown[] = [];
  const client = fakeClient({
    recovery: async (place) => {
      asked.push(place);
      return place.kind === 'container' && place.id === 'photos'
        ? { recoverable: 'yes', because: 'Versions.' }
        : { recoverable: 'no', because: 'None.' };
    },
  });
  const mixed = await plan(client, [object('a'), object('b'), object('a', { container: 'videos' })]);
  expect(asked).toHaveLength(2);
  expect(mixed.plan).toMatchObject({ recovery: { recoverable: 'no', because: 'None.' }, repeatable: false });
  const versioned = await plan(client, [object('a')]);
  expect(versioned.plan).toMatchObject({ recovery: { recoverable: 'yes' }, repeatable: false });
});

test('a recovery that can not be told is unknown; a lost login ends the plan', async () => {
  const failing = (kind: 'forbidden' | 'expired') =>
    fakeClient({ recovery: async () => Promise.reject(new StorageError(kind, 'No.')) });
  const removal = await plan(failing('forbidden'), [object('a')]);
  expect(removal.plan.recovery).toEqual({ recoverable: 'unknown', because: 'No.' });
  await expect(plan(failing('expired'), [object('a')])).rejects.toMatchObject({ kind: 'expired' });
});

test('cancelling ends a plan whose client hangs and leaves nothing on disk', async () => {
  const storage = temporaryFolder();
  const cancel = new AbortController();
  const client = fakeClient({
    async *pages() {
      yield { entries: objects(5) };
      await new Promise(() => {});
    },
  });
  const planning = plan(client, [container], {
    folder: storage,
    signal: cancel.signal,
    onProgress: () => cancel.abort(),
  });
  await expect(planning).rejects.toMatchObject({ kind: 'cancelled' });
  expect(await removalsIn(storage)).toEqual([]);
});

test('a cancel at the very end of the planning leaves no plan', async () => {
  const cancel = new AbortController();
  const planning = plan(fakeClient(), objects(3), { signal: cancel.signal, onProgress: () => cancel.abort() });
  await expect(planning).rejects.toMatchObject({ kind: 'cancelled' });
});

test('a listing that breaks gives its own error and leaves nothing on disk', async () => {
  const storage = temporaryFolder();
  const client = fakeClient({
    *pages() {
      yield { entries: objects(5) };
      throw new StorageError('forbidden', 'Listing is denied.');
    },
  });
  const planning = plan(client, [container], { folder: storage });
  await expect(planning).rejects.toMatchObject({ kind: 'forbidden', message: 'Listing is denied.' });
  expect(await removalsIn(storage)).toEqual([]);
});

test('planning never deletes, and a plan can be discarded', async () => {
  const client = fakeClient({ pages: keyspace(objects(10)) });
  const removal = await plan(client, [container]);
  await discardRemoval(removal);
  expect(client.calls).toEqual([]);
  expect(await openRemoval(removal.folder)).toBeUndefined();
});

test('ten thousand selected rows inside a selected folder cost one listing', async () => {
  const walk = vi.fn(keyspace(objects(10_000, 'all/')));
  const removal = await plan(fakeClient({ pages: walk }), [folder('all/'), ...objects(10_000, 'all/')]);
  expect(new Set(await idsIn(removal)).size).toBe(10_000);
  expect(removal.plan.manifest.entries).toBe(10_000);
  expect(walk).toHaveBeenCalledTimes(1);
});
