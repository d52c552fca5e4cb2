import { describe, expect, it } from 'vitest';
import type { Deleted, Entry, Restoration, StorageClient } from '../../src/core/storageClient.ts';
import { isForbiddenName } from '../servers/gcs/store.ts';
import { missingPeer, rcloneGcsEnvironment } from '../servers/peers.ts';
import { runCommand } from '../servers/serverProcess.ts';
import { oddKeys } from '../support/oddKeys.ts';
import { call, containerPlace } from './contractSuite.ts';
import { GcsBench, objectOf } from './gcs.support.ts';

const missing = await missingPeer('rclone');

const day = 86_400;
const place = containerPlace('b');

const told = (restorations: readonly Restoration[]) =>
  restorations.map(({ deleted, result, error }) => [deleted.entry.id, result, error?.kind]);

async function everything(client: Required<StorageClient>): Promise<Entry[]> {
  const found: Entry[] = [];
  for await (const { entries } of client.walk(place, {}, call())) found.push(...entries);
  return found;
}

/** Plans what is in the bucket and deletes it as it was planned. */
async function deleteAll(client: Required<StorageClient>): Promise<Deleted[]> {
  const entries = await everything(client);
  const targets = entries.map((entry) => ({ entry, mode: 'recoverable' as const, ifTag: entry.tag ?? '' }));
  const outcomes = await client.remove(targets, call());
  expect(new Set(outcomes.map(({ result }) => result))).toEqual(new Set(['deleted']));
  return entries.map((entry) => ({ entry }));
}

describe.each([
  ['keeps versions', { versioning: true }, 'rewriteTo'],
  ['keeps what is deleted', { softDelete: 7 * day }, 'restore'],
  ['keeps both', { versioning: true, softDelete: 7 * day }, 'rewriteTo'],
])('a bucket that %s', (_, settings, how) => {
  const start = async () => {
    const bench = await GcsBench.start();
    const bucket = bench.gcs.store.createBucket('b', bench.gcs.project, settings);
    return { bench, bucket, store: bench.gcs.store };
  };
  const posts = (bench: GcsBench) => bench.sent.filter((line) => line.startsWith('POST /storage'));

  it.skipIf(missing)('gives all back byte for byte, and what came since stays: judged by rclone', async () => {
    const { bench, bucket, store } = await start();
    await using _ = bench;
    const names = oddKeys.filter((name) => !isForbiddenName(name));
    for (const name of names) store.put('b', name, `content of ${name}`);
    store.put('b', 'large', Buffer.alloc((2 << 20) + 5, 'x'));
    const client = await bench.open();
    expect(await client.recovery(place, call())).toMatchObject({ recoverable: 'yes' });
    const deleted = await deleteAll(client);
    expect(store.names('b')).toEqual([]);
    const newer = store.put('b', 'a b', 'newer');

    bench.proxy.reset();
    const first = await client.undelete(deleted, call());
    expect(first.map(({ deleted: { entry } }) => entry)).toEqual(deleted.map(({ entry }) => entry));
    expect(told(first).filter(([, result]) => result !== 'restored')).toEqual([['a b', 'changed', 'changed']]);
    expect(posts(bench).every((line) => line.includes(how))).toBe(true);
    for (const name of names) {
      if (name !== 'a b') expect(bucket.get(name)?.content.toString()).toBe(`content of ${name}`);
    }
    expect(bucket.get('large')?.content.length).toBe((2 << 20) + 5);
    expect(bucket.get('a b')).toBe(newer);

    const generations = () => [...bucket.from('')].map(({ generation }) => generation);
    const before = generations();
    const again = await client.undelete(deleted, call());
    expect(told(again).filter(([, result]) => result !== 'already-there')).toEqual([['a b', 'changed', 'changed']]);
    expect(generations()).toEqual(before);

    // As another client sees it.
    const environment = rcloneGcsEnvironment(bench.gcs.endpoint, bench.gcs.addAccount('peer'));
    const judged = ['cat', 'peer:b', '--include', '/a b', '--include', '/emoji*'];
    expect(await runCommand('rclone', judged, environment)).toBe('newercontent of emoji \u{1f600}');
  });

  it('takes nothing for restored that no answer and no look shows', async () => {
    const { bench, bucket, store } = await start();
    await using _ = bench;
    for (const name of ['a', 'b', 'c', 'd']) store.put('b', name, name);
    const client = await bench.open();
    const deleted = await deleteAll(client);
    const one = (name: string) =>
      client.undelete(
        deleted.filter(({ entry }) => entry.id === name),
        call(),
      );
    const isPost = ({ method }: { method: string }) => method === 'POST';
    bench.proxy.addRule({ when: isPost, fault: { kind: 'status', status: 200, body: '{"kind":"storage#object"}' } });
    expect(told(await one('a'))).toEqual([['a', 'failed', 'unexpected']]);
    bench.proxy.reset();
    bench.proxy.addRule({ when: isPost, fault: { kind: 'reset-after' } });
    expect(told(await one('b'))).toEqual([['b', 'already-there', undefined]]);
    bench.proxy.reset();
    bench.proxy.addRule({ when: isPost, fault: { kind: 'status', status: 404, body: '<html>Not here</html>' } });
    expect(told(await one('c'))).toEqual([['c', 'failed', 'not-found']]);
    expect((await one('c'))[0]?.error?.message).not.toContain('keep');
    bench.proxy.reset();
    bucket.noncurrent.length = 0;
    bucket.softDeleted.length = 0;
    const [gone] = await one('d');
    expect([gone?.result, gone?.error?.kind]).toEqual(['failed', 'not-found']);
    expect(gone?.error?.message).toContain("can't be brought back");
    expect(store.names('b')).toEqual(['b']);
  });

  it('does what the account may, and no more', async () => {
    const { bench, store } = await start();
    await using _ = bench;
    store.put('b', 'a');
    const deleted = await deleteAll(await bench.open());
    const withOut = (...missing: string[]) =>
      bench.open({
        serviceAccountKey: JSON.stringify(bench.gcs.addAccount(missing.join('-'), (right) => !missing.includes(right))),
      });
    const reader = await withOut('storage.objects.create', 'storage.objects.restore');
    expect(told(await reader.undelete(deleted, call()))).toEqual([['a', 'denied', 'forbidden']]);
    expect(store.names('b')).toEqual([]);
    const blind = await withOut('storage.buckets.get');
    expect(told(await blind.undelete(deleted, call()))).toEqual([['a', 'restored', undefined]]);
  });
});

it('refuses before any call what can not be told', async () => {
  await using bench = await GcsBench.start();
  bench.gcs.store.createBucket('b', bench.gcs.project, { versioning: true });
  const client = await bench.open({ bucket: 'b', subfolder: 'mine' });
  const odd: Entry[] = [
    objectOf('b', 'mine/untagged'),
    { ...objectOf('b', 'mine/a'), tag: '"etag"' },
    { ...objectOf('b', 'mine/a'), tag: '1', version: { id: '1', latest: false, marker: false } },
    { ...objectOf('b', 'mine/a'), kind: 'folder' },
    { ...objectOf('b', 'other'), tag: '1' },
  ];
  const restorations = await client.undelete(
    odd.map((entry) => ({ entry })),
    call(),
  );
  expect(restorations.map(({ error }) => error?.kind)).toEqual([...Array<string>(4).fill('unsupported'), 'forbidden']);
  expect(bench.sent).toEqual([]);
});

it('says for how long it can be undone', async () => {
  await using bench = await GcsBench.start();
  bench.gcs.store.createBucket('b', bench.gcs.project, { softDelete: 7 * day });
  const client = await bench.open();
  expect((await client.recovery(place, call())).because).toBe(
    'The bucket keeps what is deleted for 7 days (soft delete).',
  );
});
