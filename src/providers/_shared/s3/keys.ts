import { StorageError } from '../../../core/errors.ts';

/**
 * Whether a key comes back from a DeleteObjects call as it went in. XML 1.0 can't carry most control characters,
 * parsers fold line ends, and servers trim white space: such keys are deleted one by one, where the key stands in the path.
 */
export function travelsInXml(key: string): boolean {
  return !unsafeInXml.test(key) && key.trim() === key;
}

const unsafeInXml = /[\p{Cc}\u2028\u2029\uFEFF\uFFFE\uFFFF]/u;

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
