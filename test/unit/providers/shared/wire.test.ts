import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  AbortMultipartUploadCommand,
  DeleteBucketLifecycleCommand,
  DeleteBucketPolicyCommand,
  DeleteBucketTaggingCommand,
  DeleteObjectCommand,
  S3Client,
  type ServiceInputTypes,
  type ServiceOutputTypes,
} from '@aws-sdk/client-s3';
import type { BuildMiddleware } from '@smithy/types';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Entry, StorageClient, Target } from '../../../../src/core/storageClient.ts';
import { openS3 } from '../../../../src/providers/_shared/s3/client.ts';
import { guardWire } from '../../../../src/providers/_shared/s3/wire.ts';

const sent: string[] = [];
let answer = '';
const server = http.createServer((request, response) => {
  sent.push(`${request.method} ${request.url?.split('?')[0]}`);
  response.writeHead(request.method === 'DELETE' ? 204 : 200).end(answer);
});
// As a proxy it leads every host to itself.
server.on('connect', (_request, socket) => {
  socket.write('HTTP/1.1 200 Connected\r\n\r\n');
  server.emit('connection', socket);
});

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
beforeEach(() => {
  sent.length = 0;
  answer = '';
});
afterAll(() => server.close());

function open(host: string, pathStyle = true): Required<StorageClient> {
  const { port } = server.address() as AddressInfo;
  const options = {
    server: new URL(`http://${host}:${port}`),
    customEndpoint: true,
    region: 'us-east-1',
    followRegions: false,
    pathStyle,
    accessKeyId: 'key',
    secretAccessKey: 'secret',
    sessionToken: '',
    verifyCertificate: true,
    caBundle: '',
    bucket: '',
    prefix: '',
  };
  const network = { proxyFor: () => new URL(`http://127.0.0.1:${port}`), certificates: [] };
  return openS3(options, { network }) as Required<StorageClient>;
}

const call = () => ({ signal: new AbortController().signal });

async function remove(host: string, container: string, ids: readonly string[], pathStyle = true) {
  await using client = open(host, pathStyle);
  const targets = ids.map((id): Target => {
    return { entry: { kind: 'object', container, id, name: id, path: id }, mode: 'recoverable' };
  });
  return await client.remove(targets, call()).catch((error: unknown) => [{ result: 'failed', error }]);
}

test.each(['.', '..', 'a#b', 'a?b'])(
  'sends no delete for a bucket whose name would not arrive: %s',
  async (container) => {
    const outcomes = [
      ...(await remove('127.0.0.1', container, ['victim'])),
      ...(await remove('127.0.0.1', container, ['one', 'other'])),
    ];
    expect(sent).toEqual([]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ result: 'failed', error: { kind: 'unsupported' } });
    }
  },
);

test('deletes in a bucket that is called like the host', async () => {
  await remove('localhost', 'localhost', ['key']);
  expect(sent).toEqual(['DELETE /localhost/key']);
});

test('deletes where the host names the bucket', async () => {
  await remove('localhost', 'bucket', ['key'], false);
  await remove('localhost', 'bucket', ['one', 'other'], false);
  expect(sent).toEqual(['DELETE /key', 'POST /']);
});

test('a page that is no S3 answer does not say that a bucket keeps no versions', async () => {
  answer = '<html>Sign in</html>';
  await using client = open('127.0.0.1');
  const recovery = client.recovery({ kind: 'container', id: 'bucket' }, call());
  await expect(recovery).rejects.toMatchObject({ kind: 'unexpected' });
});

test('a code that is called like a method of every object spoils no other answer', async () => {
  answer =
    '<DeleteResult><Deleted><Key>a</Key></Deleted><Error><Key>b</Key><Code>constructor</Code></Error></DeleteResult>';
  const outcomes = await remove('127.0.0.1', 'bucket', ['a', 'b']);
  expect(outcomes.map(({ result }) => result)).toEqual(['deleted', 'failed']);
});

function bucket(id: string): Entry {
  return { kind: 'container', id, name: id, path: id };
}

test('deletes a bucket by the one command that is for it', async () => {
  await using pathStyle = open('localhost');
  await using virtualHost = open('localhost', false);
  await pathStyle.removeContainer(bucket('bucket'), new AbortController());
  await virtualHost.removeContainer(bucket('bucket'), new AbortController());
  expect(sent).toEqual(['DELETE /bucket/', 'DELETE /']);
});

test.each(['.', '..', 'a#b', 'a?b', 'a/b', ''])('deletes no bucket whose name would not arrive: %j', async (name) => {
  await using client = open('127.0.0.1');
  await expect(client.removeContainer(bucket(name), new AbortController())).rejects.toMatchObject({
    kind: expect.stringMatching(/^unsupported$|^invalid-settings$/),
  });
  expect(sent).toEqual([]);
});

function guardedClient(): S3Client {
  const { port } = server.address() as AddressInfo;
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
  });
  guardWire(client);
  return client;
}

test.each([
  ['upload', new AbortMultipartUploadCommand({ Bucket: 'bucket', Key: 'key', UploadId: 'u1' })],
  ['version', new DeleteObjectCommand({ Bucket: 'bucket', Key: 'key', VersionId: 'v1' })],
])('sends no delete that lost the %s it was for: it would delete the object', async (_, command) => {
  const client = guardedClient();
  const send = () => client.send(command as DeleteObjectCommand);
  await send();
  expect(sent).toEqual(['DELETE /bucket/key']);
  const lose: BuildMiddleware<ServiceInputTypes, ServiceOutputTypes> = (next) => (args) => {
    const request = args.request as { query: Record<string, string> };
    request.query = { 'x-id': 'lost' };
    return next(args);
  };
  client.middlewareStack.add(lose, { step: 'build', priority: 'low' });
  await expect(send()).rejects.toMatchObject({ kind: 'unsupported' });
  expect(sent).toHaveLength(1);
  client.destroy();
});

test('sends no lifecycle rules away by a request that lost that word: it would delete the bucket', async () => {
  const client = guardedClient();
  const send = () => client.send(new DeleteBucketLifecycleCommand({ Bucket: 'bucket' }));
  await send();
  expect(sent).toEqual(['DELETE /bucket/']);
  const lose: BuildMiddleware<ServiceInputTypes, ServiceOutputTypes> = (next) => (args) => {
    Object.assign(args.request as object, { query: {} });
    return next(args);
  };
  client.middlewareStack.add(lose, { step: 'build', priority: 'low' });
  await expect(send()).rejects.toMatchObject({ kind: 'unsupported' });
  expect(sent).toHaveLength(1);
  client.destroy();
});

test.each([
  new DeleteBucketPolicyCommand({ Bucket: 'bucket' }),
  new DeleteBucketTaggingCommand({ Bucket: 'bucket' }),
  new DeleteObjectCommand({ Bucket: 'bucket', Key: '' }),
])('sends no other delete that names no key: $constructor.name', async (command) => {
  const client = guardedClient();
  await expect(client.send(command as DeleteObjectCommand)).rejects.toThrow();
  expect(sent).toEqual([]);
  client.destroy();
});
