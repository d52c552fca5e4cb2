import { parseDraft } from '../../src/core/drafts.ts';
import type { Draft } from '../../src/core/fields.ts';
import type { Connection, Network } from '../../src/core/provider.ts';
import type { Entry, Outcome, StorageClient, Target } from '../../src/core/storageClient.ts';
import provider from '../../src/providers/b2/provider.ts';
import type { ApplicationKey } from '../servers/b2/keys.ts';
import { type B2Options, type B2Simulator, startB2 } from '../servers/b2/simulator.ts';
import { type FaultProxy, startFaultProxy } from '../servers/faultProxy.ts';
import { call, collect, containerPlace, direct, targetOf } from './contractSuite.ts';

/** A simulator of one test's own with a bucket, and a client behind a proxy that counts and breaks. */
export class B2Bench implements AsyncDisposable {
  readonly b2: B2Simulator;
  readonly proxy: FaultProxy;
  readonly key: ApplicationKey;
  readonly #clients: StorageClient[] = [];

  private constructor(b2: B2Simulator, proxy: FaultProxy) {
    this.b2 = b2;
    this.proxy = proxy;
    this.key = b2.keys.add();
    b2.store.createBucket('bucket');
  }

  static async start(options: B2Options = {}): Promise<B2Bench> {
    const b2 = await startB2(options);
    return new B2Bench(b2, await startFaultProxy({ target: b2.endpoint }));
  }

  async open(
    key: Partial<ApplicationKey> = this.key,
    change: Draft = {},
    surroundings: Partial<Connection> = {},
  ): Promise<Required<StorageClient>> {
    const { keyId = '', applicationKey = '' } = key;
    const draft = { keyId, applicationKey, endpoint: this.proxy.endpoint, ...change };
    const client = await openDraft(draft, direct, surroundings);
    this.#clients.push(client);
    return client;
  }

  put(name: string, content = 'x') {
    return this.b2.store.put('bucket', name, content);
  }

  /** The versions of a name that are left, the newest first. */
  left(name: string): string[] {
    return this.b2.store
      .bucket('bucket')
      .versionsOf(name)
      .map(({ action, content }) => `${action} ${content}`.trim());
  }

  /** The methods and calls that came through the proxy. */
  get sent(): string[] {
    return this.proxy.requests.map(({ method, target }) =>
      `${method} ${target.split('?')[0]}`.replace('/b2api/v4/', ''),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client[Symbol.asyncDispose]();
    await this.proxy.stop();
    await this.b2.stop();
  }
}

/** Opens a client from what stands in a form. */
export async function openDraft(
  draft: Draft,
  network: Network,
  surroundings: Partial<Connection> = {},
): Promise<Required<StorageClient>> {
  const { settings, secrets } = parseDraft(provider.fields, draft);
  return (await provider.open({ ...surroundings, settings, secrets, network })) as Required<StorageClient>;
}

export const bucket = containerPlace('bucket');

export function objectOf(name: string): Entry {
  return targetOf('bucket', name).entry;
}

/** Every version below the bucket, as a walk brings it. */
export async function versionsIn(client: Required<StorageClient>, id?: string): Promise<Entry[]> {
  const query = { versions: true, ...(id === undefined ? {} : { id }) };
  return (await collect(client.walk(bucket, query, call()))).flatMap(({ entries }) => entries);
}

export function targets(entries: readonly Entry[], mode: Target['mode'] = 'permanent'): Target[] {
  return entries.map((entry) => ({ entry, mode }));
}

/** Names, results and kinds, for comparing. */
export function results(outcomes: readonly Outcome[]) {
  return outcomes.map(({ target, result, error }) => [target.entry.id, result, error?.kind]);
}
