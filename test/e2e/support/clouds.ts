import { randomUUID } from 'node:crypto';
import { startAzurite } from '../../servers/azurite.ts';
import { type FaultProxy, startFaultProxy } from '../../servers/faultProxy.ts';
import type { ServiceAccountKey } from '../../servers/gcs/accounts.ts';
import { type GcsSimulator, startGcs } from '../../servers/gcs/simulator.ts';
import { AzureJudge } from '../../support/azureJudge.ts';
import type { Storage } from './storage.ts';

/** A server of one kind with two containers: one that a credential is for, and one beside it. */
export interface Cloud {
  readonly container: string;
  readonly spare: string;
  /** The URL that an object of a container has, with its name encoded. */
  urlOf(container: string, id: string): string;
  put(container: string, id: string, body: string): Promise<void>;
  /** Every name, asked past what counts requests. */
  names(container: string): Promise<readonly string[]>;
  /** Method and target of all that the window asked for that reads nothing. */
  writes(): readonly string[];
}

/** Google Cloud Storage, as far as a simulator is one. */
export interface Google extends Cloud {
  readonly endpoint: string;
  readonly key: ServiceAccountKey;
  hold(id: string): void;
  forbid(id: string): void;
}

/** Azure Blob Storage, as Azurite is one. */
export interface Azure extends Cloud {
  readonly account: string;
  readonly accountKey: string;
  /** With the account in its path. */
  readonly endpoint: string;
  lease(id: string): Promise<void>;
}

/** Starts a simulator with one account. */
export async function startGoogle(): Promise<Google & { stop(): Promise<void> }> {
  const undeletable = new Set<string>();
  const gcs = await startGcs({ undeletable });
  const [container, spare] = [nameOf('models'), nameOf('spare')];
  for (const bucket of [container, spare]) gcs.store.createBucket(bucket, gcs.project);
  return {
    container,
    spare,
    endpoint: gcs.endpoint,
    key: gcs.addAccount('trainer'),
    urlOf: (bucket, id) => `${gcs.endpoint}/${bucket}/${encoded(id)}`,
    async put(bucket, id, body) {
      gcs.store.put(bucket, id, body);
    },
    names: async (bucket) => gcs.store.names(bucket),
    writes: () => writesAmong(gcs),
    hold(id) {
      const object = gcs.store.bucket(container).get(id);
      if (!object) throw new Error(`There is no such object: ${id}`);
      object.temporaryHold = true;
    },
    forbid: (id) => undeletable.add(`${container}/${id}`),
    stop: () => gcs.stop(),
  };
}

/** Starts Azurite behind a proxy that counts. */
export async function startAzure(): Promise<Azure & { stop(): Promise<void> }> {
  const azurite = await startAzurite();
  const proxy = await startFaultProxy({ target: azurite.origin });
  const judge = new AzureJudge(azurite);
  const [container, spare] = [nameOf('models'), nameOf('spare')];
  for (const each of [container, spare]) {
    await judge.demand({ method: 'PUT', container: each, query: { restype: 'container' } });
  }
  const endpoint = `${proxy.endpoint}/${azurite.account}`;
  return {
    container,
    spare,
    account: azurite.account,
    accountKey: azurite.accountKey,
    endpoint,
    urlOf: (each, id) => `${endpoint}/${each}/${encoded(id)}`,
    put: (each, id, body) => judge.put(each, id, body),
    names: (each) => judge.names(each),
    writes: () => writesThrough(proxy),
    async lease(id) {
      const headers = { 'x-ms-lease-action': 'acquire', 'x-ms-lease-duration': '-1' };
      await judge.demand({ method: 'PUT', container, id, query: { comp: 'lease' }, headers });
    },
    async stop() {
      judge.close();
      await proxy.stop();
      await azurite.stop();
    },
  };
}

/** The storage of a session as one of the clouds. */
export async function cloudOf(storage: Storage): Promise<Cloud> {
  const [container, spare] = [nameOf('models'), nameOf('spare')];
  for (const bucket of [container, spare]) await storage.createBucket(bucket, []);
  return {
    container,
    spare,
    urlOf: (bucket, id) => `${storage.endpoint}/${bucket}/${encoded(id)}`,
    put: storage.put,
    names: storage.keysOf,
    writes: () => writesThrough(storage.proxy),
  };
}

function nameOf(purpose: string): string {
  return `${purpose}-${randomUUID().slice(0, 8)}`;
}

function encoded(id: string): string {
  return id.split('/').map(encodeURIComponent).join('/');
}

function writesThrough({ requests }: FaultProxy): readonly string[] {
  return requests.filter(({ method }) => !isReading(method)).map(({ method, target }) => `${method} ${target}`);
}

function writesAmong({ requests }: GcsSimulator): readonly string[] {
  return requests.filter((request) => !isReading(request.split(' ')[0] ?? ''));
}

function isReading(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}
