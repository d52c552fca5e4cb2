import { expect, test } from 'vitest';
import { StorageError } from '../../../src/core/errors.ts';
import { pathFolders } from '../../../src/core/provider.ts';
import type { Entry, Outcome, StorageClient, Target } from '../../../src/core/storageClient.ts';
import { fileEntry } from '../../../src/providers/_shared/files.ts';
import { confirmationFor, wholeQuestion } from '../../../src/removal/confirm.ts';
import { readOutcomes } from '../../../src/removal/outcomeLog.ts';
import { deleteWhole } from '../../../src/removal/plan.ts';
import { retryFailed } from '../../../src/removal/retry.ts';
import { collect, facts, fakeClient, plan, run } from './fakeStorage.ts';

const a = fileEntry('folder', '/a');
const inside = [
  fileEntry('folder', '/a/deep'),
  fileEntry('object', '/a/one', { size: 1 }),
  fileEntry('object', '/a/deep/two', { size: 2 }),
  fileEntry('folder', '/a/other'),
  fileEntry('object', '/a/other/three', { size: 4 }),
];
const provider = facts({ folders: pathFolders });

type Answer = (folder: Target) => Promise<readonly Outcome[]>;

/** @param left what the server lists once it was asked; what it can't list is an error */
async function runWhole(
  answer: Answer,
  {
    signal = new AbortController().signal,
    left = [],
  }: { signal?: AbortSignal; left?: readonly Entry[] | StorageError } = {},
) {
  const folders: string[] = [];
  const client = {
    ...fakeClient({
      pages() {
        if (folders.length === 0) return [{ entries: inside }];
        if (left instanceof StorageError) throw left;
        return [{ entries: left }];
      },
    }),
    removeTree: async (folder: Target) => {
      folders.push(folder.entry.id);
      return await answer(folder);
    },
  } satisfies StorageClient;
  const removal = await deleteWhole(await plan(client, [a], { provider }));
  const report = await run(client, removal, { provider, signal });
  const outcomes = await collect(readOutcomes(removal));
  return {
    client,
    removal,
    report,
    folders,
    results: Object.fromEntries(outcomes.map(({ entry, result }) => [entry.id, result])),
    fateUnknown: outcomes.filter((each) => each.fateUnknown).length,
  };
}

const of = (target: Target, entry: Entry, error: StorageError): Outcome => ({
  target: { ...target, entry },
  result: error.kind === 'forbidden' ? 'denied' : 'failed',
  error,
});

test('a folder that goes whole takes everything in it along, by one call', async () => {
  const { report, folders, client } = await runWhole(async (target) => [{ target, result: 'deleted' }]);
  expect(folders).toEqual(['/a']);
  expect(client.calls).toEqual([]);
  expect(report).toMatchObject({ results: { deleted: 6, failed: 0 }, bytes: 7, fateUnknown: 0 });
});

test('what brings the folder back is kept with everything in it', async () => {
  const { removal } = await runWhole(async (target) => [{ target, result: 'deleted', trace: 'in the trash' }]);
  const outcomes = await collect(readOutcomes(removal));
  expect(outcomes.map(({ trace }) => trace)).toEqual(Array(6).fill('in the trash'));
});

test('what the server has kept stays in the report, and so do the folders above it', async () => {
  const kept = fileEntry('object', '/a/deep/two');
  const { results, report } = await runWhole(
    async (target) => [
      of(target, a, new StorageError('not-empty', 'Something was kept.')),
      of(target, kept, new StorageError('forbidden', 'No.')),
    ],
    { left: [fileEntry('folder', '/a/deep'), kept] },
  );
  expect(results).toEqual({
    '/a': 'failed',
    '/a/deep': 'failed',
    '/a/deep/two': 'denied',
    '/a/one': 'deleted',
    '/a/other': 'deleted',
    '/a/other/three': 'deleted',
  });
  expect(report.bytes).toBe(5);
});

test('of what the server names only one, and has left all, nothing is called deleted', async () => {
  const held = fileEntry('object', '/a/one');
  const answer: Answer = async (target) => [
    of(target, a, new StorageError('not-empty', 'Something was kept.')),
    { target: { ...target, entry: held }, result: 'locked', error: new StorageError('locked', 'Held.') },
  ];
  const { results, fateUnknown } = await runWhole(answer, { left: inside });
  expect(results).toMatchObject({ '/a/one': 'locked', '/a/deep/two': 'failed', '/a/other/three': 'failed' });
  expect(Object.values(results)).not.toContain('deleted');
  expect(fateUnknown).toBe(0);
});

test('where what is left can not be listed, the fate of what was not named is unknown', async () => {
  const answer: Answer = async (target) => [of(target, a, new StorageError('not-empty', 'Something was kept.'))];
  const { results, fateUnknown } = await runWhole(answer, { left: new StorageError('forbidden', 'No.') });
  expect(new Set(Object.values(results))).toEqual(new Set(['failed']));
  expect(fateUnknown).toBe(5);
});

test('a refusal that names nothing says nothing of anything being gone', async () => {
  const { results, fateUnknown } = await runWhole(async (target) => [
    of(target, a, new StorageError('forbidden', 'No.')),
  ]);
  expect(new Set(Object.values(results))).toEqual(new Set(['denied']));
  expect(fateUnknown).toBe(0);
});

test.each<[string, Answer]>([
  ['the connection was cut', () => Promise.reject(new StorageError('unreachable', 'Cut.'))],
  ['the server said nothing of the folder', async () => []],
])('nothing is called deleted when %s, and the rest is retried one by one', async (_, answer) => {
  const { results, fateUnknown, removal } = await runWhole(answer);
  expect(new Set(Object.values(results))).toEqual(new Set(['failed']));
  expect(fateUnknown).toBe(6);
  expect((await retryFailed(removal)).plan).not.toHaveProperty('whole');
});

test('cancelled before, it asks for nothing', async () => {
  const { results, folders, report } = await runWhole(async () => [], { signal: AbortSignal.abort() });
  expect(folders).toEqual([]);
  expect(new Set(Object.values(results))).toEqual(new Set(['not-attempted']));
  expect(report.stopped?.kind).toBe('cancelled');
});

test('the question comes for folders with much in them, where the backend can, and says what it means', async () => {
  const client = fakeClient({
    pages: () => [{ entries: Array.from({ length: 200 }, (_, n) => fileEntry('object', `/a/${n}`)) }],
  });
  const removal = await plan(client, [a], { provider });
  expect(wholeQuestion(removal.plan, false)).toBeUndefined();
  expect(wholeQuestion({ ...removal.plan, counts: { ...removal.plan.counts, objects: 5 } }, true)).toBeUndefined();
  expect(wholeQuestion(removal.plan, true)).toEqual({
    title: 'How to delete: /a',
    listed: 'Delete What Was Listed, One by One',
    whole: 'Delete the Folder Whole, Including Anything That Arrives Meanwhile',
  });
  const { plan: whole } = await deleteWhole(removal);
  expect(confirmationFor(whole)).toMatchObject({
    detail: expect.arrayContaining(['Folders are deleted whole, including anything that arrives meanwhile.']),
  });
});

test('once its window goes no further folder is asked for, and nothing is recorded of any', async () => {
  const leaving = new AbortController();
  const asked: string[] = [];
  const b = fileEntry('folder', '/b');
  const client = {
    ...fakeClient({ pages: () => [{ entries: [] }] }),
    removeTree: async (target: Target): Promise<readonly Outcome[]> => {
      asked.push(target.entry.id);
      leaving.abort();
      return [{ target, result: 'deleted' }];
    },
  } satisfies StorageClient;
  const removal = await deleteWhole(await plan(client, [a, b], { provider }));
  await expect(run(client, removal, { provider, leaving: leaving.signal })).rejects.toMatchObject({
    kind: 'cancelled',
  });
  expect(asked).toEqual(['/a']);
  const outcomes = await collect(readOutcomes(removal));
  expect(outcomes.map(({ result, fateUnknown }) => [result, fateUnknown])).toEqual([
    ['failed', true],
    ['failed', true],
  ]);
});
