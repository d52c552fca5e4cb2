import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { parseDraft } from '../../src/core/drafts.ts';
import { StorageError } from '../../src/core/errors.ts';
import type { Draft } from '../../src/core/fields.ts';
import type { StorageClient } from '../../src/core/storageClient.ts';
import provider from '../../src/providers/s3/provider.ts';
import { type FaultProxy, startFaultProxy } from '../servers/faultProxy.ts';
import { type RgwRegions, startRgwRegions } from '../servers/rgwRegions.ts';
import { ServerUnavailable, waitUntil } from '../servers/serverProcess.ts';
import { call, collect, containerPlace, direct, listAll, targetOf } from './contractSuite.ts';

async function open(draft: Draft): Promise<Required<StorageClient>> {
  const { settings, secrets } = parseDraft(provider.fields, { service: 'other', pathStyle: true, ...draft });
  return (await provider.open({ settings, secrets, network: direct })) as Required<StorageClient>;
}

async function failureOf(attempt: Promise<unknown>): Promise<StorageError> {
  const error = await attempt.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StorageError);
  return error as StorageError;
}

const started = await startRgwRegions().catch((error: unknown) => {
  if (error instanceof ServerUnavailable) return error.message;
  throw error;
});

if (typeof started === 'string') {
  console.log(`Skipped: two regions. ${started}`);
  it.skip(`two regions: ${started}`);
} else twoRegions(started);

function twoRegions({ endpoints, user, stop }: RgwRegions): void {
  describe('Ceph RGW in two regions', () => {
    const { accessKeyId, secretAccessKey } = user;
    const keys = { accessKeyId, secretAccessKey };
    const other = { us: 'eu', eu: 'us' } as const;
    const regions = ['us', 'eu'] as const;
    const bucketIn = (region: 'us' | 'eu') => `kept-in-${region}`;
    let stranger: FaultProxy;

    beforeAll(async () => {
      stranger = await startFaultProxy({ target: endpoints.us });
      for (const region of regions) {
        const config = { endpoint: endpoints[region], region, forcePathStyle: true, credentials: keys };
        const judge = new S3Client({ ...config, requestChecksumCalculation: 'WHEN_REQUIRED' });
        const Bucket = bucketIn(region);
        await judge.send(
          new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: region as 'EU' } }),
        );
        for (const Key of ['a', 'b', 'c']) await judge.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
        judge.destroy();
      }
      // What the regions tell each other takes a moment to arrive.
      await waitUntil('both regions to know both buckets', 60_000, async () => {
        const asked = regions.map((region) => fetch(`${endpoints[other[region]]}/${bucketIn(region)}`, manual));
        return (await Promise.all(asked)).every(({ status }) => status !== 404);
      });
    });
    afterAll(async () => {
      await stranger.stop();
      await stop();
    });

    it.each(regions)('lists and deletes at the endpoint of the region itself: %s', async (region) => {
      await using client = await open({ ...keys, endpoint: endpoints[region] });
      const at = containerPlace(bucketIn(region));
      expect((await listAll(client, at)).map(({ id }) => id)).toContain('b');
      const outcomes = await client.remove([targetOf(bucketIn(region), 'a')], call());
      expect(outcomes).toMatchObject([{ result: 'deleted' }]);
    });

    it.each(regions)('says where a bucket is that the endpoint does not keep: %s', async (region) => {
      await using client = await open({ ...keys, endpoint: endpoints[region] });
      const abroad = bucketIn(other[region]);
      const failures = [
        await failureOf(listAll(client, containerPlace(abroad))),
        await failureOf(collect(client.walk(containerPlace(abroad), {}, call()))),
        await failureOf(client.stat(targetOf(abroad, 'b').entry, call())),
        await failureOf(client.read(targetOf(abroad, 'b').entry, { limit: 9 }, call())),
      ];
      for (const failure of failures) {
        expect(failure.kind).toBe('invalid-settings');
        expect(failure.message.endsWith(`: ${endpoints[other[region]]}`), failure.message).toBe(true);
        expect(failure.hint).toMatch(/endpoint/);
      }
      for (const ids of [['b'], ['b', 'c']]) {
        const targets = ids.map((id) => targetOf(abroad, id));
        const outcomes = await client.remove(targets, call()).catch((error: unknown) => [{ result: 'failed', error }]);
        for (const outcome of outcomes) {
          expect(outcome).toMatchObject({ result: 'failed', error: { kind: 'invalid-settings' } });
        }
      }
      await using there = await open({ ...keys, endpoint: endpoints[other[region]] });
      const left = (await listAll(there, containerPlace(abroad))).map(({ id }) => id);
      expect(left).toEqual(expect.arrayContaining(['b', 'c']));
    });

    it('says the same while verifying', async () => {
      await using client = await open({ ...keys, endpoint: endpoints.us, bucket: bucketIn('eu') });
      const failed = (await collect(client.verify({ kind: 'root' }, call()))).find(({ status }) => status === 'failed');
      expect(failed).toMatchObject({ kind: 'invalid-settings', sentence: expect.stringContaining(endpoints.eu) });
    });

    it('sends no Authorization to where a redirect leads', async () => {
      const front = await startFaultProxy({ target: endpoints.eu });
      const statuses = [301, 302, 307, 308];
      for (const status of statuses) {
        const location = `${stranger.endpoint}/${bucketIn('eu')}`;
        front.addRule({ when: () => true, fault: { kind: 'redirect', status, location } });
        for (const skipRegion of [false, true]) {
          await using client = await open({ ...keys, endpoint: front.endpoint, skipRegion });
          await failureOf(listAll(client, containerPlace(bucketIn('eu'))));
          await failureOf(client.read(targetOf(bucketIn('eu'), 'b').entry, { limit: 9 }, call()));
          await client.remove([targetOf(bucketIn('eu'), 'b')], call());
          await collect(client.verify({ kind: 'root' }, call()));
        }
        front.reset();
      }
      await front.stop();
      expect(stranger.requests).toEqual([]);
    });
  });
}

const manual: RequestInit = { redirect: 'manual' };

describe('a server that takes one region alone', () => {
  const swift = inject('swift');
  if ('unavailable' in swift) {
    console.log(`Skipped: a server that takes one region alone. ${swift.unavailable}`);
    it.skip(`needs: ${swift.unavailable}`);
    return;
  }
  const keys = { ...swift.user, endpoint: swift.endpoint };

  it('is asked again with the region that its refusal names, and from then on', async () => {
    const front = await startFaultProxy({ target: swift.endpoint });
    await using client = await open({ ...keys, endpoint: front.endpoint, region: 'eu-west-9' });
    await listAll(client, { kind: 'root' });
    await listAll(client, { kind: 'root' });
    expect(front.requests).toHaveLength(3);
    await front.stop();
  });

  it('is described when nothing may be looked up', async () => {
    const front = await startFaultProxy({ target: swift.endpoint });
    await using client = await open({ ...keys, endpoint: front.endpoint, region: 'eu-west-9', skipRegion: true });
    const failure = await failureOf(listAll(client, { kind: 'root' }));
    expect(failure).toMatchObject({ kind: 'invalid-settings', message: 'The region is wrong. It is: us-east-1' });
    expect(front.requests).toHaveLength(1);
    await front.stop();
  });
});
