import type { Entry, Place } from '../core/storageClient.ts';

/** What a typed path may mean: a place to open and, unless it ends in a slash, an object. */
export interface TypedPath {
  readonly place: Exclude<Place, { readonly kind: 'root' }>;
  readonly object?: Entry;
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
