import type { Draft } from '../core/fields.ts';
import type { Provider } from '../core/provider.ts';
import type { Entry, Place } from '../core/storageClient.ts';

/** What a typed path may mean: a place to open and, unless it ends in a slash, an object. */
export interface TypedPath {
  readonly place: Exclude<Place, { readonly kind: 'root' }>;
  readonly object?: Entry;
}

/** Reads a path as the provider's places are named: from the top where its folders are real, else from a container. */
export function parseTypedPlace(provider: Provider, settings: Draft, typed: string): TypedPath | undefined {
  if (!provider.folders.real) return parseTypedPath(typed);
  return parseTypedFile(typed, (kind, path) => provider.idOfPath(kind, path, settings));
}

/** Reads the path of a folder or, unless it ends in a slash, of a file. It begins at the top, which is a slash. */
export function parseTypedFile(
  typed: string,
  idOf: (kind: 'folder' | 'object', path: string) => string,
): TypedPath | undefined {
  const path = typed.trim();
  if (!path.startsWith('/') || path.includes('//')) return undefined;
  const folder = path.length > 1 ? path.replace(/\/$/, '') : path;
  const place = { kind: 'folder', id: idOf('folder', folder) } as const;
  if (path.endsWith('/')) return { place };
  return { place, object: { kind: 'object', id: idOf('object', path), name: path.split('/').at(-1) ?? path, path } };
}

/**
 * Reads a container, or a container and a path in it. Only what stands before the first slash is the container; the rest
 * is taken as it is, so that `a//b/` stays what it says. A leading scheme such as s3:// is dropped; a web address is none.
 */
export function parseTypedPath(typed: string): TypedPath | undefined {
  if (/^https?:\/\//i.test(typed.trim())) return undefined;
  const path = typed.trim().replace(/^[a-z][a-z0-9+.-]*:\/\//i, '');
  const slash = path.indexOf('/');
  const container = slash < 0 ? path : path.slice(0, slash);
  const id = slash < 0 ? '' : path.slice(slash + 1);
  if (container === '') return undefined;
  if (id === '') return { place: { kind: 'container', id: container } };
  if (id.endsWith('/')) return { place: { kind: 'folder', container, id } };
  const name = id.slice(id.lastIndexOf('/') + 1);
  return {
    place: { kind: 'folder', container, id: `${id}/` },
    object: { kind: 'object', container, id, name, path: `${container}/${id}` },
  };
}
