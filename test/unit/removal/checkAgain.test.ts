import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { StorageError } from '../../../src/core/errors.ts';
import { pathFolders } from '../../../src/core/provider.ts';
import type { Entry, Outcome, StorageClient, Target } from '../../../src/core/storageClient.ts';
import { type CheckReport, checkAgain, readChecked } from '../../../src/removal/checkAgain.ts';
import { checkCsv, checkSummary, checkText } from '../../../src/removal/checkReport.ts';
import { keptRemovals } from '../../../src/removal/keptRemovals.ts';
import type { ProviderFacts, Removal } from '../../../src/removal/removal.ts';
import { removalsFolder } from '../../../src/removal/removalFolder.ts';
import {
  collect,
  container,
  facts,
  fakeClient,
  folder,
  keyspace,
  object,
  plan,
  run,
  seededRandom,
  temporaryFolder,
} from './fakeStorage.ts';

const { signal } = new AbortController();

function refusing(ids: readonly string[]) {
  return (batch: readonly Target[]): readonly Outcome[] =>
    batch.map((target) =>
      ids.includes(target.entry.id)
        ? { target, result: 'failed', error: new StorageError('unexpected', 'No answer.') }
        : { target, result: 'deleted' },
    );
}

/** A removal of these, run; what failed is said. */
async function removed(entries: readonly Entry[], failing: readonly string[] = [], storage = temporaryFolder()) {
  const client = fakeClient({ pages: keyspace(entries), remove: refusing(failing) });
  const removal = await plan(client, [container], { folder: storage });
  await run(client, removal);
  return removal;
}

function check(removal: Removal, client: StorageClient, provider: ProviderFacts = facts(), mostAtOnce?: number) {
  return checkAgain({ removal, client, provider, signal }, mostAtOnce);
}

function found(report: CheckReport) {
  const told = Object.entries(report.verdicts).filter(([, count]) => count > 0);
  return { ...Object.fromEntries(told), ...(report.others > 0 ? { others: report.others } : {}) };
}

const tagged = (id: string, tag: string) => object(id, { tag });

test('all that is gone is gone, and nothing is deleted to find it out', async () => {
  const removal = await removed([object('a'), object('b')]);
  const now = fakeClient();
  const report = await check(removal, now);
  expect(found(report)).toEqual({ gone: 2 });
  expect(checkSummary(report)).toBe('All 2 are gone');
  expect(now.calls).toEqual([]);
});

test('each entry is told by what was reported of it and what is there now', async () => {
  const planned = ['gone', 'back', 'newer', 'kept', 'since'].map((id) => tagged(id, '1'));
  const removal = await removed(planned, ['kept', 'since']);
  const now = [tagged('back', '1'), tagged('newer', '2'), tagged('kept', '1'), tagged('arrived', '9')];
  const report = await check(removal, fakeClient({ pages: keyspace(now) }));
  expect(found(report)).toEqual({ gone: 1, back: 1, newer: 1, kept: 1, 'gone-since': 1, others: 1 });
  const each = await collect(readChecked(removal));
  expect(each.map(({ entry, verdict }) => [entry.id, verdict])).toEqual([
    ['gone', 'gone'],
    ['back', 'back'],
    ['newer', 'newer'],
    ['kept', 'kept'],
    ['since', 'gone-since'],
  ]);
  expect(checkSummary(report)).toBe(
    'Gone: 1. Reported as deleted, but there: 1. Something newer is there under the name: 1. Still there, as reported: 1. ' +
      'Gone, though not reported as deleted: 1. There now, but no part of this removal: 1',
  );
  const text = (await collect(checkText(removal, report))).join('');
  expect(text).toContain('Reported as deleted, but there: back (reported: deleted)\n');
  expect(text).not.toMatch(/: gone \(/);
  expect((await collect(checkText(removal, report, 2))).join('')).toMatch(/and 2 more\n$/);
  expect((await collect(checkCsv(removal))).join('').split('\r\n')[1]).toBe('Gone,Deleted,object,photos,gone,,10');
});

test('it is kept beside the removal', async () => {
  const storage = temporaryFolder();
  const removal = await removed([object('a')], [], storage);
  expect(removal.folder.startsWith(removalsFolder(storage))).toBe(true);
  const report = await check(removal, fakeClient());
  expect((await keptRemovals(storage))[0]?.check).toEqual(report);
  await expect(readFile(`${removal.folder}/check.bin`)).resolves.toHaveLength(1);
});

test('however little of what is there is compared at once, the answer is the same', async () => {
  const random = seededRandom(7);
  const all = Array.from({ length: 300 }, (_, index) => tagged(`k${index}`, '1'));
  const removal = await removed(all, ['k3', 'k7', 'k200']);
  const now = all.flatMap(({ id }) => (random() < 0.3 ? [tagged(id, random() < 0.5 ? '1' : '2')] : []));
  now.push(tagged('new', '1'), tagged('newer', '1'));
  const answers = [];
  for (const mostAtOnce of [1, 7, 50_000]) {
    const { checkedAt: _, ...report } = await check(
      removal,
      fakeClient({ pages: keyspace(now, 10) }),
      facts(),
      mostAtOnce,
    );
    answers.push(report);
  }
  expect(answers[0]).toEqual(answers[2]);
  expect(answers[1]).toEqual(answers[2]);
  expect(answers[2]?.others).toBe(2);
});

test('versions are told apart by their ids, and a current one stands under its name', async () => {
  const version = (id: string, latest: boolean, marker = false) =>
    object('a', { version: { id, latest, marker }, tag: id });
  const planned = [version('m1', true, true), version('v1', false)];
  const client = fakeClient({ pages: keyspace(planned) });
  const removal = await plan(client, [container], { versions: true });
  await run(client, removal);
  const now = fakeClient({ pages: (_, { versions }) => (versions ? [{ entries: [version('v2', true)] }] : []) });
  expect(found(await check(removal, now))).toEqual({ gone: 2, others: 1 });
  const still = fakeClient({ pages: () => [{ entries: [version('v1', true)] }] });
  expect(found(await check(removal, still))).toEqual({ gone: 1, back: 1 });
});

test('what was selected by itself is asked for by itself', async () => {
  const selection = ['gone', 'back', 'hidden'].map((id) => tagged(id, '1'));
  const client = fakeClient();
  const removal = await plan(client, selection);
  await run(client, removal);
  const stat = async (entry: Entry) => {
    if (entry.id === 'gone') throw new StorageError('not-found', 'There is no such object.');
    if (entry.id === 'hidden') throw new StorageError('forbidden', 'You may not look.');
    return entry;
  };
  expect(found(await check(removal, { ...fakeClient(), stat }))).toEqual({ gone: 1, back: 1, unknown: 1 });
});

test('a folder that is gone itself is no failure; one that can not be listed is', async () => {
  const root = folder('2020', { id: '/2020', name: '2020' });
  const inside = object('/2020/a');
  const provider = facts({ folders: pathFolders });
  const client = fakeClient({ pages: () => [{ entries: [inside] }] });
  const removal = await plan(client, [root], { provider });
  await run(client, removal, { provider });
  const failing = (kind: 'not-found' | 'forbidden', again: 'not-found' | 'forbidden' = kind) =>
    fakeClient({
      pages: () => {
        throw new StorageError(kind, 'No.');
      },
      list: async () => {
        throw new StorageError(again, 'No.');
      },
    });
  expect(found(await check(removal, failing('not-found'), provider))).toEqual({ gone: 2 });
  await expect(check(removal, failing('forbidden'), provider)).rejects.toMatchObject({ kind: 'forbidden' });
  await expect(check(removal, failing('not-found', 'forbidden'), provider)).rejects.toMatchObject({
    kind: 'not-found',
  });
  const empty = fakeClient({ pages: () => [{ entries: [] }] });
  expect(found(await check(removal, empty, provider))).toEqual({ gone: 1, back: 1 });
});

test('a folder that goes while it is listed makes nothing gone that was not seen', async () => {
  const removal = await removed([object('a'), object('b')]);
  const client = fakeClient({
    pages: async function* () {
      yield { entries: [object('a')], cursor: 'more' };
      throw new StorageError('not-found', 'There is no such folder.');
    },
    list: async () => {
      throw new StorageError('not-found', 'There is no such folder.');
    },
  });
  await expect(check(removal, client)).rejects.toMatchObject({ kind: 'not-found' });
});
