import { ListBucketsCommand, ListObjectsV2Command, type ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import type { ListQuery, Page, Place, WalkQuery } from '../../../core/storageClient.ts';
import {
  checkedPage,
  containerEntry,
  containerOf,
  endless,
  folderEntry,
  objectEntry,
  type Start,
  startPage,
} from '../entries.ts';
import { checkPrefix } from '../keys.ts';
import type { S3Connection } from './connection.ts';
import { decoderOf } from './keys.ts';

export const pageSize = 1000;

/** Where a credential begins. */
export function startOf({ options: { bucket, prefix } }: S3Connection): Start {
  return { container: bucket, prefix };
}

/** One page of what stands directly at a place. */
export async function listPage(s3: S3Connection, at: Place, query: ListQuery, signal: AbortSignal): Promise<Page> {
  if (at.kind !== 'root') return listObjects(s3, at, { ...query, delimiter: '/' }, signal);
  const start = startOf(s3);
  return start.container === '' ? listBuckets(s3, query, signal) : startPage(start, query);
}

/** Every object below a place, in the order of their keys' bytes, or those of them that stand behind a key. */
export async function* walkPages(
  s3: S3Connection,
  at: Place,
  { prefix = '', after }: WalkQuery,
  signal: AbortSignal,
): AsyncGenerator<Page> {
  let cursor: string | undefined;
  do {
    const query = cursor === undefined ? { prefix, after } : { prefix, cursor };
    const page = await listObjects(s3, at, query, signal);
    yield page;
    cursor = page.cursor;
  } while (cursor !== undefined);
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
      entries: named.map(({ Name, CreationDate }) => containerEntry(Name ?? '', CreationDate)),
      ...(ContinuationToken === undefined ? {} : { cursor: ContinuationToken }),
    };
  } catch (error) {
    throw s3.fail(error, {}, signal);
  }
}

async function listObjects(
  s3: S3Connection,
  at: Place,
  query: ListQuery & { delimiter?: string; after?: string | undefined },
  signal: AbortSignal,
): Promise<Page> {
  const bucket = containerOf(at);
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
        StartAfter: query.after,
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
  const next = answer.IsTruncated ? answer.NextContinuationToken : undefined;
  if (answer.IsTruncated && next === undefined) throw endless(bucket);
  return checkedPage([...folders, ...objects], {
    container: bucket,
    base,
    next,
    ...(cursor === undefined ? {} : { cursor }),
  });
}
