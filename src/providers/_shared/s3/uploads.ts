import { ListMultipartUploadsCommand, type ListMultipartUploadsCommandOutput } from '@aws-sdk/client-s3';
import { StorageError } from '../../../core/errors.ts';
import type { Entry, ListQuery, Page, Place } from '../../../core/storageClient.ts';
import { containerOf, endless, objectEntry, strayName } from '../entries.ts';
import { checkPrefix } from '../keys.ts';
import type { S3Connection } from './connection.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { decoderOf } from './keys.ts';
import { pageSize } from './listing.ts';

/** One page of the unfinished uploads below a place, however deep: Ceph lists none when asked with a delimiter. */
export async function listUploads(s3: S3Connection, at: Place, query: ListQuery, signal: AbortSignal): Promise<Page> {
  const bucket = containerOf(at);
  const base = at.kind === 'folder' ? at.id : '';
  const prefix = base + (query.prefix ?? '');
  const refusal = checkPrefix(prefix);
  if (refusal) throw refusal;
  const from = readCursor(query.cursor);
  const ask = (EncodingType: 'url' | undefined) =>
    s3.reader.send(
      new ListMultipartUploadsCommand({
        Bucket: bucket,
        Prefix: prefix,
        MaxUploads: query.limit ?? pageSize,
        EncodingType,
        KeyMarker: from?.key,
        UploadIdMarker: from?.mark,
      }),
      { abortSignal: signal },
    );
  try {
    const answer = await ask('url');
    const saysNothing = answer.EncodingType === undefined && answer.Uploads?.some(({ Key = '' }) => /[%+]/.test(Key));
    const encoding = saysNothing && differs(answer, await ask(undefined)) ? 'url' : answer.EncodingType;
    return readPage(answer, decoderOf(encoding), bucket, base, query.cursor);
  } catch (error) {
    throw s3.fail(error, { bucket }, signal);
  }
}

/**
 * Whether the same uploads have other names when no encoding is asked for. Ceph encodes without saying so; a wrong guess
 * would abort nothing and take the upload for gone.
 */
function differs(encoded: ListMultipartUploadsCommandOutput, plain: ListMultipartUploadsCommandOutput): boolean {
  const names = new Map(plain.Uploads?.map(({ Key, UploadId }) => [UploadId, Key]));
  return encoded.Uploads?.some(({ Key, UploadId }) => names.has(UploadId) && names.get(UploadId) !== Key) ?? false;
}

function readPage(
  answer: ListMultipartUploadsCommandOutput,
  decode: (name: string) => string,
  bucket: string,
  base: string,
  cursor: string | undefined,
): Page {
  const entries = (answer.Uploads ?? []).map(({ Key, UploadId = '', Initiated, StorageClass }): Entry => {
    const key = decode(Key ?? '');
    const entry = objectEntry(bucket, key, key.slice(base.length), { modified: Initiated, storageClass: StorageClass });
    return { ...entry, kind: 'upload', version: { id: UploadId, latest: false, marker: false } };
  });
  if (entries.some(({ id }) => id === '' || !id.startsWith(base))) throw strayName(bucket);
  if (entries.some(({ version }) => version?.id === '')) {
    throw new StorageError('unexpected', `The server listed an upload without its id: ${bucket}`);
  }
  if (!answer.IsTruncated) return { entries };
  const { NextKeyMarker: key, NextUploadIdMarker: mark } = answer;
  const last = entries.at(-1)?.id;
  const next = writeCursor({ key: key === undefined || key === last ? key : decode(key), mark });
  if (next === undefined || next === cursor) throw endless(bucket);
  return { entries, cursor: next };
}
