import { StorageError } from '../../../core/errors.ts';

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

/**
 * Whether a key comes back from a DeleteObjects call as it went in. XML 1.0 can't carry most control characters,
 * parsers fold line ends, and servers trim white space: such keys are deleted one by one, where the key stands in the path.
 */
export function travelsInXml(key: string): boolean {
  return !unsafeInXml.test(key) && key.trim() === key;
}

const unsafeInXml = /[\p{Cc}\u2028\u2029\uFEFF\uFFFE\uFFFF]/u;

/** A key as it stands in a request's path: RFC 3986 unreserved characters and the slash stay, all else is percent-encoded. */
export function encodeKey(key: string): string {
  return key.split('/').map(encodeSegment).join('/');
}

function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** How the names of a listing are read, by the encoding that it says they have. */
export function decoderOf(encoding: string | undefined): (name: string) => string {
  return encoding === 'url' ? decodeListed : (name) => name;
}

/** Decodes a name of a listing with encoding-type=url: form encoding, where + is a space. */
export function decodeListed(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll('+', ' '));
  } catch (error) {
    throw new StorageError('unexpected', 'The server listed a name that can not be decoded.', {
      detail: name,
      cause: error,
    });
  }
}
