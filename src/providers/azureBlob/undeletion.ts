import { setTimeout as sleep } from 'node:timers/promises';
import type { BlobGetPropertiesResponse, BlobItem } from '@azure/storage-blob';
import { StorageError } from '../../core/errors.ts';
import type { Deleted, Entry, Restoration } from '../../core/storageClient.ts';
import { encodeSegment } from '../_shared/keys.ts';
import { refuseTarget } from '../_shared/outcomes.ts';
import {
  alreadyThere,
  isOurs,
  keptNewer,
  noLongerKept,
  notOurs,
  notRestored,
  notShown,
  refuseDeleted,
  restored,
  restoreEach,
} from '../_shared/restorations.ts';
import type { AzureConnection } from './connection.ts';
import { flatPage, quotedTag } from './listing.ts';
import { attempt, liveBlob } from './liveBlob.ts';
import { refuseName } from './names.ts';
import { bringBackPath } from './pathUndeletion.ts';

/** Brings back what soft delete keeps, and makes versions current again, only where nothing has the name now. */
export function undeleteBatch(
  azure: AzureConnection,
  batch: readonly Deleted[],
  signal: AbortSignal,
): Promise<readonly Restoration[]> {
  const ways = {
    refuse: (deleted: Deleted) => refuse(azure, deleted),
    one: async (deleted: Deleted, limited: AbortSignal) => {
      if (await azure.hierarchical(deleted.entry.container ?? '', limited)) {
        return await bringBackPath(azure, deleted, limited);
      }
      const refusal = refuseDeleted(deleted, azure.options);
      return refusal ? notRestored(deleted, refusal) : await bringBack(azure, deleted, limited);
    },
  };
  const fail = (error: unknown, { entry: { container, id } }: Deleted, limited: AbortSignal) =>
    azure.fail(error, { container, id }, limited);
  return restoreEach(batch, ways, fail, signal);
}

/** A folder may be one by itself, in a hierarchical account. */
function refuse({ options }: AzureConnection, deleted: Deleted): StorageError | undefined {
  const { entry } = deleted;
  const ofFolder = entry.kind === 'folder' && entry.version === undefined;
  const refusal = ofFolder ? refuseTarget(entry, options, ['folder']) : refuseDeleted(deleted, options);
  return refusal ?? refuseName(entry.id);
}

async function bringBack(azure: AzureConnection, deleted: Deleted, signal: AbortSignal): Promise<Restoration> {
  const { entry } = deleted;
  const live = await liveBlob(azure, entry, signal);
  if (live) return await judge(azure, deleted, live, signal);
  const kept = await keptOf(azure, entry, signal);
  const version = kept.find((item) => item.versionId && !item.deleted && isPlanned(item, entry));
  // No version says when it ceased to be current.
  if (version) return isOurs(deleted, undefined) ? await promote(azure, deleted, version, signal) : notOurs(deleted);
  const base = kept.find((item) => item.deleted && !item.snapshot && !item.versionId);
  if (!base) return noLongerKept(deleted);
  if (!isPlanned(base, entry)) return notRestored(deleted, deletedLater(entry));
  const { deletedOn } = base.properties;
  return isOurs(deleted, deletedOn?.getTime()) ? await undelete(azure, deleted, signal) : notOurs(deleted);
}

/**
 * Snapshots that soft delete keeps come back too. What is live under the name would stay as it is, and the call has no
 * condition: so it was looked before, and is looked again.
 * https://learn.microsoft.com/rest/api/storageservices/undelete-blob
 */
async function undelete(azure: AzureConnection, deleted: Deleted, signal: AbortSignal): Promise<Restoration> {
  const { container = '', id } = deleted.entry;
  const errand = { method: 'PUT', query: { comp: 'undelete' }, answer: 'nothing', status: 200 } as const;
  const failure = await attempt(azure, deleted.entry, signal, () =>
    azure.run({ container, id }, errand, signal, () =>
      azure.library.remover.getContainerClient(container).getBlobClient(id).undelete({ abortSignal: signal }),
    ),
  );
  const now = await liveBlob(azure, deleted.entry, signal);
  if (now && quotedTag(now.etag) === deleted.entry.tag) return restored(deleted);
  if (now) return keptNewer(deleted);
  return failure ? notRestored(deleted, failure) : notShown(deleted);
}

/** Copies a version on its own name. https://learn.microsoft.com/azure/storage/blobs/versioning-overview */
async function promote(
  azure: AzureConnection,
  deleted: Deleted,
  version: BlobItem,
  signal: AbortSignal,
): Promise<Restoration> {
  const { container = '', id } = deleted.entry;
  const errand = { method: 'PUT', answer: 'nothing', status: 202 } as const;
  const { accessTier, accessTierInferred } = version.properties;
  const tier =
    accessTierInferred || accessTier === undefined || !copiedTiers.has(accessTier) ? {} : { tier: accessTier };
  const source = sourceOf(azure, deleted.entry, version.versionId ?? '');
  const failure = await attempt(azure, deleted.entry, signal, () =>
    azure.run({ container, id }, errand, signal, async () => {
      const blob = azure.library.remover.getContainerClient(container).getBlobClient(id);
      await blob.beginCopyFromURL(source, { abortSignal: signal, conditions: { ifNoneMatch: '*' }, ...tier });
    }),
  );
  let now = await liveBlob(azure, deleted.entry, signal);
  while (now?.copyStatus === 'pending' && isCopyOf(now, version)) {
    await sleep(pause, undefined, { signal });
    now = await liveBlob(azure, deleted.entry, signal);
  }
  if (now && isWholeCopyOf(now, version)) return restored(deleted);
  if (now && isCopyOf(now, version)) return notShown(deleted);
  if (now) return keptNewer(deleted);
  return failure ? notRestored(deleted, failure) : notShown(deleted);
}

/** Milliseconds between two looks at a copy that is under way. */
const pause = 1000;

const copiedTiers: ReadonlySet<string> = new Set(['Hot', 'Cool', 'Cold']);

/** A version's address with what lets read it, for the same service alone. */
function sourceOf(azure: AzureConnection, { container, id }: Entry, version: string): string {
  const { service, sasToken } = azure.options;
  const query = `versionid=${encodeSegment(version)}${sasToken === '' ? '' : `&${sasToken}`}`;
  return `${service.origin}${azure.path({ container, id })}?${query}`;
}

/** What is live now is what was deleted: by its tag, or as a whole copy of the version that had that tag. */
async function judge(
  azure: AzureConnection,
  deleted: Deleted,
  live: BlobGetPropertiesResponse,
  signal: AbortSignal,
): Promise<Restoration> {
  const { entry } = deleted;
  if (quotedTag(live.etag) === entry.tag) return alreadyThere(deleted);
  if (versionIn(live.copySource) === undefined) return keptNewer(deleted);
  const kept = await keptOf(azure, entry, signal);
  const version = kept.find((item) => item.versionId && isPlanned(item, entry));
  return version && isWholeCopyOf(live, version) ? alreadyThere(deleted) : keptNewer(deleted);
}

function isCopyOf({ copySource }: BlobGetPropertiesResponse, { versionId }: BlobItem): boolean {
  return versionId !== undefined && versionIn(copySource) === versionId;
}

function isWholeCopyOf(now: BlobGetPropertiesResponse, version: BlobItem): boolean {
  const { copyStatus, contentLength } = now;
  return isCopyOf(now, version) && copyStatus === 'success' && contentLength === version.properties.contentLength;
}

function versionIn(source: string | undefined): string | undefined {
  if (source === undefined || !URL.canParse(source)) return undefined;
  return new URL(source).searchParams.get('versionid') ?? undefined;
}

function isPlanned({ properties }: BlobItem, { tag }: Entry): boolean {
  return quotedTag(properties.etag) === tag;
}

/** Everything that the service has under exactly this name. */
async function keptOf(
  azure: AzureConnection,
  { container = '', id }: Entry,
  signal: AbortSignal,
): Promise<readonly BlobItem[]> {
  const found: BlobItem[] = [];
  let cursor: string | undefined;
  do {
    const query = { cursor, include: ['deleted', 'versions'], size: pageSize } as const;
    const { items, next } = await flatPage(azure, container, id, query, signal);
    const own = items.filter(({ name }) => name === id);
    found.push(...own);
    // Of all names that begin with a name, that one itself comes first.
    cursor = own.length < items.length || next === cursor ? undefined : next;
  } while (cursor !== undefined);
  return found;
}

const pageSize = 100;

function deletedLater({ path }: Entry): StorageError {
  const sentence = `Something else had this name since and was deleted too, so this was left alone: ${path}`;
  return new StorageError('changed', sentence, {
    hint: 'What was deleted first is among its snapshots: undelete the blob in the Azure portal, and promote that snapshot.',
  });
}
