import { setTimeout as sleep } from 'node:timers/promises';
import { startAzurite } from '../test/servers/azurite.ts';
import { startFaultProxy } from '../test/servers/faultProxy.ts';
import { startGcs } from '../test/servers/gcs/simulator.ts';
import { rcloneAzureEnvironment, rcloneGcsEnvironment, rcloneSwiftEnvironment } from '../test/servers/peers.ts';
import { startSwift } from '../test/servers/swift.ts';
import { AzureJudge } from '../test/support/azureJudge.ts';
import { containerSas } from '../test/support/azureSas.ts';
import { SwiftJudge, tempAuthToken } from '../test/support/swiftJudge.ts';
import type { BenchServer } from './servers.ts';
import { rclone, swiftClient } from './tools.ts';

const container = 'bench';

/** The simulator of Google Cloud Storage, in the process of the benchmark, adding a latency to every request. */
export async function startGcsServer(keys: number, latency: number): Promise<BenchServer> {
  const gcs = await startGcs({ latency });
  const key = gcs.addAccount('bench');
  const bucket = gcs.store.createBucket(container, gcs.project);
  return {
    name: `GCS simulator @ ${latency} ms`,
    keys,
    provider: 'gcs',
    draft: { project: gcs.project, serviceAccountKey: JSON.stringify(key), endpoint: gcs.endpoint },
    container,
    peers: [
      rclone('rclone, 64 workers', rcloneGcsEnvironment(gcs.endpoint, key), container, rcloneWorkers),
      { ...rclone('rclone, default', rcloneGcsEnvironment(gcs.endpoint, key), container), rounds: 1 },
    ],
    async fill() {
      for (let n = 0; n < keys; n++) gcs.store.put(container, nameOf(n));
      gcs.requests.length = 0;
    },
    inspect: async () => ({ objects: gcs.store.names(bucket.name).length, requests: gcs.requests.length }),
    stop: () => gcs.stop(),
  };
}

/** Azurite, behind a proxy that counts. */
export async function startAzuriteServer(keys: number): Promise<BenchServer> {
  const azurite = await startAzurite();
  const proxy = await startFaultProxy({ target: azurite.origin });
  const judge = new AzureJudge(azurite);
  const { account, accountKey } = azurite;
  const endpoint = `${proxy.endpoint}/${account}`;
  const sas = containerSas(azurite, container, 'rdl');
  await judge.demand({ method: 'PUT', container, query: { restype: 'container' } });
  return {
    name: 'Azurite',
    keys,
    provider: 'azureBlob',
    draft: { account, accountKey, endpoint },
    container,
    variants: [{ name: 'ours, one by one', batch: 1, rounds: 1 }],
    peers: [
      rclone('rclone, 64 workers', rcloneAzureEnvironment(`${endpoint}/${container}?${sas}`), container, rcloneWorkers),
    ],
    async fill() {
      await putAll(judge, keys);
      proxy.reset();
    },
    async inspect() {
      const requests = proxy.requests.length;
      return { objects: (await judge.names(container)).length, requests };
    },
    async stop() {
      judge.close();
      await proxy.stop();
      await azurite.stop();
    },
  };
}

/** OpenStack Swift with its own accounts, behind a proxy that counts what goes to the storage. */
export async function startSwiftServer(keys: number): Promise<BenchServer> {
  const swift = await startSwift();
  const proxy = await startFaultProxy({ target: swift.endpoint });
  const { user, account } = swift;
  const judge = new SwiftJudge(swift.endpoint, account, () => tempAuthToken(swift.endpoint, user));
  const login = { user: user.accessKeyId, key: user.secretAccessKey, auth: `${proxy.endpoint}/auth/v1.0` };
  return {
    name: 'OpenStack Swift',
    keys,
    provider: 'swift',
    draft: { user: login.user, key: login.key, authUrl: login.auth },
    container,
    variants: [{ name: 'ours, one by one', batch: 1, rounds: 1 }],
    peers: [
      swiftClient({ ST_AUTH: login.auth, ST_USER: login.user, ST_KEY: login.key }, container),
      rclone('rclone, 64 workers', rcloneSwiftEnvironment(login), container, rcloneWorkers),
    ],
    async fill() {
      await judge.demand({ method: 'PUT', container });
      await putAll(judge, keys);
      proxy.reset();
    },
    async inspect() {
      const requests = proxy.requests.length;
      // One of the tools takes the container away too.
      const there = (await judge.ask({ container, query: { limit: '1' } })).status !== 404;
      return { objects: there ? (await judge.names(container)).length : 0, requests };
    },
    async stop() {
      await proxy.stop();
      await swift.stop();
    },
  };
}

async function putAll(judge: AzureJudge | SwiftJudge, keys: number): Promise<void> {
  let next = 0;
  const putSome = async () => {
    for (let n = next++; n < keys; n = next++) await patiently(() => judge.put(container, nameOf(n), 'x'));
  };
  await Promise.all(Array.from({ length: 16 }, putSome));
}

/** On a loaded machine Swift knows nobody for a minute when its memcached was slow: what may be done twice is tried again. */
async function patiently(work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; attempt < 20; attempt++) {
    try {
      return await work();
    } catch {
      await sleep(5000);
    }
  }
  await work();
}

const rcloneWorkers = ['--transfers', '64', '--checkers', '64'];

function nameOf(n: number): string {
  return `object-${String(n).padStart(7, '0')}`;
}
