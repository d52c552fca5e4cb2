import { StorageError } from '../../core/errors.ts';

/**
 * Refuses names that the service takes for others: it folds segments of dots out of a path, and turns a backslash into a
 * slash (https://github.com/Azure/azure-sdk-for-python/pull/48883). Asked to delete `a\b`, it deletes `a/b`.
 */
export function refuseName(name: string): StorageError | undefined {
  const folded = name.split('/').some((segment) => segment === '.' || segment === '..');
  if (!folded && !name.includes('\\')) return undefined;
  return new StorageError('unsupported', `Azure takes this name for another, so it was left alone: ${name}`, {
    hint: 'Names with a backslash, or with a . or .. that stands alone between slashes, can not be addressed exactly.',
  });
}
