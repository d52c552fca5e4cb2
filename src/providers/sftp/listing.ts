import type { Attributes, FileEntryWithStats } from 'ssh2';
import { StorageError } from '../../core/errors.ts';
import type { Entry, ListQuery, Page, Place, WalkQuery } from '../../core/storageClient.ts';
import { fileEntry, folderPage, pathIn, refuseFileName, walkFolders } from '../_shared/files.ts';
import type { SftpConnection } from './connection.ts';

/** Folders that are listed at once on the one connection. */
const foldersAtOnce = 16;

/** What a server writes in place of bytes that are no UTF-8. */
const unreadable = '\ufffd';

export async function listPage(sftp: SftpConnection, at: Place, query: ListQuery, signal: AbortSignal): Promise<Page> {
  return folderPage(await listFolder(sftp, await folderOf(sftp, at, signal), signal), query);
}

/** Everything below a place. Only what the server itself calls a folder is gone into: a link to one is not. */
export async function* walkPages(
  sftp: SftpConnection,
  at: Place,
  { prefix = '' }: WalkQuery,
  signal: AbortSignal,
): AsyncGenerator<Page> {
  const top = await folderOf(sftp, at, signal);
  const list = async (folder: string) => {
    if (folder !== top) await refuseLink(sftp, folder, signal);
    const entries = await listFolder(sftp, folder, signal);
    return folder === top ? entries.filter(({ name }) => name.startsWith(prefix)) : entries;
  };
  yield* walkFolders(top, list, foldersAtOnce);
}

/** The path that a place stands for. */
export async function folderOf(sftp: SftpConnection, at: Place, signal: AbortSignal): Promise<string> {
  if (at.kind === 'root') return (await sftp.open(signal)).base;
  if (at.kind === 'folder' && at.container === undefined) return at.id;
  throw new StorageError('unsupported', 'SFTP has folders and no containers.');
}

/** What a file or folder is now, without following a link. */
export function attributesOf(sftp: SftpConnection, id: string, signal: AbortSignal): Promise<Attributes> {
  return sftp.askAgain(id, signal, (session, done) => session.sftp.lstat(id, done));
}

export function entryOf(id: string, attributes: Attributes): Entry {
  const { mode, size, mtime } = attributes;
  const folder = kindOf(mode) === 'folder';
  return fileEntry(folder ? 'folder' : 'object', id, {
    ...(folder ? {} : { size }),
    modified: mtime === undefined ? undefined : mtime * 1000,
  });
}

/** @param mode type and permissions as POSIX has them */
export function kindOf(mode: number): 'folder' | 'link' | 'file' | 'other' {
  const type = mode & 0o170000;
  if (type === 0o040000) return 'folder';
  if (type === 0o120000) return 'link';
  return type === 0o100000 || type === 0 ? 'file' : 'other';
}

/** Whether a name came whole: one with bytes that are no UTF-8 can be shown, and not be named to the server. */
export function isReadable(name: string): boolean {
  return !name.includes(unreadable);
}

async function listFolder(sftp: SftpConnection, folder: string, signal: AbortSignal): Promise<readonly Entry[]> {
  const all = await sftp.askAgain<FileEntryWithStats[]>(folder, signal, (session, done) => {
    session.sftp.readdir(folder, done);
  });
  return all.map(({ filename, attrs }) => {
    if (refuseFileName(filename) !== undefined) {
      throw new StorageError('unexpected', `The server listed a name that does not belong there: ${folder}`, {
        hint: 'Nothing can be deleted safely from such a listing. Tell the operator of the server.',
        detail: JSON.stringify(filename),
      });
    }
    return entryOf(pathIn(folder, filename), attrs);
  });
}

/** Some servers describe a link in a listing as what it leads to. */
async function refuseLink(sftp: SftpConnection, folder: string, signal: AbortSignal): Promise<void> {
  const { mode } = await attributesOf(sftp, folder, signal);
  if (kindOf(mode) === 'folder') return;
  throw new StorageError('unexpected', `The server calls this a folder in a listing, and a link by itself: ${folder}`, {
    hint: 'Nothing was planned, since a link is never followed. Select what is to be deleted beside it.',
  });
}
