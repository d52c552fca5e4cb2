import { StorageError } from '../../../core/errors.ts';

/** How the names of a listing are read, by the encoding that it says they have. */
export function decoderOf(encoding: string | undefined): (name: string) => string {
  return encoding === 'url' ? decodeListed : (name) => name;
}

/** Decodes a name of a listing with encoding-type=url: form encoding, where + is a space. */
export function decodeListed(name: string): string {
  if (!/[%+]/.test(name)) return name;
  try {
    return decodeURIComponent(name.replaceAll('+', ' '));
  } catch (error) {
    throw new StorageError('unexpected', 'The server listed a name that can not be decoded.', {
      detail: name,
      cause: error,
    });
  }
}
