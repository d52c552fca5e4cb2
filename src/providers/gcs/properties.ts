import { StorageError } from '../../core/errors.ts';
import type { Entry, PropertyGroup } from '../../core/storageClient.ts';
import { formatCounted } from '../../core/text.ts';
import {
  dateText,
  earlyCostText,
  groups,
  notAllowed,
  type PropertyRow,
  present,
  sizeText,
} from '../_shared/propertyRows.ts';
import { type BucketResource, readBucket } from './buckets.ts';
import { type GcsConnection, objectPath } from './connection.ts';
import { addressOf, type ObjectResource } from './objects.ts';

interface FullObject extends ObjectResource {
  readonly contentType?: string;
  readonly timeCreated?: string;
  readonly customTime?: string;
  readonly metageneration?: string;
  readonly md5Hash?: string;
  readonly crc32c?: string;
  readonly cacheControl?: string;
  readonly contentDisposition?: string;
  readonly contentEncoding?: string;
  readonly contentLanguage?: string;
  readonly componentCount?: number;
  readonly kmsKeyName?: string;
  readonly customerEncryption?: { readonly encryptionAlgorithm?: string };
  readonly retention?: { readonly mode?: string; readonly retainUntilTime?: string };
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What the server says of a bucket or an object. What these keys may not ask is said so. */
export async function propertiesOf(
  gcs: GcsConnection,
  entry: Entry,
  signal: AbortSignal,
): Promise<readonly PropertyGroup[]> {
  if (entry.kind === 'container') return await bucketProperties(gcs, entry, signal);
  if (entry.kind !== 'object') throw new StorageError('unsupported', 'A folder is only the beginning of names.');
  const { bucket, key } = addressOf(entry);
  try {
    const asked = { path: objectPath(bucket, key) };
    return objectGroups(entry, await gcs.read<FullObject>('storage#object', asked, { bucket, key }, signal));
  } catch (error) {
    return groups([['Object', [...knownRows(entry), ['Further properties', refusalText(error)]]]]);
  }
}

async function bucketProperties(gcs: GcsConnection, entry: Entry, signal: AbortSignal): Promise<PropertyGroup[]> {
  try {
    return groups([['Bucket', bucketRows(await readBucket(gcs, entry.id, signal))]]);
  } catch (error) {
    const known: readonly PropertyRow[] = [
      ['Name', entry.name],
      ['Further properties', refusalText(error)],
    ];
    return groups([['Bucket', known]]);
  }
}

/** What stands in place of an answer; what concerns every request alike fails the whole. */
function refusalText(error: unknown): string {
  if (error instanceof StorageError && error.kind === 'forbidden') return notAllowed;
  throw error;
}

function bucketRows(bucket: BucketResource): PropertyRow[] {
  const { location, locationType, softDeletePolicy, retentionPolicy, iamConfiguration } = bucket;
  return present([
    ['Name', bucket.name],
    ['Created', timeText(bucket.timeCreated)],
    ['Location', [location, locationType].filter(Boolean).join(', ')],
    ['Storage class', bucket.storageClass],
    ['Versioning', bucket.versioning?.enabled ? 'on' : 'off'],
    ['Soft delete', spanText(softDeletePolicy?.retentionDurationSeconds)],
    ['Retention policy', retentionText(retentionPolicy)],
    ['New objects are held', bucket.defaultEventBasedHold ? 'yes' : undefined],
    ['Retention of objects', bucket.objectRetention?.mode],
    ['Encryption key', bucket.encryption?.defaultKmsKeyName],
    ['Uniform access', iamConfiguration?.uniformBucketLevelAccess?.enabled ? 'on' : 'off'],
    ['Public access prevention', iamConfiguration?.publicAccessPrevention],
    ['Requester pays', bucket.billing?.requesterPays ? 'yes' : undefined],
  ]);
}

function objectGroups(entry: Entry, object: FullObject): PropertyGroup[] {
  return groups([
    ['Object', objectRows(entry, object)],
    [
      'Lock',
      present([
        ['Temporary hold', object.temporaryHold ? 'on' : undefined],
        ['Event-based hold', object.eventBasedHold ? 'on' : undefined],
        ['Retained until', timeText(object.retentionExpirationTime)],
        ['Own retention', object.retention?.mode],
      ]),
    ],
    [
      'Headers',
      present([
        ['Cache-Control', object.cacheControl],
        ['Content-Disposition', object.contentDisposition],
        ['Content-Encoding', object.contentEncoding],
        ['Content-Language', object.contentLanguage],
      ]),
    ],
    ['Metadata', Object.entries(object.metadata ?? {})],
    [
      'Checksums',
      present([
        ['MD5', object.md5Hash],
        ['CRC-32C', object.crc32c],
      ]),
    ],
  ]);
}

function objectRows(entry: Entry, object: FullObject): PropertyRow[] {
  return present([
    ['Key', entry.id],
    ['Generation', object.generation],
    ['Metageneration', object.metageneration],
    ['Size', object.size === undefined ? undefined : sizeText(Number(object.size))],
    ['Type', object.contentType],
    ['Created', timeText(object.timeCreated)],
    ['Modified', timeText(object.updated)],
    ['Custom time', timeText(object.customTime)],
    ['Parts', object.componentCount === undefined ? undefined : String(object.componentCount)],
    ['Storage class', object.storageClass],
    ['Deleting early costs', earlyCost(object)],
    ['Encryption key', object.kmsKeyName],
    ['Encryption', object.customerEncryption && 'with a key of your own'],
  ]);
}

/** Days that are paid for at least. https://cloud.google.com/storage/docs/storage-classes */
const leastDays: Readonly<Record<string, number>> = { NEARLINE: 30, COLDLINE: 90, ARCHIVE: 365 };

function earlyCost({ storageClass = '', timeCreated }: FullObject): string | undefined {
  return earlyCostText(leastDays[storageClass], timeCreated === undefined ? undefined : new Date(timeCreated));
}

/** What the listing said, where the server may not be asked. */
function knownRows({ id, size, modified, tag, storageClass }: Entry): PropertyRow[] {
  return present([
    ['Key', id],
    ['Size', size === undefined ? undefined : sizeText(size)],
    ['Modified', modified === undefined ? undefined : dateText(modified)],
    ['Generation', tag],
    ['Storage class', storageClass],
  ]);
}

function retentionText(policy: BucketResource['retentionPolicy']): string {
  if (!policy) return 'none';
  return `${spanText(policy.retentionPeriod)}${policy.isLocked ? ', locked' : ''}`;
}

function spanText(seconds: string | undefined): string {
  const count = Number(seconds ?? 0);
  if (count === 0) return 'off';
  return count % 86_400 === 0
    ? formatCounted(count / 86_400, 'day', 'days')
    : formatCounted(count, 'second', 'seconds');
}

function timeText(time: string | undefined): string | undefined {
  return time === undefined ? undefined : dateText(Date.parse(time));
}
