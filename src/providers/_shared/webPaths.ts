import { StorageError } from '../../core/errors.ts';
import type { Entry } from '../../core/storageClient.ts';
import { type FileFacts, fileEntry, refuseFileName } from './files.ts';

/**
 * The path that a reference in a server's answer means, from the top of the same server and exactly as it is written; what
 * can't stand in a request line is percent-encoded. Undefined for another server's, and for what has a query or a fragment.
 * @param base what a reference without a path from the top is relative to
 */
export function pathOfReference(reference: string, server: URL, base?: string): string | undefined {
  const written = reference.trim().replace(/[^\x21-\x7e]+/g, encodeURI);
  if (/[?#\\]/.test(written)) return undefined;
  if (written.startsWith('//')) return pathAfterHost(`${server.protocol}${written}`, server);
  if (written.startsWith('/')) return written;
  if (/^[a-z][a-z0-9+.-]*:/i.test(written)) return pathAfterHost(written, server);
  return base === undefined ? undefined : `${base}${written.replace(/^\.\//, '')}`;
}

/** The parts of a path with their percent-encoding undone, as strings of bytes; undefined where one leads elsewhere or names nothing. */
export function partsOf(path: string): readonly string[] | undefined {
  if (!/^\/[\x21-\x7e]*$/.test(path) || /[?#]/.test(path)) return undefined;
  const parts = path.slice(1).replace(/\/$/, '').split('/').map(bytesOf);
  if (path === '/') return [];
  return parts.some((part) => part === undefined || refuseFileName(part) !== undefined)
    ? undefined
    : (parts as readonly string[]);
}

/** How many parts a path has more than another that it lies in; undefined where it lies elsewhere. */
export function depthIn(folder: readonly string[], path: readonly string[]): number | undefined {
  return folder.every((part, index) => part === path[index]) ? path.length - folder.length : undefined;
}

/** A file or folder of a web server: its path as the server wrote it, its name as a person reads it. */
export function webEntry(kind: 'folder' | 'object', id: string, facts: FileFacts = {}): Entry {
  return fileEntry(kind, id, facts, readable(id));
}

/** A path as a person reads it: decoded, with the bytes shown that are no UTF-8. */
export function readable(path: string): string {
  return path
    .split('/')
    .map((part) => {
      const bytes = bytesOf(part);
      return bytes === undefined ? part : textOfBytes(bytes);
    })
    .join('/');
}

/**
 * What must not be asked of a server at all: what is neither file nor folder, is not exactly what its path says, or does not
 * lie under the credential's own folder.
 */
export function refuseWebPath(entry: Entry, base: string): StorageError | undefined {
  const { id, kind, path, container, version } = entry;
  if ((kind !== 'object' && kind !== 'folder') || container !== undefined || version !== undefined) {
    return new StorageError('unsupported', `Only files and folders can be deleted: ${path}`);
  }
  const parts = partsOf(id);
  if (parts === undefined || id.endsWith('/') !== (kind === 'folder')) {
    return new StorageError('unsupported', `This path does not lead to one thing alone: ${path}`, {
      detail: JSON.stringify(id),
    });
  }
  if ((depthIn(partsOf(base) ?? [], parts) ?? 0) < 1) {
    return new StorageError('forbidden', `This credential is for another place: ${path}`);
  }
  return undefined;
}

function pathAfterHost(written: string, server: URL): string | undefined {
  const [, origin = '', path = ''] = /^([a-z][a-z0-9+.-]*:\/\/[^/]*)(.*)$/i.exec(written) ?? [];
  if (!URL.canParse(origin)) return undefined;
  const url = new URL(origin);
  return url.origin === server.origin && url.username === '' && url.password === '' ? path || '/' : undefined;
}

/** Undefined where a percent sign begins no code. */
function bytesOf(part: string): string | undefined {
  if (!part.includes('%')) return part;
  if (/%(?![0-9a-f]{2})/i.test(part)) return undefined;
  return part.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function textOfBytes(bytes: string): string {
  // Most names; a listing has thousands of them.
  if (/^[\x20-\x7e]*$/.test(bytes)) return bytes;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(bytes, 'latin1'));
  } catch {
    return bytes.replace(/[\x80-\xff]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`);
  }
}
