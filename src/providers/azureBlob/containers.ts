import { StorageError } from '../../core/errors.ts';
import type { Entry } from '../../core/storageClient.ts';
import { containerEntry, refuseOutside } from '../_shared/entries.ts';
import type { AzureConnection } from './connection.ts';
import { flatPage, type Included } from './listing.ts';
import { AzureAnswer } from './wire.ts';

/** Makes a container that nobody can read without credentials. */
export async function createContainer(azure: AzureConnection, name: string, signal: AbortSignal): Promise<Entry> {
  refuseOutside(azure.options, name);
  const errand = { method: 'PUT', query: { restype: 'container' }, answer: 'nothing' } as const;
  await azure.run({ container: name }, errand, signal, () =>
    azure.library.remover.getContainerClient(name).create({ abortSignal: signal }),
  );
  return containerEntry(name, new Date());
}

/**
 * Deletes a container that is empty. The service would delete one that is not, with all that is in it: so it is listed
 * first, with everything that is no object but would go too, and nothing is sent while anything is there.
 */
export async function removeContainer(azure: AzureConnection, { kind, id }: Entry, signal: AbortSignal): Promise<void> {
  if (kind !== 'container' || id === '') throw new StorageError('unsupported', 'Only a container can be deleted so.');
  refuseOutside(azure.options, id);
  if (await holdsAnything(azure, id, signal)) {
    throw new StorageError('not-empty', `The container is not empty: ${id}`, {
      hint: 'Delete everything in it first: objects, their snapshots, what soft delete keeps, and unfinished uploads.',
    });
  }
  const errand = { method: 'DELETE', query: { restype: 'container' }, answer: 'nothing' } as const;
  await azure.run({ container: id }, errand, signal, () =>
    azure.library.remover.getContainerClient(id).delete({ abortSignal: signal }),
  );
}

async function holdsAnything(azure: AzureConnection, container: string, signal: AbortSignal): Promise<boolean> {
  const common: readonly Included[] = ['snapshots', 'uncommittedblobs'];
  try {
    return await listsAnything(azure, container, [...common, 'deleted', 'versions'], signal);
  } catch (error) {
    if (!knowsNotTheWords(error)) throw error;
    return await listsAnything(azure, container, common, signal);
  }
}

/** An account that keeps neither may refuse to list them; any other failure leaves open what it keeps. */
function knowsNotTheWords(error: unknown): boolean {
  if (!(error instanceof StorageError) || !(error.cause instanceof AzureAnswer)) return false;
  const { statusCode, code } = error.cause;
  return code !== undefined && (statusCode === 400 || error.kind === 'unsupported');
}

/** A page may be empty and not the last. */
async function listsAnything(
  azure: AzureConnection,
  container: string,
  include: readonly Included[],
  signal: AbortSignal,
): Promise<boolean> {
  let cursor: string | undefined;
  do {
    const { items, next } = await flatPage(azure, container, '', { cursor, include, size: 1 }, signal);
    if (items.length > 0) return true;
    if (next !== undefined && next === cursor) return true;
    cursor = next;
  } while (cursor !== undefined);
  return false;
}
