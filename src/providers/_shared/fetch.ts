import type { Agent } from 'node:http';
import { Readable } from 'node:stream';
import { type ExactAnswer, sendExactly } from './exactRequest.ts';

/** A `fetch` for libraries that take one. */
export type Fetch = (input: string | URL | globalThis.Request, init?: RequestInit) => Promise<Response>;

/**
 * A `fetch` over Node's own HTTP and our agents, with our time limits: the path goes out as the URL has it, no redirect is
 * followed, and a body that ends early is an error. Its own failures are StorageErrors.
 */
export function createFetch(agentFor: (url: URL) => Agent): Fetch {
  return async (input, { method = 'GET', signal, ...init } = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const body = bodyOf(init.body);
    const headers = Object.fromEntries(new Headers(init.headers));
    if (init.body instanceof URLSearchParams)
      headers['content-type'] ??= 'application/x-www-form-urlencoded;charset=UTF-8';
    if (body !== undefined) headers['content-length'] = String(Buffer.byteLength(body));
    const asked = { method, target: `${url.pathname}${url.search}`, headers, body };
    return toResponse(await sendExactly(url, agentFor(url), asked, signal ?? new AbortController().signal));
  };
}

function toResponse({ status, headers, body }: ExactAnswer): Response {
  if (status !== 204 && status !== 205 && status !== 304) {
    return new Response(Readable.toWeb(body) as ReadableStream<Uint8Array>, { status, headers });
  }
  body.resume();
  return new Response(null, { status, headers });
}

function bodyOf(body: RequestInit['body']): string | undefined {
  if (body === undefined || body === null) return undefined;
  if (typeof body === 'string' || body instanceof URLSearchParams) return String(body);
  throw new TypeError('Only text is sent here.');
}
