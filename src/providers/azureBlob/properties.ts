import type { BlobGetPropertiesResponse, ContainerGetPropertiesResponse } from '@azure/storage-blob';
import { StorageError, toStorageError } from '../../core/errors.ts';
import type { Entry, PropertyGroup } from '../../core/storageClient.ts';
import { formatCount } from '../../core/text.ts';
import { checkKey } from '../_shared/keys.ts';
import {
  dateText,
  earlyCostText,
  groups,
  type PropertyRow,
  present,
  refusalText,
  sizeText,
} from '../_shared/propertyRows.ts';
import type { AzureConnection } from './connection.ts';
import { refuseName } from './names.ts';

/** What the service says of a container or an object. What these keys may not ask is said so and spoils nothing else. */
export async function propertiesOf(
  azure: AzureConnection,
  entry: Entry,
  signal: AbortSignal,
): Promise<readonly PropertyGroup[]> {
  if (entry.kind === 'container') return await containerProperties(azure, entry, signal);
  if (entry.kind !== 'object') throw new StorageError('unsupported', 'A folder is only the beginning of names.');
  return await blobProperties(azure, entry, signal);
}

/** What the service says of one object. */
export async function headOf(
  azure: AzureConnection,
  { container = '', id }: Entry,
  signal: AbortSignal,
): Promise<BlobGetPropertiesResponse> {
  const refusal = checkKey(id) ?? refuseName(id);
  if (refusal) throw refusal;
  return await azure.run({ container, id }, { method: 'HEAD', answer: 'nothing' }, signal, () =>
    azure.blob(container, id).getProperties({ abortSignal: signal }),
  );
}

async function containerProperties(
  azure: AzureConnection,
  { id: name }: Entry,
  signal: AbortSignal,
): Promise<readonly PropertyGroup[]> {
  const errand = { method: 'GET', query: { restype: 'container' }, answer: 'nothing' } as const;
  const head = await azure.run({ container: name }, errand, signal, () =>
    azure.container(name).getProperties({ abortSignal: signal }),
  );
  return groups([
    ['Container', containerRows(name, head)],
    ['Metadata', Object.entries(head.metadata ?? {})],
  ]);
}

async function blobProperties(
  azure: AzureConnection,
  entry: Entry,
  signal: AbortSignal,
): Promise<readonly PropertyGroup[]> {
  const head = await headOf(azure, entry, signal);
  const tags = await tagRows(azure, entry, head, signal);
  return groups([
    ['Object', objectRows(entry, head)],
    ['Lock', lockRows(head)],
    ['Headers', headerRows(head)],
    ['Metadata', Object.entries(head.metadata ?? {})],
    ['Tags', tags],
  ]);
}

/** Asked only where there are some: it takes a permission of its own. */
async function tagRows(
  azure: AzureConnection,
  { container = '', id }: Entry,
  { tagCount = 0 }: BlobGetPropertiesResponse,
  signal: AbortSignal,
): Promise<readonly PropertyRow[]> {
  if (tagCount === 0) return [];
  const errand = { method: 'GET', query: { comp: 'tags' }, answer: { document: 'Tags' } } as const;
  try {
    const { tags } = await azure.run({ container, id }, errand, signal, () =>
      azure.blob(container, id).getTags({ abortSignal: signal }),
    );
    return Object.entries(tags);
  } catch (error) {
    return [['Tags', refusalText(toStorageError(error))]];
  }
}

function containerRows(name: string, head: ContainerGetPropertiesResponse): PropertyRow[] {
  return present([
    ['Name', name],
    ['Modified', dateOf(head.lastModified)],
    ['Public access', head.blobPublicAccess ?? 'none'],
    ['Lease', head.leaseState],
    ['Immutability policy', yesNo(head.hasImmutabilityPolicy)],
    ['Legal hold', yesNo(head.hasLegalHold)],
    ['Immutable versions', yesNo(head.isImmutableStorageWithVersioningEnabled)],
    ['Encryption scope', head.defaultEncryptionScope],
  ]);
}

/** Days that are paid for at least. https://learn.microsoft.com/azure/storage/blobs/access-tiers-overview */
const leastDays: Readonly<Record<string, number>> = { Cool: 30, Cold: 90, Archive: 180 };

function objectRows(entry: Entry, head: BlobGetPropertiesResponse): PropertyRow[] {
  return present([
    ['Key', entry.id],
    ['Version', head.versionId],
    ['Size', head.contentLength === undefined ? undefined : sizeText(head.contentLength)],
    ['Type', head.contentType],
    ['Modified', dateOf(head.lastModified)],
    ['Created', dateOf(head.createdOn)],
    ['ETag', head.etag],
    ['Kind of blob', head.blobType],
    ['Blocks', head.blobCommittedBlockCount === undefined ? undefined : formatCount(head.blobCommittedBlockCount)],
    ['Access tier', head.accessTier && (head.accessTierInferred ? `${head.accessTier} (inherited)` : head.accessTier)],
    [
      'Deleting early costs',
      earlyCostText(leastDays[head.accessTier ?? ''], head.accessTierChangedOn ?? head.createdOn),
    ],
    ['Archive', head.archiveStatus],
    ['Goes by itself', dateOf(head.expiresOn)],
    ['Copy', head.copyStatus],
    ['Encryption', head.isServerEncrypted ? 'by the service' : undefined],
    ['Encryption scope', head.encryptionScope],
  ]);
}

function lockRows(head: BlobGetPropertiesResponse): PropertyRow[] {
  return present([
    ['Lease', head.leaseStatus === 'locked' ? [head.leaseState, head.leaseDuration].join(', ') : undefined],
    ['Retention', head.immutabilityPolicyMode],
    ['Until', dateOf(head.immutabilityPolicyExpiresOn)],
    ['Legal hold', head.legalHold ? 'on' : undefined],
  ]);
}

function headerRows(head: BlobGetPropertiesResponse): PropertyRow[] {
  return present([
    ['Cache-Control', head.cacheControl],
    ['Content-Disposition', head.contentDisposition],
    ['Content-Encoding', head.contentEncoding],
    ['Content-Language', head.contentLanguage],
    ['Content-MD5', head.contentMD5 && Buffer.from(head.contentMD5).toString('base64')],
  ]);
}

function dateOf(date: Date | undefined): string | undefined {
  return date && dateText(date.getTime());
}

function yesNo(value: boolean | undefined): string | undefined {
  return value === undefined ? undefined : value ? 'yes' : 'no';
}
