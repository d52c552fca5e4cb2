import { StorageError } from '../../core/errors.ts';
import { isObject, parseJson } from '../../core/json.ts';
import type { Deleted } from '../../core/storageClient.ts';
import { depthIn, partsOf } from '../_shared/webPaths.ts';
import type { WholeAnswer } from '../_shared/webServer.ts';
import { type CloudFiles, cloudFilesOf, pathInCloud, trashOf } from './cloudFiles.ts';
import type { DavConnection } from './connection.ts';
import { isFolder, properties, propertyOf } from './multistatus.ts';

/** One thing among a user's deleted files. */
export interface TrashItem {
  /** Its path among them, as the server wrote it. */
  readonly path: string;
  /** Where it was, below the user's files. */
  readonly location: string;
  readonly folder: boolean;
  readonly size: number | undefined;
  /** Seconds since the epoch. */
  readonly deleted: number | undefined;
  readonly fileId: string | undefined;
}

/** What an outcome notes of a deletion, so that its item is found again. */
export interface TrashTrace {
  /** When the server had done it, by its own clock, in seconds since the epoch. */
  readonly at?: number;
  /** Of a folder that went whole, with what was in it. */
  readonly tree?: string;
  readonly fileId?: string;
}

/** Seconds before the answer in which a file may have been deleted, and after, as clocks differ. */
const window = { before: 90, after: 2 };
/** The same of a folder that went whole. */
const treeWindow = 900;
/** Milliseconds: servers tell the time of a deletion in whole seconds, cut off. */
const clockStep = 1000;

/** The trace of a deletion that a server has answered; nothing where it keeps no deleted files. */
export function traceOf(
  server: DavConnection,
  { headers }: WholeAnswer,
  more: Omit<TrashTrace, 'at'> = {},
): { trace?: string } {
  if (!cloudFilesOf(server)) return {};
  const at = Math.floor(Date.parse(headers.date ?? '') / 1000);
  return { trace: JSON.stringify({ ...(Number.isNaN(at) ? {} : { at }), ...more }) };
}

export function readTrace(trace: string | undefined): TrashTrace {
  const said = trace === undefined ? undefined : parseJson(trace);
  return isObject(said) ? (said as TrashTrace) : {};
}

/** The id that a cloud gives a file or folder for life; undefined where it can't be learned. */
export async function fileIdOf(server: DavConnection, id: string, signal: AbortSignal): Promise<string | undefined> {
  if (!cloudFilesOf(server)) return undefined;
  try {
    const [resource] = await server.propfind(id, 0, [properties.fileId], signal);
    return resource && propertyOf(resource, properties.fileId);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof StorageError) return undefined;
    throw error;
  }
}

/**
 * What is among the deleted files, folders as one.
 * https://docs.nextcloud.com/server/latest/developer_manual/client_apis/WebDAV/trashbin.html, and of ownCloud 10.3 and later
 * https://github.com/owncloud/core/tree/master/apps/dav/lib/TrashBin
 */
export async function listTrash(
  server: DavConnection,
  cloud: CloudFiles,
  signal: AbortSignal,
): Promise<readonly TrashItem[]> {
  const trash = trashOf(cloud);
  const names = cloud.service === 'nextcloud' ? nextcloudNames : owncloudNames;
  const asked = [properties.kind, properties.size, properties.fileId, names.location, names.deleted];
  const inTrash = partsOf(trash) ?? [];
  const items: TrashItem[] = [];
  for (const resource of await server.propfind(trash, 1, asked, signal)) {
    const parts = resource.path === undefined ? undefined : partsOf(resource.path);
    const location = resource.found.get(names.location)?.text;
    // The folder itself, and what a server names by an address that is none of these.
    if (resource.path === undefined || !parts || depthIn(inTrash, parts) !== 1 || location === undefined) continue;
    items.push({
      path: resource.path,
      location: normal(location),
      folder: isFolder(resource) === true,
      size: numberOf(propertyOf(resource, properties.size)),
      deleted: numberOf(propertyOf(resource, names.deleted)),
      fileId: propertyOf(resource, properties.fileId),
    });
  }
  return items;
}

const nextcloudNames = {
  location: '{http://nextcloud.org/ns}trashbin-original-location',
  deleted: '{http://nextcloud.org/ns}trashbin-deletion-time',
} as const;
const owncloudNames = {
  location: '{http://owncloud.org/ns}trashbin-original-location',
  deleted: '{http://owncloud.org/ns}trashbin-delete-timestamp',
} as const;

/** What is known of the thing that is looked for. */
export interface Wanted {
  /** Below the user's files, with a slash before it. */
  readonly location: string;
  readonly folder: boolean;
  readonly size?: number | undefined;
  readonly trace: TrashTrace;
  readonly within?: Deleted['within'];
}

/**
 * The item of exactly this deletion; 'several' where it can't be told from others of the same name, also from ones that are
 * not kept any more: without a word of when it was, an item is known by its id alone.
 */
export function itemOf(items: readonly TrashItem[], wanted: Wanted): TrashItem | 'several' | undefined {
  const { at, fileId } = wanted.trace;
  const location = normal(wanted.location);
  const fitting = items.filter(
    (item) =>
      item.location === location &&
      item.folder === wanted.folder &&
      isSame(item.fileId, fileId) &&
      (item.folder || isSame(item.size, wanted.size)) &&
      isInTime(item, wanted),
  );
  const own = fitting.filter((item) => fileId !== undefined && item.fileId === fileId);
  const [item, ...others] = own.length > 0 ? own : fitting;
  const isTold = own.length > 0 || at !== undefined || wanted.within !== undefined;
  return item && (others.length > 0 || !isTold) ? 'several' : item;
}

function isInTime({ deleted }: TrashItem, { trace: { at, tree }, within }: Wanted): boolean {
  if (within) {
    const [from, to] = within;
    if (deleted === undefined || deleted * 1000 < from - clockStep || deleted * 1000 > to) return false;
  }
  if (at === undefined || deleted === undefined) return true;
  return deleted >= at - (tree === undefined ? window.before : treeWindow) && deleted <= at + window.after;
}

/** Whether something that was deleted whole holds what was at a place. */
export function holds({ folder, location }: TrashItem, inside: string): boolean {
  return folder && normal(inside).startsWith(`${location}/`);
}

/** Brings an item back to where it was, never in place of something. */
export function moveBack(
  server: DavConnection,
  cloud: CloudFiles,
  item: TrashItem,
  id: string,
  signal: AbortSignal,
): Promise<WholeAnswer> {
  const name = item.path.replace(/\/$/, '').split('/').at(-1) ?? '';
  const target =
    cloud.service === 'nextcloud'
      ? `${cloud.top}/remote.php/dav/trashbin/${cloud.user}/restore/${name}`
      : `${cloud.top}/remote.php/dav/files/${cloud.user}/${pathInCloud(cloud, id)}`;
  const headers = { destination: `${server.web.url.origin}${target}`, overwrite: 'F' };
  return server.ask({ method: 'MOVE', target: item.path, headers }, signal);
}

function isSame<T>(one: T | undefined, other: T | undefined): boolean {
  return one === undefined || other === undefined || one === other;
}

/** Servers write a slash before or leave it out, and a dot for the top. */
function normal(location: string): string {
  return location
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Math.floor(Number(text)) : undefined;
}
