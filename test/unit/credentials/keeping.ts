import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { secret, text } from '../../../src/core/fields.ts';
import { defineProvider, type Network } from '../../../src/core/provider.ts';
import { createRedactor } from '../../../src/core/redaction.ts';
import type { StorageClient } from '../../../src/core/storageClient.ts';
import { CredentialStore } from '../../../src/credentials/credentialStore.ts';
import { Credentials } from '../../../src/credentials/credentials.ts';
import { type Files, newWord } from '../../../src/credentials/files.ts';
import { type SecretStore, SecretVault } from '../../../src/credentials/secretVault.ts';
import { readStoreId } from '../../../src/credentials/storeId.ts';

/** What a toy client was opened with, in order. */
export interface Opening {
  readonly host: string;
  readonly password: string;
  closed: boolean;
}

export const network: Network = { proxyFor: () => undefined, certificates: [] };

/** A provider whose clients only remember what they were opened with. */
export function toyProvider(openings: Opening[] = []) {
  return defineProvider({
    id: 'toy',
    label: 'Toy',
    noun: { one: 'box', many: 'boxes' },
    fields: {
      host: text({ label: 'Host', required: true }),
      note: text({ label: 'Note' }),
      password: secret({ label: 'Password' }),
      token: secret({ label: 'Token' }),
    },
    capabilities: [],
    limits: { batch: 1 },
    origin: ({ host }) => host,
    urls: { of: () => undefined },
    connect: async () => ({
      openClient: ({ settings, secrets }) => {
        const opening: Opening = { host: settings.host, password: secrets.password, closed: false };
        openings.push(opening);
        return toyClient(opening);
      },
    }),
  });
}

/** Everything that keeps credentials in one folder, over real files. */
export async function openKeeping(folder: string, secrets: SecretStore, files?: Files, openings: Opening[] = []) {
  const provider = toyProvider(openings);
  const redactor = createRedactor();
  const reports: unknown[] = [];
  const report = (error: unknown) => void reports.push(error);
  const store = await CredentialStore.open(folder, { report, settle: 10, ...(files ? { files } : {}) });
  const vault = new SecretVault(secrets, () => readStoreId(folder, files), redactor);
  const parts = { store, vault, providers: new Map([[provider.id, provider]]), report };
  return { ...parts, credentials: new Credentials(parts), provider, redactor, reports, folder };
}

export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'keeping-'));
  return { path: folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

/** A keyring that lives as long as the test, counts its reads and can be made to fail. */
export class MemorySecrets implements SecretStore {
  readonly values = new Map<string, string>();
  readonly reads: string[] = [];
  getInstead: ((key: string) => string | undefined) | undefined;

  async get(key: string): Promise<string | undefined> {
    this.reads.push(key);
    return this.getInstead ? this.getInstead(key) : this.values.get(key);
  }

  async store(key: string, value: string): Promise<void> {
    this.values.set(key, value);
  }

  async delete(key: string): Promise<void> {
    this.values.delete(key);
  }

  async keys(): Promise<string[]> {
    return [...this.values.keys()];
  }
}

/** A keyring that several processes share; each of its calls happens whole or not at all. */
export class FileSecrets implements SecretStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async get(key: string): Promise<string | undefined> {
    return (await this.keys()).includes(key) ? await readFile(this.#file(key), 'utf8') : undefined;
  }

  async store(key: string, value: string): Promise<void> {
    const temporary = path.join(this.#folder, `.${newWord()}`);
    await writeFile(temporary, value);
    await rename(temporary, this.#file(key));
  }

  async delete(key: string): Promise<void> {
    await rm(this.#file(key), { force: true });
  }

  async keys(): Promise<string[]> {
    const names = (await readdir(this.#folder)).filter((name) => !name.startsWith('.'));
    return names.map((name) => Buffer.from(name, 'base64url').toString());
  }

  #file(key: string): string {
    return path.join(this.#folder, Buffer.from(key).toString('base64url'));
  }
}

function toyClient(opening: Opening): StorageClient {
  return {
    async *verify() {},
    list: async () => ({ entries: [] }),
    [Symbol.asyncDispose]: async () => {
      opening.closed = true;
    },
  };
}
