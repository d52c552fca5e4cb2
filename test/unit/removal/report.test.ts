import { access, mkdir, readdir, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { StorageError } from '../../../src/core/errors.ts';
import type { Outcome } from '../../../src/core/storageClient.ts';
import { cleanRemovals } from '../../../src/removal/cleanup.ts';
import { readManifest } from '../../../src/removal/manifest.ts';
import { createOutcomeLog } from '../../../src/removal/outcomeLog.ts';
import type { Removal, RemovalReport } from '../../../src/removal/removal.ts';
import { manifestFile, openRemoval, readReport, reportFile } from '../../../src/removal/removalFolder.ts';
import { canRetry, csvReport, summaryOf, textReport } from '../../../src/removal/report.ts';
import { retryFailed } from '../../../src/removal/retry.ts';
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
  temporaryFolder,
} from './fakeStorage.ts';

const day = 86_400_000;
const none = { deleted: 0, 'already-gone': 0, changed: 0, locked: 0, denied: 0, failed: 0, 'not-attempted': 0 };

/** Fails what is named so, with a reason; deletes the rest. */
function failing(...ids: readonly string[]) {
  return fakeClient({
    pages: keyspace(objects(2500)),
    remove: (batch) =>
      batch.map(
        (target): Outcome =>
          ids.includes(target.entry.id)
            ? { target, result: 'failed', error: new StorageError('unsupported', 'It can not be.') }
            : { target, result: 'deleted' },
      ),
  });
}

async function idsIn({ folder: at, plan: { manifest } }: Removal): Promise<string[]> {
  return (await collect(readManifest(manifestFile(at), manifest))).map(({ id }) => id);
}

const textOf = async (parts: AsyncIterable<string>) => (await collect(parts)).join('');

test('the summary names what there is', () => {
  const report = (results: Partial<RemovalReport['results']>): RemovalReport => ({
    results: { ...none, ...results },
    fateUnknown: 0,
    bytes: 0,
    startedAt: 0,
    elapsed: 0,
  });
  expect(summaryOf(report({ deleted: 1204, failed: 3 }))).toBe('Deleted 1,204. Failed: 3');
  expect(summaryOf(report({ deleted: 12 }))).toBe('Deleted 12');
  expect(summaryOf(report({ 'already-gone': 1, denied: 2, 'not-attempted': 1000 }))).toBe(
    'Deleted 0. Already gone: 1. Denied: 2. Not attempted: 1,000',
  );
  expect(
    [{ failed: 1 }, { 'not-attempted': 1 }, { denied: 1 }, { deleted: 9 }].map((results) => canRetry(report(results))),
  ).toEqual([true, true, false, false]);
});

test('the text report counts, then names what was not deleted, with the reason and nothing hidden', async () => {
  const client = failing('b\u202ec');
  const removal = await plan(client, [object('a'), object('b\u202ec'), object('d', { size: 3_400_000_000 })]);
  const report = await run(client, removal);
  const lines = (await textOf(textReport(removal, report))).split('\n');
  expect(lines[0]).toBe('Deleted 2. Failed: 1');
  expect(lines).toContain('Credential: Production (Fake Storage)');
  expect(lines).toContain('Selected: a, b\\u202ec, d');
  expect(lines).toContain('Deleted: 2 (3.4 GB)');
  expect(lines.slice(-4)).toEqual(['', 'Not deleted:', 'Failed: b\\u202ec - It can not be.', '']);
});

test('a long text report says how many it leaves out', async () => {
  const client = failing(...objects(40).map(({ id }) => id));
  const removal = await plan(client, [container]);
  const text = await textOf(textReport(removal, await run(client, removal), 5));
  expect(text.split('\n').slice(-3)).toEqual(['Failed: k0000004 - It can not be.', 'and 35 more', '']);
});

test('where all is gone, nothing is listed as left', async () => {
  const client = failing();
  const removal = await plan(client, [container]);
  expect(await textOf(textReport(removal, await run(client, removal)))).not.toContain('Not deleted');
});

test('the table has a row for every entry, which no spreadsheet runs and no name breaks', async () => {
  const ids = ['=1+1', '@x', '-a', 'a,b', 'say "hi"', 'two\nlines', 'r\u202el'];
  const client = failing('a,b');
  const removal = await plan(
    client,
    ids.map((id) => object(id)),
  );
  await run(client, removal);
  expect((await textOf(csvReport(removal))).split('\r\n')).toEqual([
    'result,kind,container,id,version,bytes,may be deleted,reason',
    "Deleted,object,photos,'=1+1,,10,,",
    "Deleted,object,photos,'@x,,10,,",
    "Deleted,object,photos,'-a,,10,,",
    'Failed,object,photos,"a,b",,10,,It can not be.',
    'Deleted,object,photos,"say ""hi""",,10,,',
    'Deleted,object,photos,two\\u000alines,,10,,',
    'Deleted,object,photos,r\\u202el,,10,,',
    '',
  ]);
});

test('Retry Failed takes exactly what failed or was not attempted, as it was confirmed, and lists nothing', async () => {
  const cancel = new AbortController();
  const client = failing('k0000003', 'k0001002');
  const removal = await plan(client, [container]);
  const first = await run(client, removal, {
    signal: cancel.signal,
    paceOf: () => ({
      async enter() {
        if (client.calls.length === 2) cancel.abort();
        return () => {};
      },
    }),
  });
  expect(first.results).toEqual({ ...none, deleted: 1998, failed: 2, 'not-attempted': 500 });

  client.walked.length = 0;
  const retry = await retryFailed(removal);
  expect(client.walked).toEqual([]);
  const expected = [
    'k0000003',
    'k0001002',
    ...objects(2500)
      .slice(2000)
      .map(({ id }) => id),
  ];
  expect(await idsIn(retry)).toEqual(expected);
  expect(retry.plan).toMatchObject({
    retryOf: removal.plan.id,
    counts: { objects: 502, bytes: 5020 },
    selection: removal.plan.selection,
    recovery: removal.plan.recovery,
    repeatable: removal.plan.repeatable,
  });
  expect(retry.plan.id).not.toBe(removal.plan.id);
  expect(await openRemoval(retry.folder)).toEqual(retry);

  const second = await run(fakeClient(), retry);
  expect(second.results).toEqual({ ...none, deleted: 502 });
});

test('what is retried keeps folders behind what is in them', async () => {
  const provider = facts({ folders: { real: true } });
  const client = fakeClient({
    pages: () => [{ entries: [folder('a/b/'), object('a/b/1')] }],
    remove: (batch) =>
      batch.map((target) => ({ target, result: 'not-attempted', error: new StorageError('unexpected', 'No.') })),
  });
  const removal = await plan(client, [folder('a/')], { provider });
  await run(client, removal, { provider });
  expect(await idsIn(await retryFailed(removal))).toEqual(['a/b/1', 'a/b/', 'a/']);
});

test('a removal that has not ended is not retried', async () => {
  await expect(retryFailed(await plan(fakeClient(), [object('a')]))).rejects.toMatchObject({ kind: 'unsupported' });
});

test('old removals are cleaned; unfinished ones, young ones and what is no removal stay', async () => {
  const storage = temporaryFolder();
  const make = () => plan(fakeClient(), objects(2), { folder: storage });
  const age = async (removal: Removal, days: number) => {
    const then = new Date(Date.now() - days * day);
    for (const name of await readdir(removal.folder)) await utimes(path.join(removal.folder, name), then, then);
    await utimes(removal.folder, then, then);
  };
  const [finished, young, neverRun, unfinished] = [await make(), await make(), await make(), await make()];
  await run(fakeClient(), finished);
  await run(fakeClient(), young);
  await (await createOutcomeLog(unfinished.folder)).close();
  for (const removal of [finished, neverRun]) await age(removal, 31);
  await age(young, 29);
  await age(unfinished, 4000);
  const outside = path.join(storage, 'elsewhere');
  await mkdir(outside);
  await symlink(outside, path.join(storage, 'removals', 'link'));
  await writeFile(path.join(storage, 'removals', 'note.txt'), '');

  expect(await cleanRemovals(storage, 30, Date.now())).toBe(2);
  expect(await openRemoval(finished.folder)).toBeUndefined();
  expect(await openRemoval(neverRun.folder)).toBeUndefined();
  expect(await readReport(young.folder)).toBeDefined();
  expect(await openRemoval(unfinished.folder)).toBeDefined();
  await access(outside);
  expect(await readdir(path.join(storage, 'removals'))).toEqual(expect.arrayContaining(['link', 'note.txt']));
  await expect(access(reportFile(unfinished.folder))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a cleaning of no days still leaves what is younger than one, and a store without removals is clean', async () => {
  const storage = temporaryFolder();
  expect(await cleanRemovals(storage, 30)).toBe(0);
  await run(fakeClient(), await plan(fakeClient(), objects(1), { folder: storage }));
  expect(await cleanRemovals(storage, 0)).toBe(0);
});
