import type { FieldValue } from '../../core/fields.ts';
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
import { fetchHostKey, SftpConnection, type SftpOptions } from './connection.ts';
import { generatePair } from './keyPairs.ts';
import { attributesOf, entryOf, listPage, walkPages } from './listing.ts';
import { propertiesOf } from './properties.ts';
import { readFile } from './reading.ts';
import { removeFiles } from './removal.ts';
import { verifyServer } from './verification.ts';

type Secrets = Pick<SftpOptions, 'password' | 'privateKey' | 'passphrase'>;
type Settings = Omit<SftpOptions, keyof Secrets | 'port'> & { readonly port: number | undefined };

const usualPort = 22;

/** Opens one account of an SFTP server. */
export function openClient({ settings, secrets }: Connection<Settings, Secrets>): StorageClient {
  return new SftpStorageClient(new SftpConnection({ ...settings, port: settings.port ?? usualPort, ...secrets }));
}

/** Answers the form's buttons: a new key pair, and the server's key. */
export async function runAction(
  field: string,
  { settings }: Connection<Settings, Secrets>,
  { signal }: Call,
): Promise<Readonly<Record<string, FieldValue>>> {
  if (field === 'generateKey') {
    const { username, host } = settings;
    return { ...generatePair(`${username || 'storage-credentials'}@${host || 'server'}`), passphrase: '' };
  }
  return { hostKey: await fetchHostKey({ host: settings.host, port: settings.port ?? usualPort }, signal) };
}

class SftpStorageClient implements StorageClient {
  readonly #sftp: SftpConnection;

  constructor(sftp: SftpConnection) {
    this.#sftp = sftp;
  }

  verify(at: Place, { signal }: Call): AsyncIterable<VerificationStep> {
    return verifyServer(this.#sftp, at, signal);
  }

  list(at: Place, query: ListQuery, { signal }: Call): Promise<Page> {
    return listPage(this.#sftp, at, query, signal);
  }

  walk(at: Place, query: WalkQuery, { signal }: Call): AsyncIterable<Page> {
    return walkPages(this.#sftp, at, query, signal);
  }

  remove(batch: readonly Target[], { signal }: Call): Promise<readonly Outcome[]> {
    return removeFiles(this.#sftp, batch, signal);
  }

  async stat({ id }: Entry, { signal }: Call): Promise<Entry> {
    return entryOf(id, await attributesOf(this.#sftp, id, signal));
  }

  read(entry: Entry, { limit }: ReadOptions, { signal }: Call): Promise<Uint8Array> {
    return readFile(this.#sftp, entry, limit, signal);
  }

  async recovery(): Promise<Recovery> {
    return { recoverable: 'no', because: `SFTP has no trash: ${serverAddress(this.#sftp.options, usualPort)}` };
  }

  properties(entry: Entry, { signal }: Call): Promise<readonly PropertyGroup[]> {
    return propertiesOf(this.#sftp, entry, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sftp.close();
  }
}
