import http from 'node:http';
import https from 'node:https';
import { StorageError, stoppedBy } from '../../core/errors.ts';
import { failedStep, type Stage, type VerificationStep, verificationLimits } from '../../core/verification.ts';
import { codeOf, connectionError } from './http.ts';

/**
 * The first stages of verifying anything that speaks HTTP: reach the server, and trust the connection.
 * One anonymous HEAD request, no credential in it; whatever HTTP status comes back is good.
 * @param onClock is told how far this machine's clock is ahead of the server's, in milliseconds
 */
export async function* reachServer(
  server: URL,
  agent: http.Agent,
  signal: AbortSignal,
  onClock?: (ahead: number) => void,
): AsyncGenerator<VerificationStep> {
  const attempt = await tryServer(server, agent, signal, onClock);
  if (attempt.connected !== undefined || !attempt.error) {
    yield {
      stage: 'reach',
      status: 'ok',
      sentence: `The server answers: ${server.host}`,
      ms: attempt.connected ?? attempt.ended,
    };
  }
  if (attempt.error) {
    const stage: Stage = attempt.connected === undefined ? 'reach' : 'tls';
    yield failedStep(stage, attempt.error, attempt.ended - (attempt.connected ?? 0));
    return;
  }
  const ms = attempt.ended - (attempt.connected ?? 0);
  yield server.protocol === 'https:'
    ? { stage: 'tls', status: 'ok', sentence: 'The connection is encrypted and the certificate accepted.', ms }
    : {
        stage: 'tls',
        status: 'unknown',
        sentence: 'The connection is not encrypted: anyone on the way can read along.',
        ms,
      };
}

interface Attempt {
  /** Milliseconds until the connection stood. */
  readonly connected?: number;
  /** Milliseconds until the end, good or bad. */
  readonly ended: number;
  readonly error?: StorageError;
}

function tryServer(
  server: URL,
  agent: http.Agent,
  signal: AbortSignal,
  onClock?: (ahead: number) => void,
): Promise<Attempt> {
  const start = performance.now();
  const elapsed = () => Math.round(performance.now() - start);
  return new Promise((resolve) => {
    let connected: number | undefined;
    const end = (error?: StorageError) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      resolve({ ended: elapsed(), ...(connected === undefined ? {} : { connected }), ...(error ? { error } : {}) });
    };
    const request = (server.protocol === 'https:' ? https : http).request(server, {
      method: 'HEAD',
      agent,
      // Some servers send a body after HEAD: a connection that carried one is not used again.
      headers: { connection: 'close' },
    });
    // A request that has no connection yet, as while a proxy is silent, tells nothing when it is destroyed.
    const giveUp = (error: StorageError | undefined) => {
      end(error);
      request.destroy();
    };
    const stop = () => giveUp(stoppedBy(signal, server.host));
    const timer = setTimeout(() => giveUp(connectionError(noAnswer(), server)), verificationLimits.connect);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    request.on('socket', (socket) => {
      if (!socket.connecting) connected = elapsed();
      socket.once('connect', () => {
        connected = elapsed();
      });
    });
    request.on('response', (response) => {
      response.resume();
      const date = Date.parse(response.headers.date ?? '');
      if (!Number.isNaN(date)) onClock?.(Date.now() - date);
      end();
    });
    request.on('error', (error) => end(connectionError(error, server) ?? notHttp(error, server)));
    request.end();
  });
}

function noAnswer(): Error {
  return Object.assign(new Error('No answer within the time limit.'), { code: 'ETIMEDOUT' });
}

function notHttp(error: Error, server: URL): StorageError {
  return new StorageError('unreachable', `What answers there is not an HTTP server: ${server.host}`, {
    hint: 'Check the port, and whether the server expects https.',
    detail: `${codeOf(error) ?? error.name}: ${error.message}`,
    retryable: false,
    cause: error,
  });
}
