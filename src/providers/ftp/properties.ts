import type { Entry, PropertyGroup } from '../../core/storageClient.ts';
import { dateText, groups, present, sizeText } from '../_shared/propertyRows.ts';
import type { FtpConnection } from './connection.ts';
import { listedAt } from './listing.ts';

const kinds = { folder: 'Folder', link: 'Symbolic link', file: 'File', other: 'Neither file nor folder' } as const;

/** What the server knows of a file or folder, without following a link. */
export async function propertiesOf(
  ftp: FtpConnection,
  { id }: Entry,
  signal: AbortSignal,
): Promise<readonly PropertyGroup[]> {
  const { kind, size, modified, leadsTo, mode, owner, group, perm } = await listedAt(ftp, id, signal);
  return groups([
    [
      'File',
      present([
        ['Path', id],
        ['Kind', kinds[kind]],
        ['Leads to', leadsTo],
        ['Size', kind === 'folder' || size === undefined ? undefined : sizeText(size)],
        ['Modified', modified === undefined ? undefined : dateText(modified)],
      ]),
    ],
    [
      'Access',
      present([
        ['Mode', mode],
        ['Owner', owner],
        ['Group', group],
        ['May be deleted', perm === undefined ? undefined : perm.includes('d') ? 'yes' : 'no'],
      ]),
    ],
  ]);
}
