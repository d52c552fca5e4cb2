/**
 * A Google Cloud Storage in memory, for tests and benches: what Google's documentation says of
 * - the JSON API (https://cloud.google.com/storage/docs/json_api/v1, its status codes and batch requests),
 * - the XML API (https://cloud.google.com/storage/docs/xml-api: deleting many objects, status codes, signed URLs),
 * - signing in as a service account (https://developers.google.com/identity/protocols/oauth2/service-account),
 * as of 2026-10; of objects' restore and rewrite as of 2026-11. What is kept by a hold answers as the service was measured to, not as documented: `forbidden` in JSON.
 * Left out: ACLs, resumable uploads, composing, notifications, HMAC keys, bucket policies as documents.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Certificate } from '../certificates.ts';
import { type Account, createAccount, type ServiceAccountKey, TokenEndpoint } from './accounts.ts';
import { type Answer, jsonError, type Request, xmlError } from './answers.ts';
import { answerBatch } from './batch.ts';
import { type Asked, answerJson } from './jsonApi.ts';
import { checkSignature } from './signedUrls.ts';
import { Store } from './store.ts';
import { answerXml } from './xmlApi.ts';

export interface GcsOptions {
  /** The project of the accounts and of new buckets. */
  readonly project?: string;
  /** Milliseconds before each answer of the storage, as on a long line. */
  readonly latency?: number;
  /** `bucket/name` of objects that nobody may delete; read at each request. */
  readonly undeletable?: ReadonlySet<string>;
  /** Serves TLS too, on a port of its own. */
  readonly tls?: Certificate;
  /** What this service does without, as emulators and old versions do. */
  readonly without?: readonly ('multiDelete' | 'batch')[];
  /** What an XML deletion says of a key that has no object. */
  readonly missing?: 'deleted' | 'refused';
}

export interface GcsSimulator {
  readonly project: string;
  /** `http://127.0.0.1:port` */
  readonly endpoint: string;
  /** `https://127.0.0.1:port`, with a certificate. */
  readonly tlsEndpoint: string | undefined;
  readonly tokens: TokenEndpoint;
  /** To prepare and to judge, past both APIs. */
  readonly store: Store;
  /** The requests that reached the storage, `METHOD target`, and not the token endpoint. */
  readonly requests: string[];
  /** A service account that may do everything, or what `may` says, and the content of its key file. */
  addAccount(name: string, may?: Account['may']): ServiceAccountKey;
  stop(): Promise<void>;
}

/** Google's own token endpoint, under which the simulator can be reached through a proxy. */
const googleTokens = 'https://oauth2.googleapis.com/token';

/** Starts a simulator on 127.0.0.1. */
export async function startGcs(options: GcsOptions = {}): Promise<GcsSimulator> {
  const { project = 'test-project', latency = 0, undeletable = new Set(), without = [], missing = 'deleted' } = options;
  const store = new Store();
  const requests: string[] = [];
  const servers: (http.Server | https.Server)[] = [];

  const route = (request: Request): Answer => {
    const { path, method } = request;
    if (path === '/token' && method === 'POST') return tokens.answer(request.body);
    const account = tokens.accountOf(request.headers.authorization);
    const asked: Asked = { store, account, undeletable, origin: endpoint };
    if (path === '/batch/storage/v1' && method === 'POST') {
      if (without.includes('batch')) return jsonError(404, 'notFound', 'Not Found');
      return answerBatch(request, (inner) =>
        answerJson(inner, { ...asked, account: tokens.accountOf(inner.headers.authorization) }),
      );
    }
    if (/^\/(upload\/|download\/)?storage\/v1\//.test(path)) return answerJson(request, asked);
    if (without.includes('multiDelete') && request.query.has('delete')) {
      return xmlError(405, 'MethodNotAllowed', 'The method is not allowed.');
    }
    return answerXml(request, { ...asked, missing, signed: checkSignature(request, tokens.accounts) });
  };

  const handle = async (incoming: http.IncomingMessage, response: http.ServerResponse) => {
    const request = await readRequest(incoming);
    if (request.path !== '/token') requests.push(`${incoming.method} ${incoming.url}`);
    if (latency > 0 && request.path !== '/token') await sleep(latency);
    const { status, headers, body } = route(request);
    response.writeHead(status, { ...headers, ...(status === 204 ? {} : { 'content-length': String(body.length) }) });
    response.end(incoming.method === 'HEAD' ? undefined : body);
  };
  const listen = async (server: http.Server | https.Server) => {
    server.on('request', (incoming, response) => {
      handle(incoming, response).catch((error: unknown) => {
        if (!response.headersSent) response.writeHead(500);
        response.end(String(error));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    servers.push(server);
    return (server.address() as AddressInfo).port;
  };

  const endpoint = `http://127.0.0.1:${await listen(http.createServer())}`;
  const tokenUri = `${endpoint}/token`;
  const tokens = new TokenEndpoint([tokenUri, googleTokens]);
  const tls = options.tls && {
    cert: await readFile(options.tls.certFile),
    key: await readFile(options.tls.keyFile),
  };
  const tlsEndpoint = tls && `https://127.0.0.1:${await listen(https.createServer(tls))}`;

  return {
    project,
    endpoint,
    tlsEndpoint,
    tokens,
    store,
    requests,
    addAccount(name, may) {
      const { account, key } = createAccount(name, project, tokenUri, may);
      tokens.accounts.push(account);
      return key;
    },
    async stop() {
      for (const server of servers) {
        const closed = once(server, 'close');
        server.close();
        server.closeAllConnections();
        await closed;
      }
    },
  };
}

async function readRequest(incoming: http.IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const target = incoming.url ?? '/';
  const at = target.indexOf('?');
  const rawQuery = at < 0 ? '' : target.slice(at + 1);
  return {
    method: incoming.method ?? 'GET',
    path: foldDots(at < 0 ? target : target.slice(0, at)),
    query: new URLSearchParams(rawQuery),
    rawQuery,
    headers: incoming.headers as Record<string, string | undefined>,
    body: Buffer.concat(chunks),
  };
}

/** Dot segments are taken out of a path before anything is looked up: a name that is one names something else. */
function foldDots(path: string): string {
  const folded: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') folded.pop();
    else if (segment !== '.') folded.push(segment);
  }
  return /\/\.{1,2}$/.test(path) ? `${folded.join('/')}/` : folded.join('/');
}
