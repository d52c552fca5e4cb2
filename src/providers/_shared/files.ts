import { StorageError } from '../../core/errors.ts';
import type { Entry, ListQuery, Page } from '../../core/storageClient.ts';

/** What is known of a file or folder beside its path. */
export interface FileFacts {
  /** Bytes. */
  readonly size?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly modified?: number | undefined;
  readonly tag?: string | undefined;
}

/** The path of what a folder holds under a name. */
export function pathIn(folder: string, name: string): string {
  return folder.endsWith('/') ? `${folder}${name}` : `${folder}/${name}`;
}

/** The folder that a path lies in. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}

/** @param id the path as the server takes it @param path as a person reads it */
export function fileEntry(
  kind: 'folder' | 'object',
  id: string,
  { size, modified, tag }: FileFacts = {},
  path: string = id,
): Entry {
  return {
    kind,
    id,
    name: path.slice(path.lastIndexOf('/', path.length - 2) + 1).replace(/\/$/, ''),
    path,
    ...(size === undefined ? {} : { size }),
    ...(modified === undefined ? {} : { modified }),
    ...(tag === undefined ? {} : { tag }),
  };
}

const pageSize = 1000;

/** One page of a folder of which the server tells all at once: by name, the beginning asked for, from the cursor on. */
export function folderPage(all: readonly Entry[], { cursor, prefix = '', limit = pageSize }: ListQuery): Page {
  const rest = all
    .filter(({ name }) => name.startsWith(prefix) && (cursor === undefined || name > cursor))
    .toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const entries = rest.slice(0, limit);
  const last = entries.at(-1);
  return rest.length > entries.length && last ? { entries, cursor: last.name } : { entries };
}

/**
 * Everything below a folder of a server that lists one folder at a time: each as one page, after the page that names it.
 * @param list every entry directly in a folder
 * @param width folders that are listed at once
 */
export async function* walkFolders(
  folder: string,
  list: (folder: string) => Promise<readonly Entry[]>,
  width: number,
): AsyncGenerator<Page> {
  const waiting = [folder];
  const listing = new Map<string, Promise<{ listed: string; entries: readonly Entry[] }>>();
  while (waiting.length > 0 || listing.size > 0) {
    for (const listed of waiting.splice(Math.max(0, waiting.length - width + listing.size))) {
      const answer = list(listed).then((entries) => ({ listed, entries }));
      // It may fail while another is awaited.
      answer.catch(() => {});
      listing.set(listed, answer);
    }
    const { listed, entries } = await Promise.race(listing.values());
    listing.delete(listed);
    for (const entry of entries) if (entry.kind === 'folder') waiting.push(entry.id);
    yield { entries };
  }
}

/** Why a name can't stand in a path that leads to this one thing, if so. */
export function refuseFileName(name: string): string | undefined {
  if (name === '' || name === '.' || name === '..') return 'A name of dots alone or of nothing means another folder.';
  if (name.includes('/') || name.includes('\0')) return 'A name with a slash or a zero byte can not be on a server.';
  if (!name.isWellFormed()) return 'This name holds half a character (a lone surrogate), which no server can be told.';
  return undefined;
}

/**
 * What must not be asked of a server at all: what is neither file nor folder, does not lie under the credential's own
 * folder, or is not exactly what its path says.
 * @param kinds what can be meant
 */
export function refuseFile(entry: Entry, base: string, kinds: readonly Entry['kind'][]): StorageError | undefined {
  const { id, kind, path, container, version } = entry;
  if (!kinds.includes(kind) || container !== undefined || version !== undefined) {
    return new StorageError('unsupported', `Only files and folders can be deleted: ${path}`);
  }
  if (!id.startsWith('/')) return new StorageError('unsupported', `This is no path from the top: ${path}`);
  const wrong = id.slice(1).split('/').map(refuseFileName).find(Boolean);
  if (wrong !== undefined) return new StorageError('unsupported', wrong, { detail: JSON.stringify(id) });
  if (!id.startsWith(base.endsWith('/') ? base : `${base}/`)) {
    return new StorageError('forbidden', `This credential is for another place: ${path}`);
  }
  return undefined;
}
