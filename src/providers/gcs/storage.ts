import type { Draft } from '../../core/fields.ts';
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
} from '../../core/storageClient.ts';
import type { VerificationStep } from '../../core/verification.ts';
import { containerOf } from '../_shared/entries.ts';
import { createBucket, recoveryOf, removeBucket } from './buckets.ts';
import type { GcsConnection } from './connection.ts';
import { lifecycleRule } from './lifecycle.ts';
import { listPage, walkPages } from './listing.ts';
import { readObject, statObject } from './objects.ts';
import { propertiesOf } from './properties.ts';
import { removeBatch } from './removal.ts';
import { shareObject } from './share.ts';
import { undeleteBatch } from './undeletion.ts';
import { verifyGcs } from './verification.ts';

/** Google Cloud Storage through its JSON API, and its XML API where that can do more at once. */
export class GcsStorageClient implements StorageClient {
  readonly #gcs: GcsConnection;

  constructor(gcs: GcsConnection) {
    this.#gcs = gcs;
  }

  verify(at: Place, { signal }: Call): AsyncIterable<VerificationStep> {
    return verifyGcs(this.#gcs, at, signal);
  }

  list(at: Place, query: ListQuery, { signal }: Call): Promise<Page> {
    return listPage(this.#gcs, at, query, signal);
  }

  walk(at: Place, query: WalkQuery, { signal }: Call): AsyncIterable<Page> {
    return walkPages(this.#gcs, at, query, signal);
  }

  remove(batch: readonly Target[], { signal }: Call): Promise<readonly Outcome[]> {
    return removeBatch(this.#gcs, batch, signal);
  }

  stat(entry: Entry, { signal }: Call): Promise<Entry> {
    return statObject(this.#gcs, entry, signal);
  }

  read(entry: Entry, { limit }: ReadOptions, { signal }: Call): Promise<Uint8Array> {
    return readObject(this.#gcs, entry, limit, signal);
  }

  recovery(at: Place, { signal }: Call): Promise<Recovery> {
    return recoveryOf(this.#gcs, containerOf(at), signal);
  }

  undelete(batch: readonly Deleted[], { signal }: Call): Promise<readonly Restoration[]> {
    return undeleteBatch(this.#gcs, batch, signal);
  }

  share(entry: Entry, options: { readonly seconds: number }, { signal }: Call): Promise<SharedLink> {
    return shareObject(this.#gcs, entry, options, signal);
  }

  properties(entry: Entry, { signal }: Call): Promise<readonly PropertyGroup[]> {
    return propertiesOf(this.#gcs, entry, signal);
  }

  lifecycle(at: Place): LifecycleRule {
    return lifecycleRule(this.#gcs, at);
  }

  createContainer(name: string, options: Draft, { signal }: Call): Promise<Entry> {
    return createBucket(this.#gcs, name, options, signal);
  }

  removeContainer(container: Entry, { signal }: Call): Promise<void> {
    return removeBucket(this.#gcs, container, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#gcs.close();
  }
}
