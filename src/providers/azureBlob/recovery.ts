import { toStorageError } from '../../core/errors.ts';
import type { Place, Recovery } from '../../core/storageClient.ts';
import { formatCounted } from '../../core/text.ts';
import type { AzureConnection } from './connection.ts';
import { flatPage } from './listing.ts';

/** Whether what is deleted can be brought back: soft delete is asked of the account, versions show in the container alone. */
export async function recoveryOf(azure: AzureConnection, at: Place, signal: AbortSignal): Promise<Recovery> {
  const query = { restype: 'service', comp: 'properties' };
  const errand = { method: 'GET', query, answer: { document: 'StorageServiceProperties' } } as const;
  try {
    const { deleteRetentionPolicy } = await azure.run({}, errand, signal, () =>
      azure.library.reader.getProperties({ abortSignal: signal }),
    );
    if (!deleteRetentionPolicy?.enabled) return (await byVersions(azure, at, signal)) ?? off;
    const days = formatCounted(deleteRetentionPolicy.days ?? 0, 'day', 'days');
    return { recoverable: 'yes', because: `Soft delete keeps what is deleted for ${days}.` };
  } catch (error) {
    const failure = toStorageError(error);
    // A container's token is none at all where the account is asked.
    const token = azure.options.sasToken !== '' && failure.kind === 'unauthenticated';
    if (!token && failure.kind !== 'forbidden' && failure.kind !== 'unsupported') throw failure;
    return { recoverable: 'unknown', because: 'These credentials may not ask whether soft delete is on.' };
  }
}

const off: Recovery = { recoverable: 'no', because: 'Soft delete is off in this account.' };

/** No call tells whether versioning is on, and objects have versions still where it was. */
async function byVersions(azure: AzureConnection, at: Place, signal: AbortSignal): Promise<Recovery | undefined> {
  const container = at.kind === 'container' ? at.id : at.kind === 'folder' ? (at.container ?? '') : '';
  if (container === '') return undefined;
  const prefix = at.kind === 'folder' ? at.id : '';
  const seen = await flatPage(azure, container, prefix, { include: ['versions'], size: 5 }, signal).catch(() => {
    signal.throwIfAborted();
    return undefined;
  });
  if (!seen?.items.some(({ versionId }) => versionId)) return undefined;
  const because =
    'Soft delete is off. Objects have versions here: one that is deleted stays as an earlier version if versioning is still on.';
  return { recoverable: 'unknown', because };
}
