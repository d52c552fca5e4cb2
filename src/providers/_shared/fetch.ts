import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import http from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import { timeLimits } from './http.ts';

/** A `fetch` for libraries that take one. */
export type Fetch = (input: string | URL | globalThis.Request, init?: RequestInit) => Promise<Response>;

/**
 * A `fetch` over Node's own HTTP and our agents, with our time limits: the path goes out as the URL has it, no redirect is
 * followed, and a body that ends early is an error.
 */
export function createFetch(agentFor: (url: URL) => Agent): Fetch {
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const body = bodyOf(init.body);
    init.signal?.throwIfAborted();
    const headers = Object.fromEntries(new Headers(init.headers));
    if (init.body instanceof URLSearchParams)
      headers['content-type'] ??= 'application/x-www-form-urlencoded;charset=UTF-8';
    const request = (url.protocol === 'https:' ? https : http).request(url, {
      method: init.method ?? 'GET',
      agent: agentFor(url),
      headers: body === undefined ? headers : { ...headers, 'content-length': String(Buffer.byteLength(body)) },
    });
    return toResponse(await exchange(request, body, init.signal ?? undefined));
  };
}

function exchange(request: ClientRequest, body: string | undefined, signal: AbortSignal | undefined) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    const giveUp = () => request.destroy(timedOut());
    const stop = () => request.destroy(signal?.reason as Error);
    const firstByte = setTimeout(giveUp, timeLimits.firstByte);
    signal?.addEventListener('abort', stop, { once: true });
    request.on('socket', (socket) => {
      if (!socket.connecting) return;
      const connecting = setTimeout(giveUp, timeLimits.connect);
      for (const event of ['connect', 'close'] as const) socket.once(event, () => clearTimeout(connecting));
    });
    request.on('response', (response) => {
      clearTimeout(firstByte);
      response.setTimeout(timeLimits.idle, giveUp);
      resolve(response);
    });
    request.on('error', (error) => {
      clearTimeout(firstByte);
      reject(error);
    });
    request.on('close', () => signal?.removeEventListener('abort', stop));
    request.end(body);
  });
}

function toResponse(message: IncomingMessage): Response {
  const status = message.statusCode ?? 0;
  const headers = new Headers();
  for (let index = 0; index < message.rawHeaders.length; index += 2) {
    headers.append(message.rawHeaders[index] ?? '', message.rawHeaders[index + 1] ?? '');
  }
  if (status !== 204 && status !== 205 && status !== 304) {
    return new Response(Readable.toWeb(message) as ReadableStream<Uint8Array>, { status, headers });
  }
  message.resume();
  return new Response(null, { status, headers });
}

function bodyOf(body: RequestInit['body']): string | undefined {
  if (body === undefined || body === null) return undefined;
  if (typeof body === 'string' || body instanceof URLSearchParams) return String(body);
  throw new TypeError('Only text is sent here.');
}

function timedOut(): Error {
  return Object.assign(new Error('No answer within the time limit.'), { code: 'ETIMEDOUT' });
}
