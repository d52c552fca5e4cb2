import { parseDraft } from '../../src/core/drafts.ts';
import type { StorageError } from '../../src/core/errors.ts';
import type { Draft } from '../../src/core/fields.ts';
import type { Connection, Network } from '../../src/core/provider.ts';
import type { Entry, Outcome, StorageClient, Target } from '../../src/core/storageClient.ts';
import provider from '../../src/providers/gcs/provider.ts';
import { type FaultProxy, startFaultProxy } from '../servers/faultProxy.ts';
import { type GcsOptions, type GcsSimulator, startGcs } from '../servers/gcs/simulator.ts';
import { direct, targetOf } from './contractSuite.ts';

/** A simulator of one test's own, with a client behind a proxy that counts and breaks. */
export class GcsBench implements AsyncDisposable {
  readonly gcs: GcsSimulator;
  readonly proxy: FaultProxy;
  readonly key: object;
  readonly #clients: StorageClient[] = [];

  private constructor(gcs: GcsSimulator, proxy: FaultProxy) {
    this.gcs = gcs;
    this.proxy = proxy;
    this.key = gcs.addAccount('owner');
  }

  static async start(options: GcsOptions = {}): Promise<GcsBench> {
    const gcs = await startGcs(options);
    return new GcsBench(gcs, await startFaultProxy({ target: gcs.endpoint }));
  }

  async open(change: Draft = {}, surroundings: Partial<Connection> = {}): Promise<Required<StorageClient>> {
    const draft = { serviceAccountKey: JSON.stringify(this.key), endpoint: this.proxy.endpoint, ...change };
    const client = await openDraft(draft, direct, surroundings);
    this.#clients.push(client);
    return client;
  }

  /** The methods and paths that came through the proxy. */
  get sent(): string[] {
    return this.proxy.requests.map(({ method, target }) => `${method} ${target.split('?')[0]}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client[Symbol.asyncDispose]();
    await this.proxy.stop();
    await this.gcs.stop();
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

/** The target of an object as it was planned, with the generation that it had. */
export function planned(bucket: string, name: string, generation: string, mode: Target['mode'] = 'recoverable') {
  return { ...targetOf(bucket, name), ifTag: generation, mode };
}

export function objectOf(bucket: string, name: string): Entry {
  return targetOf(bucket, name).entry;
}

/** Names and results, for comparing. */
export function results(outcomes: readonly Outcome[]): [string, string][] {
  return outcomes.map(({ target, result }) => [target.entry.id, result]);
}

/** What a call fails with. */
export async function failure(attempt: Promise<unknown>): Promise<StorageError> {
  return await attempt.then(
    () => {
      throw new Error('It should have failed.');
    },
    (error: StorageError) => error,
  );
}
