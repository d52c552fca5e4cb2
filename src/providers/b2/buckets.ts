import { StorageError } from '../../core/errors.ts';
import { isObject, isText, type JsonObject } from '../../core/json.ts';
import type { Entry, Place, Recovery } from '../../core/storageClient.ts';
import { formatCounted } from '../../core/text.ts';
import { containerEntry, containerOf, refuseOutside } from '../_shared/entries.ts';
import type { Meanings } from '../_shared/errorRows.ts';
import type { B2Connection } from './connection.ts';
import { readBucketList } from './connection.ts';
import { noBucket } from './errors.ts';
import { refuseBucketName } from './names.ts';
import { bucketFor } from './scope.ts';

/** What the server says of a bucket. */
export async function readBucket(b2: B2Connection, name: string, signal: AbortSignal): Promise<JsonObject> {
  const bucketId = await bucketFor(b2, name, (await b2.account(signal)).namePrefix, signal);
  const { accountId } = await b2.account(signal);
  const parameters = { accountId, bucketId, bucketName: name };
  const found = await b2.read('b2_list_buckets', parameters, { bucket: name }, signal, readBucketList);
  const bucket = found.find(({ bucketName }) => bucketName === name);
  if (!bucket) throw noBucket(name);
  return bucket;
}

/** What is deleted is hidden; how long it stays so, the bucket's lifecycle rules say, where the key may read them. */
export async function recoveryOf(b2: B2Connection, at: Place, signal: AbortSignal): Promise<Recovery> {
  const hidden = (because: string): Recovery => ({ recoverable: 'yes', because: `Hidden, not deleted: ${because}` });
  const unread = hidden('older versions stay until deleted, or until a lifecycle rule of the bucket deletes them.');
  if (at.kind === 'root') return unread;
  try {
    const { lifecycleRules } = await readBucket(b2, containerOf(at), signal);
    const rules = Array.isArray(lifecycleRules) ? lifecycleRules.filter(isObject) : [];
    const prefix = at.kind === 'folder' ? at.id : '';
    const days = rules.filter((rule) => concerns(rule, prefix)).map((rule) => Number(rule.daysFromHidingToDeleting));
    const fewest = Math.min(...days.filter((count) => count > 0));
    return Number.isFinite(fewest)
      ? hidden(`a lifecycle rule of the bucket deletes it for good after ${formatCounted(fewest, 'day', 'days')}.`)
      : hidden('older versions stay until deleted.');
  } catch (error) {
    const { kind } = b2.fail(error, {}, signal);
    if (kind === 'forbidden') return unread;
    throw error;
  }
}

/** Whether a lifecycle rule is for some of the names that begin so. */
function concerns({ fileNamePrefix }: JsonObject, prefix: string): boolean {
  const of = isText(fileNamePrefix) ? fileNamePrefix : '';
  return of.startsWith(prefix) || prefix.startsWith(of);
}

/** Makes a private bucket. Never takes one that exists for a new one. */
export async function createBucket(b2: B2Connection, name: string, signal: AbortSignal): Promise<Entry> {
  const refusal = refuseBucketName(name);
  if (refusal !== undefined) throw new StorageError('invalid-settings', refusal);
  refuseOutside(b2.options.start, name);
  const about = { bucket: name };
  const { accountId } = await b2.account(signal).catch((error: unknown) => {
    throw b2.fail(error, about, signal);
  });
  const parameters = { accountId, bucketName: name, bucketType: 'allPrivate' };
  const named = ({ bucketName, bucketId }: JsonObject) =>
    isText(bucketId, 1) && bucketName === name ? true : undefined;
  await b2.change('b2_create_bucket', parameters, about, signal, named, whenCreating);
  return containerEntry(name, new Date());
}

/** Deletes a bucket; the server does so only when nothing is in it. */
export async function removeBucket(b2: B2Connection, { kind, id }: Entry, signal: AbortSignal): Promise<void> {
  if (kind !== 'container' || id === '') throw new StorageError('unsupported', 'Only a bucket can be deleted so.');
  refuseOutside(b2.options.start, id);
  const bucketId = await bucketFor(b2, id, '', signal);
  const { accountId } = await b2.account(signal);
  const named = (answer: JsonObject) => (answer.bucketId === bucketId ? true : undefined);
  await b2.change('b2_delete_bucket', { accountId, bucketId }, { bucket: id }, signal, named, whenRemoving);
  b2.forgetBucket(id);
}

const whenCreating: Meanings = {
  duplicate_bucket_name: {
    kind: 'already-exists',
    sentence: ({ container }) => `This bucket exists already, here or with someone else: ${container ?? ''}`,
    hint: 'Choose another name.',
  },
  too_many_buckets: {
    kind: 'forbidden',
    sentence: () => 'The account has as many buckets as it may have.',
    hint: 'Delete one that is no longer needed, or ask Backblaze for more.',
  },
  bad_request: {
    kind: 'invalid-settings',
    sentence: ({ container }) => `The server does not take this name: ${container ?? ''}`,
    hint: 'Choose another name.',
  },
};

const whenRemoving: Meanings = {
  cannot_delete_non_empty_bucket: {
    kind: 'not-empty',
    sentence: ({ container }) => `The bucket is not empty: ${container ?? ''}`,
    hint: 'Delete everything in it first: versions, hide markers and unfinished uploads too.',
  },
};
