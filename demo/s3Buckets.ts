import { listPage } from './listing.ts';
import { type ByteKey, fromByteKey, ObjectStore, type StoredObject } from './objectStore.ts';
import {
  encodeForListing,
  parameter,
  RenderedXml,
  renderContent,
  renderXml,
  type S3Answer,
  S3Refusal,
  type S3Request,
  type XmlValue,
} from './s3Protocol.ts';

/** A bucket and what is in it. */
export interface Bucket {
  readonly name: string;
  readonly created: Date;
  readonly objects: ObjectStore;
}

/** All buckets by name. */
export type Buckets = Map<string, Bucket>;

const owner = { ID: 'demo', DisplayName: 'demo' };
const xmlHeaders = { 'content-type': 'application/xml' };

/** The bucket of that name; throws NoSuchBucket. */
export function findBucket(buckets: Buckets, name: string): Bucket {
  const bucket = buckets.get(name);
  if (bucket !== undefined) return bucket;
  throw new S3Refusal(404, 'NoSuchBucket', 'The specified bucket does not exist', { BucketName: name });
}

/** Makes an empty bucket; throws for a name that S3 refuses or that exists. */
export function createBucket(buckets: Buckets, name: string): Bucket {
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) {
    throw new S3Refusal(400, 'InvalidBucketName', 'The specified bucket is not valid.', { BucketName: name });
  }
  if (buckets.has(name)) {
    const message = 'Your previous request to create the named bucket succeeded and you already own it.';
    throw new S3Refusal(409, 'BucketAlreadyOwnedByYou', message, { BucketName: name });
  }
  const bucket = { name, created: new Date(), objects: new ObjectStore() };
  buckets.set(name, bucket);
  return bucket;
}

/** Answers what is asked of the service itself: the list of buckets. */
export function answerService(buckets: Buckets, request: S3Request): S3Answer {
  if (request.method !== 'GET') throw notAllowed();
  const prefix = parameter(request, 'prefix') ?? '';
  const after = parameter(request, 'continuation-token') ?? '';
  const limit = readLimit(request, 'max-buckets', 10_000);
  const names = [...buckets.keys()].filter((name) => name.startsWith(prefix) && name > after).sort();
  const page = names.slice(0, limit);
  const listed = page.map((name) => ({ Name: name, CreationDate: buckets.get(name)?.created.toISOString() }));
  const more = names.length > limit ? { ContinuationToken: page.at(-1) } : {};
  return answerXml('ListAllMyBucketsResult', { Owner: owner, Buckets: { Bucket: listed }, ...more });
}

/** Answers what is asked of one bucket, DeleteObjects apart. */
export function answerBucket(buckets: Buckets, name: string, request: S3Request): S3Answer {
  if (request.method === 'PUT' && request.query.every(([key]) => key === 'x-id')) {
    createBucket(buckets, name);
    return { status: 200, headers: { location: `/${name}` } };
  }
  const bucket = findBucket(buckets, name);
  if (request.method === 'HEAD') return { status: 200, headers: { 'x-amz-bucket-region': 'us-east-1' } };
  if (request.method === 'DELETE') return deleteBucket(buckets, bucket, request);
  if (request.method === 'GET') return answerAbout(bucket, request);
  throw notAllowed();
}

function deleteBucket(buckets: Buckets, bucket: Bucket, request: S3Request): S3Answer {
  if (request.query.some(([key]) => key !== 'x-id')) throw notImplemented();
  if (bucket.objects.size > 0) {
    const message = 'The bucket you tried to delete is not empty';
    throw new S3Refusal(409, 'BucketNotEmpty', message, { BucketName: bucket.name });
  }
  buckets.delete(bucket.name);
  return { status: 204 };
}

const absentConfigurations: Readonly<Record<string, readonly [code: string, message: string]>> = {
  policy: ['NoSuchBucketPolicy', 'The bucket policy does not exist'],
  lifecycle: ['NoSuchLifecycleConfiguration', 'The lifecycle configuration does not exist'],
  tagging: ['NoSuchTagSet', 'The TagSet does not exist'],
  cors: ['NoSuchCORSConfiguration', 'The CORS configuration does not exist'],
  'object-lock': ['ObjectLockConfigurationNotFoundError', 'Object Lock configuration does not exist for this bucket'],
};

const listParameters = new Set(
  'list-type prefix delimiter marker start-after continuation-token max-keys encoding-type fetch-owner x-id'.split(' '),
);

function answerAbout(bucket: Bucket, request: S3Request): S3Answer {
  const subresource = request.query.find(([key]) => !listParameters.has(key) && !/^x-amz-/i.test(key))?.[0];
  if (subresource === undefined) {
    return parameter(request, 'list-type') === '2' ? listObjectsV2(bucket, request) : listObjects(bucket, request);
  }
  if (subresource === 'location') return answerXml('LocationConstraint', '');
  if (subresource === 'versioning') return answerXml('VersioningConfiguration', '');
  if (request.query.some(([key]) => key === 'versions')) return listVersions(bucket, request);
  if (request.query.some(([key]) => key === 'uploads')) return noUploads(bucket, request);
  const absent = absentConfigurations[subresource];
  if (absent !== undefined) throw new S3Refusal(404, ...absent);
  throw notImplemented();
}

function listObjectsV2(bucket: Bucket, request: S3Request): S3Answer {
  const token = parameter(request, 'continuation-token');
  const startAfter = parameter(request, 'start-after');
  const after = token === undefined ? (startAfter ?? '') : readToken(token);
  const list = readList(bucket, request, after);
  return answerXml('ListBucketResult', {
    ...list.common,
    KeyCount: list.page.objects.length + list.page.commonPrefixes.length,
    StartAfter: list.encode(startAfter),
    ContinuationToken: token,
    NextContinuationToken: list.page.next && Buffer.from(list.page.next, 'latin1').toString('base64url'),
    Contents: list.describeAll(parameter(request, 'fetch-owner') === 'true' ? { Owner: owner } : {}),
    CommonPrefixes: list.commonPrefixes,
  });
}

function listObjects(bucket: Bucket, request: S3Request): S3Answer {
  const list = readList(bucket, request, parameter(request, 'marker') ?? '');
  return answerXml('ListBucketResult', {
    ...list.common,
    Marker: list.encode(parameter(request, 'marker') ?? ''),
    NextMarker: parameter(request, 'delimiter') ? list.encode(list.page.next) : undefined,
    Contents: list.describeAll({ Owner: owner }),
    CommonPrefixes: list.commonPrefixes,
  });
}

function listVersions(bucket: Bucket, request: S3Request): S3Answer {
  const list = readList(bucket, request, parameter(request, 'key-marker') ?? '');
  const version = { VersionId: 'null', IsLatest: true, Owner: owner };
  return answerXml('ListVersionsResult', {
    ...list.common,
    KeyMarker: list.encode(parameter(request, 'key-marker') ?? ''),
    NextKeyMarker: list.encode(list.page.next),
    NextVersionIdMarker: list.page.next && 'null',
    Version: list.describeAll(version),
    CommonPrefixes: list.commonPrefixes,
  });
}

function noUploads(bucket: Bucket, request: S3Request): S3Answer {
  const EncodingType = parameter(request, 'encoding-type');
  return answerXml('ListMultipartUploadsResult', { Bucket: bucket.name, EncodingType, IsTruncated: false });
}

// What the three listings share: the page, and names encoded as asked.
function readList(bucket: Bucket, request: S3Request, after: string) {
  const read = (name: string) => (parameter(request, name) ?? '') as ByteKey;
  const encoding = parameter(request, 'encoding-type');
  const encode = (bytes: string | undefined) =>
    bytes === undefined ? undefined : encoding === 'url' ? encodeForListing(bytes) : fromByteKey(bytes);
  const maxKeys = Math.min(readLimit(request, 'max-keys', 1000), 1000);
  const query = { prefix: read('prefix'), delimiter: read('delimiter'), after: after as ByteKey, maxKeys };
  const page = listPage(bucket.objects, query);
  return {
    page,
    encode,
    common: {
      Name: bucket.name,
      Prefix: encode(query.prefix),
      Delimiter: query.delimiter === '' ? undefined : encode(query.delimiter),
      MaxKeys: maxKeys,
      EncodingType: encoding,
      IsTruncated: page.next !== undefined,
    },
    commonPrefixes: page.commonPrefixes.map((prefix) => ({ Prefix: encode(prefix) })),
    /** A row for each object; `more` stands in each of them. */
    describeAll: (more: XmlValue) => {
      const behind = renderContent(more);
      return page.objects.map(
        ({ key, object }) => new RenderedXml(renderContent({ Key: encode(key) }) + factsOf(object) + behind),
      );
    },
  };
}

const rendered = new WeakMap<StoredObject, string>();

/** What a row says beside the key: the same for every key that an object stands under. */
function factsOf(object: StoredObject): string {
  const known = rendered.get(object);
  if (known !== undefined) return known;
  const facts = renderContent({
    LastModified: object.modified.toISOString(),
    ETag: `"${object.etag}"`,
    Size: object.body.length,
    StorageClass: 'STANDARD',
  });
  rendered.set(object, facts);
  return facts;
}

function readLimit(request: S3Request, name: string, fallback: number): number {
  const text = parameter(request, name);
  if (text === undefined || text === '') return fallback;
  if (/^\d+$/.test(text)) return Number(text);
  throw new S3Refusal(400, 'InvalidArgument', `Provided ${name} not an integer or within integer range`);
}

function readToken(token: string): string {
  if (/^[A-Za-z0-9_-]+$/.test(token)) return Buffer.from(token, 'base64url').toString('latin1');
  throw new S3Refusal(400, 'InvalidArgument', 'The continuation token provided is incorrect');
}

/** A document as answer. */
export function answerXml(name: string, value: Parameters<typeof renderXml>[1]): S3Answer {
  return { status: 200, headers: xmlHeaders, body: renderXml(name, value) };
}

/** S3's refusal of a method. */
export function notAllowed(): S3Refusal {
  return new S3Refusal(405, 'MethodNotAllowed', 'The specified method is not allowed against this resource.');
}

/** S3's refusal of what this server lacks. */
export function notImplemented(): S3Refusal {
  return new S3Refusal(501, 'NotImplemented', 'A header or query you provided implies functionality not implemented.');
}
