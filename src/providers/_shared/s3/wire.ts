import { isAscii } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { S3Client, ServiceInputTypes, ServiceOutputTypes } from '@aws-sdk/client-s3';
import type { BuildMiddleware, DeserializeMiddleware, FinalizeRequestMiddleware } from '@smithy/types';
import { StorageError } from '../../../core/errors.ts';
import { encodeKey } from '../keys.ts';
import { withList, withoutList } from './deleteList.ts';
import { type SplitAnswer, splitAnswer } from './rows.ts';

/** Makes every request of a client exact and every answer whole, or fails before it can do harm. */
export function guardWire(client: S3Client): void {
  const { middlewareStack } = client;
  middlewareStack.add(withoutList, { step: 'serialize', name: 'withoutList', priority: 'high' });
  middlewareStack.add(withList, { step: 'serialize', name: 'withList', priority: 'low' });
  middlewareStack.add(contentMd5, { step: 'build', name: 'contentMd5', priority: 'low' });
  middlewareStack.add(exactTarget, { step: 'finalizeRequest', name: 'exactTarget', priority: 'low' });
  middlewareStack.add(wholeAnswer, { step: 'deserialize', name: 'wholeAnswer', priority: 'low' });
  middlewareStack.add(withRows, { step: 'deserialize', name: 'withRows', priority: 'high' });
}

type Build = BuildMiddleware<ServiceInputTypes, ServiceOutputTypes>;
type Finalize = FinalizeRequestMiddleware<ServiceInputTypes, ServiceOutputTypes>;
type Deserialize = DeserializeMiddleware<ServiceInputTypes, ServiceOutputTypes>;

interface Request {
  method: string;
  hostname: string;
  path: string;
  headers: Record<string, string>;
  query?: Record<string, string | string[] | null>;
  body?: unknown;
}

interface Response {
  statusCode: number;
  body?: unknown;
}

/**
 * Content-MD5 on DeleteObjects and on lifecycle rules in place of the newer checksums: Swift, older Ceph and others refuse without it.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
 */
const contentMd5: Build = (next, context) => async (args) => {
  const request = args.request as Request;
  if (md5Commands.has(context.commandName) && isBody(request.body)) {
    for (const name of Object.keys(request.headers)) {
      if (/^x-amz-(checksum-|sdk-checksum-algorithm)/i.test(name)) delete request.headers[name];
    }
    request.headers['content-md5'] = createHash('md5').update(request.body).digest('base64');
  }
  return next(args);
};

const md5Commands: ReadonlySet<unknown> = new Set(['DeleteObjectsCommand', 'PutBucketLifecycleConfigurationCommand']);

/**
 * Before a delete leaves, bucket and key must stand where they belong, each encoded and whole: a path that lost the key
 * would delete the bucket, and one that lost the bucket would delete the bucket that is called like the key. A request
 * that lost the upload or the version would delete the object, and one that takes lifecycle rules away and lost that word would delete the bucket. Only the
 * commands that are for it may go out without a key.
 */
const exactTarget: Finalize = (next, context) => async (args) => {
  const request = args.request as Request;
  const { Bucket: bucket = '', Key: key } = args.input as { Bucket?: string; Key?: string };
  const ofRules = context.commandName === 'DeleteBucketLifecycleCommand';
  const ofBucket =
    ofRules || context.commandName === 'DeleteBucketCommand' || context.commandName === 'DeleteObjectsCommand';
  const deletes = request.method === 'DELETE' || ofBucket;
  const saysRules = request.query?.lifecycle !== undefined;
  const keyFits =
    ofRules !== saysRules
      ? false
      : ofBucket
        ? key === undefined
        : key !== undefined && key !== '' && namesItsPart(request, args.input);
  if (deletes && !(keyFits && bucket !== '' && isExact(request, bucket, encodeKey(key ?? '')))) {
    const name = key === undefined ? bucket : `${bucket}/${key}`;
    throw new StorageError('unsupported', `This name can't be addressed exactly, so it was left alone: ${name}`);
  }
  return next(args);
};

function isExact({ hostname, path }: Request, bucket: string, encodedKey: string): boolean {
  // The host of an access point is made of the parts of its ARN.
  const inHost = bucket !== '' && (hostname.startsWith(`${bucket}.`) || bucket.startsWith('arn:'));
  const inPath = !bucket.includes('/') && path === `/${encodeKey(bucket)}/${encodedKey}`;
  return inPath || (inHost && path === `/${encodedKey}`);
}

function namesItsPart({ query = {} }: Request, input: ServiceInputTypes): boolean {
  const { VersionId, UploadId } = input as { VersionId?: string; UploadId?: string };
  return query.versionId === VersionId && query.uploadId === UploadId && query.uploadId !== '';
}

const roots: Readonly<Record<string, string>> = {
  ListObjectsV2Command: 'ListBucketResult',
  ListBucketsCommand: 'ListAllMyBucketsResult',
  GetBucketVersioningCommand: 'VersioningConfiguration',
  ListMultipartUploadsCommand: 'ListMultipartUploadsResult',
  ListObjectVersionsCommand: 'ListVersionsResult',
  DeleteObjectsCommand: 'DeleteResult',
  GetBucketLifecycleConfigurationCommand: 'LifecycleConfiguration',
};

/**
 * An answer counts only when it is whole: a listing that was cut off, or a login page with status 200, is an error and
 * no short listing; a 200 with a text behind it is no deleted object.
 */
const wholeAnswer: Deserialize = (next, context) => async (args) => {
  const result = await next(args);
  const response = result.response as Response;
  const root = roots[String(context.commandName)];
  const single = context.commandName === 'DeleteObjectCommand' || context.commandName === 'AbortMultipartUploadCommand';
  if ((root === undefined && !single) || response.statusCode < 200 || response.statusCode >= 300) return result;
  const bytes = await collect(response.body);
  response.body = bytes;
  const text = textOf(bytes).trim();
  if (text.endsWith('</Error>')) response.statusCode = 503;
  else if (single ? text !== '' : !endsWithRoot(text, root ?? '')) throw incomplete();
  else if (root !== undefined) split(response, splitAnswer(root, text));
  return result;
};

/** The rows of answers that the SDK is reading. */
const taken = new WeakMap<object, SplitAnswer['rows']>();

function split(response: Response, answer: SplitAnswer | undefined): void {
  if (!answer) return;
  taken.set(response, answer.rows);
  response.body = Buffer.from(answer.rest);
}

/** Gives an answer back the rows that the SDK didn't have to read. */
const withRows: Deserialize = (next) => async (args) => {
  const result = await next(args);
  const rows = taken.get(result.response as object);
  return rows === undefined ? result : { ...result, output: { ...result.output, ...rows } as ServiceOutputTypes };
};

/** Most lists are plain: keys come percent-encoded. */
function textOf(bytes: Uint8Array): string {
  return isAscii(bytes)
    ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
    : new TextDecoder().decode(bytes);
}

function endsWithRoot(text: string, root: string): boolean {
  return text.endsWith(`</${root}>`) || new RegExp(`<${root}[^<>]*/>$`).test(text);
}

/** The SDK's retry reads `$retryable`. */
function incomplete(): StorageError {
  const error = new StorageError('unexpected', "The server's answer was cut off or is no S3 answer.", {
    retryable: true,
    hint: 'Check that the endpoint is an S3 service, and try again.',
  });
  return Object.assign(error, { $retryable: {} });
}

async function collect(body: unknown): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body;
  const chunks: Uint8Array[] = [];
  for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function isBody(body: unknown): body is string | Uint8Array {
  return typeof body === 'string' || body instanceof Uint8Array;
}
