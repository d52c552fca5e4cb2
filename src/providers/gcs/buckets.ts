import { StorageError } from '../../core/errors.ts';
import type { Draft } from '../../core/fields.ts';
import type { Entry, Recovery } from '../../core/storageClient.ts';
import { formatCounted } from '../../core/text.ts';
import { containerEntry, refuseOutside } from '../_shared/entries.ts';
import type { Meanings } from '../_shared/errorRows.ts';
import { refuseBucketName } from './bucketNames.ts';
import { bucketPath, type GcsConnection } from './connection.ts';
import { Refusal } from './errors.ts';

/** https://cloud.google.com/storage/docs/json_api/v1/buckets#resource */
export interface BucketResource {
  readonly name?: string;
  readonly timeCreated?: string;
  readonly location?: string;
  readonly locationType?: string;
  readonly storageClass?: string;
  readonly versioning?: { readonly enabled?: boolean };
  readonly softDeletePolicy?: { readonly retentionDurationSeconds?: string };
  readonly retentionPolicy?: { readonly retentionPeriod?: string; readonly isLocked?: boolean };
  readonly defaultEventBasedHold?: boolean;
  readonly objectRetention?: { readonly mode?: string };
  readonly encryption?: { readonly defaultKmsKeyName?: string };
  readonly billing?: { readonly requesterPays?: boolean };
  readonly iamConfiguration?: {
    readonly uniformBucketLevelAccess?: { readonly enabled?: boolean };
    readonly publicAccessPrevention?: string;
  };
}

/** How long it is believed that a bucket keeps versions or not, in milliseconds. */
const believed = 60_000;

export async function readBucket(gcs: GcsConnection, bucket: string, signal: AbortSignal): Promise<BucketResource> {
  const resource = await gcs.read<BucketResource>('storage#bucket', { path: bucketPath(bucket) }, { bucket }, signal);
  gcs.seen.add(bucket);
  gcs.versioning.set(bucket, { on: resource.versioning?.enabled ?? false, at: Date.now() });
  return resource;
}

/** Whether a bucket keeps versions; undefined where these keys may not ask. */
export async function keepsVersions(
  gcs: GcsConnection,
  bucket: string,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  const known = gcs.versioning.get(bucket);
  if (known && Date.now() - known.at < believed) return known.on;
  try {
    return (await readBucket(gcs, bucket, signal)).versioning?.enabled ?? false;
  } catch (error) {
    if (!(error instanceof StorageError) || error.kind !== 'forbidden') throw error;
    gcs.versioning.set(bucket, { on: undefined, at: Date.now() });
    return undefined;
  }
}

/** Whether what is deleted from a bucket can be brought back. */
export async function recoveryOf(gcs: GcsConnection, bucket: string, signal: AbortSignal): Promise<Recovery> {
  try {
    const { versioning, softDeletePolicy } = await readBucket(gcs, bucket, signal);
    const seconds = Number(softDeletePolicy?.retentionDurationSeconds ?? 0);
    const days = formatCounted(Math.round(seconds / 86_400), 'day', 'days');
    if (versioning?.enabled) {
      return {
        recoverable: 'yes',
        because:
          'The bucket keeps versions: what is deleted stays as a noncurrent one, until a lifecycle rule takes it.',
      };
    }
    return seconds > 0
      ? { recoverable: 'yes', because: `The bucket keeps what is deleted for ${days} (soft delete).` }
      : { recoverable: 'no', because: 'The bucket keeps neither versions nor what is deleted.' };
  } catch (error) {
    if (!(error instanceof StorageError) || error.kind !== 'forbidden') throw error;
    gcs.versioning.set(bucket, { on: undefined, at: Date.now() });
    return { recoverable: 'unknown', because: 'These keys may not ask whether the bucket keeps what is deleted.' };
  }
}

/** Makes a bucket in the project, with versions where asked. Never takes one that exists for a new one. */
export async function createBucket(
  gcs: GcsConnection,
  name: string,
  options: Draft,
  signal: AbortSignal,
): Promise<Entry> {
  const refusal = refuseBucketName(name);
  if (refusal !== undefined) throw new StorageError('invalid-settings', refusal);
  refuseOutside(gcs.options.start, name);
  const location = String(options.location ?? '');
  const bucket = {
    name,
    ...(location === '' ? {} : { location }),
    ...(options.versioning === true ? { versioning: { enabled: true } } : {}),
  };
  const asked = {
    method: 'POST',
    path: '/storage/v1/b',
    query: { project: await gcs.project(), fields: 'kind,name,timeCreated' },
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(bucket),
  };
  const about = { bucket: name };
  const answer = await gcs.answer(asked, about, signal);
  if (answer.status !== 200) throw gcs.fail(new Refusal(answer), about, signal, whenCreating);
  const { timeCreated } = gcs.resource<BucketResource>('storage#bucket', answer, about);
  return containerEntry(name, timeCreated === undefined ? new Date() : new Date(timeCreated));
}

/** Deletes a bucket; the server does so only when nothing is in it. */
export async function removeBucket(gcs: GcsConnection, { kind, id }: Entry, signal: AbortSignal): Promise<void> {
  if (kind !== 'container' || id === '') throw new StorageError('unsupported', 'Only a bucket can be deleted so.');
  refuseOutside(gcs.options.start, id);
  const about = { bucket: id };
  const answer = await gcs.answer({ method: 'DELETE', path: bucketPath(id) }, about, signal);
  if (answer.status !== 204 || answer.text !== '') {
    throw gcs.fail(new Refusal(answer), about, signal, whenRemoving);
  }
  gcs.seen.delete(id);
}

const whenCreating: Meanings = {
  conflict: {
    kind: 'already-exists',
    sentence: ({ container }) => `This bucket exists already, here or with someone else: ${container ?? ''}`,
    hint: 'Choose another name.',
  },
  invalid: {
    kind: 'invalid-settings',
    sentence: ({ container }) => `The server does not take this name or location: ${container ?? ''}`,
    hint: 'Leave the location empty for the default, or check its spelling.',
  },
  required: {
    kind: 'invalid-settings',
    sentence: ({ container }) => `The server misses something to make this bucket: ${container ?? ''}`,
    hint: 'Check the project.',
  },
};

const whenRemoving: Meanings = {
  conflict: {
    kind: 'not-empty',
    sentence: ({ container }) => `The bucket is not empty: ${container ?? ''}`,
    hint: 'Delete everything in it first: objects and their versions.',
  },
};
