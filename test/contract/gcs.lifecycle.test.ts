import { describe, expect, it } from 'vitest';
import type { Place } from '../../src/core/storageClient.ts';
import { call, containerPlace } from './contractSuite.ts';
import { failure, GcsBench } from './gcs.support.ts';

const folder: Place = { kind: 'folder', container: 'b', id: 'logs/' };
const current = { versions: false };
const others = [
  { action: { type: 'SetStorageClass', storageClass: 'COLDLINE' }, condition: { age: 30, matchesSuffix: ['.log'] } },
  { action: { type: 'Delete' }, condition: { age: 365, matchesPrefix: ['logs/old/'], unheardOf: { x: [1] } } },
];

describe('lifecycle rules', () => {
  it('are merged, and taken away again so that the others are as they were', async () => {
    await using bench = await GcsBench.start();
    const bucket = bench.gcs.store.createBucket('b', bench.gcs.project);
    bucket.lifecycle = { rule: others };
    const client = await bench.open();
    const rule = client.lifecycle(folder);
    const planned = await rule.plan('apply', current, call());
    expect(bucket.lifecycle).toEqual({ rule: others });
    expect(planned.notices.join()).toMatch(/SetStorageClass \(whole bucket\), Delete \(logs\/old\/\)/);
    await rule.change(planned, call());
    const within = { age: 1, matchesPrefix: ['logs/'] };
    expect(bucket.lifecycle.rule).toEqual([
      ...others,
      { action: { type: 'Delete' }, condition: { ...within, isLive: true } },
      { action: { type: 'AbortIncompleteMultipartUpload' }, condition: within },
    ]);
    expect(JSON.parse(rule.text(current)).rule).toEqual(bucket.lifecycle.rule.slice(2));
    const again = await rule.plan('apply', current, call());
    expect(again.after).toBe(again.before);
    const wider = await rule.plan('apply', { versions: true }, call());
    await rule.change(wider, call());
    expect(bucket.lifecycle.rule).toHaveLength(4);
    expect(bucket.lifecycle.rule).toContainEqual({ action: { type: 'Delete' }, condition: within });
    await rule.change(await rule.plan('remove', current, call()), call());
    expect(bucket.lifecycle).toEqual({ rule: others });
    const nothing = await rule.plan('remove', current, call());
    expect(nothing.after).toBe(nothing.before);
  });

  it('of a whole bucket name no prefix, and the last of them leaves none', async () => {
    await using bench = await GcsBench.start();
    const bucket = bench.gcs.store.createBucket('b', bench.gcs.project);
    const client = await bench.open();
    const rule = client.lifecycle(containerPlace('b'));
    const planned = await rule.plan('apply', { versions: true }, call());
    expect(planned.before).toBe('');
    await rule.change(planned, call());
    expect(bucket.lifecycle?.rule).toContainEqual({ action: { type: 'Delete' }, condition: { age: 1 } });
    await rule.change(await rule.plan('remove', current, call()), call());
    expect(bucket.lifecycle).toBeUndefined();
  });

  it('that were changed meanwhile are left alone', async () => {
    await using bench = await GcsBench.start();
    const bucket = bench.gcs.store.createBucket('b', bench.gcs.project);
    const client = await bench.open();
    const rule = client.lifecycle(folder);
    const planned = await rule.plan('apply', current, call());
    bucket.lifecycle = { rule: others };
    bucket.metageneration++;
    expect(await failure(rule.change(planned, call()))).toMatchObject({ kind: 'changed' });
    expect(bucket.lifecycle).toEqual({ rule: others });
  });

  it('are refused for what lies outside of the credential, before any request', async () => {
    await using bench = await GcsBench.start();
    const client = await bench.open({ bucket: 'b', subfolder: 'logs' });
    client.lifecycle(folder);
    for (const at of [containerPlace('b'), containerPlace('c'), { ...folder, id: 'other/' }]) {
      expect(() => client.lifecycle(at)).toThrow(/another place/);
    }
    expect(() => client.lifecycle({ ...folder, id: '' })).toThrow();
    expect(bench.sent).toEqual([]);
  });

  it('that these keys may not change stay as they are', async () => {
    await using bench = await GcsBench.start();
    const bucket = bench.gcs.store.createBucket('b', bench.gcs.project);
    const key = bench.gcs.addAccount('reader', (permission) => permission !== 'storage.buckets.update');
    const client = await bench.open({ serviceAccountKey: JSON.stringify(key) });
    const rule = client.lifecycle(folder);
    const planned = await rule.plan('apply', current, call());
    expect(await failure(rule.change(planned, call()))).toMatchObject({ kind: 'forbidden' });
    expect(bucket.lifecycle).toBeUndefined();
  });
});
