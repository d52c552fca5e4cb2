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
import { containerOf, prefixOf } from '../_shared/entries.ts';
import type { Trust } from '../_shared/http.ts';
import { SwiftConnection } from './connection.ts';
import { createContainer, removeContainer } from './containers.ts';
import { listPage, walkPages } from './listing.ts';
import { readObject, statObject } from './objects.ts';
import { propertiesOf } from './properties.ts';
import { removeBatch } from './removal.ts';
import { restoreBefore } from './restore.ts';
import { shareObject } from './share.ts';
import type { Login } from './signIn.ts';
import { undeleteBatch } from './undeletion.ts';
import { verifySwift } from './verification.ts';
import { recoveryIn } from './versioning.ts';

type SecretName = 'key' | 'authToken' | 'applicationCredentialSecret';

interface Settings extends Omit<Login, SecretName>, Trust {
  readonly container: string;
  readonly subfolder: string;
}

/** Opens one account of OpenStack Swift, or of what speaks like it. */
export function openClient({
  settings,
  secrets,
  ...surroundings
}: Connection<Settings, Readonly<Record<SecretName, string>>>): StorageClient {
  const { container, subfolder, verifyCertificate, caBundle, ...login } = settings;
  const options = {
    ...{ verifyCertificate, caBundle, container, prefix: prefixOf(subfolder) },
    login: { ...login, ...secrets },
  };
  return new SwiftStorageClient(new SwiftConnection(options, surroundings));
}

class SwiftStorageClient implements StorageClient {
  readonly #swift: SwiftConnection;

  constructor(swift: SwiftConnection) {
    this.#swift = swift;
  }

  verify(at: Place, { signal }: Call): AsyncIterable<VerificationStep> {
    return verifySwift(this.#swift, at, signal);
  }

  list(at: Place, query: ListQuery, { signal }: Call): Promise<Page> {
    return listPage(this.#swift, at, query, signal);
  }

  walk(at: Place, query: WalkQuery, { signal }: Call): AsyncIterable<Page> {
    return walkPages(this.#swift, at, query, signal);
  }

  remove(batch: readonly Target[], { signal }: Call): Promise<readonly Outcome[]> {
    return removeBatch(this.#swift, batch, signal);
  }

  stat(entry: Entry, { signal }: Call): Promise<Entry> {
    return statObject(this.#swift, entry, signal);
  }

  read(entry: Entry, options: ReadOptions, { signal }: Call): Promise<Uint8Array> {
    return readObject(this.#swift, entry, options, signal);
  }

  recovery(at: Place, { signal }: Call): Promise<Recovery> {
    return recoveryIn(this.#swift, containerOf(at), signal);
  }

  restore(marker: Entry, { signal }: Call): Promise<void> {
    return restoreBefore(this.#swift, marker, signal);
  }

  undelete(batch: readonly Deleted[], { signal }: Call): Promise<readonly Restoration[]> {
    return undeleteBatch(this.#swift, batch, signal);
  }

  share(entry: Entry, options: { readonly seconds: number }, { signal }: Call): Promise<SharedLink> {
    return shareObject(this.#swift, entry, options, signal);
  }

  properties(entry: Entry, { signal }: Call): Promise<readonly PropertyGroup[]> {
    return propertiesOf(this.#swift, entry, signal);
  }

  createContainer(name: string, _: Draft, { signal }: Call): Promise<Entry> {
    return createContainer(this.#swift, name, signal);
  }

  removeContainer(container: Entry, { signal }: Call): Promise<void> {
    return removeContainer(this.#swift, container, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#swift.close();
  }
}
