import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { StorageClient, Target } from '../../../../src/core/storageClient.ts';
import { openS3 } from '../../../../src/providers/_shared/s3/client.ts';

const sent: string[] = [];
const server = http.createServer((request, response) => {
  sent.push(`${request.method} ${request.url?.split('?')[0]}`);
  response.writeHead(request.method === 'DELETE' ? 204 : 200).end();
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
});
afterAll(() => server.close());

async function remove(host: string, container: string, ids: readonly string[], pathStyle = true) {
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
  await using client = openS3(options, {
    network: { proxyFor: () => new URL(`http://127.0.0.1:${port}`), certificates: [] },
  });
  const targets = ids.map((id): Target => {
    return { entry: { kind: 'object', container, id, name: id, path: id }, mode: 'recoverable' };
  });
  const { signal } = new AbortController();
  return await (client as Required<StorageClient>)
    .remove(targets, { signal })
    .catch((error: unknown) => [{ result: 'failed', error }]);
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
