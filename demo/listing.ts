import { type ByteKey, endOfPrefix, type ObjectStore, type StoredObject } from './objectStore.ts';

/** What a page of a listing is asked for, in bytes as sent. */
export interface ListQuery {
  readonly prefix: ByteKey;
  readonly delimiter: ByteKey;
  /** Only what sorts after this; a common prefix equal to it is not repeated. */
  readonly after: ByteKey;
  readonly maxKeys: number;
}

/** One page: objects and common prefixes together hold at most `maxKeys`, in byte order. */
export interface ListPage {
  readonly objects: readonly { key: ByteKey; object: StoredObject }[];
  readonly commonPrefixes: readonly ByteKey[];
  /** The last object or common prefix of the page when more follows. */
  readonly next: ByteKey | undefined;
}

/** Lists one page, jumping over what a common prefix stands for. */
export function listPage(store: ObjectStore, query: ListQuery): ListPage {
  const objects: { key: ByteKey; object: StoredObject }[] = [];
  const commonPrefixes: ByteKey[] = [];
  let last: ByteKey | undefined;
  let following =
    query.after >= query.prefix && query.after !== '' ? store.from(query.after, true) : store.from(query.prefix);

  for (let next = following.next(); next.value?.key.startsWith(query.prefix); next = following.next()) {
    const entry = next.value;
    const group = commonPrefixOf(entry.key, query);
    const repeated = group !== undefined && group === query.after;
    if (!repeated && objects.length + commonPrefixes.length === query.maxKeys) {
      return { objects, commonPrefixes, next: query.maxKeys === 0 ? undefined : last };
    }
    if (group === undefined) {
      objects.push(entry);
      last = entry.key;
      continue;
    }
    if (!repeated) commonPrefixes.push(group);
    last = group;
    const end = endOfPrefix(group);
    if (end === undefined) break;
    following = store.from(end);
  }
  return { objects, commonPrefixes, next: undefined };
}

function commonPrefixOf(key: ByteKey, query: ListQuery): ByteKey | undefined {
  if (query.delimiter === '') return undefined;
  const at = key.indexOf(query.delimiter, query.prefix.length);
  return at < 0 ? undefined : (key.slice(0, at + query.delimiter.length) as ByteKey);
}
