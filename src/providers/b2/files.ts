import { StorageError } from '../../core/errors.ts';
import { isObject, isText, type JsonObject } from '../../core/json.ts';
import type { Entry, Lock } from '../../core/storageClient.ts';
import { objectEntry } from '../_shared/entries.ts';
import { checkKey, encodeKey, encodeSegment } from '../_shared/keys.ts';
import { readAtMost } from '../_shared/readAtMost.ts';
import { repeated } from '../_shared/repeated.ts';
import type { B2Connection } from './connection.ts';
import { incomplete } from './errors.ts';
import { bucketFor } from './scope.ts';

/** One version of a file as lists and answers describe it. https://www.backblaze.com/docs/cloud-storage-file-versions */
export interface B2File {
  readonly name: string;
  /** '' of a folder. */
  readonly id: string;
  readonly action: string;
  readonly size: number | undefined;
  readonly uploaded: number | undefined;
  readonly said: JsonObject;
}

/** The file that an answer describes; undefined when it isn't whole. */
export function readFile(said: unknown): B2File | undefined {
  if (!isObject(said)) return undefined;
  const { fileName, fileId, action, contentLength, size, uploadTimestamp } = said;
  if (!isText(fileName, 1) || !isText(action, 1)) return undefined;
  if (action !== 'folder' && !isText(fileId, 1)) return undefined;
  const bytes = contentLength ?? size;
  return {
    name: fileName,
    id: isText(fileId) ? fileId : '',
    action,
    size: typeof bytes === 'number' ? bytes : undefined,
    uploaded: typeof uploadTimestamp === 'number' ? uploadTimestamp : undefined,
    said,
  };
}

/** @param base the beginning of the prefix that the place shown stands for */
export function entryOf(bucket: string, file: B2File, base: string): Entry {
  const entry = objectEntry(bucket, file.name, file.name.slice(base.length), {
    size: file.action === 'hide' ? undefined : file.size,
    modified: file.uploaded === undefined ? undefined : new Date(file.uploaded),
    tag: file.id,
  });
  const locks = locksOf(file);
  return locks.length === 0 ? entry : { ...entry, locks };
}

/** What keeps a version from being deleted, where the key may read it; a retention of the past is left out. */
export function locksOf({ said: { fileRetention, legalHold } }: B2File): readonly Lock[] {
  const { mode, retainUntilTimestamp } = readable(fileRetention);
  const until = typeof retainUntilTimestamp === 'number' ? retainUntilTimestamp : 0;
  const hold = isObject(legalHold) && legalHold.value === 'on';
  return [
    ...(hold ? [{ kind: 'legal-hold' } as const] : []),
    ...(until > Date.now() ? [{ kind: 'retention', bypassable: mode === 'governance', until } as const] : []),
  ];
}

/** The file that a name stands for now; fails with 'not-found' where there is none or it is hidden. */
export async function currentFile(b2: B2Connection, bucket: string, key: string, signal: AbortSignal): Promise<B2File> {
  const bucketId = await bucketFor(b2, bucket, key, signal);
  const about = { bucket, key };
  // Of all names that begin with a name, that one itself comes first.
  const parameters = { bucketId, prefix: key, maxFileCount: 1 };
  const files = await b2.read('b2_list_file_names', parameters, about, signal, ({ files }) =>
    Array.isArray(files) ? files : undefined,
  );
  const file = readFile(files[0]);
  if (files.length > 0 && !file?.name.startsWith(key)) throw incomplete(b2.subject(about));
  if (file?.name === key) return file;
  throw new StorageError('not-found', `There is no such object: ${key}`);
}

/** One version, by its id; fails where that is another name's. */
export async function versionOf(
  b2: B2Connection,
  bucket: string,
  key: string,
  fileId: string,
  signal: AbortSignal,
): Promise<B2File> {
  await bucketFor(b2, bucket, key, signal);
  const about = { bucket, key };
  const file = await b2.read('b2_get_file_info', { fileId }, about, signal, readFile);
  if (file.name !== key || file.id !== fileId) throw incomplete(b2.subject(about));
  return file;
}

/** What the server knows of an entry: of the version that it names, or of the file that its name stands for. */
export async function fileOf(b2: B2Connection, entry: Entry, signal: AbortSignal): Promise<B2File> {
  const { bucket, key } = addressOf(entry);
  const { version } = entry;
  return version ? await versionOf(b2, bucket, key, version.id, signal) : await currentFile(b2, bucket, key, signal);
}

export async function statFile(b2: B2Connection, entry: Entry, signal: AbortSignal): Promise<Entry> {
  const file = await fileOf(b2, entry, signal);
  const now = { ...entryOf(entry.container ?? '', file, ''), name: entry.name };
  return entry.version ? { ...now, version: entry.version } : now;
}

/** The content of a file; believed only when the answer says that it is this one's. */
export async function readContent(
  b2: B2Connection,
  entry: Entry,
  limit: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { bucket, key } = addressOf(entry);
  const about = { bucket, key };
  await bucketFor(b2, bucket, key, signal);
  const id = entry.version?.id;
  const target =
    id === undefined
      ? `/file/${encodeSegment(bucket)}/${encodeKey(key)}`
      : `/b2api/v4/b2_download_file_by_id?fileId=${encodeSegment(id)}`;
  const { headers, body } = await repeated(() => b2.download(target, about, signal), signal);
  try {
    const another =
      decodeHeader(headers['x-bz-file-name']) !== key || (id ?? headers['x-bz-file-id']) !== headers['x-bz-file-id'];
    if (another) {
      body.destroy();
      throw new StorageError('unexpected', `The server answered with something else than: ${key}`);
    }
    const length = headers['content-length'];
    return await readAtMost(body, limit, length === undefined ? undefined : Number(length), entry);
  } catch (error) {
    body.destroy();
    throw b2.fail(error, about, signal);
  }
}

/** Fails for what can't be addressed. */
export function addressOf({ container = '', id }: Entry): { bucket: string; key: string } {
  const refusal = checkKey(id);
  if (refusal) throw refusal;
  return { bucket: container, key: id };
}

/** What of a field stands there for those who may read it. */
export function readable(field: unknown): JsonObject {
  return isObject(field) && isObject(field.value) ? field.value : {};
}

/** A name in a header, where a plus sign stands for a space. https://www.backblaze.com/docs/cloud-storage-native-api-string-encoding */
function decodeHeader(written: string | undefined): string | undefined {
  try {
    return written === undefined ? undefined : decodeURIComponent(written.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
