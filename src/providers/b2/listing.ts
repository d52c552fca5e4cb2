import { isObject, isText, type JsonObject, parseJson } from '../../core/json.ts';
import type { Entry, ListQuery, Page, Place, WalkQuery } from '../../core/storageClient.ts';
import { checkedPage, containerOf, endless, folderEntry, startPage } from '../_shared/entries.ts';
import { checkKey, checkPrefix } from '../_shared/keys.ts';
import { type B2Connection, readBucketList } from './connection.ts';
import { incomplete } from './errors.ts';
import { type B2File, entryOf, readFile } from './files.ts';
import { bucketFor, startFor } from './scope.ts';

const pageSize = 1000;
/** The most that one call about unfinished uploads gives. */
const uploadsPage = 100;
/** More than two, as what is being uploaded stands among them. */
const fewVersions = 5;

interface ListAsked {
  readonly bucket: string;
  readonly base: string;
  readonly prefix: string;
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
  readonly delimiter?: '/';
}

/** One page of what stands directly at a place. */
export async function listPage(b2: B2Connection, at: Place, query: ListQuery, signal: AbortSignal): Promise<Page> {
  if (at.kind === 'root') return await listRoot(b2, query, signal);
  const asked = { ...askedAt(at, query.prefix), cursor: query.cursor, limit: query.limit, delimiter: '/' } as const;
  return query.versions ? await versionsPage(b2, asked, signal) : await namesPage(b2, asked, signal);
}

/** Every object below a place, or behind a name there, in the order of their names' bytes, or with `versions` each of its versions, the newest first. */
export async function* walkPages(
  b2: B2Connection,
  at: Place,
  { prefix, id, versions, after }: WalkQuery,
  signal: AbortSignal,
): AsyncGenerator<Page> {
  const asked = { ...askedAt(at, prefix), ...(id === undefined ? {} : { prefix: id }) };
  const refusal = id === undefined ? undefined : checkKey(id);
  if (refusal) throw refusal;
  let cursor = after;
  do {
    const page: Page = await (versions ? versionsPage : namesPage)(b2, { ...asked, cursor }, signal);
    const entries = id === undefined ? page.entries : page.entries.filter((entry) => entry.id === id);
    // The name itself is where the service begins.
    yield { ...page, entries: entries.filter((entry) => entry.id !== after) };
    // Of all names that begin with a name, that one itself comes first.
    cursor = entries.length < page.entries.length ? undefined : page.cursor;
  } while (cursor !== undefined);
}

/** The newest versions and markers of exactly this name, the newest first: two at least, where there are so many. */
export async function newestVersions(
  b2: B2Connection,
  { container = '', id }: Entry,
  signal: AbortSignal,
): Promise<readonly Entry[]> {
  const found: Entry[] = [];
  let cursor: string | undefined;
  do {
    const asked = { bucket: container, base: '', prefix: id, cursor, limit: fewVersions };
    const page: Page = await versionsPage(b2, asked, signal);
    const own = page.entries.filter((entry) => entry.id === id);
    found.push(...own);
    // Of all names that begin with a name, that one itself comes first.
    cursor = own.length < page.entries.length ? undefined : page.cursor;
  } while (cursor !== undefined && found.length < 2);
  return found;
}

/** One page of what was begun to be uploaded below a place and never finished. */
export async function uploadsPageAt(b2: B2Connection, at: Place, query: ListQuery, signal: AbortSignal): Promise<Page> {
  const { bucket, base, prefix } = askedAt(at, query.prefix);
  const bucketId = await listed(b2, bucket, prefix, signal);
  const parameters = {
    bucketId,
    namePrefix: prefix === '' ? undefined : prefix,
    startFileId: query.cursor,
    maxFileCount: Math.min(query.limit ?? uploadsPage, uploadsPage),
  };
  const reader = (answer: JsonObject) => readPage(answer, 'nextFileId');
  const { files, next } = await b2.read('b2_list_unfinished_large_files', parameters, { bucket }, signal, reader);
  const entries = files.map((file): Entry => {
    const { tag: _, ...entry } = entryOf(bucket, file, base);
    return { ...entry, kind: 'upload', version: { id: file.id, latest: false, marker: false } };
  });
  return checkedPage(entries, { container: bucket, base: prefix, next, ...withCursor(query.cursor) });
}

async function listRoot(b2: B2Connection, query: ListQuery, signal: AbortSignal): Promise<Page> {
  try {
    const account = await b2.account(signal);
    const start = startFor(b2, account);
    if (start.container !== '') return startPage(start, query);
    const names = (account.buckets ?? (await allBuckets(b2, account.accountId, signal))).map(({ name }) => name);
    const rows = names
      .filter((name) => name !== '')
      .sort()
      .flatMap((container) => startPage({ container, prefix: account.namePrefix }, query).entries);
    return { entries: rows };
  } catch (error) {
    throw b2.fail(error, {}, signal);
  }
}

async function allBuckets(b2: B2Connection, accountId: string, signal: AbortSignal) {
  const buckets = await b2.read('b2_list_buckets', { accountId }, {}, signal, readBucketList);
  return buckets.map(({ bucketName }) => {
    if (!isText(bucketName, 1)) throw incomplete(b2.options);
    return { name: bucketName };
  });
}

/** https://www.backblaze.com/apidocs/b2-list-file-names */
async function namesPage(b2: B2Connection, asked: ListAsked, signal: AbortSignal): Promise<Page> {
  const { bucket, base, prefix, cursor } = asked;
  const bucketId = await listed(b2, bucket, prefix, signal);
  const parameters = { ...common(asked), bucketId, startFileName: cursor };
  const reader = (answer: JsonObject) => readPage(answer, 'nextFileName');
  const { files, next } = await b2.read('b2_list_file_names', parameters, { bucket }, signal, reader);
  const entries = files.map((file) => rowOf(bucket, file, base));
  return checkedPage(entries, { container: bucket, base: prefix, next, ...withCursor(cursor) });
}

/** Where a listing of versions goes on, and whether versions of that name were shown before. */
interface VersionCursor {
  readonly name: string;
  readonly id: string | undefined;
  readonly seen: boolean;
}

/** https://www.backblaze.com/apidocs/b2-list-file-versions: what was begun to be uploaded is left out, it is no version yet. */
async function versionsPage(b2: B2Connection, asked: ListAsked, signal: AbortSignal): Promise<Page> {
  const { bucket, base, prefix, cursor } = asked;
  const from = cursor === undefined ? undefined : readCursor(cursor);
  const bucketId = await listed(b2, bucket, prefix, signal);
  const parameters = { ...common(asked), bucketId, startFileName: from?.name, startFileId: from?.id };
  const reader = (answer: JsonObject) => {
    const page = readPage(answer, 'nextFileName');
    return page && { ...page, nextId: isText(answer.nextFileId, 1) ? answer.nextFileId : undefined };
  };
  const { files, next, nextId } = await b2.read('b2_list_file_versions', parameters, { bucket }, signal, reader);
  let shown = from?.seen ? from.name : undefined;
  const entries = files.flatMap((file) => {
    if (file.action === 'start') return [];
    if (file.action === 'folder') return [folderEntry(bucket, file.name, base)];
    const latest = file.name !== shown;
    shown = file.name;
    return [{ ...entryOf(bucket, file, base), version: { id: file.id, latest, marker: file.action === 'hide' } }];
  });
  if (from && next === from.name && nextId === from.id) throw endless(bucket);
  const going = next === undefined ? undefined : JSON.stringify({ name: next, id: nextId, seen: next === shown });
  return checkedPage(entries, { container: bucket, base: prefix, next: going, ...withCursor(cursor) });
}

function rowOf(bucket: string, file: B2File, base: string): Entry {
  return file.action === 'folder' ? folderEntry(bucket, file.name, base) : entryOf(bucket, file, base);
}

function readPage({ files, ...rest }: JsonObject, nextField: string) {
  const next = rest[nextField];
  if (!Array.isArray(files) || (next !== null && !isText(next, 1))) return undefined;
  const read = files.map(readFile);
  return read.every((file) => file !== undefined) ? { files: read, next: next ?? undefined } : undefined;
}

function readCursor(cursor: string): VersionCursor {
  const said = parseJson(cursor);
  const { name, id, seen } = isObject(said) ? said : {};
  return { name: isText(name) ? name : '', id: isText(id, 1) ? id : undefined, seen: seen === true };
}

function common({ prefix, delimiter, limit }: ListAsked) {
  return { prefix: prefix === '' ? undefined : prefix, delimiter, maxFileCount: limit ?? pageSize };
}

/** The id of a bucket of which names that begin so are listed; fails for those that the key is not for. */
async function listed(b2: B2Connection, bucket: string, prefix: string, signal: AbortSignal): Promise<string> {
  const refusal = checkPrefix(prefix);
  if (refusal) throw refusal;
  return await bucketFor(b2, bucket, prefix, signal);
}

function askedAt(at: Place, prefix = ''): { bucket: string; base: string; prefix: string } {
  const base = at.kind === 'folder' ? at.id : '';
  return { bucket: containerOf(at), base, prefix: base + prefix };
}

function withCursor(cursor: string | undefined): { cursor?: string } {
  return cursor === undefined ? {} : { cursor };
}
