import { isUtf8 } from 'node:buffer';
import { once } from 'node:events';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ByteKey, fromByteKey, type StoredObject, toByteKey } from './objectStore.ts';
import { answerBucket, answerService, type Buckets, createBucket, findBucket } from './s3Buckets.ts';
import { answerObject, createObject, deleteObjects } from './s3Objects.ts';
import {
  decodePercent,
  parameter,
  parseQuery,
  renderRefusal,
  type S3Answer,
  S3Refusal,
  type S3Request,
} from './s3Protocol.ts';
import { checkSignature, type S3Credential } from './s3Signature.ts';

/** How a memory S3 server behaves. */
export interface MemoryS3Options {
  readonly credentials: readonly S3Credential[];
  /** On 127.0.0.1; 0 or absent: a free one. */
  readonly port?: number;
  /** Added to every request, in milliseconds. */
  readonly latencyMs?: number;
  /** More deletions a second than this are refused with SlowDown, after a burst of one second's worth. */
  readonly keysPerSecond?: number;
  /** Signatures are accepted only for this region when given. */
  readonly region?: string;
  /** false lets every request in, unsigned ones too. */
  readonly verifySignatures?: boolean;
  /** `bucket/prefix`: what begins so may be read and written but not deleted. */
  readonly undeletable?: readonly string[];
  /** An answer in place of the server's own, for trying out failures. */
  readonly intercept?: (request: S3Request) => S3Answer | undefined;
}

/** A running S3 server whose buckets live in memory. */
export interface MemoryS3 {
  /** `http://127.0.0.1:port`, for path-style requests. */
  readonly endpoint: string;
  /** Requests since the start or the last reset, by method; DeleteObjects counts as `POST`. */
  requestCounts(): Record<string, number>;
  resetCounts(): void;
  /** When the last request came, in milliseconds since the epoch; 0 before the first. */
  lastRequestAt(): number;
  /** Number of objects in a bucket; 0 when there is no such bucket. */
  countObjects(bucket: string): number;
  /** Stores an object, making its bucket when needed, without a request. */
  put(bucket: string, key: string, body: Buffer | StoredObject): void;
  /** Takes an object away, past the protocol. */
  remove(bucket: string, key: string): void;
  /** The keys of a bucket, in their order. */
  keys(bucket: string): readonly string[];
  stop(): Promise<void>;
}

/** Starts an S3 server on 127.0.0.1 that keeps everything in memory and checks every signature. */
export async function startMemoryS3(options: MemoryS3Options): Promise<MemoryS3> {
  const buckets: Buckets = new Map();
  const counts = new Map<string, number>();
  const answer = createAnswerer(options, buckets);
  let served = 0;
  let lastRequestAt = 0;

  const serve = async (incoming: http.IncomingMessage, outgoing: http.ServerResponse) => {
    const requestId = (++served).toString(16).toUpperCase().padStart(16, '0');
    const method = incoming.method ?? '';
    counts.set(method, (counts.get(method) ?? 0) + 1);
    lastRequestAt = Date.now();
    const body = await readBody(incoming);
    if (options.latencyMs) await sleep(options.latencyMs);
    const answered = answerOrRefuse(() => answer(readRequest(incoming, body)), incoming.url ?? '', requestId);
    send(outgoing, method, answered, requestId);
  };

  const server = http.createServer({ keepAliveTimeout: 65_000 }, (incoming, outgoing) => {
    serve(incoming, outgoing).catch((error: Error) => outgoing.destroy(error));
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server does not listen on a port');

  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    requestCounts: () => Object.fromEntries(counts),
    resetCounts: () => counts.clear(),
    lastRequestAt: () => lastRequestAt,
    countObjects: (bucket) => buckets.get(bucket)?.objects.size ?? 0,
    put(bucketName, key, body) {
      const bucket = buckets.get(bucketName) ?? createBucket(buckets, bucketName);
      bucket.objects.put(toByteKey(key), Buffer.isBuffer(body) ? createObject(body) : body);
    },
    remove(bucketName, key) {
      buckets.get(bucketName)?.objects.delete(toByteKey(key));
    },
    keys(bucketName) {
      const objects = buckets.get(bucketName)?.objects.from('' as ByteKey) ?? [];
      return [...objects].map(({ key }) => fromByteKey(key));
    },
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function createAnswerer(options: MemoryS3Options, buckets: Buckets): (request: S3Request) => S3Answer {
  const charge = createBudget(options.keysPerSecond);
  const guard = (bucket: string, key: string) =>
    options.undeletable?.some((prefix) => `${bucket}/${key}`.startsWith(prefix))
      ? new S3Refusal(403, 'AccessDenied', 'Access Denied')
      : undefined;

  return (request) => {
    const intercepted = options.intercept?.(request);
    if (intercepted !== undefined) return intercepted;
    if (options.verifySignatures !== false) checkSignature(request, options.credentials, options.region);
    const { bucket, key } = readPath(request.rawPath);
    if (bucket === '') return answerService(buckets, request);
    if (key === '') {
      const isBatch = request.method === 'POST' && parameter(request, 'delete') !== undefined;
      if (isBatch) return deleteObjects(buckets, bucket, request, guard, charge);
      return answerBucket(buckets, bucket, request);
    }
    if (request.method === 'DELETE') {
      findBucket(buckets, bucket);
      charge(1);
    }
    return answerObject(buckets, bucket, key, request, guard);
  };
}

// A bucket of tokens that holds one second's worth.
function createBudget(keysPerSecond: number | undefined): (keys: number) => void {
  if (keysPerSecond === undefined) return () => {};
  let tokens = keysPerSecond;
  let filledAt = performance.now();
  return (keys) => {
    const now = performance.now();
    tokens = Math.min(keysPerSecond, tokens + ((now - filledAt) / 1000) * keysPerSecond);
    filledAt = now;
    if (keys > tokens) throw new S3Refusal(503, 'SlowDown', 'Please reduce your request rate.');
    tokens -= keys;
  };
}

function readRequest(incoming: http.IncomingMessage, body: Buffer): S3Request {
  const target = incoming.url ?? '/';
  const at = target.indexOf('?');
  const headers = Object.entries(incoming.headersDistinct).map(([name, values]) => [name, values?.join(',') ?? '']);
  return {
    method: incoming.method ?? '',
    target,
    rawPath: at < 0 ? target : target.slice(0, at),
    query: at < 0 ? [] : parseQuery(target.slice(at + 1)),
    headers: Object.fromEntries(headers),
    body,
  };
}

// The key is what stands behind the bucket's slash, decoded once: dots and further slashes mean themselves.
function readPath(rawPath: string): { bucket: string; key: ByteKey } {
  const [, rawBucket = '', rawKey = ''] = /^\/([^/]*)\/?(.*)$/s.exec(rawPath) ?? [];
  const key = decodePercent(rawKey);
  if (/%(?![0-9a-fA-F]{2})/.test(rawKey) || !isUtf8(Buffer.from(key, 'latin1'))) {
    throw new S3Refusal(400, 'InvalidURI', "Couldn't parse the specified URI.");
  }
  return { bucket: decodePercent(rawBucket), key: key as ByteKey };
}

const bodyLimit = 64 * 1024 * 1024;

async function readBody(incoming: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimit) throw new Error('The request body exceeds 64 MiB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function answerOrRefuse(answer: () => S3Answer, target: string, requestId: string): S3Answer {
  try {
    return answer();
  } catch (error) {
    const refusal =
      error instanceof S3Refusal
        ? error
        : new S3Refusal(500, 'InternalError', 'We encountered an internal error. Please try again.');
    if (refusal !== error) process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    const resource = target.split('?')[0] ?? '';
    return {
      status: refusal.status,
      headers: { 'content-type': 'application/xml' },
      body: renderRefusal(refusal, resource, requestId),
    };
  }
}

function send(outgoing: http.ServerResponse, method: string, answered: S3Answer, requestId: string): void {
  const body = Buffer.isBuffer(answered.body) ? answered.body : Buffer.from(answered.body ?? '', 'utf8');
  const bodiless = answered.status === 204 || answered.status === 304;
  outgoing.writeHead(answered.status, {
    ...answered.headers,
    ...(bodiless ? {} : { 'content-length': String(method === 'HEAD' && answered.status >= 300 ? 0 : body.length) }),
    'x-amz-request-id': requestId,
    server: 'MemoryS3',
  });
  outgoing.end(method === 'HEAD' || bodiless ? undefined : body);
}
