import { StorageError } from '../../core/errors.ts';

/** Refuses what can't be sent exactly: nothing (which would name the bucket) and text that UTF-8 can't carry. */
export function checkKey(key: string): StorageError | undefined {
  if (key === '') return new StorageError('unsupported', 'An empty key names the whole bucket, not an object.');
  if (!key.isWellFormed()) {
    return new StorageError(
      'unsupported',
      'This name holds half a character (a lone surrogate), which no server can be told.',
    );
  }
  return undefined;
}

/** The same for the beginning of keys, which may be empty: then it means every key. */
export function checkPrefix(prefix: string): StorageError | undefined {
  return prefix === '' ? undefined : checkKey(prefix);
}

/** A key as it stands in a request's path: RFC 3986 unreserved characters and the slash stay, all else is percent-encoded. */
export function encodeKey(key: string): string {
  return key.split('/').map(encodeSegment).join('/');
}

/** The same with its slashes encoded too: one segment of a path, or a value in a query. */
export function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
