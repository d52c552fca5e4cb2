import { AsyncLocalStorage } from 'node:async_hooks';
import type { Agent } from 'node:http';
import { Readable } from 'node:stream';
import type { HttpOperationResponse, IHttpClient, WebResource } from '@azure/storage-blob';
import { StorageError } from '../../core/errors.ts';
import { collectBody, type ExactAnswer, failureOf, sendExactly } from '../_shared/exactRequest.ts';
import { waitAsked } from '../_shared/retryAfter.ts';
import { notWhole, wholeBatch, wholeDocument } from './answers.ts';

/** What one call of the library is for. A request that says anything else does not leave. */
export interface Errand {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE' | 'POST';
  /** As it must stand in the request, every name encoded. */
  readonly path: string;
  /** The parameters that decide what is done, and to which part. */
  readonly query: Readonly<Partial<Record<(typeof deciding)[number], string>>>;
  /** What a good answer holds: an XML document with this root, the bytes of a blob, replies to so many parts, or nothing. */
  readonly answer: { readonly document: string } | { readonly replies: number } | 'bytes' | 'nothing';
  /** What the library has no words for, and adds to what it sends. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The status of a good answer, where it is not the usual one of the method. */
  readonly status?: number;
  readonly signal: AbortSignal;
}

const deciding = ['restype', 'comp', 'snapshot', 'versionid', 'deletetype', 'showonly'] as const;

const errands = new AsyncLocalStorage<Errand>();

/** Lets the library do one thing, and whatever it repeats of it. */
export function runErrand<T>(errand: Errand, work: () => Promise<T>): Promise<T> {
  return errands.run(errand, work);
}

/** What the library is at now. */
export function currentErrand(): Errand | undefined {
  return errands.getStore();
}

/** A refusal of the service, or an answer that is none of its own. */
export class AzureAnswer extends Error {
  /** By this name the library's retry knows an error that may pass; it decides by the status. */
  override readonly name = 'RestError';
  readonly statusCode: number;
  /** The service's error code; absent where something else has answered. */
  readonly code: string | undefined;
  /** Milliseconds. */
  readonly retryAfter: number | undefined;

  constructor(statusCode: number, code: string | undefined, detail: string, retryAfter?: number) {
    super(detail);
    this.statusCode = statusCode;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

/** A failure of the connection, in a form that the library repeats where it may. */
export class BrokenConnection extends Error {
  override readonly name = 'RestError';
  readonly code = 'REQUEST_SEND_ERROR';
  readonly failure: StorageError;

  constructor(failure: StorageError) {
    super(failure.message);
    this.failure = failure;
  }
}

/**
 * Sends what the library made, exactly as it was meant, to this server and no other. The library builds its URLs with a
 * parser that folds `a/../b` into `b`, so each is compared with its errand before it leaves. An answer counts only when
 * it is the service's own and whole.
 */
export function createWire(server: URL, agent: Agent): IHttpClient {
  return {
    async sendRequest(request: WebResource): Promise<HttpOperationResponse> {
      const errand = errands.getStore();
      const target = request.url.startsWith(`${server.origin}/`) ? request.url.slice(server.origin.length) : '';
      if (!errand || request.method !== errand.method || !isExact(target, errand)) throw unaddressable(errand);
      try {
        return await exchange(server, agent, request, target, errand);
      } catch (error) {
        if (error instanceof AzureAnswer) throw error;
        const failure = failureOf(error, server, errand.signal);
        throw failure.retryable && failure.kind !== 'timed-out' ? new BrokenConnection(failure) : failure;
      }
    },
  };
}

async function exchange(server: URL, agent: Agent, request: WebResource, target: string, errand: Errand) {
  const { method } = request;
  const headers = request.headers.toJson({ preserveCase: true });
  const body = typeof request.body === 'string' ? request.body : undefined;
  const answer = await sendExactly(server, agent, { method, target, headers, body }, errand.signal);
  const respond = (content: Pick<HttpOperationResponse, 'bodyAsText' | 'readableStreamBody'>, changed = {}) => {
    const all = { ...answer.headers, ...changed };
    const shown = { ...request.headers, toJson: () => all };
    return { request, status: answer.status, headers: shown, ...content } as HttpOperationResponse;
  };
  if (answer.status >= 300) throw await refusalIn(answer, server, errand);
  if (answer.headers['x-ms-request-id'] === undefined || answer.status !== (errand.status ?? goodStatus[method]))
    throw notWhole();
  if (errand.answer === 'bytes') {
    if (answer.headers['x-ms-blob-type'] === undefined) throw notWhole();
    return respond({ readableStreamBody: answer.body });
  }
  const text = (await collectBody(answer, server, errand.signal)).toString('utf8');
  if (errand.answer === 'nothing') {
    if (text !== '' && method !== 'HEAD') throw notWhole();
    return respond({});
  }
  if ('document' in errand.answer) {
    const document = wholeDocument(text, errand.answer.document);
    return respond({ bodyAsText: document }, { 'content-type': 'application/xml' });
  }
  const replies = wholeBatch(answer.headers['content-type'] ?? '', text, errand.answer.replies);
  if ('refusal' in replies) throw new AzureAnswer(replies.status, replies.code, replies.refusal);
  return respond({ readableStreamBody: Readable.from([Buffer.from(replies.body)]) }, { 'content-type': replies.type });
}

/** A login page comes with another. */
const goodStatus: Readonly<Record<string, number>> = { GET: 200, HEAD: 200, PUT: 201, DELETE: 202, POST: 202 };

/** The library leaves a few characters as they are that stand for themselves either way. */
function isExact(target: string, { path, query }: Errand): boolean {
  const [sentPath = '', ...rest] = target.split('?');
  const sent = new URLSearchParams(rest.join('?'));
  const encoded = sentPath.replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return encoded === path && deciding.every((name) => (sent.get(name) ?? undefined) === query[name]);
}

function unaddressable(errand: Errand | undefined): StorageError {
  return new StorageError(
    'unsupported',
    `This name can't be addressed exactly, so it was left alone: ${errand?.path ?? 'unknown'}`,
  );
}

async function refusalIn(answer: ExactAnswer, server: URL, { signal }: Errand): Promise<AzureAnswer> {
  const { status, headers } = answer;
  const text = (await collectBody(answer, server, signal)).toString('utf8');
  const code = headers['x-ms-error-code'] ?? /<Code>([^<]+)<\/Code>/.exec(text)?.[1];
  const message = /<Message>([^<]*)/.exec(text)?.[1];
  const detail = [status, code, message].filter(Boolean).join(' · ');
  return new AzureAnswer(status, code, detail, waitAsked(headers['retry-after']));
}
