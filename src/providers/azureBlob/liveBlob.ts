import type { BlobGetPropertiesResponse } from '@azure/storage-blob';
import type { StorageError } from '../../core/errors.ts';
import type { Entry } from '../../core/storageClient.ts';
import type { AzureConnection } from './connection.ts';
import { headOf } from './properties.ts';
import { AzureAnswer } from './wire.ts';

/** Undefined where the service itself says that none is there. */
export async function liveBlob(
  azure: AzureConnection,
  entry: Entry,
  signal: AbortSignal,
): Promise<BlobGetPropertiesResponse | undefined> {
  try {
    return await headOf(azure, entry, signal);
  } catch (error) {
    const failure = azure.fail(error, entry, signal);
    if (failure.cause instanceof AzureAnswer && failure.cause.code === 'BlobNotFound') return undefined;
    throw failure;
  }
}

/** The failure of a change, if it is one: whether it was done all the same is seen by looking. */
export async function attempt(
  azure: AzureConnection,
  { container, id }: Entry,
  signal: AbortSignal,
  change: () => Promise<unknown>,
): Promise<StorageError | undefined> {
  try {
    await change();
    return undefined;
  } catch (error) {
    return azure.fail(error, { container, id }, signal);
  }
}
