import { type ErrorKind, StorageError } from '../../core/errors.ts';
import type { Outcome, Target } from '../../core/storageClient.ts';
import { resultOf } from '../_shared/outcomes.ts';
import type { GcsConnection } from './connection.ts';
import { isGcsAnswer } from './errors.ts';
import { statObject } from './objects.ts';

/** The generation that is there now; undefined where none is, which Cloud Storage itself must have said. */
export async function generationOf(
  gcs: GcsConnection,
  { entry }: Target,
  signal: AbortSignal,
): Promise<string | StorageError | undefined> {
  try {
    return (await statObject(gcs, entry, signal)).tag;
  } catch (error) {
    const failure = gcs.fail(error, { bucket: entry.container, key: entry.id }, signal);
    return failure.kind === 'not-found' && isGcsAnswer(failure.cause) ? undefined : failure;
  }
}

/** The error of an object that has another generation than the one that was meant. */
export function changed({ entry }: Target): StorageError {
  return new StorageError('changed', `It changed in the meantime: ${entry.id}`);
}

/** The outcome that an error means. */
export function failed(target: Target, error: StorageError): Outcome {
  return { target, result: resultOf(error), error };
}

/** Why it is not known whether it is gone: kept apart from a refusal to delete, since it may well be. */
export function unconfirmed(target: Target, { kind, hint, detail, retryable, retryAfter }: StorageError): Outcome {
  const sentence = `It could not be found out whether it is gone: ${target.entry.path}`;
  const told = unknowing.has(kind) ? kind : 'unexpected';
  return { target, result: 'failed', error: new StorageError(told, sentence, { hint, detail, retryable, retryAfter }) };
}

/** Kinds that say nothing of the object. */
const unknowing: ReadonlySet<ErrorKind> = new Set(['unreachable', 'timed-out', 'cancelled', 'unexpected']);
