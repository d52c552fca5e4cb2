import {
  GetBucketEncryptionCommand,
  type GetBucketEncryptionCommandOutput,
  GetBucketLocationCommand,
  type GetBucketLocationCommandOutput,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  type GetObjectLockConfigurationCommandOutput,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
} from '@aws-sdk/client-s3';
import { StorageError } from '../../../core/errors.ts';
import type { Entry, PropertyGroup } from '../../../core/storageClient.ts';
import { formatCount } from '../../../core/text.ts';
import { checkKey } from '../keys.ts';
import { dateText, groups, present, type Row, sizeText } from '../propertyRows.ts';
import type { S3Connection } from './connection.ts';
import { answerOf } from './errors.ts';

/** What the server says of a bucket or an object. What these keys may not ask is said so and spoils nothing else. */
export async function propertiesOf(
  s3: S3Connection,
  entry: Entry,
  signal: AbortSignal,
): Promise<readonly PropertyGroup[]> {
  if (entry.kind === 'container') return await bucketProperties(s3, entry, signal);
  if (entry.kind !== 'object') throw new StorageError('unsupported', 'A folder is only the beginning of names.');
  const refusal = checkKey(entry.id);
  if (refusal) throw refusal;
  if (entry.version?.marker) return [{ title: 'Delete marker', rows: knownRows(entry) }];
  return await objectProperties(s3, entry, signal);
}

async function bucketProperties(s3: S3Connection, entry: Entry, signal: AbortSignal): Promise<PropertyGroup[]> {
  const Bucket = entry.id;
  const ask = asker(s3, { bucket: Bucket }, signal);
  const options = { abortSignal: signal };
  const [region, versioning, lock, encryption] = await Promise.all([
    ask(async () => regionText(await s3.reader.send(new GetBucketLocationCommand({ Bucket }), options), s3)),
    ask(async () => (await s3.reader.send(new GetBucketVersioningCommand({ Bucket }), options)).Status ?? 'off'),
    ask(
      async () => lockText(await s3.reader.send(new GetObjectLockConfigurationCommand({ Bucket }), options)),
      ['ObjectLockConfigurationNotFoundError', 'NoSuchObjectLockConfiguration'],
    ),
    ask(
      async () => encryptionText(await s3.reader.send(new GetBucketEncryptionCommand({ Bucket }), options)),
      ['ServerSideEncryptionConfigurationNotFoundError'],
    ),
  ]);
  return [
    {
      title: 'Bucket',
      rows: present([
        ['Name', entry.name],
        ['Created', entry.modified === undefined ? undefined : dateText(entry.modified)],
        ['Region', region],
        ['Versioning', versioning],
        ['Object Lock', lock],
        ['Encryption', encryption],
      ]),
    },
  ];
}

async function objectProperties(s3: S3Connection, entry: Entry, signal: AbortSignal): Promise<PropertyGroup[]> {
  const ask = asker(s3, { bucket: entry.container, key: entry.id }, signal);
  const [head, tags] = await Promise.all([
    headOf(s3, entry, signal),
    ask(() => tagsOf(s3, entry, signal), ['NoSuchTagSet']),
  ]);
  const tagRows: readonly Row[] = typeof tags === 'string' ? [['Tags', tags]] : tags;
  if (typeof head === 'string') {
    return groups([
      ['Object', [...knownRows(entry), ['Further properties', head]]],
      ['Tags', tagRows],
    ]);
  }
  return groups([
    ['Object', objectRows(entry, head)],
    ['Lock', lockRows(head)],
    ['Headers', headerRows(head)],
    ['Metadata', Object.entries(head.Metadata ?? {})],
    ['Tags', tagRows],
    ['Checksums', checksumRows(head)],
  ]);
}

async function tagsOf(s3: S3Connection, entry: Entry, signal: AbortSignal): Promise<Row[]> {
  const { TagSet = [] } = await s3.reader.send(new GetObjectTaggingCommand(addressOf(entry)), { abortSignal: signal });
  return TagSet.map(({ Key = '', Value = '' }): Row => [Key, Value]);
}

/** Asking for checksums too needs the permission to decrypt, which may be missing. */
async function headOf(s3: S3Connection, entry: Entry, signal: AbortSignal): Promise<HeadObjectCommandOutput | string> {
  const about = { bucket: entry.container, key: entry.id };
  let refusal = notAllowed;
  for (const checksums of [{ ChecksumMode: 'ENABLED' } as const, {}]) {
    try {
      const command = new HeadObjectCommand({ ...addressOf(entry), ...checksums });
      return await s3.reader.send(command, { abortSignal: signal });
    } catch (error) {
      refusal = refusalText(s3.fail(error, about, signal));
    }
  }
  return refusal;
}

/** A request whose refusal is an answer too. `none` are the codes that say there is nothing of the kind. */
function asker(
  s3: S3Connection,
  about: { bucket?: string | undefined; key?: string | undefined },
  signal: AbortSignal,
) {
  return async <T>(request: () => Promise<T>, none: readonly string[] = []): Promise<T | string> => {
    try {
      return await request();
    } catch (error) {
      if (none.includes(answerOf(error).code ?? '')) return 'none';
      return refusalText(s3.fail(error, about, signal));
    }
  };
}

const notAllowed = 'not allowed';

/** What stands in place of an answer; what concerns every request alike fails the whole. */
function refusalText(failure: StorageError): string {
  if (failure.kind === 'forbidden') return notAllowed;
  if (failure.kind === 'unsupported') return 'not offered by this server';
  if (failure.kind === 'unexpected' || failure.kind === 'invalid-settings') return `not known: ${failure.message}`;
  throw failure;
}

function addressOf({ container = '', id, version }: Entry) {
  return { Bucket: container, Key: id, ...(version === undefined ? {} : { VersionId: version.id }) };
}

/** What the listing said, where the server may not be asked. */
function knownRows({ id, size, modified, tag, storageClass, version }: Entry): Row[] {
  return present([
    ['Key', id],
    ['Version', version?.id],
    ['Size', size === undefined ? undefined : sizeText(size)],
    ['Modified', modified === undefined ? undefined : dateText(modified)],
    ['ETag', tag],
    ['Storage class', storageClass],
  ]);
}

function objectRows(entry: Entry, head: HeadObjectCommandOutput): Row[] {
  return present([
    ['Key', entry.id],
    ['Version', head.VersionId ?? entry.version?.id],
    ['Size', head.ContentLength === undefined ? undefined : sizeText(head.ContentLength)],
    ['Type', head.ContentType],
    ['Modified', head.LastModified && dateText(head.LastModified.getTime())],
    ['ETag', head.ETag],
    ['Parts', head.PartsCount === undefined ? undefined : formatCount(head.PartsCount)],
    ['Storage class', head.StorageClass ?? entry.storageClass ?? 'STANDARD'],
    ['Deleting early costs', earlyCost(head)],
    ['Archive', head.ArchiveStatus],
    ['Restore', head.Restore],
    ['Goes by itself', head.Expiration],
    ['Encryption', head.ServerSideEncryption ?? (head.SSECustomerAlgorithm && 'with a key of your own')],
    ['Encryption key', head.SSEKMSKeyId],
    ['Replication', head.ReplicationStatus],
  ]);
}

/** Days that are paid for at least. https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html */
const leastDays: Readonly<Record<string, number>> = {
  STANDARD_IA: 30,
  ONEZONE_IA: 30,
  GLACIER_IR: 90,
  GLACIER: 90,
  DEEP_ARCHIVE: 180,
};

function earlyCost({ StorageClass, LastModified }: HeadObjectCommandOutput): string | undefined {
  const days = leastDays[StorageClass ?? ''];
  if (days === undefined) return undefined;
  const until = LastModified && dateText(LastModified.getTime() + days * 86_400_000);
  return `${days} days are paid for at least${until === undefined ? '' : `, until ${until}`}`;
}

function lockRows(head: HeadObjectCommandOutput): Row[] {
  const { ObjectLockMode, ObjectLockRetainUntilDate, ObjectLockLegalHoldStatus } = head;
  return present([
    ['Retention', ObjectLockMode],
    ['Until', ObjectLockRetainUntilDate && dateText(ObjectLockRetainUntilDate.getTime())],
    ['Legal hold', ObjectLockLegalHoldStatus],
  ]);
}

function headerRows(head: HeadObjectCommandOutput): Row[] {
  return present([
    ['Cache-Control', head.CacheControl],
    ['Content-Disposition', head.ContentDisposition],
    ['Content-Encoding', head.ContentEncoding],
    ['Content-Language', head.ContentLanguage],
    ['Expires', head.ExpiresString],
    ['Website redirect', head.WebsiteRedirectLocation],
  ]);
}

function checksumRows(head: HeadObjectCommandOutput): Row[] {
  return present([
    ['CRC-32', head.ChecksumCRC32],
    ['CRC-32C', head.ChecksumCRC32C],
    ['CRC-64NVME', head.ChecksumCRC64NVME],
    ['SHA-1', head.ChecksumSHA1],
    ['SHA-256', head.ChecksumSHA256],
    ['Of', head.ChecksumType],
  ]);
}

/** Amazon leaves its first region unnamed. */
function regionText({ LocationConstraint }: GetBucketLocationCommandOutput, { options }: S3Connection): string {
  return LocationConstraint || (options.customEndpoint ? 'the default' : 'us-east-1');
}

function lockText({ ObjectLockConfiguration }: GetObjectLockConfigurationCommandOutput): string {
  if (ObjectLockConfiguration?.ObjectLockEnabled !== 'Enabled') return 'off';
  const { Mode, Days, Years } = ObjectLockConfiguration.Rule?.DefaultRetention ?? {};
  if (Mode === undefined) return 'on, no default retention';
  return `on, new objects are kept: ${Years ? `${Years} years` : `${Days} days`} (${Mode})`;
}

function encryptionText({ ServerSideEncryptionConfiguration }: GetBucketEncryptionCommandOutput): string {
  const rules = ServerSideEncryptionConfiguration?.Rules ?? [];
  const names = rules.flatMap(({ ApplyServerSideEncryptionByDefault: by }) =>
    by === undefined ? [] : [[by.SSEAlgorithm, by.KMSMasterKeyID].filter(Boolean).join(' ')],
  );
  return names.join(', ') || 'none';
}
