import { StorageError } from '../../core/errors.ts';
import type { Entry } from '../../core/storageClient.ts';
import { checkKey } from './keys.ts';

/** Why no link can be made of this, if none can. @param longest seconds, and how a person says it */
export function refuseToShare(
  entry: Entry,
  seconds: number,
  longest: { readonly seconds: number; readonly text: string },
): StorageError | undefined {
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
