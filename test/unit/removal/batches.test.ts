import { expect, test } from 'vitest';
import { prefixFolders } from '../../../src/core/provider.ts';
import type { Entry } from '../../../src/core/storageClient.ts';
import { batchesOf, type Placed } from '../../../src/removal/batches.ts';
import { collect, folder, object, objects } from './fakeStorage.ts';

/** Two at a time, so that batches reach over pages and pages over batches. */
async function* placed(entries: readonly Entry[], from = 0): AsyncGenerator<readonly Placed[]> {
  const all = entries.map((entry, index) => ({ at: from + index, entry }));
  for (let index = 0; index < all.length; index += 2) yield all.slice(index, index + 2);
}

async function cut(entries: readonly Entry[], limit: number, contains = prefixFolders.contains) {
  const batches = await collect(
    batchesOf(placed(entries), { limit, mode: 'recoverable', conditional: false, contains }),
  );
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
  const batches = await collect(
    batchesOf(placed([folder('B'), folder('A')]), {
      limit: 10,
      mode: 'permanent',
      conditional: false,
      contains: undefined,
    }),
  );
  expect(batches.map(({ targets, alone }) => [targets.length, targets[0]?.mode, alone])).toEqual([
    [1, 'permanent', true],
    [1, 'permanent', true],
  ]);
});

test('binds each target to the tag that it was planned with, where the provider can, and a version to none', async () => {
  const tagged: Entry = { ...object('a'), tag: '"1"' };
  const entries = [tagged, { ...tagged, version: { id: 'v', latest: true, marker: false } }, object('b')];
  const rules = { limit: 10, mode: 'permanent', conditional: true, contains: undefined } as const;
  const [batch] = await collect(batchesOf(placed(entries), rules));
  expect(batch?.targets.map(({ ifTag }) => ifTag)).toEqual(['"1"', undefined, undefined]);
});

test('what is left of a manifest is never joined over what is not', async () => {
  async function* left() {
    yield* placed(objects(3), 2);
    yield* placed(objects(4), 9);
  }
  const rules = { limit: 10, mode: 'recoverable', conditional: false, contains: undefined } as const;
  const batches = await collect(batchesOf(left(), rules));
  expect(batches.map(({ from, targets }) => [from, targets.length])).toEqual([
    [2, 3],
    [9, 4],
  ]);
});
