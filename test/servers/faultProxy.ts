import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { Certificate } from './certificates.ts';
import { portOf } from './serverProcess.ts';

/** One request as it arrived; the target is the request line's, byte for byte. */
export interface RecordedRequest {
  readonly method: string;
  readonly target: string;
  /** Names as sent, with the bytes of each value. */
  readonly headers: readonly { name: string; bytes: number }[];
  readonly bodyBytes: number;
  /** Kept of POST requests only. */
  readonly body: string | undefined;
}

/** What happens to a request that a rule chose. */
export type Fault =
  | { kind: 'status'; status: number; body?: string; headers?: Record<string, string> }
  | { kind: 'reset-before' }
  | { kind: 'reset-after' }
  | { kind: 'cut-body'; afterBytes: number }
  | { kind: 'stall-body'; afterBytes: number }
  | { kind: 'never-answer' }
  | { kind: 'replace-body'; body: (original: Buffer) => Buffer }
  | { kind: 'delay'; ms: number }
  /** The answer in a hundred pieces, so many milliseconds apart. */
  | { kind: 'drip'; ms: number }
  /** The answer under a length that is so much too large, or too small. */
  | { kind: 'wrong-length'; by: number }
  /** What a function answers, which may pass the request on, changed or not. */
  | { kind: 'answer'; by: (request: RecordedRequest, forward: Forward) => Promise<Answer> }
  | { kind: 'redirect'; location: string; status: number };

/** Passes a request on, with another body and other headers where they are given. */
export type Forward = (change?: { body: string; headers?: Record<string, string> }) => Promise<Answer>;

/** The first rule whose `when` says true decides; `n` counts this rule's earlier questions, from 0. */
export interface FaultRule {
  readonly when: (request: RecordedRequest, n: number) => boolean;
  readonly fault: Fault;
}

/** A reverse proxy that passes requests on unchanged, remembers them and breaks those that its rules name. */
export interface FaultProxy {
  readonly endpoint: string;
  readonly requests: readonly RecordedRequest[];
  /** How many connections it accepted since it runs. */
  connections(): number;
  /** The requests that ask for something to be deleted: DELETE and POST ?delete. */
  deletions(): readonly RecordedRequest[];
  addRule(rule: FaultRule): void;
  /** Resolves when nothing that was passed on is still under way at the target. */
  idle(): Promise<void>;
  /** Ends every connection there is. */
  cut(): void;
  /** From now on TLS connections are shown this certificate. */
  showCertificate(certificate: Certificate): Promise<void>;
  /** Forgets the rules and the requests. */
  reset(): void;
  stop(): Promise<void>;
}

export interface FaultProxyOptions {
  readonly target: string;
  readonly tls?: Certificate;
  /** The authority that the target's own certificate is checked against. */
  readonly targetCaFile?: string;
  /** Requests that are passed on, neither remembered nor broken, as if they went to a server of their own. */
  readonly unseen?: (request: RecordedRequest) => boolean;
  /** Tells the target by which scheme it was asked, as X-Forwarded-Proto: it answers with addresses of its own. */
  readonly tellsScheme?: boolean;
}

/** Starts a proxy on 127.0.0.1 in front of `target` (an http:// or https:// origin), speaking TLS when given a certificate. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const requests: RecordedRequest[] = [];
  const rules: { rule: FaultRule; asked: number }[] = [];
  const scheme = options.tls === undefined ? 'http' : 'https';
  const added = options.tellsScheme ? ['X-Forwarded-Proto', scheme] : [];
  const target = await openTarget(options.target, options.targetCaFile, added);

  const passedOn = new Set<Promise<unknown>>();
  const sockets = new Set<Socket>();
  const forward = (request: http.IncomingMessage, body: Buffer): Forward => {
    return async (change) => {
      const answered = target.forward(request, change ? Buffer.from(change.body) : body, changedHeaders(change));
      passedOn.add(answered);
      return await answered.finally(() => passedOn.delete(answered));
    };
  };

  const chooseFault = (request: RecordedRequest) =>
    rules.find((entry) => entry.rule.when(request, entry.asked++))?.rule.fault;

  const handle = async (request: http.IncomingMessage, response: http.ServerResponse) => {
    const body = await readAll(request);
    const recorded = record(request, body);
    const unseen = options.unseen?.(recorded) ?? false;
    if (!unseen) requests.push(recorded);
    const fault = unseen ? undefined : chooseFault(recorded);
    await answer(fault, { request, recorded, response, forward: forward(request, body) });
  };
  const listener = (request: http.IncomingMessage, response: http.ServerResponse) => {
    handle(request, response).catch((error: Error) => {
      if (!response.headersSent) response.writeHead(502);
      response.end(`The proxy could not pass the request on: ${error.message}`);
    });
  };

  const server = options.tls === undefined ? http.createServer() : https.createServer(await readPair(options.tls));
  // Longer than any pause of a busy machine: a connection that is closed as a request leaves is a fault that nobody asked for.
  server.keepAliveTimeout = 65_000;
  server.on('request', listener);
  server.on('checkContinue', (request: http.IncomingMessage, response: http.ServerResponse) => {
    response.writeContinue();
    listener(request, response);
  });
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    endpoint: `${scheme}://127.0.0.1:${portOf(server.address())}`,
    requests,
    connections: () => connections,
    deletions: () => requests.filter(isDeletion),
    addRule: (rule) => rules.push({ rule, asked: 0 }),
    async idle() {
      while (passedOn.size > 0) await Promise.allSettled(passedOn);
    },
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    async showCertificate(certificate) {
      if (server instanceof https.Server) server.setSecureContext(await readPair(certificate));
    },
    reset() {
      rules.length = 0;
      requests.length = 0;
    },
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      target.close();
    },
  };
}

/** Whether a request asks for something to be deleted. */
export function isDeletion(request: { method: string; target: string }): boolean {
  if (request.method === 'DELETE') return true;
  const query = request.target.split('?')[1] ?? '';
  return request.method === 'POST' && query.split('&').some((part) => part.split('=')[0] === 'delete');
}

/** A whole answer; headers are names and values in turn. */
export interface Answer {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: Buffer;
}

interface Exchange {
  readonly request: http.IncomingMessage;
  readonly recorded: RecordedRequest;
  readonly response: http.ServerResponse;
  readonly forward: Forward;
}

async function answer(fault: Fault | undefined, { request, recorded, response, forward }: Exchange): Promise<void> {
  switch (fault?.kind) {
    case undefined:
      return send(response, request, await forward());
    case 'delay':
      await new Promise((resolve) => setTimeout(resolve, fault.ms));
      return send(response, request, await forward());
    case 'drip':
      return drip(response, request, await forward(), fault.ms);
    case 'wrong-length': {
      const whole = await forward();
      const length = String(Math.max(0, whole.body.length + fault.by));
      response.writeHead(whole.status, [...unframed(whole), 'Content-Length', length]);
      response.end(whole.body);
      return;
    }
    case 'answer':
      return send(response, request, await fault.by(recorded, forward));
    case 'status':
      response.writeHead(fault.status, { 'content-type': 'application/xml', ...fault.headers });
      response.end(fault.body ?? '');
      return;
    case 'redirect':
      response.writeHead(fault.status, { location: fault.location, 'content-length': '0' });
      response.end();
      return;
    case 'never-answer':
      return;
    case 'reset-before':
      return resetConnection(request);
    case 'reset-after':
      await forward();
      return resetConnection(request);
    case 'cut-body': {
      const whole = await forward();
      response.writeHead(whole.status, withLength(whole, request));
      const part = whole.body.subarray(0, fault.afterBytes);
      response.write(part, () => request.socket.destroy());
      return;
    }
    case 'stall-body': {
      const whole = await forward();
      response.writeHead(whole.status, withLength(whole, request));
      response.write(whole.body.subarray(0, fault.afterBytes));
      return;
    }
    case 'replace-body': {
      const original = await forward();
      return send(response, request, { ...original, body: fault.body(original.body), headers: unframed(original) });
    }
  }
}

function send(response: http.ServerResponse, request: http.IncomingMessage, answered: Answer): void {
  response.writeHead(answered.status, withLength(answered, request));
  response.end(answered.body);
}

async function drip(response: http.ServerResponse, request: http.IncomingMessage, answered: Answer, ms: number) {
  response.writeHead(answered.status, withLength(answered, request));
  response.flushHeaders();
  const size = Math.ceil(answered.body.length / 100);
  for (let from = 0; from < answered.body.length; from += size) {
    if (response.destroyed) return;
    response.write(answered.body.subarray(from, from + size));
    await new Promise((resolve) => setTimeout(resolve, ms));
  }
  response.end();
}

function changedHeaders(change: Parameters<Forward>[0]): Record<string, string> {
  return change ? { 'content-length': String(Buffer.byteLength(change.body)), ...change.headers } : {};
}

// An answer to HEAD names the length of a body that it doesn't have.
function withLength(answered: Answer, request: http.IncomingMessage): string[] {
  if (request.method === 'HEAD' || answered.status === 204 || answered.status === 304) return [...answered.headers];
  return [...unframed(answered), 'Content-Length', String(answered.body.length)];
}

function unframed(answered: Answer): string[] {
  return dropHeaders(answered.headers, ['content-length', 'transfer-encoding', 'connection', 'keep-alive']);
}

function dropHeaders(headers: readonly string[], dropped: readonly string[]): string[] {
  return headers.filter((_, index) => {
    const name = headers[index - (index % 2)] ?? '';
    return !dropped.includes(name.toLowerCase());
  });
}

function resetConnection(request: http.IncomingMessage): void {
  if ('encrypted' in request.socket) request.socket.destroy();
  else request.socket.resetAndDestroy();
}

async function openTarget(origin: string, caFile: string | undefined, added: readonly string[]) {
  const url = new URL(origin);
  const secure = url.protocol === 'https:';
  const ca = caFile === undefined ? {} : { ca: await readFile(caFile) };
  const agent = secure ? new https.Agent(ca) : new http.Agent();
  const forward = async (
    request: http.IncomingMessage,
    body: Buffer,
    changed: Record<string, string>,
  ): Promise<Answer> => {
    const dropped = ['connection', 'expect', 'keep-alive', ...Object.keys(changed)];
    const outgoing = (secure ? https : http).request({
      agent,
      host: url.hostname,
      port: url.port,
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      headers: [...dropHeaders(request.rawHeaders, dropped), ...Object.entries(changed).flat(), ...added],
      setHost: false,
    });
    // Ceph RGW sends a body after HEAD: an error behind the answer must not end the proxy.
    outgoing.on('error', () => {});
    outgoing.end(body);
    const [incoming] = (await once(outgoing, 'response')) as [http.IncomingMessage];
    return { status: incoming.statusCode ?? 502, headers: incoming.rawHeaders, body: await readAll(incoming) };
  };
  return { forward, close: () => agent.destroy() };
}

function record(request: http.IncomingMessage, body: Buffer): RecordedRequest {
  const headers = [];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const value = request.rawHeaders[index + 1] ?? '';
    headers.push({ name: request.rawHeaders[index] ?? '', bytes: Buffer.byteLength(value, 'latin1') });
  }
  return {
    method: request.method ?? '',
    target: request.url ?? '',
    headers,
    bodyBytes: body.length,
    body: request.method === 'POST' ? body.toString('utf8') : undefined,
  };
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function readPair(certificate: Certificate) {
  return { cert: await readFile(certificate.certFile), key: await readFile(certificate.keyFile) };
}
