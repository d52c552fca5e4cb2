import http from 'node:http';
import https from 'node:https';
import { StorageError, stoppedBy } from '../../core/errors.ts';
import { codeOf, connectionError, timeLimits } from './http.ts';

export interface ExactRequest {
  readonly method: string;
  /** Path and query, byte for byte as they stand in the request line: nothing parses them on the way. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | undefined;
  /** Milliseconds until an answer begins, of a request that takes long. */
  readonly patience?: number;
}

/** An answer whose body is still on its way. It is cut off with an error when it ends early or nothing comes for too long. */
export interface ExactAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: http.IncomingMessage;
}

/** Sends one request to a server and follows nowhere. Every failure is a StorageError. */
export function sendExactly(
  server: URL,
  agent: http.Agent,
  { method, target, headers, body, patience = timeLimits.firstByte }: ExactRequest,
  signal: AbortSignal,
): Promise<ExactAnswer> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(stoppedBy(signal, server.host));
    const request = (server.protocol === 'https:' ? https : http).request({
      agent,
      hostname: server.hostname.replace(/^\[|\]$/g, ''),
      port: server.port,
      method,
      path: target,
      headers,
    });
    const stop = () => request.destroy();
    const expire = () => request.destroy(Object.assign(new Error('No answer in time.'), { code: 'ETIMEDOUT' }));
    let timer = setTimeout(expire, patience);
    const settle = () => {
      clearTimeout(timer);
      request.setTimeout(Math.max(patience, timeLimits.idle), expire);
    };
    signal.addEventListener('abort', stop, { once: true });
    request.on('close', () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    });
    request.on('socket', (socket) => {
      if (!socket.connecting && !('secureConnecting' in socket && socket.secureConnecting)) return settle();
      clearTimeout(timer);
      timer = setTimeout(expire, timeLimits.connect);
      socket.once('encrypted' in socket ? 'secureConnect' : 'connect', settle);
    });
    request.on('error', (error) => reject(failureOf(error, server, signal)));
    request.on('response', (answer) => {
      resolve({ status: answer.statusCode ?? 0, headers: joined(answer.headers), body: answer });
    });
    request.end(body);
  });
}

/** All of a body; fails when it was cut off, or when there is more of it than an answer may have. */
export async function collectBody({ body }: ExactAnswer, server: URL, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > largestAnswer) throw new StorageError('unexpected', `The server's answer has no end: ${server.host}`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw failureOf(error, server, signal);
  }
  return Buffer.concat(chunks);
}

/** What ended a request or its answer. */
export function failureOf(error: unknown, server: URL, signal: AbortSignal): StorageError {
  if (error instanceof StorageError) return error;
  if (signal.aborted) return stoppedBy(signal, server.host);
  return (
    connectionError(error, server) ??
    new StorageError('unexpected', `The request could not be sent: ${server.host}`, {
      detail: `${codeOf(error) ?? ''} ${error instanceof Error ? error.message : String(error)}`.trim(),
      cause: error,
    })
  );
}

/** Bytes of the largest answer that is read whole: a full page of the longest names stays far below. */
const largestAnswer = 128 * 1024 * 1024;

function joined(headers: http.IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}
