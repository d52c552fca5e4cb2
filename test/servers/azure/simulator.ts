/**
 * A storage account in memory that has what Azurite lacks: soft delete, versions, and a hierarchical namespace as far as Undelete Blob and
 * List Blobs (showonly=deleted) speak of it. Written from Microsoft's pages as of
 * 2026-11: List Blobs, Get Blob, Put Blob, Delete Blob, Undelete Blob, Copy Blob, Snapshot Blob, Blob Batch, Get Blob Service
 * Properties, Get Account Information, Authorize with Shared Key, Create an account SAS
 * (https://learn.microsoft.com/rest/api/storageservices/), and of what is kept when:
 * https://learn.microsoft.com/azure/storage/blobs/soft-delete-blob-overview and .../versioning-overview.
 * Left out: leases, tiers' moves, blocks, page and append blobs, the DFS endpoint.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Azurite } from '../azurite.ts';
import { type Account, type Answer, answerBlob, type Request } from './blobApi.ts';
import { type Protection, StoredContainer } from './store.ts';

export interface AzureSimulator extends Azurite {
  readonly protection: Protection;
  /** To prepare and to judge, past the API. */
  readonly containers: ReadonlyMap<string, StoredContainer>;
  createContainer(name: string): StoredContainer;
}

/** Starts a simulator on 127.0.0.1, whose one account stands in the path as Azurite's does. */
export async function startAzureSimulator({
  softDelete = 0,
  versioning = false,
  hierarchical = false,
}: Partial<Protection> = {}): Promise<AzureSimulator> {
  const name = 'simulated';
  const accountKey = randomBytes(64).toString('base64');
  const protection: Protection = { softDelete, versioning, hierarchical };
  const containers = new Map<string, StoredContainer>();

  const handle = async (incoming: http.IncomingMessage, response: http.ServerResponse) => {
    const request = await readRequest(incoming, name);
    const account: Account = { name, protection, containers };
    const allowed = isSigned(request, incoming.url ?? '', name, accountKey);
    const { status, headers, body } = allowed ? answerBlob(request, account) : refused;
    const length = incoming.method === 'HEAD' ? {} : { 'content-length': String(body.length) };
    response.writeHead(status, { 'x-ms-request-id': 'simulated', 'x-ms-version': '2021-12-02', ...length, ...headers });
    response.end(incoming.method === 'HEAD' ? undefined : body);
  };
  const server = http.createServer((incoming, response) => {
    handle(incoming, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    origin,
    account: name,
    accountKey,
    protection,
    containers,
    createContainer(container) {
      const stored = new StoredContainer(protection);
      containers.set(container, stored);
      return stored;
    },
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

const refused: Answer = {
  status: 403,
  headers: { 'x-ms-error-code': 'AuthenticationFailed', 'content-type': 'application/xml' },
  body: Buffer.from('<?xml version="1.0" encoding="utf-8"?><Error><Code>AuthenticationFailed</Code></Error>'),
};

async function readRequest(incoming: http.IncomingMessage, account: string): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const [path = '', query = ''] = (incoming.url ?? '').split('?');
  return {
    method: incoming.method ?? 'GET',
    path: path.startsWith(`/${account}/`) ? path.slice(account.length + 1) : '/',
    query: new URLSearchParams(query),
    headers: incoming.headers as Record<string, string | undefined>,
    body: Buffer.concat(chunks),
  };
}

/** https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key and create-account-sas */
function isSigned({ method, query, headers, body }: Request, url: string, account: string, key: string): boolean {
  const hmac = (text: string) => createHmac('sha256', Buffer.from(key, 'base64')).update(text).digest('base64');
  const sorted = (pairs: [string, string][]) => pairs.sort(([one], [other]) => (one < other ? -1 : 1));
  const given = /^SharedKey [^:]+:(.*)$/.exec(headers.authorization ?? '')?.[1];
  if (given !== undefined) {
    const named = sorted(Object.entries(headers).map(([name, value]): [string, string] => [name, value ?? '']));
    const standard = ['content-encoding', 'content-language', 'content-length', 'content-md5', 'content-type', 'date'];
    const conditions = ['if-modified-since', 'if-match', 'if-none-match', 'if-unmodified-since', 'range'];
    const length = body.length === 0 ? '' : String(body.length);
    const value = (name: string) => (name === 'content-length' ? length : (headers[name] ?? ''));
    const text = [
      ...[method, ...standard.map(value), ...conditions.map(value)],
      ...named.filter(([name]) => name.startsWith('x-ms-')).map(([name, text]) => `${name}:${text.trim()}`),
      `/${account}${url.split('?')[0]}`,
      ...sorted([...query].map(([name, text]): [string, string] => [name.toLowerCase(), text])).map(
        ([name, text]) => `${name}:${text}`,
      ),
    ].join('\n');
    return isEqual(given, hmac(text));
  }
  const of = (name: string) => query.get(name) ?? '';
  const fields = [of('sp'), of('ss'), of('srt'), of('st'), of('se'), of('sip'), of('spr'), of('sv'), of('ses'), ''];
  return (
    query.has('sig') && Date.parse(of('se')) > Date.now() && isEqual(of('sig'), hmac([account, ...fields].join('\n')))
  );
}

function isEqual(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
