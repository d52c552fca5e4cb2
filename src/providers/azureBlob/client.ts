import type { Agent } from 'node:http';
import {
  AnonymousCredential,
  BlobBatch,
  BlobSASPermissions,
  BlobServiceClient,
  generateBlobSASQueryParameters,
  newPipeline,
  type RequestPolicyFactory,
  SASProtocol,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { StorageError } from '../../core/errors.ts';
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
import { objectEntry, prefixOf } from '../_shared/entries.ts';
import { createAgent } from '../_shared/http.ts';
import { checkKey } from '../_shared/keys.ts';
import { refuseToShare } from '../_shared/links.ts';
import { readAtMost } from '../_shared/readAtMost.ts';
import { expiryOf, refuseSasToken, sasParameters, serviceUrl } from './account.ts';
import { AzureConnection, type AzureLibrary, type AzureOptions } from './connection.ts';
import { createContainer, removeContainer } from './containers.ts';
import { listPage, locksOf, quotedTag, walkPages } from './listing.ts';
import { refuseName } from './names.ts';
import { headOf, propertiesOf } from './properties.ts';
import { recoveryOf } from './recovery.ts';
import { removeBatch } from './removal.ts';
import { undeleteBatch } from './undeletion.ts';
import { verifyAccount } from './verification.ts';
import { createWire, currentErrand } from './wire.ts';

interface Settings {
  readonly account: string;
  readonly signIn: 'key' | 'sas';
  readonly container: string;
  readonly subfolder: string;
  readonly endpoint: string;
  readonly verifyCertificate: boolean;
  readonly caBundle: string;
}

interface Secrets {
  readonly accountKey: string;
  readonly sasToken: string;
}

/** Opens one account of Azure Blob Storage, or of what speaks like it. */
export function openClient({ settings, secrets, network }: Connection<Settings, Secrets>): StorageClient {
  const { account, signIn, container, subfolder } = settings;
  const service = serviceUrl(settings);
  if (!service) throw new StorageError('invalid-settings', 'The endpoint is no URL of an account.');
  const options: AzureOptions = {
    service,
    account,
    accountKey: signIn === 'key' ? secrets.accountKey : '',
    sasToken: signIn === 'sas' ? sasParameters(secrets.sasToken) : '',
    expires: signIn === 'sas' ? expiryOf(secrets.sasToken) : undefined,
    container,
    prefix: prefixOf(subfolder),
  };
  if (options.accountKey === '' && options.sasToken === '') {
    throw new StorageError('unauthenticated', `There is no key or token to sign in with: ${account}`);
  }
  const refusal = options.sasToken === '' ? undefined : refuseSasToken(options.sasToken);
  if (refusal !== undefined) throw new StorageError('invalid-settings', refusal);
  const agent = createAgent(service, network, settings);
  return new AzureStorageClient(new AzureConnection(options, loadLibrary(options, agent), agent));
}

class AzureStorageClient implements StorageClient {
  readonly #azure: AzureConnection;

  constructor(azure: AzureConnection) {
    this.#azure = azure;
  }

  verify(at: Place, { signal }: Call): AsyncIterable<VerificationStep> {
    return verifyAccount(this.#azure, at, signal);
  }

  list(at: Place, query: ListQuery, { signal }: Call): Promise<Page> {
    return listPage(this.#azure, at, query, signal);
  }

  walk(at: Place, { prefix }: WalkQuery, { signal }: Call): AsyncIterable<Page> {
    return walkPages(this.#azure, at, prefix, signal);
  }

  remove(batch: readonly Target[], { signal }: Call): Promise<readonly Outcome[]> {
    return removeBatch(this.#azure, batch, signal);
  }

  async stat(entry: Entry, { signal }: Call): Promise<Entry> {
    const head = await headOf(this.#azure, entry, signal);
    const now = objectEntry(entry.container ?? '', entry.id, entry.name, {
      size: head.contentLength,
      modified: head.lastModified,
      tag: quotedTag(head.etag),
      storageClass: head.accessTier,
    });
    return { ...now, ...locksOf(head) };
  }

  async read(entry: Entry, { limit }: ReadOptions, { signal }: Call): Promise<Uint8Array> {
    const { container = '', id } = entry;
    const refusal = checkKey(id) ?? refuseName(id);
    if (refusal) throw refusal;
    return await this.#azure.run({ container, id }, { method: 'GET', answer: 'bytes' }, signal, async () => {
      // Once begun, a body is not asked for again: it could be another one by then.
      const options = { abortSignal: signal, maxRetryRequests: 0 };
      const answer = await this.#azure.blob(container, id).download(0, undefined, options);
      const body = answer.readableStreamBody as AsyncIterable<Uint8Array> | undefined;
      if (!body) throw new StorageError('unexpected', `The object came without its content: ${entry.name}`);
      return await readAtMost(body, limit, answer.contentLength, entry);
    });
  }

  recovery(at: Place, { signal }: Call): Promise<Recovery> {
    return recoveryOf(this.#azure, at, signal);
  }

  undelete(batch: readonly Deleted[], { signal }: Call): Promise<readonly Restoration[]> {
    return undeleteBatch(this.#azure, batch, signal);
  }

  async share(entry: Entry, { seconds }: { readonly seconds: number }): Promise<SharedLink> {
    const refusal = refuseToShare(entry, seconds, { seconds: longestShare, text: '365 days' }) ?? refuseName(entry.id);
    if (refusal) throw refusal;
    const { container = '', id } = entry;
    const expires = new Date(Math.ceil(Date.now() / 1000 + seconds) * 1000);
    const query = this.#azure.library.signLink(container, id, expires);
    if (query === undefined) {
      throw new StorageError('unsupported', 'Links are signed with the account key, and this credential has none.', {
        hint: 'A SAS token can not sign another. Use a credential with the account key.',
      });
    }
    const path = this.#azure.path({ container, id });
    return { url: `${this.#azure.options.service.origin}${path}?${query}`, expires: expires.getTime() };
  }

  properties(entry: Entry, { signal }: Call): Promise<readonly PropertyGroup[]> {
    return propertiesOf(this.#azure, entry, signal);
  }

  createContainer(name: string, _: Draft, { signal }: Call): Promise<Entry> {
    return createContainer(this.#azure, name, signal);
  }

  removeContainer(container: Entry, { signal }: Call): Promise<void> {
    return removeContainer(this.#azure, container, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#azure.close();
  }
}

/** The longest life of a link, in seconds. */
const longestShare = 31_536_000;

/** The version of the service that is asked for: what is read here is the same since, and older servers know it too. */
const serviceVersion = '2021-12-02';

const askedVersion: RequestPolicyFactory = {
  create: (next) => ({
    sendRequest(request) {
      request.headers.set('x-ms-version', serviceVersion);
      const { headers = {}, query = {} } = currentErrand() ?? {};
      for (const [name, value] of Object.entries(headers)) request.headers.set(name, value);
      const { showonly } = query;
      if (showonly && !request.url.includes('showonly=')) request.url += `&showonly=${showonly}`;
      return next.sendRequest(request);
    },
  }),
};

function loadLibrary(options: AzureOptions, agent: Agent): AzureLibrary {
  const { service, account, accountKey, sasToken } = options;
  const key = accountKey === '' ? undefined : new StorageSharedKeyCredential(account, accountKey);
  const url = `${service.origin}${service.pathname === '/' ? '' : service.pathname}${sasToken && `?${sasToken}`}`;
  const open = (tries: number) => {
    const pipeline = newPipeline(key ?? new AnonymousCredential(), {
      httpClient: createWire(service, agent),
      retryOptions: { maxTries: tries, retryDelayInMs: 200, maxRetryDelayInMs: 2000 },
      userAgentOptions: { userAgentPrefix: 'storage-credentials' },
    });
    pipeline.factories.push(askedVersion);
    return new BlobServiceClient(url, pipeline);
  };
  const remover = open(1);
  return {
    reader: open(3),
    remover,
    async submit(container, { type, body, parts }, abortSignal) {
      // The library would write the batch by a client for each part, which takes longer than the server does.
      const written = Object.assign(new BlobBatch(), {
        getHttpRequestBody: () => body,
        getMultiPartContentType: () => type,
        getSubRequests: () => new Map(Array.from({ length: parts }, (_, id) => [id, { url, credential: anonymous }])),
      });
      const client = remover.getContainerClient(container).getBlobBatchClient();
      return (await client.submitBatch(written, { abortSignal })).subResponses;
    },
    signPart({ path, headers }) {
      if (!key) return {};
      const date = { 'x-ms-date': new Date().toUTCString() };
      const ofService = Object.entries({ ...headers, ...date }).filter(([name]) => name.startsWith('x-ms-'));
      const named = ofService.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name}:${value}`);
      // https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
      const standard = ['DELETE', '', '', '', '', '', '', '', headers['If-Match'] ?? '', '', '', ''];
      const signature = key.computeHMACSHA256([...standard, ...named, `/${account}${path}`].join('\n'));
      return { ...date, Authorization: `SharedKey ${account}:${signature}` };
    },
    signLink(containerName, blobName, expiresOn) {
      if (!key) return undefined;
      const values = {
        containerName,
        blobName,
        expiresOn,
        permissions: BlobSASPermissions.parse('r'),
        protocol: service.protocol === 'https:' ? SASProtocol.Https : SASProtocol.HttpsAndHttp,
        version: serviceVersion,
      };
      return generateBlobSASQueryParameters(values, key).toString();
    },
  };
}

const anonymous = new AnonymousCredential();
