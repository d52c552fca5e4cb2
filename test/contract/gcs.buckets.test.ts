import { describe, expect, it } from 'vitest';
import type { Entry } from '../../src/core/storageClient.ts';
import { call, containerPlace } from './contractSuite.ts';
import { failure, GcsBench, objectOf } from './gcs.support.ts';

const bucketEntry = (id: string): Entry => ({ kind: 'container', id, name: id, path: id });

describe('buckets', () => {
  it('are made where and as asked, and never taken over', async () => {
    await using bench = await GcsBench.start();
    const client = await bench.open();
    const made = await client.createContainer('new-bucket', { location: 'europe-west3', versioning: true }, call());
    expect(made).toMatchObject({ kind: 'container', id: 'new-bucket' });
    expect(bench.gcs.store.bucket('new-bucket')).toMatchObject({
      location: 'EUROPE-WEST3',
      versioning: true,
      project: bench.gcs.project,
    });
    expect(await failure(client.createContainer('new-bucket', {}, call()))).toMatchObject({ kind: 'already-exists' });
    const nowhere = client.createContainer('other-bucket', { location: 'no where' }, call());
    expect(await failure(nowhere)).toMatchObject({ kind: 'invalid-settings' });
    bench.proxy.reset();
    expect(await failure(client.createContainer('my_googles', {}, call()))).toMatchObject({ kind: 'invalid-settings' });
    expect(bench.sent).toEqual([]);
  });

  it('are deleted only when they are empty, by the exact request', async () => {
    await using bench = await GcsBench.start();
    bench.gcs.store.createBucket('full', bench.gcs.project);
    bench.gcs.store.put('full', 'a');
    bench.gcs.store.createBucket('empty', bench.gcs.project);
    const client = await bench.open();
    expect(await failure(client.removeContainer(bucketEntry('full'), call()))).toMatchObject({ kind: 'not-empty' });
    bench.proxy.reset();
    await client.removeContainer(bucketEntry('empty'), call());
    expect(bench.sent).toEqual(['DELETE /storage/v1/b/empty']);
    expect([...bench.gcs.store.buckets.keys()]).toEqual(['full']);
    expect(await failure(client.removeContainer(bucketEntry('empty'), call()))).toMatchObject({ kind: 'not-found' });
    bench.proxy.reset();
    for (const id of ['', '.', '..']) {
      expect(await failure(client.removeContainer(bucketEntry(id), call()))).toMatchObject({ kind: 'unsupported' });
    }
    const only = await bench.open({ bucket: 'full', subfolder: 'a' });
    expect(await failure(only.removeContainer(bucketEntry('full'), call()))).toMatchObject({ kind: 'forbidden' });
    expect(bench.sent).toEqual([]);
  });

  it.each([
    [{}, 'no', 'neither'],
    [{ softDelete: 604_800 }, 'yes', '7 days'],
    [{ softDelete: 86_400 }, 'yes', '1 day'],
    [{ versioning: true }, 'yes', 'versions'],
  ])('say whether what is deleted can be brought back: %j', async (settings, recoverable, because) => {
    await using bench = await GcsBench.start();
    bench.gcs.store.createBucket('b', bench.gcs.project, settings);
    const client = await bench.open();
    const answer = await client.recovery(containerPlace('b'), call());
    expect(answer).toMatchObject({ recoverable, because: expect.stringContaining(because) });
  });

  it('that may not be asked leave it unknown', async () => {
    await using bench = await GcsBench.start();
    bench.gcs.store.createBucket('b', bench.gcs.project);
    const key = bench.gcs.addAccount('limited', (permission) => permission !== 'storage.buckets.get');
    const client = await bench.open({ serviceAccountKey: JSON.stringify(key) });
    expect(await client.recovery(containerPlace('b'), call())).toMatchObject({ recoverable: 'unknown' });
    const [group] = await client.properties(bucketEntry('b'), call());
    expect(group?.rows).toContainEqual(['Further properties', 'not allowed']);
  });
});

describe('properties', () => {
  it('tell of a bucket and of an object what the server does', async () => {
    await using bench = await GcsBench.start();
    bench.gcs.store.createBucket('b', bench.gcs.project, { versioning: true, softDelete: 604_800 });
    const { generation } = Object.assign(bench.gcs.store.put('b', 'a/b', 'content'), { temporaryHold: true });
    const client = await bench.open();
    const rowsOf = async (entry: Entry) =>
      Object.fromEntries((await client.properties(entry, call())).flatMap(({ rows }) => rows));
    expect(await rowsOf(bucketEntry('b'))).toMatchObject({
      Name: 'b',
      Location: 'US, multi-region',
      Versioning: 'on',
      'Soft delete': '7 days',
      'Retention policy': 'none',
    });
    expect(await rowsOf(objectOf('b', 'a/b'))).toMatchObject({
      Key: 'a/b',
      Generation: generation,
      Size: '7 bytes',
      Type: 'text/plain',
      'Temporary hold': 'on',
      MD5: expect.stringMatching(/==$/),
    });
    expect(await failure(client.properties(objectOf('b', 'absent'), call()))).toMatchObject({ kind: 'not-found' });
  });
});

describe('links', () => {
  it('open the object at a server of its own, to whoever holds them', async () => {
    await using bench = await GcsBench.start();
    bench.gcs.store.createBucket('b', bench.gcs.project);
    const client = await bench.open({ endpoint: bench.gcs.endpoint });
    for (const name of ['plain', "odd !'()*~ ?#&=+%25 ä", 'a//b', '/lead', 'trail/']) {
      bench.gcs.store.put('b', name, `content of ${name}`);
      const { url } = await client.share(objectOf('b', name), { seconds: 604_800 }, call());
      expect(await (await fetch(url)).text(), name).toBe(`content of ${name}`);
      expect((await fetch(url.replace('/b/', '/b/x'))).status).toBe(403);
    }
  });

  it.each(['..', 'a/../b', './a', ''])('are not made of what a browser would change: %j', async (name) => {
    await using bench = await GcsBench.start();
    const client = await bench.open();
    const link = client.share(objectOf('b', name), { seconds: 60 }, call());
    expect(await failure(link)).toMatchObject({ kind: 'unsupported' });
    const endless = client.share(objectOf('b', 'a'), { seconds: 604_801 }, call());
    expect(await failure(endless)).toMatchObject({ kind: 'unsupported' });
  });
});
