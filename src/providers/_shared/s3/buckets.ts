import {
  type BucketLocationConstraint,
  CreateBucketCommand,
  DeleteBucketCommand,
  HeadBucketCommand,
  PutBucketVersioningCommand,
} from '@aws-sdk/client-s3';
import { StorageError } from '../../../core/errors.ts';
import type { Draft } from '../../../core/fields.ts';
import type { Entry } from '../../../core/storageClient.ts';
import { containerEntry, refuseOutside } from '../entries.ts';
import { refuseBucketName } from './bucketNames.ts';
import { S3Connection } from './connection.ts';
import { startOf } from './listing.ts';

/** The region of Amazon S3 that is never named when a bucket is made: naming it is an error. */
const unnamedRegion = 'us-east-1';

/** Makes a bucket, with Object Lock or versions where asked. Never takes one that exists for a new one. */
export async function createBucket(
  s3: S3Connection,
  name: string,
  options: Draft,
  signal: AbortSignal,
): Promise<Entry> {
  const refusal = refuseBucketName(name);
  if (refusal !== undefined) throw new StorageError('invalid-settings', refusal);
  refuseOutside(startOf(s3), name);
  const region = String(options.region ?? '');
  const elsewhere = !s3.options.customEndpoint && region !== '' && region !== s3.options.region;
  if (!elsewhere) return await createIn(s3, name, { ...options, region }, signal);
  if (!/^[a-z0-9-]+$/.test(region)) throw new StorageError('invalid-settings', `This is no region: ${region}`);
  // Amazon makes a bucket of a region only where that region is asked.
  const there = inRegion(s3, region);
  try {
    return await createIn(there, name, { ...options, region }, signal);
  } finally {
    there.close();
  }
}

async function createIn(
  s3: S3Connection,
  name: string,
  options: Draft & { readonly region: string },
  signal: AbortSignal,
): Promise<Entry> {
  try {
    await refuseExisting(s3, name, signal);
    const command = new CreateBucketCommand({
      Bucket: name,
      ...(options.objectLock === true ? { ObjectLockEnabledForBucket: true } : {}),
    });
    const constraint = locationOf(s3, options.region);
    // The SDK names the region it signs for, which a service with an endpoint of its own may not know.
    command.middlewareStack.add(
      (next) => (args) => {
        if (constraint === undefined) delete args.input.CreateBucketConfiguration;
        else args.input.CreateBucketConfiguration = { LocationConstraint: constraint };
        return next(args);
      },
      { step: 'initialize', name: 'ownLocationConstraint', priority: 'low' },
    );
    await s3.remover.send(command, { abortSignal: signal });
  } catch (error) {
    throw s3.fail(error, { bucket: name }, signal);
  }
  if (options.versioning === true) await turnVersioningOn(s3, name, signal);
  return containerEntry(name, new Date());
}

/** Deletes a bucket; the server does so only when nothing is in it. */
export async function removeBucket(s3: S3Connection, { kind, id }: Entry, signal: AbortSignal): Promise<void> {
  if (kind !== 'container' || id === '') throw new StorageError('unsupported', 'Only a bucket can be deleted so.');
  refuseOutside(startOf(s3), id);
  try {
    await s3.remover.send(new DeleteBucketCommand({ Bucket: id }), { abortSignal: signal });
  } catch (error) {
    throw s3.fail(error, { bucket: id }, signal);
  }
}

/** In some regions and on some servers, making a bucket that one owns already succeeds and changes nothing. */
async function refuseExisting(s3: S3Connection, name: string, signal: AbortSignal): Promise<void> {
  try {
    await s3.reader.send(new HeadBucketCommand({ Bucket: name }), { abortSignal: signal });
  } catch (error) {
    const { kind } = s3.fail(error, { bucket: name }, signal);
    if (kind === 'not-found') return;
    if (kind !== 'forbidden' && kind !== 'invalid-settings') throw error;
  }
  throw new StorageError('already-exists', `This bucket exists already, here or with someone else: ${name}`, {
    hint: 'Choose another name.',
  });
}

async function turnVersioningOn(s3: S3Connection, name: string, signal: AbortSignal): Promise<void> {
  const input = { Bucket: name, VersioningConfiguration: { Status: 'Enabled' } } as const;
  try {
    await s3.reader.send(new PutBucketVersioningCommand(input), { abortSignal: signal });
  } catch (error) {
    const failure = s3.fail(error, { bucket: name }, signal);
    throw new StorageError(failure.kind, `The bucket was created, but keeps no versions: ${name}`, {
      hint: failure.hint,
      detail: failure.detail,
      cause: failure,
    });
  }
}

function locationOf({ options }: S3Connection, region: string): BucketLocationConstraint | undefined {
  const ours = options.customEndpoint || !options.followRegions ? '' : options.region;
  const wanted = region || ours;
  return wanted === '' || wanted === unnamedRegion ? undefined : (wanted as BucketLocationConstraint);
}

function inRegion({ options, surroundings }: S3Connection, region: string): S3Connection {
  const host = options.server.host.replace(`.${options.region}.`, `.${region}.`);
  return new S3Connection({ ...options, region, server: new URL(`${options.server.protocol}//${host}`) }, surroundings);
}
