import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { GetObjectCommand, PutBucketVersioningCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import type { Provider } from '../../src/core/provider.ts';
import { createRedactor } from '../../src/core/redaction.ts';
import { rawTarget } from '../support/oddKeys.ts';
import type { ContractServer } from './contractServer.ts';
import { call, contractSuite, targetOf } from './contractSuite.ts';

const run = promisify(execFile);
const hasDotSegment = (key: string) => key.split('/').some((segment) => segment === '.' || segment === '..');

// The memory S3 knows no signature that stands in a URL.
const onRgw = (provider: Provider, server: ContractServer) => provider.id === 's3' && server.name === 'Ceph RGW';

await contractSuite(
  'links',
  ['share'],
  (contract) => {
    const { server } = contract;

    it('open every odd name in a plain client, or are refused', async () => {
      const { container, stored } = await contract.fillWithOddKeys();
      const client = await contract.open();
      const refused: string[] = [];
      for (const key of stored) {
        await server.put(container, key, `content of ${key}`);
        const { entry } = targetOf(container, key);
        if (hasDotSegment(key)) {
          refused.push(key);
          const { kind } = await contract.failureOf(client.share(entry, { seconds: 60 }, call()));
          expect(kind).toBe('unsupported');
          continue;
        }
        const { url } = await client.share(entry, { seconds: 60 }, call());
        expect(url.split('?')[0]).toBe(`${server.origin}${rawTarget(container, key)}`);
        const answer = await fetch(url);
        expect({ key, status: answer.status, body: await answer.text() }).toEqual({
          key,
          status: 200,
          body: `content of ${key}`,
        });
      }
      expect(refused).toContain('a/../b');
      expect(refused.length).toBeLessThan(12);
    });

    it('are signed by version 2 where that is chosen, and open as exactly', async () => {
      const key = "a//b (1)+ü & 'c'?.txt";
      const container = await contract.fill([]);
      await server.put(container, key, 'by version 2');
      const client = await contract.open({ signaturesV2: true });
      const { url } = await client.share(targetOf(container, key).entry, { seconds: 60 }, call());
      expect(url).not.toContain('X-Amz-Signature');
      const answer = await fetch(url);
      expect([answer.status, await answer.text()]).toEqual([200, 'by version 2']);
      expect((await fetch(url.replace('Expires=', 'Expires=1'))).status).toBe(403);
    });

    it('are opened by curl too', async () => {
      const key = "a//b (1)+ü & 'c'?.txt";
      const container = await contract.fill([]);
      await server.put(container, key, 'by curl');
      const client = await contract.open();
      const { url } = await client.share(targetOf(container, key).entry, { seconds: 60 }, call());
      expect((await run('curl', ['-sS', '-g', url])).stdout).toBe('by curl');
    });

    it('say until when they work, and no longer', async () => {
      const container = await contract.fill(['a']);
      const client = await contract.open();
      const before = Date.now();
      const { expires, url, caveat } = await client.share(targetOf(container, 'a').entry, { seconds: 1 }, call());
      expect(expires).toBeGreaterThanOrEqual(before + 1000);
      expect(expires).toBeLessThanOrEqual(Date.now() + 1000);
      expect(caveat).toBeUndefined();
      expect(new URL(url).searchParams.get('X-Amz-Expires')).toBe('1');
      await expect.poll(async () => (await fetch(url)).status, { timeout: 20_000 }).toBe(403);
    });

    it.each([
      ['another key', (url: string) => url.replace('/a?', '/b?')],
      ['another lifetime', (url: string) => url.replace('X-Amz-Expires=60', 'X-Amz-Expires=600')],
      [
        'another signature',
        (url: string) => url.replace(/Signature=./, (begins) => `Signature=${begins.endsWith('0') ? 1 : 0}`),
      ],
    ])('are good for nothing else: %s', async (_, tamper) => {
      const container = await contract.fill(['a', 'b']);
      const client = await contract.open();
      const { url } = await client.share(targetOf(container, 'a').entry, { seconds: 60 }, call());
      expect((await fetch(url)).status).toBe(200);
      expect(tamper(url)).not.toBe(url);
      expect((await fetch(tamper(url))).status).toBe(403);
      expect((await fetch(url, { method: 'DELETE' })).status).toBe(403);
    });

    it('open the version that they were made for', async () => {
      const Bucket = await contract.fill([]);
      const judge = judgeOf(server.draft(server.origin));
      await judge.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
      const { VersionId: old = '' } = await judge.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'old' }));
      await judge.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'new' }));
      const current = await judge.send(new GetObjectCommand({ Bucket, Key: 'a' }));
      expect(await current.Body?.transformToString()).toBe('new');
      const client = await contract.open();
      const entry = { ...targetOf(Bucket, 'a').entry, version: { id: old, latest: false, marker: false } };
      const { url } = await client.share(entry, { seconds: 60 }, call());
      expect(await (await fetch(url)).text()).toBe('old');
    });

    it('are masked in whatever is logged', async () => {
      const container = await contract.fill(['a']);
      const client = await contract.open({ sessionToken: 'token-of-a-session/+=' });
      const { url, caveat } = await client.share(targetOf(container, 'a').entry, { seconds: 60 }, call());
      expect(caveat).toMatch(/session token/);
      const { searchParams } = new URL(url);
      const masked = createRedactor().redact(`GET ${url} failed`);
      for (const name of ['X-Amz-Signature', 'X-Amz-Credential', 'X-Amz-Security-Token']) {
        const value = searchParams.get(name) ?? '';
        expect(value.length, name).toBeGreaterThan(8);
        expect(masked).not.toContain(value);
        expect(masked).not.toContain(encodeURIComponent(value));
      }
    });

    it('are not made for longer than their signature can live', async () => {
      const client = await contract.open();
      const { entry } = targetOf('bucket', 'a');
      for (const seconds of [0, 0.5, 604_801]) {
        expect((await contract.failureOf(client.share(entry, { seconds }, call()))).kind).toBe('unsupported');
      }
    });
  },
  onRgw,
);

function judgeOf({ endpoint, accessKeyId, secretAccessKey }: Readonly<Record<string, unknown>>): S3Client {
  const credentials = { accessKeyId: String(accessKeyId), secretAccessKey: String(secretAccessKey) };
  return new S3Client({ endpoint: String(endpoint), region: 'us-east-1', forcePathStyle: true, credentials });
}
