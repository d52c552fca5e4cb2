import { StorageError } from '../../core/errors.ts';
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
import { createAgent } from '../_shared/http.ts';
import type { Signer } from '../_shared/httpSignIn.ts';
import { readWebFile } from '../_shared/webFiles.ts';
import { WebServer } from '../_shared/webServer.ts';
import { webUrl } from '../_shared/webUrl.ts';
import { recoveryOf, shareFile } from './cloudFiles.ts';
import { DavConnection, type Service } from './connection.ts';
import { listPage, statEntry, walkPages } from './listing.ts';
import { propertiesOf } from './properties.ts';
import { removeFiles } from './removal.ts';
import { removeTree } from './treeRemoval.ts';
import { undeleteFiles } from './undeletion.ts';
import { verifyServer } from './verification.ts';

interface Settings {
  readonly url: string;
  readonly service: Service;
  readonly signIn: 'password' | 'token';
  readonly username: string;
  readonly verifyCertificate: boolean;
  readonly caBundle: string;
}

interface Secrets {
  readonly password: string;
  readonly token: string;
}

/** Opens one folder of a WebDAV server. */
export function openClient({ settings, secrets, network }: Connection<Settings, Secrets>): StorageClient {
  const url = webUrl(settings.url);
  if (!url) throw new StorageError('invalid-settings', 'The URL is none of a folder on a web server.');
  const web = new WebServer(new URL(url.origin), createAgent(url, network, settings), signerOf(settings, secrets));
  const { service, username } = settings;
  return new DavStorageClient(new DavConnection(web, { base: url.pathname, service, username }));
}

function signerOf({ signIn, username }: Settings, { password, token }: Secrets): Signer {
  return signIn === 'token' ? { kind: 'token', token: token.trim() } : { kind: 'user', username, password };
}

class DavStorageClient implements StorageClient {
  readonly #server: DavConnection;

  constructor(server: DavConnection) {
    this.#server = server;
  }

  verify(at: Place, { signal }: Call): AsyncIterable<VerificationStep> {
    return verifyServer(this.#server, at, signal);
  }

  list(at: Place, query: ListQuery, { signal }: Call): Promise<Page> {
    return listPage(this.#server, at, query, signal);
  }

  walk(at: Place, query: WalkQuery, { signal }: Call): AsyncIterable<Page> {
    return walkPages(this.#server, at, query, signal);
  }

  remove(batch: readonly Target[], { signal }: Call): Promise<readonly Outcome[]> {
    return removeFiles(this.#server, batch, signal);
  }

  removeTree(folder: Target, { signal }: Call): Promise<readonly Outcome[]> {
    return removeTree(this.#server, folder, signal);
  }

  stat(entry: Entry, { signal }: Call): Promise<Entry> {
    return statEntry(this.#server, entry, signal);
  }

  read(entry: Entry, { limit }: ReadOptions, { signal }: Call): Promise<Uint8Array> {
    return readWebFile(this.#server.web, entry, limit, signal);
  }

  recovery(_: Place, { signal }: Call): Promise<Recovery> {
    return recoveryOf(this.#server, signal);
  }

  undelete(batch: readonly Deleted[], { signal }: Call): Promise<readonly Restoration[]> {
    return undeleteFiles(this.#server, batch, signal);
  }

  share(entry: Entry, { seconds }: { readonly seconds: number }, { signal }: Call): Promise<SharedLink> {
    return shareFile(this.#server, entry, seconds, signal);
  }

  properties(entry: Entry, { signal }: Call): Promise<readonly PropertyGroup[]> {
    return propertiesOf(this.#server, entry, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.web.close();
  }
}
