import { StorageError } from '../../core/errors.ts';
import type { Entry } from '../../core/storageClient.ts';
import { checkKey } from './keys.ts';

/** The longest life of a link: in seconds, and as a person says it. */
export interface LongestLife {
  readonly seconds: number;
  readonly text: string;
}

/** The longest that a signature of version 4 may live, Amazon's and Google's alike. */
export const sevenDays: LongestLife = { seconds: 604_800, text: '7 days' };

/** Why no link can be made of this, if none can. */
export function refuseToShare(entry: Entry, seconds: number, longest: LongestLife): StorageError | undefined {
  const { kind, id, container = '', version } = entry;
  if (kind !== 'object' || version?.marker) {
    return new StorageError('unsupported', `Only an object can be opened by a link: ${entry.path}`);
  }
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > longest.seconds) {
    return new StorageError('unsupported', `A link lives for ${longest.text} at most.`);
  }
  // Browsers and most clients take these segments out of a URL before they send it, percent-encoded or not.
  if ([container, ...id.split('/')].some((segment) => segment === '.' || segment === '..')) {
    return new StorageError('unsupported', `A browser would ask for another object than this: ${entry.path}`, {
      hint: 'Open or download it here, or give it a name without dots that stand alone.',
    });
  }
  return checkKey(id);
}

/** What a link ends with whose text would not name the object exactly. */
export function unaddressable({ path }: Entry): StorageError {
  return new StorageError('unsupported', `This name can't be written into a link exactly: ${path}`);
}
