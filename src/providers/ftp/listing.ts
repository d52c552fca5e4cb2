import { StorageError } from '../../core/errors.ts';
import type { Entry, ListQuery, Page, Place, WalkQuery } from '../../core/storageClient.ts';
import { fileEntry, folderPage, parentOf, pathIn, walkFolders } from '../_shared/files.ts';
import type { FtpConnection } from './connection.ts';
import { listFolder, lookFor } from './folders.ts';
import type { Listed, Listing } from './lists.ts';
import { refusePath } from './names.ts';

export async function listPage(ftp: FtpConnection, at: Place, query: ListQuery, signal: AbortSignal): Promise<Page> {
  const folder = await folderOf(ftp, at, signal);
  return folderPage(entriesOf(folder, await listingOf(ftp, folder, signal)), query);
}

/** Everything below a place, several folders at once. Only what the server itself calls a folder is gone into: a link to one is not. */
export async function* walkPages(
  ftp: FtpConnection,
  at: Place,
  { prefix = '' }: WalkQuery,
  signal: AbortSignal,
): AsyncGenerator<Page> {
  const top = await folderOf(ftp, at, signal);
  const list = async (folder: string) => {
    const entries = entriesOf(folder, await listingOf(ftp, folder, signal));
    return folder === top ? entries.filter(({ name }) => name.startsWith(prefix)) : entries;
  };
  yield* walkFolders(top, list, ftp.width);
}

/** The path that a place stands for. */
export async function folderOf(ftp: FtpConnection, at: Place, signal: AbortSignal): Promise<string> {
  if (at.kind === 'root') return await ftp.base(signal);
  if (at.kind === 'folder' && at.container === undefined) return at.id;
  throw new StorageError('unsupported', 'FTP has folders and no containers.');
}

/** All that a folder holds, with what the server says of itself. */
export async function listingOf(ftp: FtpConnection, folder: string, signal: AbortSignal): Promise<Listing> {
  refuseUnsendable(ftp, folder);
  return await ftp.useAgain(folder, signal, (session) => listFolder(session, folder));
}

/** What a file or folder is now, by the listing of its folder: no other command tells a link from what it leads to. */
export async function listedAt(ftp: FtpConnection, path: string, signal: AbortSignal): Promise<Listed> {
  refuseUnsendable(ftp, path);
  const found = await ftp.useAgain(path, signal, (session) => lookFor(session, path));
  if (typeof found !== 'string') return found;
  throw found === 'gone'
    ? new StorageError('not-found', `This is not there: ${path}`)
    : new StorageError('forbidden', `The server does not show whether this is there: ${path}`);
}

export function entryOf(folder: string, { name, kind, size, modified }: Listed): Entry {
  return fileEntry(kind === 'folder' ? 'folder' : 'object', pathIn(folder, name), {
    ...(kind === 'folder' ? {} : { size }),
    modified,
  });
}

/** The entry of a path that was looked at by itself. */
export function entryAt(path: string, listed: Listed): Entry {
  return entryOf(parentOf(path), listed);
}

function entriesOf(folder: string, { all }: Listing): readonly Entry[] {
  return all.map((listed) => entryOf(folder, listed));
}

function refuseUnsendable({ options }: FtpConnection, path: string): void {
  const refused = refusePath(path, options.encoding);
  if (refused) throw refused;
}
