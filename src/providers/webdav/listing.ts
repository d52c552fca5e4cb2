import { StorageError } from '../../core/errors.ts';
import type { Entry, ListQuery, Page, Place, WalkQuery } from '../../core/storageClient.ts';
import { strayName } from '../_shared/entries.ts';
import { folderPage, walkFolders } from '../_shared/files.ts';
import { unexpectedAnswer, webRefusal } from '../_shared/webErrors.ts';
import { depthIn, partsOf, readable, webEntry } from '../_shared/webPaths.ts';
import { type DavConnection, folderOf } from './connection.ts';
import { type DavResource, isFolder, properties, propertyOf } from './multistatus.ts';

/** Folders that are listed at once. */
const foldersAtOnce = 8;

/** What a row of a listing needs. */
const rowProperties = [properties.kind, properties.size, properties.modified, properties.tag];

export async function listPage(server: DavConnection, at: Place, query: ListQuery, signal: AbortSignal): Promise<Page> {
  return folderPage((await listFolder(server, folderOf(server, at), signal)).entries, query);
}

/** Everything below a place, folder by folder: a server is never asked for all of it at once. */
export async function* walkPages(
  server: DavConnection,
  at: Place,
  { prefix = '' }: WalkQuery,
  signal: AbortSignal,
): AsyncGenerator<Page> {
  const top = folderOf(server, at);
  const list = async (folder: string) => {
    const { entries } = await listFolder(server, folder, signal);
    return folder === top ? entries.filter(({ name }) => name.startsWith(prefix)) : entries;
  };
  yield* walkFolders(top, list, foldersAtOnce);
}

/** A folder as a listing tells of it. */
export interface ListedFolder {
  readonly itself: DavResource;
  readonly entries: readonly Entry[];
}

/**
 * What is directly in a folder. Believed only when the answer tells of the folder itself, and of nothing that does not lie
 * directly in it: a name that leads elsewhere refuses the whole.
 */
export async function listFolder(server: DavConnection, folder: string, signal: AbortSignal): Promise<ListedFolder> {
  const resources = await server.propfind(folder, 1, rowProperties, signal);
  const inFolder = partsOf(folder) ?? [];
  const entries = new Map<string, Entry>();
  let itself: DavResource | undefined;
  for (const resource of resources) {
    const parts = resource.path === undefined ? undefined : partsOf(resource.path);
    const depth = parts && depthIn(inFolder, parts);
    if (depth === 0 && !itself) itself = resource;
    else if (depth === 1 && parts && !entries.has(parts.join('/'))) {
      const entry = entryOf(server, resource);
      if (entry) entries.set(parts.join('/'), entry);
    } else throw stray(folder, resource);
  }
  if (!itself) throw unexpectedAnswer(server.subject(folder), 'The folder itself is not in its listing.');
  if (isFolder(itself) !== true) throw notFolder(folder);
  return { itself, entries: [...entries.values()] };
}

/** One file or folder by itself; fails with 'not-found' when it is gone. */
export async function resourceAt(
  server: DavConnection,
  { id }: Entry,
  asked: readonly (typeof properties)[keyof typeof properties][],
  signal: AbortSignal,
): Promise<DavResource> {
  const parts = partsOf(id);
  if (!parts) throw new StorageError('unsupported', `This path does not lead to one thing alone: ${readable(id)}`);
  const [resource, ...others] = await server.propfind(id, 0, asked, signal);
  const found = resource?.path === undefined ? undefined : partsOf(resource.path);
  if (!resource || others.length > 0 || !found || depthIn(parts, found) !== 0) throw stray(id, resource);
  return resource;
}

export async function statEntry(server: DavConnection, entry: Entry, signal: AbortSignal): Promise<Entry> {
  const now = entryOf(server, await resourceAt(server, entry, rowProperties, signal));
  if (!now) throw webRefusal(gone, server.subject(entry.id));
  if (now.kind === entry.kind) return now;
  throw new StorageError('changed', `Something else is there now: ${readable(entry.id)}`);
}

/** What tells one content of a file from another, as the server writes it: its tag, or where it has none its date. */
function tagOf(resource: DavResource): string | undefined {
  const tag = propertyOf(resource, properties.tag);
  const known = tag !== undefined && /^(W\/)?"[\x21\x23-\x7e]*"$/.test(tag);
  return known ? tag : propertyOf(resource, properties.modified);
}

/** Whether a tag can be a condition: a weak one does not tell what is the same byte for byte. */
export function isStrong(tag: string | undefined): tag is string {
  return tag?.startsWith('"') ?? false;
}

/** A tag without the mark of a weak one. */
export function opaque(tag: string | undefined): string | undefined {
  return tag?.replace(/^W\//, '');
}

/** The tag of a resource that can be a condition; undefined where it has none. */
export function strongTag(resource: DavResource): string | undefined {
  const tag = tagOf(resource);
  return isStrong(tag) ? tag : undefined;
}

const gone = { status: 404, headers: {}, body: Buffer.alloc(0) };

/** Undefined for what has gone while it was listed. */
function entryOf(server: DavConnection, resource: DavResource): Entry | undefined {
  const { path = '', status } = resource;
  if (status === 404) return undefined;
  if (status !== undefined && status !== 200) throw webRefusal({ ...gone, status }, server.subject(path));
  const folder = isFolder(resource);
  if (folder === undefined) {
    throw unexpectedAnswer(server.subject(path), 'The server does not say whether this is a folder.');
  }
  const modified = Date.parse(propertyOf(resource, properties.modified) ?? '');
  const facts = { modified: Number.isNaN(modified) ? undefined : modified };
  if (folder) return webEntry('folder', path.endsWith('/') ? path : `${path}/`, facts);
  if (path.endsWith('/')) throw stray(path, resource);
  const size = propertyOf(resource, properties.size);
  return webEntry('object', path, {
    ...facts,
    size: size !== undefined && /^\d+$/.test(size) ? Number(size) : undefined,
    tag: tagOf(resource),
  });
}

function stray(folder: string, resource: DavResource | undefined): StorageError {
  const { message, hint } = strayName(readable(folder));
  return new StorageError('unexpected', message, { hint, detail: JSON.stringify(resource?.path ?? null) });
}

function notFolder(path: string): StorageError {
  return new StorageError('changed', `This is no folder, or none any more: ${readable(path)}`);
}
