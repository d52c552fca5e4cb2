import { StorageError } from '../../core/errors.ts';
import { isObject, isText, type JsonObject } from '../../core/json.ts';
import type { Entry, PropertyGroup } from '../../core/storageClient.ts';
import { formatCounted } from '../../core/text.ts';
import { dateText, groups, type PropertyRow, present, refusalText, sizeText } from '../_shared/propertyRows.ts';
import { readBucket } from './buckets.ts';
import type { B2Connection } from './connection.ts';
import { addressOf, type B2File, fileOf, readable } from './files.ts';

/** What the server says of a bucket, an object or a version. What these keys may not ask is said so. */
export async function propertiesOf(
  b2: B2Connection,
  entry: Entry,
  signal: AbortSignal,
): Promise<readonly PropertyGroup[]> {
  if (entry.kind === 'folder') throw new StorageError('unsupported', 'A folder is only the beginning of names.');
  const ofBucket = entry.kind === 'container';
  if (!ofBucket) addressOf(entry);
  try {
    return ofBucket
      ? bucketGroups(await readBucket(b2, entry.id, signal))
      : objectGroups(entry, await fileOf(b2, entry, signal));
  } catch (error) {
    const text = refusalText(b2.fail(error, {}, signal));
    return groups([[ofBucket ? 'Bucket' : 'Object', [...knownRows(entry), ['Further properties', text]]]]);
  }
}

function bucketGroups(bucket: JsonObject): PropertyGroup[] {
  const { lifecycleRules, fileLockConfiguration, bucketInfo } = bucket;
  const lock = readable(fileLockConfiguration);
  const retention = isObject(lock.defaultRetention) ? lock.defaultRetention : {};
  return groups([
    [
      'Bucket',
      present([
        ['Name', text(bucket.bucketName)],
        ['ID', text(bucket.bucketId)],
        ['Access', text(bucket.bucketType)],
        ['Object Lock', lock.isFileLockEnabled === undefined ? undefined : lock.isFileLockEnabled ? 'on' : 'off'],
        ['Default retention', periodText(retention)],
        ['Encryption', encryptionText(readable(bucket.defaultServerSideEncryption))],
        ['Revision', numberText(bucket.revision)],
      ]),
    ],
    ['Lifecycle rules', Array.isArray(lifecycleRules) ? lifecycleRules.filter(isObject).map(ruleRow) : []],
    ['Bucket info', infoRows(bucketInfo)],
  ]);
}

function objectGroups(entry: Entry, { id, action, size, uploaded, said }: B2File): PropertyGroup[] {
  const { mode, retainUntilTimestamp: until } = readable(said.fileRetention);
  const hold = isObject(said.legalHold) ? text(said.legalHold.value) : undefined;
  return groups([
    [
      'Object',
      present([
        ['Key', entry.id],
        ['File ID', id],
        ['Kind', action === 'hide' ? 'hide marker' : undefined],
        ['Size', size === undefined ? undefined : sizeText(size)],
        ['Type', text(said.contentType)],
        ['Uploaded', uploaded === undefined ? undefined : dateText(uploaded)],
        ['Encryption', encryptionText(isObject(said.serverSideEncryption) ? said.serverSideEncryption : {})],
        ['Replication', text(said.replicationStatus)],
      ]),
    ],
    [
      'Lock',
      present([
        ['Retention mode', text(mode)],
        ['Retained until', typeof until === 'number' ? dateText(until) : undefined],
        ['Legal hold', hold],
      ]),
    ],
    ['Metadata', infoRows(said.fileInfo)],
    [
      'Checksums',
      present([
        ['SHA-1', said.contentSha1 === 'none' ? undefined : text(said.contentSha1)],
        ['MD5', text(said.contentMd5)],
      ]),
    ],
  ]);
}

/** What the listing said, where the server may not be asked. */
function knownRows({ kind, id, size, modified }: Entry): PropertyRow[] {
  return present([
    [kind === 'container' ? 'Name' : 'Key', id],
    ['Size', size === undefined ? undefined : sizeText(size)],
    ['Uploaded', modified === undefined ? undefined : dateText(modified)],
  ]);
}

/** https://www.backblaze.com/docs/cloud-storage-lifecycle-rules */
function ruleRow(rule: JsonObject): PropertyRow {
  const prefix = text(rule.fileNamePrefix);
  const steps = [
    daysText(rule.daysFromUploadingToHiding, 'hidden', 'upload'),
    daysText(rule.daysFromHidingToDeleting, 'deleted', 'hiding'),
    daysText(rule.daysFromStartingToCancelingUnfinishedLargeFiles, 'unfinished uploads cancelled', 'their start'),
  ];
  return [prefix ?? 'All names', steps.filter((step) => step !== undefined).join(', ') || 'nothing'];
}

function daysText(days: unknown, what: string, since: string): string | undefined {
  return typeof days === 'number' ? `${what} ${formatCounted(days, 'day', 'days')} after ${since}` : undefined;
}

function periodText({ mode, period }: JsonObject): string | undefined {
  if (!isText(mode, 1) || !isObject(period)) return undefined;
  return `${mode}, ${period.duration} ${period.unit}`;
}

function encryptionText({ mode, algorithm }: JsonObject): string | undefined {
  return isText(mode, 1) ? [mode, text(algorithm)].filter(Boolean).join(', ') : undefined;
}

function infoRows(info: unknown): PropertyRow[] {
  return Object.entries(isObject(info) ? info : {}).map(([name, value]) => [name, String(value)]);
}

function text(value: unknown): string | undefined {
  return isText(value, 1) ? value : undefined;
}

function numberText(value: unknown): string | undefined {
  return typeof value === 'number' ? String(value) : undefined;
}
