import type { Draft } from '../../core/fields.ts';
import type { Connection } from '../../core/provider.ts';
import type {
  Call,
  Deleted,
  Entry,
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
import { prefixOf } from '../_shared/entries.ts';
import { createBucket, recoveryOf, removeBucket } from './buckets.ts';
import { B2Connection } from './connection.ts';
import { readContent, statFile } from './files.ts';
import { listPage, uploadsPageAt, walkPages } from './listing.ts';
import { propertiesOf } from './properties.ts';
import { removeBatch, restoreMarker } from './removal.ts';
import { shareFile } from './share.ts';
import { undeleteBatch } from './undeletion.ts';
import { serverOf } from './urls.ts';
import { verifyB2 } from './verification.ts';

interface Settings {
  readonly keyId: string;
  readonly bucket: string;
  readonly subfolder: string;
  readonly endpoint: string;
  readonly verifyCertificate: boolean;
  readonly caBundle: string;
}

interface Secrets {
  readonly applicationKey: string;
}

/** Opens Backblaze B2 with one application key. */
export function openClient({ settings, secrets, ...surroundings }: Connection<Settings, Secrets>): StorageClient {
  const { bucket, subfolder, endpoint, ...options } = settings;
  const start = { container: bucket, prefix: prefixOf(subfolder) };
  const server = serverOf(endpoint);
  return new B2StorageClient(new B2Connection({ ...options, ...secrets, server, start }, surroundings));
}

/** Backblaze B2 through its native API. */
class B2StorageClient implements StorageClient {
  readonly #b2: B2Connection;

  constructor(b2: B2Connection) {
    this.#b2 = b2;
  }

  verify(at: Place, { signal }: Call): AsyncIterable<VerificationStep> {
    return verifyB2(this.#b2, at, signal);
  }

  list(at: Place, query: ListQuery, { signal }: Call): Promise<Page> {
    return listPage(this.#b2, at, query, signal);
  }

  walk(at: Place, query: WalkQuery, { signal }: Call): AsyncIterable<Page> {
    return walkPages(this.#b2, at, query, signal);
  }

  remove(batch: readonly Target[], { signal }: Call): Promise<readonly Outcome[]> {
    return removeBatch(this.#b2, batch, signal);
  }

  stat(entry: Entry, { signal }: Call): Promise<Entry> {
    return statFile(this.#b2, entry, signal);
  }

  read(entry: Entry, { limit }: ReadOptions, { signal }: Call): Promise<Uint8Array> {
    return readContent(this.#b2, entry, limit, signal);
  }

  recovery(at: Place, { signal }: Call): Promise<Recovery> {
    return recoveryOf(this.#b2, at, signal);
  }

  uploads(at: Place, query: ListQuery, { signal }: Call): Promise<Page> {
    return uploadsPageAt(this.#b2, at, query, signal);
  }

  restore(marker: Entry, { signal }: Call): Promise<void> {
    return restoreMarker(this.#b2, marker, signal);
  }

  undelete(batch: readonly Deleted[], { signal }: Call): Promise<readonly Restoration[]> {
    return undeleteBatch(this.#b2, batch, signal);
  }

  share(entry: Entry, options: { readonly seconds: number }, { signal }: Call): Promise<SharedLink> {
    return shareFile(this.#b2, entry, options, signal);
  }

  properties(entry: Entry, { signal }: Call): Promise<readonly PropertyGroup[]> {
    return propertiesOf(this.#b2, entry, signal);
  }

  createContainer(name: string, _: Draft, { signal }: Call): Promise<Entry> {
    return createBucket(this.#b2, name, signal);
  }

  removeContainer(container: Entry, { signal }: Call): Promise<void> {
    return removeBucket(this.#b2, container, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#b2.close();
  }
}
