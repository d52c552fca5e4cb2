import { StorageError } from '../../core/errors.ts';
import { isText, type JsonObject } from '../../core/json.ts';
import type { Entry } from '../../core/storageClient.ts';
import { containerEntry, refuseOutside } from '../_shared/entries.ts';
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
