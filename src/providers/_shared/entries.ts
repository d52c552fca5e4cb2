import { StorageError } from '../../core/errors.ts';
import type { Entry, Page, Place } from '../../core/storageClient.ts';

/** Where a credential begins: '' for all containers, '' for all of a container. */
export interface Start {
  readonly container: string;
  readonly prefix: string;
}

/** What is known of an object beside its name. */
export interface ObjectFacts {
  readonly size?: number | undefined;
  readonly modified?: Date | undefined;
  readonly tag?: string | undefined;
  readonly storageClass?: string | undefined;
}

/** The place where a credential begins: all its containers, one of them, or one prefix in it. */
export function startPlace({ container, prefix }: Start): Place {
  if (container === '') return { kind: 'root' };
  return prefix === '' ? { kind: 'container', id: container } : { kind: 'folder', container, id: prefix };
}

/** The one row of the root of a credential that begins at a container or below: a folder's name says the container too. */
export function startPage({ container, prefix }: Start, query: { cursor?: string; prefix?: string }): Page {
  const entry =
    prefix === ''
      ? containerEntry(container)
      : { ...folderEntry(container, prefix, ''), name: `${container}/${prefix.replace(/\/$/, '')}` };
  return { entries: query.cursor === undefined && entry.name.startsWith(query.prefix ?? '') ? [entry] : [] };
}

/** What a sub-folder field means as the beginning of names: it ends with a slash, or is empty. */
export function prefixOf(subfolder: string): string {
  return subfolder === '' || subfolder.endsWith('/') ? subfolder : `${subfolder}/`;
}

/** The container that a place lies in. */
export function containerOf(at: Place): string {
  if (at.kind === 'container') return at.id;
  if (at.kind === 'folder' && at.container !== undefined) return at.container;
  throw new StorageError('unsupported', 'This needs a bucket or container.');
}

/** Fails for a container that a credential is not for as a whole. */
export function refuseOutside({ container, prefix }: Start, name: string): void {
  if (container === '' || (container === name && prefix === '')) return;
  throw new StorageError('forbidden', `This credential is for another place: ${name}`);
}

export function containerEntry(name: string, created?: Date): Entry {
  return {
    kind: 'container',
    id: name,
    name,
    path: name,
    ...(created === undefined ? {} : { modified: created.getTime() }),
  };
}

/** @param base the beginning of the prefix that the place shown stands for */
export function folderEntry(container: string, prefix: string, base: string): Entry {
  const name = prefix.slice(base.length).replace(/\/$/, '');
  return { kind: 'folder', container, id: prefix, name, path: `${container}/${prefix}` };
}

export function objectEntry(container: string, id: string, name: string, facts: ObjectFacts): Entry {
  const { size, modified, tag, storageClass } = facts;
  // Made for each of millions of objects, so without spreading.
  const entry: { -readonly [Key in keyof Entry]: Entry[Key] } = {
    kind: 'object',
    container,
    id,
    name,
    path: `${container}/${id}`,
  };
  if (size !== undefined) entry.size = size;
  if (modified !== undefined) entry.modified = modified.getTime();
  if (tag !== undefined) entry.tag = tag;
  if (storageClass !== undefined) entry.storageClass = storageClass;
  return entry;
}

/**
 * A page of what stands at a place, believed only when every name lies there and the listing gets on.
 * @param next where it goes on; undefined at its end
 */
export function checkedPage(
  entries: readonly Entry[],
  { container, base, cursor, next }: { container: string; base: string; cursor?: string; next?: string | undefined },
): Page {
  if (entries.some(({ id }) => id === '' || !id.startsWith(base))) throw strayName(container);
  if (next !== undefined && next === cursor) throw endless(container);
  return { entries, ...(next === undefined ? {} : { cursor: next }) };
}

export function strayName(container: string): StorageError {
  return new StorageError('unexpected', `The server listed a name that does not belong there: ${container}`, {
    hint: 'Nothing can be deleted safely from such a listing. Tell the operator of the server.',
  });
}

export function endless(container: string): StorageError {
  return new StorageError('unexpected', `The server says there is more but not where it continues: ${container}`);
}
