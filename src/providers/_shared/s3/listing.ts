import { ListBucketsCommand, ListObjectsV2Command, type ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import { StorageError } from '../../../core/errors.ts';
import type { Entry, ListQuery, Page, Place } from '../../../core/storageClient.ts';
import type { S3Connection } from './connection.ts';
import { checkPrefix, decoderOf } from './keys.ts';

export const pageSize = 1000;

/** Where a credential begins: all its buckets, one bucket, or one prefix in it. */
export function startOf({ options: { bucket, prefix } }: S3Connection): Place {
  if (bucket === '') return { kind: 'root' };
  return prefix === '' ? { kind: 'container', id: bucket } : { kind: 'folder', container: bucket, id: prefix };
}

/** One page of what stands directly at a place. */
export async function listPage(s3: S3Connection, at: Place, query: ListQuery, signal: AbortSignal): Promise<Page> {
  if (at.kind !== 'root') return listObjects(s3, at, { ...query, delimiter: '/' }, signal);
  const start = startOf(s3);
  if (start.kind === 'root') return listBuckets(s3, query, signal);
  const entry = start.kind === 'container' ? bucketEntry(start.id) : startFolder(start.container ?? '', start.id);
  return { entries: query.cursor === undefined && entry.name.startsWith(query.prefix ?? '') ? [entry] : [] };
}

/** Every object below a place, in the order of their keys' bytes. */
export async function* walkPages(s3: S3Connection, at: Place, prefix: string | undefined, signal: AbortSignal) {
  let cursor: string | undefined;
  do {
    const query = { ...(cursor === undefined ? {} : { cursor }), ...(prefix === undefined ? {} : { prefix }) };
    const page = await listObjects(s3, at, query, signal);
    yield page;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/** The bucket that a place lies in. */
export function bucketOf(at: Place): string {
  if (at.kind === 'container') return at.id;
  if (at.kind === 'folder' && at.container !== undefined) return at.container;
  throw new StorageError('unsupported', 'This needs a bucket.');
}

export function objectEntry(bucket: string, key: string, name: string, facts: ObjectFacts): Entry {
  const { size, modified, tag, storageClass } = facts;
  return {
    kind: 'object',
    container: bucket,
    id: key,
    name,
    path: `${bucket}/${key}`,
    ...(size === undefined ? {} : { size }),
    ...(modified === undefined ? {} : { modified: modified.getTime() }),
    ...(tag === undefined ? {} : { tag }),
    ...(storageClass === undefined ? {} : { storageClass }),
  };
}

interface ObjectFacts {
  readonly size?: number | undefined;
  readonly modified?: Date | undefined;
  readonly tag?: string | undefined;
  readonly storageClass?: string | undefined;
}

async function listBuckets(s3: S3Connection, query: ListQuery, signal: AbortSignal): Promise<Page> {
  try {
    const { Buckets, ContinuationToken } = await s3.reader.send(
      new ListBucketsCommand({
        ...(query.cursor === undefined ? {} : { ContinuationToken: query.cursor }),
        ...(query.prefix === undefined ? {} : { Prefix: query.prefix }),
        ...(s3.options.customEndpoint ? {} : { MaxBuckets: pageSize }),
      }),
      { abortSignal: signal },
    );
    const named = (Buckets ?? []).filter(({ Name }) => Name?.startsWith(query.prefix ?? ''));
    return {
      entries: named.map(({ Name, CreationDate }) => bucketEntry(Name ?? '', CreationDate)),
      ...(ContinuationToken === undefined ? {} : { cursor: ContinuationToken }),
    };
  } catch (error) {
    throw s3.fail(error, {}, signal);
  }
}

async function listObjects(
  s3: S3Connection,
  at: Place,
  query: ListQuery & { delimiter?: string },
  signal: AbortSignal,
): Promise<Page> {
  const bucket = bucketOf(at);
  const base = at.kind === 'folder' ? at.id : '';
  const prefix = base + (query.prefix ?? '');
  const refusal = checkPrefix(prefix);
  if (refusal) throw refusal;
  try {
    const answer = await s3.reader.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        Delimiter: query.delimiter,
        MaxKeys: query.limit ?? pageSize,
        // Raw XML can't carry every key: a listed "\n" arrives as ''.
        EncodingType: 'url',
        ContinuationToken: query.cursor,
      }),
      { abortSignal: signal },
    );
    return readPage(answer, bucket, base, query.cursor);
  } catch (error) {
    throw s3.fail(error, { bucket }, signal);
  }
}

function readPage(answer: ListObjectsV2CommandOutput, bucket: string, base: string, cursor: string | undefined): Page {
  const decode = decoderOf(answer.EncodingType);
  const folders = (answer.CommonPrefixes ?? []).map(({ Prefix }) => folderEntry(bucket, decode(Prefix ?? ''), base));
  const objects = (answer.Contents ?? []).map(({ Key, Size, LastModified, ETag, StorageClass }) => {
    const key = decode(Key ?? '');
    const facts = { size: Size, modified: LastModified, tag: ETag, storageClass: StorageClass };
    return objectEntry(bucket, key, key.slice(base.length), facts);
  });
  if ([...folders, ...objects].some(({ id }) => id === '' || !id.startsWith(base))) throw strayName(bucket);
  const next = answer.IsTruncated ? answer.NextContinuationToken : undefined;
  if (answer.IsTruncated && (next === undefined || next === cursor)) throw endless(bucket);
  return { entries: [...folders, ...objects], ...(next === undefined ? {} : { cursor: next }) };
}

export function bucketEntry(name: string, created?: Date): Entry {
  return {
    kind: 'container',
    id: name,
    name,
    path: name,
    ...(created === undefined ? {} : { modified: created.getTime() }),
  };
}

export function folderEntry(bucket: string, prefix: string, base: string): Entry {
  const name = prefix.slice(base.length).replace(/\/$/, '');
  return { kind: 'folder', container: bucket, id: prefix, name, path: `${bucket}/${prefix}` };
}

/** A folder that stands where buckets would: its name says the bucket too. */
function startFolder(bucket: string, prefix: string): Entry {
  return { ...folderEntry(bucket, prefix, ''), name: `${bucket}/${prefix.replace(/\/$/, '')}` };
}

export function strayName(bucket: string): StorageError {
  return new StorageError('unexpected', `The server listed a name that does not belong there: ${bucket}`, {
    hint: 'Nothing can be deleted safely from such a listing. Tell the operator of the server.',
  });
}

export function endless(bucket: string): StorageError {
  return new StorageError('unexpected', `The server says there is more but not where it continues: ${bucket}`);
}
