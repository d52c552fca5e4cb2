import { expect, test } from 'vitest';
import { prefixFolders } from '../../../src/core/provider.ts';
import type { Entry } from '../../../src/core/storageClient.ts';
import { batchesOf } from '../../../src/removal/batches.ts';
import { collect, folder, object, objects } from './fakeStorage.ts';

async function cut(entries: readonly Entry[], limit: number, contains = prefixFolders.contains) {
  async function* each() {
    yield* entries;
  }
  const batches = await collect(batchesOf(each(), { limit, mode: 'recoverable', conditional: false, contains }));
  expect(batches.flatMap(({ targets }) => targets.map(({ entry }) => entry))).toEqual(entries);
  let from = 0;
  for (const batch of batches) {
    expect(batch.from).toBe(from);
    from += batch.targets.length;
  }
  return batches.map(({ targets, alone }) => ({ size: targets.length, alone }));
}

test('batches are as large as the backend takes', async () => {
  expect(await cut(objects(7), 3)).toEqual([3, 3, 1].map((size) => ({ size, alone: false })));
  expect(await cut([], 3)).toEqual([]);
  expect(await cut(objects(3), 1)).toHaveLength(3);
});

test('a batch lies in one container and names nothing twice', async () => {
  const entries = [object('a'), object('b'), object('a', { container: 'videos' }), object('a'), object('a')];
  expect(await cut(entries, 10)).toEqual([2, 1, 1, 1].map((size) => ({ size, alone: false })));
});

test('folders go alone, and one with what is in it never in the same batch', async () => {
  const entries = [object('x'), folder('a/b/'), folder('a/c/'), folder('a/'), folder('d/')];
  expect(await cut(entries, 10)).toEqual([
    { size: 1, alone: false },
    { size: 2, alone: true },
    { size: 2, alone: true },
  ]);
});

test('where ids say nothing each folder goes by itself', async () => {
  async function* each() {
    yield folder('B');
    yield folder('A');
  }
  const batches = await collect(
    batchesOf(each(), { limit: 10, mode: 'permanent', conditional: false, contains: undefined }),
  );
  expect(batches.map(({ targets, alone }) => [targets.length, targets[0]?.mode, alone])).toEqual([
    [1, 'permanent', true],
    [1, 'permanent', true],
  ]);
});

test('binds each target to the tag that it was planned with, where the provider can, and a version to none', async () => {
  const tagged: Entry = { ...object('a'), tag: '"1"' };
  async function* each() {
    yield tagged;
    yield { ...tagged, version: { id: 'v', latest: true, marker: false } };
    yield object('b');
  }
  const rules = { limit: 10, mode: 'permanent', conditional: true, contains: undefined } as const;
  const [batch] = await collect(batchesOf(each(), rules));
  expect(batch?.targets.map(({ ifTag }) => ifTag)).toEqual(['"1"', undefined, undefined]);
});
