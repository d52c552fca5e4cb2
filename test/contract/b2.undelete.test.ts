import { expect, it } from 'vitest';
import type { Deleted, Entry, Restoration, StorageClient } from '../../src/core/storageClient.ts';
import { isForbiddenName } from '../servers/b2/store.ts';
import type { Fault } from '../servers/faultProxy.ts';
import { missingPeer, rcloneB2Environment } from '../servers/peers.ts';
import { runCommand } from '../servers/serverProcess.ts';
import { oddKeys } from '../support/oddKeys.ts';
import { B2Bench, bucket, objectOf, targets, versionsIn } from './b2.support.ts';
import { call, listAll } from './contractSuite.ts';

const missing = await missingPeer('rclone');

/** Plans what is in the bucket and deletes it, and gives what an undo would be given. */
async function deleteAll(client: Required<StorageClient>): Promise<Deleted[]> {
  const outcomes = await client.remove(targets(await everything(client), 'recoverable'), call());
  expect(new Set(outcomes.map(({ result }) => result))).toEqual(new Set(['deleted']));
  return outcomes.map(({ target, trace }) => ({
    entry: target.entry,
    trace: trace ?? expect.unreachable('The marker is named.'),
  }));
}

async function everything(client: Required<StorageClient>): Promise<Entry[]> {
  const found: Entry[] = [];
  for await (const { entries } of client.walk(bucket, {}, call())) found.push(...entries);
  return found;
}

const told = (restorations: readonly Restoration[]) =>
  restorations.map(({ deleted, result, error }) => [deleted.entry.id, result, error?.kind]);

it.skipIf(missing)(
  'brings back what was hidden, byte for byte, and keeps what came since: judged by rclone',
  async () => {
    await using bench = await B2Bench.start();
    const names = oddKeys.filter((name) => !isForbiddenName(name));
    for (const name of names) bench.put(name, `content of ${name}`);
    const client = await bench.open();
    const before = (await everything(client)).map(({ id, tag, size }) => [id, tag, size]);
    const deleted = await deleteAll(client);
    expect(bench.b2.store.names('bucket')).toEqual([]);
    bench.put('a b', 'newer');

    const first = await client.undelete(deleted, call());
    expect(first.map(({ deleted: { entry } }) => entry)).toEqual(deleted.map(({ entry }) => entry));
    expect(told(first).filter(([, result]) => result !== 'restored')).toEqual([['a b', 'changed', 'changed']]);
    expect(bench.left('a b')).toEqual(['upload newer', 'hide', 'upload content of a b']);
    const after = (await everything(client)).map(({ id, tag, size }) => [id, tag, size]);
    expect(after.filter(([id]) => id !== 'a b')).toEqual(before.filter(([id]) => id !== 'a b'));

    bench.proxy.reset();
    const again = await client.undelete(deleted, call());
    expect(told(again).filter(([, result]) => result !== 'already-there')).toEqual([['a b', 'changed', 'changed']]);
    expect(bench.sent.filter((line) => line.includes('delete'))).toEqual([]);

    // As another client sees it.
    const judged = ['cat', 'peer:bucket', '--include', '/a b', '--include', '/emoji*'];
    expect(await runCommand('rclone', judged, rcloneB2Environment(bench.b2.endpoint, bench.key))).toBe(
      'newercontent of emoji \u{1f600}',
    );
  },
);

it('touches no marker but its own, and none that lies on something else', async () => {
  await using bench = await B2Bench.start();
  for (const name of ['hidden again', 'overwritten before', 'purged', 'lost', 'well']) bench.put(name, 'planned');
  const client = await bench.open();
  const planned = await everything(client);
  bench.put('overwritten before', 'after the plan');
  const outcomes = await client.remove(targets(planned, 'recoverable'), call());
  const deleted = outcomes.map(({ target: { entry }, trace }) => (trace === undefined ? { entry } : { entry, trace }));
  const { store } = bench.b2;
  bench.put('hidden again', 'newer');
  store.hide('bucket', 'hidden again');
  const versions = (name: string) => store.bucket('bucket').versionsOf(name);
  for (const version of versions('purged')) store.bucket('bucket').delete(version);
  for (const version of versions('lost')) if (version.action === 'upload') store.bucket('bucket').delete(version);
  const state = () => planned.map(({ id }) => [id, versions(id).map((version) => version.id)]);
  const before = state().filter(([id]) => id !== 'well');
  expect(told(await client.undelete(deleted, call()))).toEqual([
    ['hidden again', 'changed', 'changed'],
    ['lost', 'failed', 'not-found'],
    ['overwritten before', 'changed', 'changed'],
    ['purged', 'failed', 'not-found'],
    ['well', 'restored', undefined],
  ]);
  expect(state().filter(([id]) => id !== 'well')).toEqual(before);
});

it('knows the marker by what lies under it where its id was lost, and looks past what is being uploaded', async () => {
  await using bench = await B2Bench.start();
  bench.put('a');
  const client = await bench.open();
  const deleted = await deleteAll(client);
  for (let n = 0; n < 7; n++) bench.b2.store.put('bucket', 'a', '', { action: 'start' });
  expect(told(await client.undelete([{ entry: deleted[0]?.entry as Entry }], call()))).toEqual([
    ['a', 'restored', undefined],
  ]);
});

it('says that it is there only when a look shows it, whatever the answer to the deletion', async () => {
  await using bench = await B2Bench.start();
  for (const name of ['a', 'b', 'c']) bench.put(name);
  const client = await bench.open();
  const deleted = await deleteAll(client);
  const one = (index: number) => client.undelete(deleted.slice(index, index + 1), call());
  const breakDeletions = (fault: Fault) => {
    bench.proxy.reset();
    bench.proxy.addRule({ when: ({ target }) => target.includes('b2_delete_file_version'), fault });
  };
  breakDeletions({ kind: 'reset-after' });
  expect(told(await one(0))).toEqual([['a', 'restored', undefined]]);
  const fileId = deleted[1]?.trace;
  const body = JSON.stringify({ fileName: 'b', fileId });
  breakDeletions({ kind: 'status', status: 200, body });
  expect(told(await one(1))).toEqual([['b', 'failed', 'unexpected']]);
  bench.proxy.reset();
  expect(told(await one(1))).toEqual([['b', 'restored', undefined]]);
  breakDeletions({ kind: 'status', status: 503 });
  expect(told(await one(2))).toEqual([['c', 'failed', 'rate-limited']]);
});

it('stays within what a key may do, and refuses what was no object', async () => {
  await using bench = await B2Bench.start();
  bench.put('mine/a');
  bench.put('other');
  const owner = await bench.open();
  const deleted = await deleteAll(owner);
  const narrow = await bench.open(bench.b2.keys.add({ buckets: ['bucket'], namePrefix: 'mine/' }));
  expect(told(await narrow.undelete(deleted, call()))).toEqual([
    ['mine/a', 'restored', undefined],
    ['other', 'denied', 'forbidden'],
  ]);
  const hider = await bench.open(bench.b2.keys.add({ capabilities: ['listBuckets', 'listFiles', 'writeFiles'] }));
  expect(told(await hider.undelete(deleted.slice(1), call()))).toEqual([['other', 'denied', 'forbidden']]);
  bench.proxy.reset();
  const [version] = await versionsIn(owner, 'mine/a');
  const odd = [
    { entry: version as Entry },
    { entry: objectOf('untagged') },
    { entry: { ...objectOf('f'), kind: 'folder' as const } },
  ];
  bench.proxy.reset();
  expect(told(await owner.undelete(odd, call())).map(([, ...rest]) => rest)).toEqual(
    odd.map(() => ['failed', 'unsupported']),
  );
  expect(bench.sent).toEqual([]);
  expect(told(await owner.undelete(deleted, { signal: AbortSignal.abort() })).map(([, , kind]) => kind)).toEqual([
    'cancelled',
    'cancelled',
  ]);
  expect((await listAll(owner, bucket)).map(({ id }) => id)).toEqual(['mine/']);
});

it('says how long an undo is possible', async () => {
  await using bench = await B2Bench.start();
  const client = await bench.open();
  const why = async (at = bucket) => (await client.recovery(at, call())).because;
  expect(await why()).toBe('Hidden, not deleted: older versions stay until deleted.');
  bench.b2.store.bucket('bucket').lifecycleRules = [
    { fileNamePrefix: 'logs/', daysFromHidingToDeleting: 1, daysFromUploadingToHiding: null },
    { fileNamePrefix: 'runs/', daysFromHidingToDeleting: 30, daysFromUploadingToHiding: null },
  ];
  expect(await why()).toContain('for good after 1 day.');
  const folder = (id: string) => ({ kind: 'folder', container: 'bucket', id }) as const;
  expect(await why(folder('runs/2026/'))).toContain('for good after 30 days.');
  expect(await why(folder('kept/'))).toBe('Hidden, not deleted: older versions stay until deleted.');
  const blind = await bench.open(bench.b2.keys.add({ buckets: ['bucket'], capabilities: ['listFiles', 'writeFiles'] }));
  expect(await blind.recovery(bucket, call())).toMatchObject({ recoverable: 'yes' });
  expect((await blind.recovery(bucket, call())).because).toContain('lifecycle rule');
});
