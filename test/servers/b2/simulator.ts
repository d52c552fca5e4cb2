/**
 * A Backblaze B2 in memory, for tests and benches: what Backblaze's documentation says of
 * - the native API, version 4, and what versions 1 to 3 differ in (https://www.backblaze.com/apidocs and
 *   https://www.backblaze.com/docs/cloud-storage-native-api-versions),
 * - errors (https://www.backblaze.com/docs/cloud-storage-native-api-error-handling-and-status-codes),
 * - names (https://www.backblaze.com/b2/docs/files.html), application keys and Object Lock,
 * as of 2026-11. Codes that its pages leave out are those that Backblaze's own SDK decides by: no_such_file, already_hidden,
 * access_denied for what is locked, cannot_delete_non_empty_bucket.
 * Left out: large files but as begun ones, copies, caps, replication, lifecycle rules at work, public buckets.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Certificate } from '../certificates.ts';
import { B2Refusal, type Request, refusalAnswer } from './answers.ts';
import { Keys } from './keys.ts';
import { answerNative, type Native } from './nativeApi.ts';
import { Store } from './store.ts';

export interface B2Options {
  /** Milliseconds before each answer, as on a long line. */
  readonly latency?: number;
  /** `bucket/name` of files that nobody may hide or delete; read at each request. */
  readonly undeletable?: ReadonlySet<string>;
  /** Serves TLS too, on a port of its own. */
  readonly tls?: Certificate;
  /** Where it says that its API is; by default where it was asked. */
  readonly apiUrl?: string;
  readonly downloadUrl?: string;
}

export interface B2Simulator {
  /** `http://127.0.0.1:port` */
  readonly endpoint: string;
  /** `https://127.0.0.1:port`, with a certificate. */
  readonly tlsEndpoint: string | undefined;
  readonly keys: Keys;
  /** To prepare and to judge, past the API. */
  readonly store: Store;
  /** The requests that arrived, `METHOD target`. */
  readonly requests: string[];
  stop(): Promise<void>;
}

/** Starts a simulator on 127.0.0.1. */
export async function startB2(options: B2Options = {}): Promise<B2Simulator> {
  const { latency = 0, undeletable = new Set() } = options;
  const requests: string[] = [];
  const servers: (http.Server | https.Server)[] = [];
  const native: Native = {
    store: new Store(),
    keys: new Keys(),
    undeletable,
    apiUrl: (origin) => options.apiUrl ?? origin,
    downloadUrl: (origin) => options.downloadUrl ?? origin,
  };

  const handle = async (incoming: http.IncomingMessage, response: http.ServerResponse) => {
    const request = await readRequest(incoming);
    requests.push(`${incoming.method} ${incoming.url}`);
    if (latency > 0) await sleep(latency);
    const { status, headers, body } = answer(request, native);
    response.writeHead(status, { ...headers, 'content-length': String(body.length) });
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
  const tls = options.tls && {
    cert: await readFile(options.tls.certFile),
    key: await readFile(options.tls.keyFile),
  };
  const tlsEndpoint = tls && `https://127.0.0.1:${await listen(https.createServer(tls))}`;

  return {
    endpoint,
    tlsEndpoint,
    keys: native.keys,
    store: native.store,
    requests,
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

function answer(request: Request, native: Native) {
  try {
    return answerNative(request, native);
  } catch (error) {
    if (error instanceof B2Refusal) return refusalAnswer(error);
    throw error;
  }
}

async function readRequest(incoming: http.IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const target = incoming.url ?? '/';
  const at = target.indexOf('?');
  const scheme = incoming.headers['x-forwarded-proto'] ?? ('encrypted' in incoming.socket ? 'https' : 'http');
  return {
    method: incoming.method === 'HEAD' ? 'GET' : (incoming.method ?? 'GET'),
    path: at < 0 ? target : target.slice(0, at),
    query: new URLSearchParams(at < 0 ? '' : target.slice(at + 1)),
    headers: incoming.headers as Record<string, string | undefined>,
    body: Buffer.concat(chunks),
    origin: `${scheme}://${incoming.headers.host}`,
  };
}
