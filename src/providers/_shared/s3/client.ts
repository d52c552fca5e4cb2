import { GetBucketVersioningCommand, GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import type { Draft } from '../../../core/fields.ts';
import type { Surroundings } from '../../../core/provider.ts';
import type {
  Call,
  Deleted,
  Entry,
  LifecycleRule,
  ListQuery,
  Outcome,
  Page,
  Place,
  PropertyGroup,
  ReadOptions,
  Recovery,
  Restoration,
  SharedLink,
  StorageClient,
  Target,
  WalkQuery,
} from '../../../core/storageClient.ts';
import type { VerificationStep } from '../../../core/verification.ts';
import { containerOf, objectEntry } from '../entries.ts';
import { checkKey } from '../keys.ts';
import { readAtMost } from '../readAtMost.ts';
import { createBucket, removeBucket } from './buckets.ts';
import { S3Connection, type S3Options } from './connection.ts';
import { lifecycleRule } from './lifecycle.ts';
import { listPage, walkPages } from './listing.ts';
import { locksOf } from './locks.ts';
import { propertiesOf } from './properties.ts';
import { removeBatch } from './removal.ts';
import { restoreMarker } from './restore.ts';
import { shareObject } from './share.ts';
import { undeleteBatch } from './undelete.ts';
import { listUploads } from './uploads.ts';
import { verifyS3 } from './verification.ts';
import { listVersionsPage, walkVersions } from './versions.ts';

/** Opens a client for a service that speaks S3. Does no I/O. */
export function openS3(options: S3Options, surroundings: Surroundings): StorageClient {
  return new S3StorageClient(new S3Connection(options, surroundings));
}

class S3StorageClient implements StorageClient {
  readonly #s3: S3Connection;
  readonly lifecycle?: (at: Place) => LifecycleRule;

  constructor(s3: S3Connection) {
    this.#s3 = s3;
    if (!s3.options.noLifecycle) this.lifecycle = (at) => lifecycleRule(s3, at);
  }

  verify(at: Place, { signal }: Call): AsyncIterable<VerificationStep> {
    return verifyS3(this.#s3, at, signal);
  }

  list(at: Place, query: ListQuery, { signal }: Call): Promise<Page> {
    const versions = query.versions === true && at.kind !== 'root';
    return versions ? listVersionsPage(this.#s3, at, query, signal) : listPage(this.#s3, at, query, signal);
  }

  walk(at: Place, query: WalkQuery, { signal }: Call): AsyncIterable<Page> {
    return query.versions ? walkVersions(this.#s3, at, query, signal) : walkPages(this.#s3, at, query, signal);
  }

  uploads(at: Place, query: ListQuery, { signal }: Call): Promise<Page> {
    return listUploads(this.#s3, at, query, signal);
  }

  restore(marker: Entry, { signal }: Call): Promise<void> {
    return restoreMarker(this.#s3, marker, signal);
  }

  undelete(batch: readonly Deleted[], { signal }: Call): Promise<readonly Restoration[]> {
    return undeleteBatch(this.#s3, batch, signal);
  }

  remove(batch: readonly Target[], { signal }: Call): Promise<readonly Outcome[]> {
    return removeBatch(this.#s3, batch, signal);
  }

  async stat(entry: Entry, { signal }: Call): Promise<Entry> {
    const address = addressOf(entry);
    try {
      const head = await this.#s3.reader.send(new HeadObjectCommand(address), { abortSignal: signal });
      const now = objectEntry(address.Bucket, address.Key, entry.name, {
        size: head.ContentLength,
        modified: head.LastModified,
        tag: head.ETag,
        storageClass: head.StorageClass,
      });
      const locks = locksOf(head);
      return {
        ...now,
        ...(entry.version === undefined ? {} : { version: entry.version }),
        ...(locks.length === 0 ? {} : { locks }),
      };
    } catch (error) {
      throw this.#s3.fail(error, { bucket: address.Bucket, key: address.Key }, signal);
    }
  }

  async read(entry: Entry, { limit }: ReadOptions, { signal }: Call): Promise<Uint8Array> {
    const address = addressOf(entry);
    try {
      const { Body, ContentLength } = await this.#s3.reader.send(new GetObjectCommand(address), {
        abortSignal: signal,
      });
      return await readAtMost(Body as AsyncIterable<Uint8Array>, limit, ContentLength, entry);
    } catch (error) {
      throw this.#s3.fail(error, { bucket: address.Bucket, key: address.Key }, signal);
    }
  }

  async recovery(at: Place, { signal }: Call): Promise<Recovery> {
    const bucket = containerOf(at);
    try {
      const { Status } = await this.#s3.reader.send(new GetBucketVersioningCommand({ Bucket: bucket }), {
        abortSignal: signal,
      });
      return recoveryOf(Status);
    } catch (error) {
      const failure = this.#s3.fail(error, { bucket }, signal);
      if (failure.kind !== 'forbidden' && failure.kind !== 'unsupported') throw failure;
      return { recoverable: 'unknown', because: 'These keys may not ask whether the bucket keeps versions.' };
    }
  }

  share(entry: Entry, options: { readonly seconds: number }, { signal }: Call): Promise<SharedLink> {
    return shareObject(this.#s3, entry, options, signal);
  }

  properties(entry: Entry, { signal }: Call): Promise<readonly PropertyGroup[]> {
    return propertiesOf(this.#s3, entry, signal);
  }

  createContainer(name: string, options: Draft, { signal }: Call): Promise<Entry> {
    return createBucket(this.#s3, name, options, signal);
  }

  removeContainer(container: Entry, { signal }: Call): Promise<void> {
    return removeBucket(this.#s3, container, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#s3.close();
  }
}

function addressOf(entry: Entry): { Bucket: string; Key: string; VersionId?: string } {
  const refusal = checkKey(entry.id);
  if (refusal) throw refusal;
  return {
    Bucket: entry.container ?? '',
    Key: entry.id,
    ...(entry.version === undefined ? {} : { VersionId: entry.version.id }),
  };
}

function recoveryOf(versioning: 'Enabled' | 'Suspended' | undefined): Recovery {
  if (versioning === 'Enabled') {
    return { recoverable: 'yes', because: 'The bucket keeps versions: what is deleted stays behind a delete marker.' };
  }
  // An undo would have to delete a marker whose id whatever is written next takes over.
  const because =
    versioning === 'Suspended'
      ? 'Versioning of the bucket is suspended: what is left are versions from before, for Undelete.'
      : 'The bucket keeps no versions.';
  return { recoverable: 'no', because };
}
