import { createHash, hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { type ByteKey, fromByteKey, type StoredObject, toByteKey } from './objectStore.ts';
import { answerXml, type Bucket, type Buckets, findBucket, notAllowed, notImplemented } from './s3Buckets.ts';
import {
  type DeleteItem,
  decodePercent,
  parameter,
  parseDelete,
  RenderedXml,
  renderContent,
  type S3Answer,
  S3Refusal,
  type S3Request,
} from './s3Protocol.ts';

/** Says why a key may not be deleted; undefined when it may. */
export type DeletionGuard = (bucket: string, key: string) => S3Refusal | undefined;

/** Answers what is asked of one object. */
export function answerObject(
  buckets: Buckets,
  bucketName: string,
  key: ByteKey,
  request: S3Request,
  guard: DeletionGuard,
): S3Answer {
  const bucket = findBucket(buckets, bucketName);
  const subresource = request.query.find(([name]) => ['uploads', 'uploadId', 'acl', 'tagging'].includes(name));
  if (subresource !== undefined) throw notImplemented();
  const versionId = parameter(request, 'versionId');
  if (versionId !== undefined && versionId !== 'null') {
    throw new S3Refusal(400, 'InvalidArgument', 'Invalid version id specified');
  }
  if (request.method === 'GET' || request.method === 'HEAD') return readObject(bucket, key, request);
  if (request.method === 'DELETE') return deleteObject(bucket, key, request, guard);
  if (request.method === 'PUT') return writeObject(buckets, bucket, key, request);
  throw notAllowed();
}

/** An object to store, its ETag computed from the body. */
export function createObject(
  body: Buffer,
  properties: Partial<Pick<StoredObject, 'contentType' | 'metadata' | 'modified'>> = {},
): StoredObject {
  const defaults = { contentType: 'binary/octet-stream', metadata: {}, modified: new Date() };
  return { body, etag: hash('md5', body), ...defaults, ...properties };
}

function readObject(bucket: Bucket, key: ByteKey, request: S3Request): S3Answer {
  const object = bucket.objects.get(key);
  if (object === undefined) {
    throw new S3Refusal(404, 'NoSuchKey', 'The specified key does not exist.', { Key: fromByteKey(key) });
  }
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch, range } = request.headers;
  if (ifMatch !== undefined && !matches(ifMatch, object)) throw preconditionFailed('If-Match');
  if (ifNoneMatch !== undefined && matches(ifNoneMatch, object)) return { status: 304, headers: describe(object) };
  const overrides = request.query
    .filter(([name]) => name.startsWith('response-'))
    .map(([name, value]) => [name.slice('response-'.length), value]);
  const headers = { ...describe(object), ...object.metadata, ...Object.fromEntries(overrides) };
  const part = range === undefined ? undefined : readRange(range, object.body.length);
  if (part === undefined) return { status: 200, headers, body: object.body };
  const contentRange = `bytes ${part.start}-${part.end}/${object.body.length}`;
  return {
    status: 206,
    headers: { ...headers, 'content-range': contentRange },
    body: object.body.subarray(part.start, part.end + 1),
  };
}

function describe(object: StoredObject): Record<string, string> {
  return {
    'content-type': object.contentType,
    'last-modified': object.modified.toUTCString(),
    etag: `"${object.etag}"`,
    'accept-ranges': 'bytes',
  };
}

function readRange(range: string, size: number): { start: number; end: number } | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? [];
  if (first === '' && last === '') return undefined;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (start <= end) return { start, end };
  throw new S3Refusal(416, 'InvalidRange', 'The requested range is not satisfiable', { RangeRequested: range });
}

function writeObject(buckets: Buckets, bucket: Bucket, key: ByteKey, request: S3Request): S3Answer {
  const { 'content-type': contentType, 'x-amz-copy-source': source, 'if-none-match': ifNoneMatch } = request.headers;
  if (Buffer.byteLength(key, 'latin1') > 1024) throw new S3Refusal(400, 'KeyTooLongError', 'Your key is too long');
  if (ifNoneMatch === '*' && bucket.objects.get(key) !== undefined) throw preconditionFailed('If-None-Match');
  checkIntegrity(request);
  const named = Object.entries(request.headers).filter(([name]) => name.startsWith('x-amz-meta-'));
  const given = { ...(contentType === undefined ? {} : { contentType }), metadata: Object.fromEntries(named) };
  if (source === undefined) {
    const object = createObject(request.body, given);
    bucket.objects.put(key, object);
    return { status: 200, headers: { etag: `"${object.etag}"` } };
  }
  const original = findSource(buckets, source);
  const kept = request.headers['x-amz-metadata-directive'] === 'REPLACE' ? given : {};
  const copy = { ...original, ...kept, modified: new Date() };
  bucket.objects.put(key, copy);
  return answerXml('CopyObjectResult', { LastModified: copy.modified.toISOString(), ETag: `"${copy.etag}"` });
}

function findSource(buckets: Buckets, source: string): StoredObject {
  const [, bucketName = '', key = ''] = /^\/?([^/]+)\/([^?]*)/s.exec(source) ?? [];
  const object = findBucket(buckets, bucketName).objects.get(decodePercent(key) as ByteKey);
  if (object !== undefined) return object;
  throw new S3Refusal(404, 'NoSuchKey', 'The specified key does not exist.');
}

function deleteObject(bucket: Bucket, key: ByteKey, request: S3Request, guard: DeletionGuard): S3Answer {
  const refusal = deleteKey(bucket, key, request.headers['if-match'], guard);
  if (refusal !== undefined) throw refusal;
  return { status: 204 };
}

/** Answers DeleteObjects: at most 1,000 keys, each with its own outcome. */
export function deleteObjects(
  buckets: Buckets,
  bucketName: string,
  request: S3Request,
  guard: DeletionGuard,
  charge: (keys: number) => void,
): S3Answer {
  const bucket = findBucket(buckets, bucketName);
  checkIntegrity(request, true);
  const { quiet, items } = parseDelete(request.body.toString('utf8'));
  charge(items.length);
  const outcomes = items.map((item) => ({ item, refusal: deleteItem(bucket, item, guard) }));
  const deleted = quiet ? [] : outcomes.filter(({ refusal }) => refusal === undefined);
  return answerXml('DeleteResult', {
    Deleted: deleted.map(({ item }) => renderNamed(item)),
    Error: outcomes.flatMap(({ item, refusal }) =>
      refusal === undefined
        ? []
        : [{ Key: item.key, VersionId: item.versionId, Code: refusal.code, Message: refusal.message }],
    ),
  });
}

function renderNamed({ key, versionId }: DeleteItem): RenderedXml {
  return new RenderedXml(`<Key>${renderContent(key)}</Key>${renderContent({ VersionId: versionId })}`);
}

function deleteItem(bucket: Bucket, item: DeleteItem, guard: DeletionGuard): S3Refusal | undefined {
  if (item.versionId !== undefined && item.versionId !== 'null') {
    return new S3Refusal(404, 'NoSuchVersion', 'The specified version does not exist.');
  }
  return deleteKey(bucket, toByteKey(item.key), item.etag, guard);
}

// An absent key counts as deleted, with and without a condition.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
function deleteKey(
  bucket: Bucket,
  key: ByteKey,
  ifMatch: string | undefined,
  guard: DeletionGuard,
): S3Refusal | undefined {
  const refusal = guard(bucket.name, fromByteKey(key));
  if (refusal !== undefined) return refusal;
  const object = bucket.objects.get(key);
  if (object !== undefined && ifMatch !== undefined && !matches(ifMatch, object)) return preconditionFailed('If-Match');
  bucket.objects.delete(key);
  return undefined;
}

function matches(condition: string, object: StoredObject): boolean {
  return condition === '*' || condition.replaceAll('"', '') === object.etag;
}

function preconditionFailed(condition: string): S3Refusal {
  const message = 'At least one of the pre-conditions you specified did not hold';
  return new S3Refusal(412, 'PreconditionFailed', message, { Condition: condition });
}

const digests: Readonly<Record<string, (body: Buffer) => string>> = {
  'content-md5': (body) => createHash('md5').update(body).digest('base64'),
  'x-amz-checksum-sha1': (body) => createHash('sha1').update(body).digest('base64'),
  'x-amz-checksum-sha256': (body) => createHash('sha256').update(body).digest('base64'),
  'x-amz-checksum-crc32': (body) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(crc32(body));
    return bytes.toString('base64');
  },
};

// Compares every digest that the request brings with its body; `required` asks for at least one.
function checkIntegrity(request: S3Request, required = false): void {
  const given = Object.keys(request.headers).filter(
    (name) => name === 'content-md5' || /^x-amz-checksum-(?!algorithm|type)/.test(name),
  );
  if (required && given.length === 0) {
    throw new S3Refusal(400, 'InvalidRequest', 'Missing required header for this request: Content-MD5');
  }
  for (const name of given) {
    const digest = digests[name];
    if (digest === undefined) throw notImplemented();
    if (request.headers[name] === digest(request.body)) continue;
    if (name === 'content-md5') {
      throw new S3Refusal(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.');
    }
    throw new S3Refusal(400, 'BadDigest', `The ${name.slice(15).toUpperCase()} you specified did not match`);
  }
}
