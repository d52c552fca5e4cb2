import type { Agent } from 'node:http';
import type { BlobClient, BlobServiceClient, ContainerClient } from '@azure/storage-blob';
import { StorageError } from '../../core/errors.ts';
import type { Start } from '../_shared/entries.ts';
import type { Subject } from '../_shared/errorRows.ts';
import { encodeKey } from '../_shared/keys.ts';
import { expiredError, toAzureError } from './errors.ts';
import { type Errand, runErrand } from './wire.ts';

/** What the library's part of a connection can do; made in `client.ts`, where the library is loaded. */
export interface AzureLibrary {
  /** Repeats what failed in passing. */
  readonly reader: BlobServiceClient;
  /** Repeats nothing by itself: a delete whose fate is unknown must not be sent again blindly. */
  readonly remover: BlobServiceClient;
  /** Sends a batch that is written already, and gives the replies to its parts in their order. */
  submit(container: string, batch: WrittenBatch, signal: AbortSignal): Promise<readonly PartReply[]>;
  /** Headers that sign a part of a batch; with a SAS token, which stands in its query, there are none. */
  signPart(part: BatchPart): Readonly<Record<string, string>>;
  /** The query of a link that reads one blob until then; undefined without an account key. */
  signLink(container: string, id: string, expires: Date): string | undefined;
}

export interface WrittenBatch {
  readonly type: string;
  readonly body: string;
  readonly parts: number;
}

export interface BatchPart {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface PartReply {
  readonly status: number;
  readonly errorCode?: string | undefined;
}

/** What an account is opened with. */
export interface AzureOptions extends Start {
  /** The account's URL, without a slash at its end. */
  readonly service: URL;
  readonly account: string;
  /** '' with a SAS token. */
  readonly accountKey: string;
  /** Without its question mark; '' with an account key. */
  readonly sasToken: string;
  /** When the SAS token expires, in milliseconds since the epoch, where it says so. */
  readonly expires: number | undefined;
}

/** What a call is about. */
interface About {
  readonly container?: string | undefined;
  readonly id?: string | undefined;
}

const asksInVain: ReadonlySet<string> = new Set(['forbidden', 'unsupported', 'not-found', 'invalid-settings']);

/** An account as opened: its clients, each call an errand that only the exact request may run. */
export class AzureConnection {
  readonly options: AzureOptions;
  readonly library: AzureLibrary;
  readonly agent: Agent;
  /** Containers whose server takes no batches. */
  readonly withoutBatches = new Set<string>();
  #hierarchical: Promise<boolean> | undefined;

  constructor(options: AzureOptions, library: AzureLibrary, agent: Agent) {
    this.options = options;
    this.library = library;
    this.agent = agent;
  }

  /** Runs one call on the account, a container or a blob in it; its failure is a StorageError. */
  async run<T>(
    about: About,
    errand: Pick<Errand, 'method' | 'answer'> & Partial<Pick<Errand, 'query' | 'status' | 'headers'>>,
    signal: AbortSignal,
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      return await runErrand({ query: {}, ...errand, path: this.path(about), signal }, work);
    } catch (error) {
      throw this.fail(error, about, signal);
    }
  }

  /** Whether the account has folders that exist by themselves; taken for one that has none where these keys may not ask. */
  hierarchical(container: string, signal: AbortSignal): Promise<boolean> {
    this.#hierarchical ??= this.#askHierarchical(container, signal).catch((error: unknown) => {
      this.#hierarchical = undefined;
      if (error instanceof StorageError && asksInVain.has(error.kind)) return false;
      throw error;
    });
    return this.#hierarchical;
  }

  /** https://learn.microsoft.com/rest/api/storageservices/get-account-information */
  async #askHierarchical(container: string, signal: AbortSignal): Promise<boolean> {
    const query = { restype: 'account', comp: 'properties' };
    const said = await this.run({ container }, { method: 'GET', query, answer: 'nothing' }, signal, () =>
      this.container(container).getAccountInfo({ abortSignal: signal }),
    );
    return said.isHierarchicalNamespaceEnabled === true;
  }

  fail(error: unknown, about: About, signal: AbortSignal): StorageError {
    const failure = toAzureError(error, this.subject(about), signal);
    const late = (this.options.expires ?? Number.POSITIVE_INFINITY) < Date.now();
    return late && failure.kind === 'unauthenticated' ? expiredError(failure, this.subject(about)) : failure;
  }

  subject({ container, id }: About): Subject {
    return { server: this.options.service, container, id };
  }

  /** The path of a request, with every name encoded. */
  path({ container, id }: About): string {
    const { pathname } = this.options.service;
    const base = pathname === '/' ? '' : pathname;
    if (container === undefined) return `${base}/`;
    if (container === '' || container.includes('/')) {
      throw new StorageError('unsupported', `This is no container: ${container || 'unnamed'}`);
    }
    return id === undefined ? `${base}/${encodeKey(container)}` : `${base}/${encodeKey(container)}/${encodeKey(id)}`;
  }

  container(name: string): ContainerClient {
    return this.library.reader.getContainerClient(name);
  }

  blob(container: string, id: string): BlobClient {
    return this.container(container).getBlobClient(id);
  }

  close(): void {
    this.agent.destroy();
  }
}
