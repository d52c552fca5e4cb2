import { StorageError } from '../../core/errors.ts';
import type { Connection } from '../../core/provider.ts';
import type {
  Call,
  Entry,
  ListQuery,
  Page,
  Place,
  PropertyGroup,
  ReadOptions,
  StorageClient,
} from '../../core/storageClient.ts';
import type { VerificationStep } from '../../core/verification.ts';
import { createAgent } from '../_shared/http.ts';
import type { Signer } from '../_shared/httpSignIn.ts';
import { readWebFile } from '../_shared/webFiles.ts';
import { WebServer } from '../_shared/webServer.ts';
import { webUrl } from '../_shared/webUrl.ts';
import { type HttpFolder, listPage } from './listing.ts';
import { propertiesOf, statEntry } from './properties.ts';
import { verifyServer } from './verification.ts';

interface Settings {
  readonly url: string;
  readonly username: string;
  readonly verifyCertificate: boolean;
  readonly caBundle: string;
}

interface Secrets {
  readonly password: string;
}

/** Opens one folder of a web server, to look and not to touch. */
export function openClient({ settings, secrets, network }: Connection<Settings, Secrets>): StorageClient {
  const url = webUrl(settings.url);
  if (!url) throw new StorageError('invalid-settings', 'The URL is none of a folder on a web server.');
  const { username } = settings;
  const signer: Signer = username === '' ? { kind: 'nobody' } : { kind: 'user', username, password: secrets.password };
  const web = new WebServer(new URL(url.origin), createAgent(url, network, settings), signer);
  return new HttpStorageClient({ web, base: url.pathname, username });
}

class HttpStorageClient implements StorageClient {
  readonly #folder: HttpFolder;

  constructor(folder: HttpFolder) {
    this.#folder = folder;
  }

  verify(at: Place, { signal }: Call): AsyncIterable<VerificationStep> {
    return verifyServer(this.#folder, at, signal);
  }

  list(at: Place, query: ListQuery, { signal }: Call): Promise<Page> {
    return listPage(this.#folder, at, query, signal);
  }

  stat(entry: Entry, { signal }: Call): Promise<Entry> {
    return statEntry(this.#folder.web, entry, signal);
  }

  read(entry: Entry, { limit }: ReadOptions, { signal }: Call): Promise<Uint8Array> {
    return readWebFile(this.#folder.web, entry, limit, signal);
  }

  properties(entry: Entry, { signal }: Call): Promise<readonly PropertyGroup[]> {
    return propertiesOf(this.#folder.web, entry, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#folder.web.close();
  }
}
