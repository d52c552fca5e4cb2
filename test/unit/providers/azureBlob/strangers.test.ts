import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { StorageError } from '../../../../src/core/errors.ts';
import type { StorageClient, Target } from '../../../../src/core/storageClient.ts';
import provider from '../../../../src/providers/azureBlob/provider.ts';

interface Answer {
  readonly status: number;
  readonly code?: string;
  readonly body?: string;
}

/** A client of a server that answers as told, and what came to it. */
async function serve(answer: (method: string, query: URLSearchParams) => Answer, secrets = { accountKey: 'AAAA' }) {
  const asked: string[] = [];
  const server = http.createServer(({ method = '', url = '' }, response) => {
    asked.push(`${method} ${url}`);
    const { status, code, body } = answer(method, new URL(url, 'http://x').searchParams);
    if (code !== undefined) response.setHeader('x-ms-error-code', code);
    if (code !== undefined || status < 300) response.setHeader('x-ms-request-id', 'r');
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/acc`;
  const settings = { account: 'acc', signIn: 'key', endpoint };
  const network = { proxyFor: () => undefined, certificates: [] };
  const client = (await provider.open({ settings, secrets, network })) as Required<StorageClient>;
  onTestFinished(async () => {
    await client[Symbol.asyncDispose]();
    server.close();
  });
  return { client, asked };
}

const call = { signal: new AbortController().signal };
const entry = { kind: 'object', container: 'box', id: 'a', name: 'a', path: 'box/a' } as const;
const target: Target = { entry, mode: 'recoverable', ifTag: '"0x1"' };
const changed: Answer = { status: 412, code: 'ConditionNotMet' };

test.each<[string, Answer, string]>([
  ['the service itself', { status: 404, code: 'BlobNotFound' }, 'already-gone'],
  ['something on the way', { status: 404 }, 'changed'],
  ['the service, of its container', { status: 404, code: 'ContainerNotFound' }, 'changed'],
])('what changed counts as gone when %s says so: %o', async (_, found, result) => {
  const { client } = await serve((method) => (method === 'DELETE' ? changed : found));
  expect((await client.remove([target], call)).map((outcome) => outcome.result)).toEqual([result]);
});

const empty = '<?xml version="1.0"?><EnumerationResults><Blobs /><NextMarker /></EnumerationResults>';

test('a container is not deleted when the question what it keeps was not answered', async () => {
  const container = { kind: 'container', id: 'box', name: 'box', path: 'box' } as const;
  const { client, asked } = await serve((method, query) => {
    if (method === 'DELETE') return { status: 202 };
    return query.get('include')?.includes('versions')
      ? { status: 200, body: empty.slice(0, -5) }
      : { status: 200, body: empty };
  });
  const failure: unknown = await client.removeContainer(container, call).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(StorageError);
  expect(asked.filter((request) => request.startsWith('DELETE'))).toEqual([]);
});

test('a container is deleted where the service does not know what it was asked of, and nothing else is in it', async () => {
  const container = { kind: 'container', id: 'box', name: 'box', path: 'box' } as const;
  const { client, asked } = await serve((method, query) => {
    if (method === 'DELETE') return { status: 202 };
    return query.get('include')?.includes('versions')
      ? { status: 400, code: 'InvalidQueryParameterValue' }
      : { status: 200, body: empty };
  });
  await client.removeContainer(container, call);
  expect(asked.filter((request) => request.startsWith('DELETE'))).toEqual(['DELETE /acc/box?restype=container']);
});
