import {
  GetBucketVersioningCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { presignV2 } from '../../src/providers/_shared/s3/signatureV2.ts';
import { call, collect, contractSuite } from './contractSuite.ts';

// Signature Version 2 and the delete probe, on the server that knows both.
await contractSuite('authentication', ['remove', 'read', 'recovery'], (contract) => {
  const { provider, server } = contract;
  if (provider.id !== 's3') return;

  it('finds out that the keys may delete, and leaves a bucket without versions as it was', async () => {
    const bucket = await contract.fill(['a']);
    const steps = (await contract.verify(await contract.open({ bucket }))).steps;
    expect(steps.at(-1)).toMatchObject({ stage: 'delete', status: 'ok' });
    expect(await server.ids(bucket)).toEqual(['a']);
  });

  if (!server.name.startsWith('Ceph')) return;
  const draft = server.draft(server.origin) as { accessKeyId: string; secretAccessKey: string };

  function judge(): S3Client {
    return new S3Client({ endpoint: server.origin, region: 'us-east-1', forcePathStyle: true, credentials: draft });
  }

  it('lists, reads and deletes odd keys with Signature Version 2', async () => {
    const { container, stored } = await contract.fillWithOddKeys();
    const client = await contract.open({ signaturesV2: true });
    const pages = await collect(client.walk({ kind: 'container', id: container }, {}, call()));
    const entries = pages.flatMap((page) => page.entries);
    expect(entries.map(({ id }) => id).sort()).toEqual([...stored].sort());
    for (const entry of entries) {
      expect(Buffer.from(await client.read(entry, { limit: 10 }, call())).toString()).toBe('x');
    }
    expect(await client.recovery({ kind: 'container', id: container }, call())).toMatchObject({ recoverable: 'no' });
    const outcomes = await contract.remove(client, container, stored);
    expect(outcomes.filter(({ result }) => result !== 'deleted')).toEqual([]);
    expect(await server.ids(container)).toEqual([]);
  });

  it('verifies with Signature Version 2, and tells a wrong secret', async () => {
    const bucket = await contract.fill(['a']);
    expect(await contract.verify(await contract.open({ signaturesV2: true, bucket }))).toMatchObject({ works: true });
    const wrong = await contract.open({ signaturesV2: true, ...server.changes.wrongSecret });
    expect((await contract.failureOf(wrong.list({ kind: 'root' }, {}, call()))).kind).toBe('unauthenticated');
  });

  it('finds out that the keys may not delete: they work all the same', async () => {
    const bucket = await contract.fill(['a']);
    await server.refuseDeletion(bucket, ['*']);
    const verification = await contract.verify(await contract.open({ bucket }));
    expect(verification).toMatchObject({ works: true, sentence: expect.stringContaining('may not delete') });
    expect(verification.steps.at(-1)).toMatchObject({ stage: 'delete', status: 'denied' });
  });

  // What follows looks past the client, without TLS.
  if (server.caFile !== undefined) return;

  it('makes links of Signature Version 2 that open the object until they expire', async () => {
    const container = await contract.fill(['folder/a b+c é.txt']);
    const url = `${server.origin}/${container}/folder/a%20b%2Bc%20%C3%A9.txt`;
    const expires = Math.floor(Date.now() / 1000) + 60;
    const origin = new URL(server.origin);
    expect(await (await fetch(presignV2(url, origin, draft, expires))).text()).toBe('x');
    expect((await fetch(presignV2(url, origin, draft, expires - 3600))).status).toBe(403);
    expect((await fetch(presignV2(url, origin, { ...draft, secretAccessKey: 'x' }, expires))).status).toBe(403);
  });

  it.each(['Enabled', 'Suspended'] as const)('sends no delete to a bucket whose versioning is %s', async (Status) => {
    const bucket = await contract.fill(['a']);
    const client = judge();
    await client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status } }));
    expect((await client.send(new GetBucketVersioningCommand({ Bucket: bucket }))).Status).toBe(Status);
    const proxy = await contract.proxy();
    const { steps } = await contract.verify(await contract.open({ bucket }, proxy.endpoint));
    expect(steps.at(-1)).toMatchObject({ stage: 'delete', status: 'unknown' });
    expect(proxy.deletions()).toEqual([]);
    const listed = await client.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    expect(listed.DeleteMarkers ?? []).toEqual([]);
    expect(listed.Versions).toHaveLength(1);
  });

  it('sends no delete where the answer about versions is refused', async () => {
    const bucket = await contract.fill(['a']);
    const proxy = await contract.proxy();
    const refused = '<Error><Code>AccessDenied</Code><Message>No</Message></Error>';
    proxy.addRule({
      when: ({ target }) => target.includes('versioning'),
      fault: { kind: 'status', status: 403, body: refused },
    });
    const { steps, works } = await contract.verify(await contract.open({ bucket }, proxy.endpoint));
    expect(works).toBe(true);
    expect(steps.at(-1)).toMatchObject({ stage: 'delete', status: 'unknown' });
    expect(proxy.deletions()).toEqual([]);
  });
});
