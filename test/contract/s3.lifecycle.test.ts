import { isDeepStrictEqual } from 'node:util';
import {
  GetBucketLifecycleConfigurationCommand,
  HeadBucketCommand,
  PutBucketLifecycleConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { expect, inject, it } from 'vitest';
import type { Place } from '../../src/core/storageClient.ts';
import { administer } from '../servers/rgw.ts';
import { VersionedBuckets } from '../support/versionedBuckets.ts';
import { call, containerPlace, contractSuite } from './contractSuite.ts';

const onS3 = ['s3'];

await contractSuite(
  'lifecycle rules',
  ['lifecycle'],
  (contract) => {
    const { server } = contract;
    const draft = server.draft(server.origin);
    const credentials = { accessKeyId: String(draft.accessKeyId), secretAccessKey: String(draft.secretAccessKey) };
    const judge = new S3Client({ endpoint: server.origin, region: 'us-east-1', forcePathStyle: true, credentials });
    const current = { versions: false };
    const folderOf = (container: string, id = 'logs/'): Place => ({ kind: 'folder', container, id });
    const rulesOf = async (Bucket: string) =>
      (await judge.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))).Rules ?? [];

    it('are merged, and taken away again so that the others are as they were', async () => {
      const container = await contract.fill(['logs/a', 'keep']);
      const others = [
        { ID: 'of others & <more>', Status: 'Disabled', Filter: { Prefix: '' }, Expiration: { Days: 365 } },
        {
          ID: 'tagged',
          Status: 'Enabled',
          Filter: { And: { Prefix: 'logs/old/', Tags: [{ Key: 'k', Value: 'v' }] } },
          Expiration: { Days: 30 },
        },
      ] as const;
      await judge.send(
        new PutBucketLifecycleConfigurationCommand({
          Bucket: container,
          LifecycleConfiguration: { Rules: others.map((rule) => structuredClone(rule)) as never },
        }),
      );
      const before = await rulesOf(container);
      const client = await contract.open();
      const rule = client.lifecycle(folderOf(container));
      const planned = await rule.plan('apply', current, call());
      expect(await rulesOf(container)).toEqual(before);
      expect(planned.notices.join()).toMatch(/of others & <more>, tagged|tagged, of others & <more>/);
      expect(planned.after).toContain('<Prefix>logs/</Prefix>');
      await rule.change(planned, call());
      const { Rules: own } = JSON.parse(rule.text(current));
      const merged = await rulesOf(container);
      expect(merged).toHaveLength(3);
      expect(merged.find(({ ID }) => ID === own[0].ID)).toMatchObject(own[0]);
      expect(merged).toEqual(expect.arrayContaining(before));
      const again = await rule.plan('apply', current, call());
      expect(again.after).toBe(again.before);
      await rule.change(await rule.plan('remove', current, call()), call());
      expect(await rulesOf(container)).toEqual(before);
    });

    it('are none any more when the last one goes, and the bucket stays', async () => {
      const container = await contract.fill([]);
      const proxy = await contract.proxy();
      const client = await contract.open({}, proxy.endpoint);
      const rule = client.lifecycle(containerPlace(container));
      const planned = await rule.plan('apply', { versions: true }, call());
      expect(planned.before).toBe('');
      await rule.change(planned, call());
      expect(await rulesOf(container)).toMatchObject([
        { NoncurrentVersionExpiration: { NoncurrentDays: 1 } },
        { Expiration: { ExpiredObjectDeleteMarker: true } },
      ]);
      proxy.reset();
      await rule.change(await rule.plan('remove', current, call()), call());
      const deletes = proxy.requests.filter(({ method }) => method === 'DELETE').map(({ target }) => target);
      expect(deletes).toEqual([expect.stringMatching(/\?.*lifecycle/)]);
      await expect(rulesOf(container)).rejects.toMatchObject({ name: 'NoSuchLifecycleConfiguration' });
      await judge.send(new HeadBucketCommand({ Bucket: container }));
    });

    it('that were changed meanwhile are left alone', async () => {
      const container = await contract.fill([]);
      const client = await contract.open();
      const rule = client.lifecycle(folderOf(container));
      const planned = await rule.plan('apply', current, call());
      const other = client.lifecycle(folderOf(container, 'other/'));
      await other.change(await other.plan('apply', current, call()), call());
      expect((await contract.failureOf(rule.change(planned, call()))).kind).toBe('changed');
      expect(await rulesOf(container)).toHaveLength(1);
    });

    // In two of eight runs nothing had expired after two minutes, and why is not known: with STORAGE_CREDENTIALS_LONG=1 alone.
    it.runIf(process.env.STORAGE_CREDENTIALS_LONG)(
      'really delete what lies under their prefix, and nothing else',
      { timeout: 400_000 },
      async () => {
        const rgw = inject('rgw');
        if ('unavailable' in rgw) throw new Error(rgw.unavailable);
        const buckets = new VersionedBuckets(rgw);
        const versioned = await buckets.create('versioned');
        const plain = await contract.fill(['logs/a', 'logs/b/c', 'logs', 'logs2/a', 'keep']);
        for (const name of ['logs/a', 'logs/a', 'keep']) await server.put(versioned, name, 'x');
        const client = await contract.open();
        for (const [container, versions] of [
          [plain, false],
          [versioned, true],
        ] as const) {
          const rule = client.lifecycle(folderOf(container));
          await rule.change(await rule.plan('apply', { versions }, call()), call());
        }
        // For the gateway a day is a second here, and its turn comes when it is told.
        const turnOf = (bucket: string) => ['lc', 'process', `--bucket=${bucket}`, '--rgw-lc-debug-interval=1'];
        const versionsLeft = async () => {
          const at = containerPlace(versioned);
          const found = [];
          for await (const { entries } of client.walk(at, { versions: true }, call())) found.push(...entries);
          return found.map(({ id }) => id);
        };
        const left = async () => [await server.ids(plain), await versionsLeft()];
        const wanted = [['keep', 'logs', 'logs2/a'], ['keep']];
        for (let turns = 0; turns < 10 && !isDeepStrictEqual(await left(), wanted); turns++) {
          await new Promise((resolve) => setTimeout(resolve, 2_000));
          for (const bucket of [plain, versioned]) await administer(rgw.configFile, turnOf(bucket));
        }
        expect(await left()).toEqual(wanted);
        for (const container of [plain, versioned]) {
          const rule = client.lifecycle(folderOf(container));
          await rule.change(await rule.plan('remove', current, call()), call());
        }
      },
    );
  },
  (provider, server) => provider.id === 's3' && server.name === 'Ceph RGW',
  onS3,
);

await contractSuite(
  'lifecycle rules of a service without them',
  ['lifecycle'],
  (contract) => {
    it('are refused plainly, and nothing is written', async () => {
      const container = await contract.fill(['a']);
      const proxy = await contract.proxy();
      const client = await contract.open({}, proxy.endpoint);
      const rule = client.lifecycle(containerPlace(container));
      expect(rule.text({ versions: false })).toContain('"Days": 1');
      const planned = rule.plan('apply', { versions: false }, call());
      expect((await contract.failureOf(planned)).kind).toBe('unsupported');
      expect(proxy.requests.map(({ method }) => method)).toEqual(['GET']);
    });
  },
  (provider, server) => provider.id === 's3' && server.name === 'OpenStack Swift',
  onS3,
);
