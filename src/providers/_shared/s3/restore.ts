import { StorageError } from '../../../core/errors.ts';
import type { Entry } from '../../../core/storageClient.ts';
import type { S3Connection } from './connection.ts';
import { removeBatch } from './removal.ts';
import { isMarker } from './versions.ts';

/** Deletes exactly this delete marker, after the server said that it is one: deleting a version would lose it for good. */
export async function restoreMarker(s3: S3Connection, marker: Entry, signal: AbortSignal): Promise<void> {
  if (marker.kind !== 'object' || !marker.version?.marker) throw noMarker(marker);
  const standing = await isMarker(s3, marker, signal);
  if (standing === undefined) {
    throw new StorageError('not-found', `This delete marker is not there any more: ${marker.path}`);
  }
  if (!standing) throw noMarker(marker);
  const [outcome] = await removeBatch(s3, [{ entry: marker, mode: 'permanent' }], signal);
  if (outcome?.error) throw outcome.error;
}

function noMarker({ path }: Entry): StorageError {
  return new StorageError('unsupported', `Only a delete marker can be undeleted: ${path}`);
}
