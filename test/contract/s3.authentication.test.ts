import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  GetBucketVersioningCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { expect, it, vi } from 'vitest';
import { parseDraft } from '../../src/core/drafts.ts';
import type { Draft } from '../../src/core/fields.ts';
import { presignV2 } from '../../src/providers/_shared/s3/signatureV2.ts';
import { temporaryFolder } from '../servers/serverProcess.ts';
import { call, direct, providerSuite } from './contractSuite.ts';

// The delete probe, the credentials chain and what only Ceph can show of Signature Version 2.
await providerSuite('s3', 'authentication', ['remove', 'read', 'recovery'], (contract) => {
  const { provider, server } = contract;

  it('finds out that the keys may delete, and leaves a bucket without versions as it was', async () => {
    const bucket = await contract.fill(['a']);
    const steps = (await contract.verify(await contract.open({ bucket }))).steps;
    expect(steps.at(-1)).toMatchObject({ stage: 'delete', status: 'ok' });
    expect(await server.ids(bucket)).toEqual(['a']);
  });

  if (!server.name.startsWith('Ceph')) return;
  const draft = server.draft(server.origin) as Draft & { accessKeyId: string; secretAccessKey: string };

  function judge(): S3Client {
    return new S3Client({ endpoint: server.origin, region: 'us-east-1', forcePathStyle: true, credentials: draft });
  }

  it('signs in with the credentials chain, says with which profile, and lets the secret be masked', async () => {
    const bucket = await contract.fill(['a']);
    const { secretAccessKey, accessKeyId, ...rest } = draft;
    const folder = await temporaryFolder('chain');
    const file = path.join(folder.path, 'credentials');
    await writeFile(file, `[rgw]\naws_access_key_id=${accessKeyId}\naws_secret_access_key=${secretAccessKey}\n`);
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', file);
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    try {
      const { settings, secrets } = parseDraft(provider.fields, {
        ...rest,
        bucket,
        credentialsChain: true,
        profile: 'rgw',
      });
      expect(settings).not.toHaveProperty('accessKeyId');
      expect(secrets).toEqual({});
      const learned: string[] = [];
      const learn = (values: readonly string[]) => void learned.push(...values);
      await using client = await provider.open({ settings, secrets, network: direct, learn });
      const { works, steps } = await contract.verify(client);
      expect(works).toBe(true);
      expect(steps.find(({ stage }) => stage === 'sign-in')?.sentence).toBe(
        'Signed in with: profile rgw, shared files',
      );
      expect(learned).toEqual([secretAccessKey]);
      const choices = await provider.fetchChoices('profile', { settings, secrets, network: direct }, call());
      expect(choices).toContainEqual({ value: 'rgw', label: 'rgw (shared files)' });
    } finally {
      vi.unstubAllEnvs();
      await folder.remove();
    }
  });

  it.runIf(server.refuseDeletion)('finds out that the keys may not delete: they work all the same', async () => {
    const bucket = await contract.fill(['a']);
    await server.refuseDeletion?.(bucket, ['*']);
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
