import type { BlobGetPropertiesResponse, BlobItem } from '@azure/storage-blob';
import { StorageError } from '../../core/errors.ts';
import type { Deleted, Entry, Restoration } from '../../core/storageClient.ts';
import { encodeKey, encodeSegment } from '../_shared/keys.ts';
import {
  alreadyThere,
  isOurs,
  keptNewer,
  noLongerKept,
  notOurs,
  notRestored,
  notShown,
  restored,
} from '../_shared/restorations.ts';
import type { AzureConnection } from './connection.ts';
import { flatPage, quotedTag } from './listing.ts';
import { attempt, liveBlob } from './liveBlob.ts';

/**
 * Brings back a file or folder of an account with a hierarchical namespace, a folder with all that went with it. The service
 * itself never puts it where something is.
 * https://learn.microsoft.com/rest/api/storageservices/undelete-blob and list-blobs (showonly=deleted)
 */
export async function bringBackPath(
  azure: AzureConnection,
  deleted: Deleted,
  signal: AbortSignal,
): Promise<Restoration> {
  const path = { ...deleted.entry, id: deleted.entry.id.replace(/\/$/, '') };
  const { container = '', id } = path;
  const live = await liveBlob(azure, path, signal);
  if (live) return isPlanned(live, deleted.entry) ? alreadyThere(deleted) : keptNewer(deleted);
  const [item, ...others] = (await deletedAt(azure, path, signal)).filter((each) => fits(each, deleted.entry));
  if (!item?.versionId) return noLongerKept(deleted);
  if (others.length > 0) return notRestored(deleted, several(deleted.entry));
  if (!isOurs(deleted, item.properties.deletedOn?.getTime())) return notOurs(deleted);
  const source = `${encodeKey(id)}?deletionid=${encodeSegment(item.versionId)}`;
  const headers = { 'x-ms-undelete-source': source };
  const errand = { method: 'PUT', query: { comp: 'undelete' }, answer: 'nothing', status: 200, headers } as const;
  const failure = await attempt(azure, path, signal, () =>
    azure.run({ container, id }, errand, signal, () =>
      azure.library.remover.getContainerClient(container).getBlobClient(id).undelete({ abortSignal: signal }),
    ),
  );
  const now = await liveBlob(azure, path, signal);
  if (now) return isPlanned(now, deleted.entry) ? restored(deleted) : keptNewer(deleted);
  return failure ? notRestored(deleted, failure) : notShown(deleted);
}

/** What soft delete keeps of exactly this path. */
async function deletedAt(
  azure: AzureConnection,
  { container = '', id }: Entry,
  signal: AbortSignal,
): Promise<readonly BlobItem[]> {
  const found: BlobItem[] = [];
  let cursor: string | undefined;
  do {
    const { items, next } = await flatPage(azure, container, id, { cursor, include: [], showonly: 'deleted' }, signal);
    found.push(...items.filter(({ name }) => name === id));
    cursor = next === cursor ? undefined : next;
  } while (cursor !== undefined);
  return found;
}

function fits(item: BlobItem, { kind, tag }: Entry): boolean {
  const folder = item.metadata?.hdi_isfolder === 'true';
  return kind === 'folder' ? folder : !folder && quotedTag(item.properties.etag) === tag;
}

/** A folder has no tag that was noted: it is told by its name. */
function isPlanned({ etag, metadata }: BlobGetPropertiesResponse, { kind, tag }: Entry): boolean {
  const folder = metadata?.hdi_isfolder === 'true';
  return kind === 'folder' ? folder : !folder && quotedTag(etag) === tag;
}

function several({ path }: Entry): StorageError {
  return new StorageError('unsupported', `Several were deleted under this name, and it can't be told which: ${path}`, {
    hint: 'Look through what is deleted in the Azure portal.',
  });
}
