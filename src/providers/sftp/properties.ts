import type { Entry, PropertyGroup } from '../../core/storageClient.ts';
import { dateText, groups, present, sizeText } from '../_shared/propertyRows.ts';
import type { SftpConnection } from './connection.ts';
import { attributesOf, kindOf } from './listing.ts';

const kinds = { folder: 'Folder', link: 'Symbolic link', file: 'File', other: 'Neither file nor folder' } as const;

/** What the server knows of a file or folder, without following a link. */
export async function propertiesOf(
  sftp: SftpConnection,
  { id }: Entry,
  signal: AbortSignal,
): Promise<readonly PropertyGroup[]> {
  const { mode, size, mtime, atime, uid, gid } = await attributesOf(sftp, id, signal);
  const kind = kindOf(mode);
  const target =
    kind === 'link'
      ? await sftp.askAgain<string>(id, signal, (session, done) => session.sftp.readlink(id, done))
      : undefined;
  return groups([
    [
      'File',
      present([
        ['Path', id],
        ['Kind', kinds[kind]],
        ['Leads to', target],
        ['Size', kind === 'folder' ? undefined : sizeText(size)],
        ['Modified', mtime === undefined ? undefined : dateText(mtime * 1000)],
        ['Last read', atime === undefined ? undefined : dateText(atime * 1000)],
      ]),
    ],
    [
      'Access',
      present([
        ['Mode', (mode & 0o7777).toString(8).padStart(4, '0')],
        ['Owner', uid === undefined ? undefined : String(uid)],
        ['Group', gid === undefined ? undefined : String(gid)],
      ]),
    ],
  ]);
}
