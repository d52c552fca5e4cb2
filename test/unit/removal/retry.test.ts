import { expect, test } from 'vitest';
import { StorageError } from '../../../src/core/errors.ts';
import type { Entry, Target } from '../../../src/core/storageClient.ts';
import { retryFailed } from '../../../src/removal/retry.ts';
import { fakeClient, keyspace, object, plan, run } from './fakeStorage.ts';

const versioned = { recoverable: 'yes', because: 'The bucket keeps versions.' } as const;

/** A bucket whose first answers never come: what was asked for is done all the same. */
function silentBucket(entries: readonly Entry[], recovery: Parameters<typeof fakeClient>[0] = {}) {
  const there = new Map(entries.map((entry) => [entry.id, entry]));
  const state = { silent: true, looked: [] as string[], there };
  const client = {
    ...fakeClient({
      ...recovery,
      pages: keyspace(entries),
      remove: (batch: readonly Target[]) => {
        for (const { entry } of batch) there.delete(entry.id);
        if (state.silent) throw new StorageError('unreachable', 'The connection was cut.');
        return batch.map((target) => ({ target, result: 'deleted' as const }));
      },
    }),
    async stat({ id }: Entry) {
      state.looked.push(id);
      const found = there.get(id);
      if (!found) throw new StorageError('not-found', 'It is gone.');
      return found;
    },
  };
  return { client, state };
}

test('what may be deleted already is looked at before it is tried again: no second marker is made', async () => {
  const { client, state } = silentBucket([object('a'), object('b')], { recovery: versioned });
  const removal = await plan(client, [object('a'), object('b')]);
  const first = await run(client, removal);
  expect(first).toMatchObject({ results: { failed: 2 }, fateUnknown: 2 });
  const asked = client.calls.length;
  state.silent = false;
  expect(state.looked).toEqual([]);
  const second = await run(client, await retryFailed(removal));
  expect(second.results).toMatchObject({ 'already-gone': 2, deleted: 0 });
  expect(state.looked.toSorted()).toEqual(['a', 'b']);
  expect(client.calls.length).toBe(asked);
});

test('what came under the name since is kept by the second try', async () => {
  const { client, state } = silentBucket([object('a', { tag: '"1"' }), object('b', { tag: '"1"' })]);
  const removal = await plan(client, [object('a', { tag: '"1"' }), object('b', { tag: '"1"' })]);
  expect(await run(client, removal)).toMatchObject({ fateUnknown: 2 });
  state.silent = false;
  state.there.set('a', object('a', { tag: '"2"' }));
  const second = await run(client, await retryFailed(removal));
  expect(second.results).toMatchObject({ changed: 1, 'already-gone': 1 });
  expect([...state.there.keys()]).toEqual(['a']);
});

test('what was refused, and what was never asked for, is tried again without a look', async () => {
  const { client, state } = silentBucket([], { recovery: versioned });
  const refusing = {
    ...client,
    remove: async (batch: readonly Target[]) =>
      batch.map((target) => ({
        target,
        result: 'failed' as const,
        error: new StorageError('unsupported', 'It can not be.'),
      })),
  };
  const removal = await plan(refusing, [object('a')]);
  await run(refusing, removal);
  state.silent = false;
  expect((await run(client, await retryFailed(removal))).results).toMatchObject({ deleted: 1 });
  expect(state.looked).toEqual([]);
});
