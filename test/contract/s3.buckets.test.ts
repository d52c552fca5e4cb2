import { randomBytes } from 'node:crypto';
import {
  DeleteObjectCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  HeadBucketCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import type { Provider } from '../../src/core/provider.ts';
import type { Entry, PropertyGroup } from '../../src/core/storageClient.ts';
import { rawTarget } from '../support/oddKeys.ts';
import type { ContractServer } from './contractServer.ts';
import { call, contractSuite, targetOf } from './contractSuite.ts';

// The memory S3 has neither versions nor locks.
const onRgw = (provider: Provider, server: ContractServer) => provider.id === 's3' && server.name === 'Ceph RGW';

await contractSuite(
  'buckets and properties',
  ['createContainer', 'removeContainer', 'properties'],
  (contract) => {
    const { server } = contract;
    const draft = server.draft(server.origin);
    const credentials = { accessKeyId: String(draft.accessKeyId), secretAccessKey: String(draft.secretAccessKey) };
    const judge = new S3Client({ endpoint: server.origin, region: 'us-east-1', forcePathStyle: true, credentials });

    const newName = () => `made-${randomBytes(6).toString('hex')}`;
    const bucketEntry = (name: string): Entry => ({ kind: 'container', id: name, name, path: name });

    async function exists(Bucket: string): Promise<boolean> {
      return await judge.send(new HeadBucketCommand({ Bucket })).then(
        () => true,
        (error: Error) => (error.name === 'NotFound' ? false : Promise.reject(error)),
      );
    }

    async function versioningOf(Bucket: string): Promise<string | undefined> {
      return (await judge.send(new GetBucketVersioningCommand({ Bucket }))).Status;
    }

    it('makes a plain bucket and deletes it by one exact request', async () => {
      const name = newName();
      const proxy = await contract.proxy();
      const client = await contract.open({}, proxy.endpoint);
      const made = await client.createContainer(name, {}, call());
      expect(made).toMatchObject({ kind: 'container', id: name, name, path: name });
      expect(await exists(name)).toBe(true);
      expect(await versioningOf(name)).toBeUndefined();
      proxy.reset();
      await client.removeContainer(made, call());
      expect(proxy.requests.map(({ method, target }) => `${method} ${target.split('?')[0]}`)).toEqual([
        `DELETE /${name}/`,
      ]);
      expect(await exists(name)).toBe(false);
    });

    it('turns on what was asked for', async () => {
      const client = await contract.open();
      const [versioned, locked] = [newName(), newName()];
      await client.createContainer(versioned, { versioning: true }, call());
      expect(await versioningOf(versioned)).toBe('Enabled');
      await client.createContainer(locked, { objectLock: true }, call());
      expect(await versioningOf(locked)).toBe('Enabled');
      const lock = await judge.send(new GetObjectLockConfigurationCommand({ Bucket: locked }));
      expect(lock.ObjectLockConfiguration?.ObjectLockEnabled).toBe('Enabled');
      for (const name of [versioned, locked]) await client.removeContainer(bucketEntry(name), call());
    });

    it('names no region that nobody gave, and says when one is not known', async () => {
      const proxy = await contract.proxy();
      const client = await contract.open({ region: 'eu-nowhere-1' }, proxy.endpoint);
      const name = newName();
      await client.createContainer(name, {}, call());
      expect(proxy.requests.filter(({ method }) => method === 'PUT').map(({ bodyBytes }) => bodyBytes)).toEqual([0]);
      await client.removeContainer(bucketEntry(name), call());
      const failure = await contract.failureOf(client.createContainer(newName(), { region: 'eu-nowhere-2' }, call()));
      expect(failure.kind).toBe('invalid-settings');
    });

    it('takes no bucket that exists for a new one', async () => {
      const client = await contract.open();
      const mine = await contract.fill(['kept']);
      expect((await contract.failureOf(client.createContainer(mine, { versioning: true }, call()))).kind).toBe(
        'already-exists',
      );
      expect(await versioningOf(mine)).toBeUndefined();
      const stranger = await contract.open({ ...(await server.strangerTo(mine)), bucket: '' });
      expect((await contract.failureOf(stranger.createContainer(mine, {}, call()))).kind).toBe('already-exists');
      expect(await server.ids(mine)).toEqual(['kept']);
    });

    it('leaves a bucket alone that is not empty, also when only versions are left', async () => {
      const client = await contract.open();
      const Bucket = await contract.fill(['a']);
      expect((await contract.failureOf(client.removeContainer(bucketEntry(Bucket), call()))).kind).toBe('not-empty');
      expect(await server.ids(Bucket)).toEqual(['a']);
      await judge.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
      await judge.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
      expect(await server.ids(Bucket)).toEqual([]);
      const failure = await contract.failureOf(client.removeContainer(bucketEntry(Bucket), call()));
      expect(failure).toMatchObject({ kind: 'not-empty', hint: expect.stringMatching(/versions/) });
      expect(await exists(Bucket)).toBe(true);
    });

    it('asks nothing for a bucket that the credential is not for, or for what is no bucket', async () => {
      const proxy = await contract.proxy();
      const client = await contract.open({}, proxy.endpoint);
      const only = await contract.open({ bucket: 'mine-alone' }, proxy.endpoint);
      const below = await contract.open({ bucket: 'mine-alone', subfolder: 'deep' }, proxy.endpoint);
      const kinds = [
        await contract.failureOf(only.removeContainer(bucketEntry('another'), call())),
        await contract.failureOf(only.createContainer('another', {}, call())),
        await contract.failureOf(below.removeContainer(bucketEntry('mine-alone'), call())),
        await contract.failureOf(client.removeContainer(targetOf('bucket', 'a').entry, call())),
        await contract.failureOf(client.removeContainer(bucketEntry(''), call())),
        await contract.failureOf(client.removeContainer(bucketEntry('..'), call())),
        await contract.failureOf(client.createContainer('Not A Name', {}, call())),
      ].map(({ kind }) => kind);
      expect(kinds).toEqual([
        'forbidden',
        'forbidden',
        'forbidden',
        'unsupported',
        'unsupported',
        'unsupported',
        'invalid-settings',
      ]);
      expect(proxy.requests).toEqual([]);
    });

    function row(groups: readonly PropertyGroup[], title: string, name: string): string | undefined {
      return groups.find((group) => group.title === title)?.rows.find(([each]) => each === name)?.[1];
    }

    it('tells all of an object', async () => {
      const client = await contract.open();
      const Bucket = newName();
      await client.createContainer(Bucket, { objectLock: true }, call());
      const until = new Date(Date.now() + 5000);
      await judge.send(
        new PutObjectCommand({
          Bucket,
          Key: 'a',
          Body: 'x'.repeat(1204),
          ContentType: 'text/csv',
          CacheControl: 'no-store',
          Metadata: { purpose: 'training set' },
          ObjectLockMode: 'GOVERNANCE',
          ObjectLockRetainUntilDate: until,
        }),
      );
      const Tagging = { TagSet: [{ Key: 'team', Value: 'vision & sound' }] };
      await judge.send(new PutObjectTaggingCommand({ Bucket, Key: 'a', Tagging }));
      const groups = await client.properties(targetOf(Bucket, 'a').entry, call());
      expect(row(groups, 'Object', 'Size')).toBe('1.2 kB (1,204 bytes)');
      expect(row(groups, 'Object', 'Type')).toBe('text/csv');
      expect(row(groups, 'Object', 'Storage class')).toBe('STANDARD');
      expect(row(groups, 'Object', 'ETag')).toMatch(/^"[0-9a-f]{32}"$/);
      expect(row(groups, 'Object', 'Version')).toMatch(/./);
      expect(row(groups, 'Headers', 'Cache-Control')).toBe('no-store');
      expect(row(groups, 'Metadata', 'purpose')).toBe('training set');
      expect(row(groups, 'Tags', 'team')).toBe('vision & sound');
      expect(row(groups, 'Lock', 'Retention')).toBe('GOVERNANCE');
      expect(row(groups, 'Lock', 'Until')).toBe(`${until.toISOString().slice(0, 19).replace('T', ' ')} UTC`);
    });

    it('asks for an odd name by the exact request', async () => {
      const container = await contract.fill(['a/../b', '?#', '..']);
      const proxy = await contract.proxy();
      const client = await contract.open({}, proxy.endpoint);
      for (const key of ['a/../b', '?#', '..']) {
        const groups = await client.properties(targetOf(container, key).entry, call());
        expect(row(groups, 'Object', 'Key')).toBe(key);
      }
      const paths = new Set(proxy.requests.map(({ target }) => target.split('?')[0]));
      expect([...paths].sort()).toEqual(['a/../b', '?#', '..'].map((key) => rawTarget(container, key)).sort());
    });

    it('tells of a bucket, and says what the keys may not ask', async () => {
      const Bucket = newName();
      const client = await contract.open();
      const made = await client.createContainer(Bucket, { objectLock: true }, call());
      const groups = await client.properties(made, call());
      expect(row(groups, 'Bucket', 'Versioning')).toBe('Enabled');
      expect(row(groups, 'Bucket', 'Object Lock')).toBe('on, no default retention');
      expect(row(groups, 'Bucket', 'Region')).toMatch(/./);

      const plain = await client.properties(bucketEntry(await contract.fill([])), call());
      expect(row(plain, 'Bucket', 'Versioning')).toBe('off');
      expect(row(plain, 'Bucket', 'Object Lock')).toBe('none');

      const stranger = await contract.open(await server.strangerTo(Bucket));
      const denied = await stranger.properties(made, call());
      expect(row(denied, 'Bucket', 'Versioning')).toBe('not allowed');
      expect(row(denied, 'Bucket', 'Name')).toBe(Bucket);
      await server.put(Bucket, 'a');
      const object = await stranger.properties({ ...targetOf(Bucket, 'a').entry, size: 1 }, call());
      expect(row(object, 'Object', 'Size')).toBe('1 byte');
      expect(row(object, 'Tags', 'Tags')).toBe('not allowed');
    });

    it('says that an object is gone', async () => {
      const container = await contract.fill([]);
      const client = await contract.open();
      expect((await contract.failureOf(client.properties(targetOf(container, 'gone').entry, call()))).kind).toBe(
        'not-found',
      );
    });
  },
  onRgw,
);
