import { expect, it } from 'vitest';
import { StorageError, toStorageError } from '../../../../src/core/errors.ts';
import type { Deleted, Entry } from '../../../../src/core/storageClient.ts';
import { refuseDeleted, restored, restoreEach } from '../../../../src/providers/_shared/restorations.ts';

const entryOf = (id: string): Entry => ({
  ...{ kind: 'object', container: 'box', id, name: id, path: `box/${id}`, tag: 't' },
});
const signal = new AbortController().signal;

it('gives one restoration for each, in their order, whatever ended it', async () => {
  const batch: Deleted[] = ['refused', 'b', 'denied', 'changed', 'odd', 'a'].map((id) => ({ entry: entryOf(id) }));
  const ways = {
    refuse: ({ entry }: Deleted) =>
      entry.id === 'refused' ? new StorageError('forbidden', 'This is elsewhere.') : undefined,
    one: async (deleted: Deleted) => {
      const { id } = deleted.entry;
      if (id === 'denied') throw new StorageError('forbidden', 'No.');
      if (id === 'changed') throw new StorageError('changed', 'Changed.');
      if (id === 'odd') throw new TypeError('odd');
      return restored(deleted);
    },
  };
  const restorations = await restoreEach(batch, ways, toStorageError, signal);
  expect(restorations.map(({ deleted }) => deleted)).toEqual(batch);
  expect(restorations.map(({ result, error }) => [result, error?.kind])).toEqual([
    ['denied', 'forbidden'],
    ['restored', undefined],
    ['denied', 'forbidden'],
    ['changed', 'changed'],
    ['failed', 'unexpected'],
    ['restored', undefined],
  ]);
});

it('works on some at once and no more', async () => {
  let [now, most] = [0, 0];
  const one = async (deleted: Deleted) => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setImmediate(resolve));
    now--;
    return restored(deleted);
  };
  const batch = Array.from({ length: 50 }, (_, n) => ({ entry: entryOf(String(n)) }));
  await restoreEach(batch, { refuse: () => undefined, one }, toStorageError, signal);
  expect(most).toBe(8);
});

it.each<[string, Partial<Entry>, string]>([
  ['a version', { version: { id: 'v', latest: false, marker: false } }, 'unsupported'],
  ['a folder', { kind: 'folder' }, 'unsupported'],
  ['what has no tag', { tag: '' }, 'unsupported'],
  ['what lies elsewhere', { container: 'other' }, 'forbidden'],
  ['what lies beside', { id: 'outside' }, 'forbidden'],
])('refuses %s', (_, facts, kind) => {
  const start = { container: 'box', prefix: 'in/' };
  expect(refuseDeleted({ entry: { ...entryOf('in/a'), ...facts } }, start)?.kind).toBe(kind);
  expect(refuseDeleted({ entry: entryOf('in/a') }, start)).toBeUndefined();
});
