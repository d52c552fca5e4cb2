import type { Connection } from '../../core/provider.ts';
import type {
  Call,
  Entry,
  ListQuery,
  Outcome,
  Page,
  Place,
  PropertyGroup,
  ReadOptions,
  Recovery,
  StorageClient,
  Target,
  WalkQuery,
} from '../../core/storageClient.ts';
import type { VerificationStep } from '../../core/verification.ts';
import { serverAddress } from '../_shared/hostFields.ts';
import { FtpConnection } from './connection.ts';
import { entryAt, listedAt, listPage, walkPages } from './listing.ts';
import { propertiesOf } from './properties.ts';
import { readFile } from './reading.ts';
import { removeFiles } from './removal.ts';
import type { FtpOptions } from './session.ts';
import { verifyServer } from './verification.ts';

type Secrets = Pick<FtpOptions, 'password'>;
type Settings = Omit<FtpOptions, keyof Secrets | 'port' | 'connections'> & {
  readonly port: number | undefined;
  readonly connections: number | undefined;
};

const usual = { connections: 4, port: 21, implicitPort: 990 } as const;

/** Opens one account of an FTP server. */
export function openClient({ settings, secrets, network }: Connection<Settings, Secrets>): StorageClient {
  const port = settings.port ?? (settings.tls === 'implicit' ? usual.implicitPort : usual.port);
  const connections = settings.connections ?? usual.connections;
  return new FtpStorageClient(new FtpConnection({ ...settings, port, connections, ...secrets }, network));
}

class FtpStorageClient implements StorageClient {
  readonly #ftp: FtpConnection;

  constructor(ftp: FtpConnection) {
    this.#ftp = ftp;
  }

  verify(at: Place, { signal }: Call): AsyncIterable<VerificationStep> {
    return verifyServer(this.#ftp, at, signal);
  }

  list(at: Place, query: ListQuery, { signal }: Call): Promise<Page> {
    return listPage(this.#ftp, at, query, signal);
  }

  walk(at: Place, query: WalkQuery, { signal }: Call): AsyncIterable<Page> {
    return walkPages(this.#ftp, at, query, signal);
  }

  remove(batch: readonly Target[], { signal }: Call): Promise<readonly Outcome[]> {
    return removeFiles(this.#ftp, batch, signal);
  }

  async stat({ id }: Entry, { signal }: Call): Promise<Entry> {
    return entryAt(id, await listedAt(this.#ftp, id, signal));
  }

  read(entry: Entry, { limit }: ReadOptions, { signal }: Call): Promise<Uint8Array> {
    return readFile(this.#ftp, entry, limit, signal);
  }

  async recovery(): Promise<Recovery> {
    return { recoverable: 'no', because: `FTP has no trash: ${serverAddress(this.#ftp.options, usual.port)}` };
  }

  properties(entry: Entry, { signal }: Call): Promise<readonly PropertyGroup[]> {
    return propertiesOf(this.#ftp, entry, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ftp.close();
  }
}
