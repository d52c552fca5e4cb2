import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { createBucket } from '../../../../src/providers/_shared/s3/buckets.ts';
import { S3Connection, type S3Options } from '../../../../src/providers/_shared/s3/connection.ts';

const amazon: S3Options = {
  server: new URL('https://s3.eu-west-1.amazonaws.com'),
  customEndpoint: false,
  region: 'eu-west-1',
  followRegions: true,
  pathStyle: false,
  accessKeyId: 'key',
  secretAccessKey: 'secret',
  sessionToken: '',
  verifyCertificate: true,
  caBundle: '',
  bucket: '',
  prefix: '',
};
const virginia = { ...amazon, region: 'us-east-1', server: new URL('https://s3.us-east-1.amazonaws.com') };
const regionless = { ...amazon, followRegions: false };
const own = { ...regionless, customEndpoint: true, server: new URL('http://127.0.0.1:9'), pathStyle: true };

const { signal } = new AbortController();

interface Sent {
  readonly method: string;
  readonly body?: unknown;
}

/** What is sent to make a bucket where there is none. */
async function bodyFor(options: S3Options, region: string): Promise<string> {
  const s3 = new S3Connection(options, { network: { proxyFor: () => undefined, certificates: [] } });
  const sent: Sent[] = [];
  const handle = async (request: Sent) => {
    sent.push(request);
    return { response: { statusCode: request.method === 'HEAD' ? 404 : 200, headers: {} } };
  };
  for (const client of [s3.reader, s3.remover]) Object.assign(client.config, { requestHandler: { handle } });
  await createBucket(s3, 'made-for-a-test', { region }, signal);
  s3.close();
  expect(sent.map(({ method }) => method)).toEqual(['HEAD', 'PUT']);
  return String(sent[1]?.body ?? '');
}

test.each([
  ['Amazon, where the credential points', amazon, ''],
  ['Amazon, the same said again', amazon, 'eu-west-1'],
])('names the region: %s', async (_, options, region) => {
  expect(await bodyFor(options, region)).toContain('<LocationConstraint>eu-west-1</LocationConstraint>');
});

test.each([
  ["Amazon's first region", virginia, ''],
  ["Amazon's first region, given", virginia, 'us-east-1'],
  ['a service without regions', regionless, ''],
  ["a server of one's own", own, ''],
])('names none: %s', async (_, options, region) => {
  expect(await bodyFor(options, region)).not.toContain('LocationConstraint>');
});

test('names the one that was given to a server of its own', async () => {
  expect(await bodyFor(own, 'rack-2')).toContain('<LocationConstraint>rack-2</LocationConstraint>');
});

test('asks the region where the bucket is to be', async () => {
  const asked: (string | undefined)[] = [];
  const proxy = http.createServer().listen(0, '127.0.0.1');
  proxy.on('connect', ({ url }, socket) => {
    asked.push(url);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  await once(proxy, 'listening');
  const { port } = proxy.address() as AddressInfo;
  const network = { proxyFor: () => new URL(`http://127.0.0.1:${port}`), certificates: [] };
  const s3 = new S3Connection(amazon, { network });
  await expect(createBucket(s3, 'made-for-a-test', { region: 'us-west-2' }, signal)).rejects.toThrow();
  expect(new Set(asked)).toEqual(new Set(['made-for-a-test.s3.us-west-2.amazonaws.com:443']));
  s3.close();
  proxy.close();
});

test.each(['elsewhere.example/', 'a b', '@', 'EU'])('asks nobody in what is no region: %j', async (region) => {
  const s3 = new S3Connection(amazon, { network: { proxyFor: () => undefined, certificates: [] } });
  await expect(createBucket(s3, 'made-for-a-test', { region }, signal)).rejects.toMatchObject({
    kind: 'invalid-settings',
  });
  s3.close();
});
