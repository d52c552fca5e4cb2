import { expect, it } from 'vitest';
import type { Entry } from '../../src/core/storageClient.ts';
import { B2Bench, bucket, objectOf, targets, versionsIn } from './b2.support.ts';
import { call, listAll } from './contractSuite.ts';

const entryOf = (name: string): Entry => ({ kind: 'container', id: name, name, path: name });

it('makes private buckets and never takes one that exists for a new one', async () => {
  await using bench = await B2Bench.start();
  const client = await bench.open();
  expect(await client.createContainer('new-bucket', {}, call())).toMatchObject({ kind: 'container', id: 'new-bucket' });
  expect(bench.b2.store.bucket('new-bucket').type).toBe('allPrivate');
  for (const taken of ['new-bucket', 'New-Bucket']) {
    await expect(client.createContainer(taken, {}, call())).rejects.toMatchObject({ kind: 'already-exists' });
  }
  const sent = bench.sent.length;
  for (const wrong of ['short', 'b2-reserved', 'under_score', 'x'.repeat(64), 'dotted.name']) {
    await expect(client.createContainer(wrong, {}, call())).rejects.toMatchObject({ kind: 'invalid-settings' });
  }
  expect(bench.sent).toHaveLength(sent);
  const reader = await bench.open(bench.b2.keys.add({ capabilities: ['listBuckets'] }));
  await expect(reader.createContainer('other-bucket', {}, call())).rejects.toMatchObject({ kind: 'forbidden' });
});

it('deletes a bucket only when nothing is in it, not even what is hidden or begun', async () => {
  await using bench = await B2Bench.start();
  const client = await bench.open();
  bench.put('a');
  await client.remove(targets([objectOf('a')], 'recoverable'), call());
  bench.b2.store.put('bucket', 'big', '', { action: 'start' });
  const full = { kind: 'not-empty', hint: expect.stringContaining('hide markers') };
  await expect(client.removeContainer(entryOf('bucket'), call())).rejects.toMatchObject(full);
  await client.remove(targets(await versionsIn(client)), call());
  await expect(client.removeContainer(entryOf('bucket'), call())).rejects.toMatchObject(full);
  const { entries } = await client.uploads(bucket, {}, call());
  await client.remove(targets(entries), call());
  await client.removeContainer(entryOf('bucket'), call());
  expect([...bench.b2.store.buckets.keys()]).toEqual([]);
  await expect(client.removeContainer(entryOf('bucket'), call())).rejects.toMatchObject({ kind: 'not-found' });
  await expect(client.removeContainer(objectOf('a'), call())).rejects.toMatchObject({ kind: 'unsupported' });
});

it('finds a bucket that was made anew under an old name', async () => {
  await using bench = await B2Bench.start();
  const client = await bench.open();
  bench.put('a');
  expect(await listAll(client, bucket)).toHaveLength(1);
  bench.b2.store.createBucket('bucket');
  bench.put('b');
  await expect(listAll(client, bucket)).rejects.toMatchObject({ kind: 'not-found' });
  expect((await listAll(client, bucket)).map(({ id }) => id)).toEqual(['b']);
});

it('refuses what a credential for one bucket or folder is not for', async () => {
  await using bench = await B2Bench.start();
  const client = await bench.open(bench.key, { bucket: 'bucket', subfolder: 'mine' });
  await expect(client.createContainer('other-bucket', {}, call())).rejects.toMatchObject({ kind: 'forbidden' });
  await expect(client.removeContainer(entryOf('bucket'), call())).rejects.toMatchObject({ kind: 'forbidden' });
  bench.put('yours/a');
  const [outcome] = await client.remove(targets([objectOf('yours/a')], 'recoverable'), call());
  expect([outcome?.result, outcome?.error?.kind]).toEqual(['failed', 'forbidden']);
  expect(bench.sent).toEqual([]);
});

it('gives a link that opens the object until it ends, and says what else it opens', async () => {
  await using bench = await B2Bench.start();
  const client = await bench.open();
  bench.put('folder/ä +%.txt', 'shared');
  bench.put('other', 'private');
  const { url, expires, caveat } = await client.share(objectOf('folder/ä +%.txt'), { seconds: 600 }, call());
  const opened = await fetch(url);
  expect([opened.status, await opened.text()]).toEqual([200, 'shared']);
  expect((await fetch(url.replace(/\/folder[^?]*/, '/other'))).status).toBe(401);
  expect(Math.abs(expires - Date.now() - 600_000)).toBeLessThan(5000);
  expect(caveat).toMatch(/begin with/);
  for (const seconds of [0, 604_801, 1.5]) {
    const wrong = client.share(objectOf('other'), { seconds }, call());
    await expect(wrong).rejects.toMatchObject({ kind: 'unsupported' });
  }
  for (const name of ['a/../other', '.']) {
    await expect(client.share(objectOf(name), { seconds: 9 }, call())).rejects.toMatchObject({ kind: 'unsupported' });
  }
  bench.put('other', 'newer');
  const [, older] = await versionsIn(client, 'other');
  await expect(client.share(older as Entry, { seconds: 9 }, call())).rejects.toMatchObject({ kind: 'unsupported' });
  const reader = await bench.open(bench.b2.keys.add({ capabilities: ['listBuckets', 'listFiles', 'readFiles'] }));
  await expect(reader.share(objectOf('other'), { seconds: 9 }, call())).rejects.toMatchObject({ kind: 'forbidden' });
});

it('describes buckets, objects and versions, and says what may not be asked', async () => {
  await using bench = await B2Bench.start();
  const client = await bench.open();
  const until = Date.parse('2027-01-02T03:04:05Z');
  bench.b2.store.put('bucket', 'a', 'first', { retention: { mode: 'compliance', until } });
  bench.b2.store.put('bucket', 'a', 'newest', { info: { colour: 'blue' } });
  const rowsOf = async (entry: Entry, from = client) =>
    Object.fromEntries((await from.properties(entry, call())).flatMap(({ rows }) => rows));
  expect(await rowsOf(entryOf('bucket'))).toMatchObject({ Name: 'bucket', Access: 'allPrivate', 'Object Lock': 'on' });
  expect(await rowsOf(objectOf('a'))).toMatchObject({
    Key: 'a',
    Size: '6 bytes',
    colour: 'blue',
    'SHA-1': expect.stringMatching(/^[0-9a-f]{40}$/),
  });
  const [, first] = await versionsIn(client, 'a');
  expect(await rowsOf(first as Entry)).toMatchObject({
    'File ID': first?.version?.id,
    'Retention mode': 'compliance',
    'Retained until': '2027-01-02 03:04:05 UTC',
  });
  const writer = await bench.open(bench.b2.keys.add({ capabilities: ['listBuckets', 'writeFiles'] }));
  expect(await rowsOf(objectOf('a'), writer)).toEqual({ Key: 'a', 'Further properties': 'not allowed' });
  await expect(client.properties(objectOf('absent'), call())).rejects.toMatchObject({ kind: 'not-found' });
});
