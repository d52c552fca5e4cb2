import { StorageError } from '../../core/errors.ts';
import type { Entry } from '../../core/storageClient.ts';
import { containerEntry, refuseOutside } from '../_shared/entries.ts';
import type { ErrorRow } from '../_shared/errorRows.ts';
import type { SwiftConnection } from './connection.ts';

/** Makes a container that is nobody's but the account's. */
export async function createContainer(swift: SwiftConnection, name: string, signal: AbortSignal): Promise<Entry> {
  refuseOutside(swift.options, name);
  const about = { container: name };
  const answer = await swift.demand(await swift.answer({ method: 'PUT', ...about }, signal), about);
  // Swift takes this for a change of the container's metadata, and changes nothing when none are given.
  if (answer.status === 202) {
    throw new StorageError('already-exists', `This container exists already: ${name}`, {
      hint: 'Choose another name.',
    });
  }
  return containerEntry(name, new Date());
}

const notEmpty: ErrorRow = {
  kind: 'not-empty',
  sentence: ({ container }) => `The container is not empty: ${container}`,
  hint: 'Delete everything in it first, all versions too. Swift may need a moment to notice.',
};

/** Deletes a container; Swift itself refuses where anything is in it. */
export async function removeContainer(swift: SwiftConnection, { kind, id }: Entry, signal: AbortSignal): Promise<void> {
  if (kind !== 'container' || id === '') throw new StorageError('unsupported', 'Only a container can be deleted so.');
  refuseOutside(swift.options, id);
  const about = { container: id };
  await swift.demand(await swift.answer({ method: 'DELETE', ...about }, signal), about, { 409: notEmpty });
}
