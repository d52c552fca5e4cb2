import { type ErrorKind, StorageError } from '../../core/errors.ts';
import type { Entry, Outcome, RemovalResult, Target } from '../../core/storageClient.ts';
import type { Start } from './entries.ts';
import { checkKey } from './keys.ts';

const resultOfKind: Partial<Record<ErrorKind, RemovalResult>> = {
  forbidden: 'denied',
  locked: 'locked',
  changed: 'changed',
};

/** The result that a refusal means; anything unknown is 'failed'. Whether 'not-found' speaks of the object or of its container, the caller knows. */
export function resultOf({ kind }: StorageError): RemovalResult {
  return resultOfKind[kind] ?? 'failed';
}

/** The outcome of a target that the server's answer does not mention. */
export function unanswered(target: Target): Outcome {
  const error = new StorageError('unexpected', `The server did not say what became of it: ${target.entry.path}`);
  return { target, result: 'failed', error };
}

/** What must not be asked of a server at all: what is no single object, names no container, or lies outside of where the credential begins. */
export function refuseTarget(
  entry: Entry,
  { container, prefix }: Start,
  kinds: readonly Entry['kind'][],
): StorageError | undefined {
  if (!kinds.includes(entry.kind)) return new StorageError('unsupported', `Only objects can be deleted: ${entry.path}`);
  // Without its id, deleting a version or aborting an upload would delete the object.
  if (entry.version?.id === '' || (entry.kind === 'upload' && entry.version === undefined)) {
    return new StorageError('unsupported', `This can't be told from the object itself: ${entry.path}`);
  }
  if (!entry.container) return new StorageError('unsupported', `This object names no container: ${entry.path}`);
  const inside = container === '' || (container === entry.container && entry.id.startsWith(prefix));
  if (!inside) return new StorageError('forbidden', `This credential is for another place: ${entry.path}`);
  return checkKey(entry.id);
}
