import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { CreateBucketCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { ServeCommand, ServeConfig } from '../demo/serve.ts';
import type { Draft } from '../src/core/fields.ts';
import type { PeerAccess } from '../test/servers/peers.ts';
import { startRgw } from '../test/servers/rgw.ts';
import { endChild } from '../test/servers/serverProcess.ts';
import { s3Peers, type Tool } from './tools.ts';

/** A server whose container is filled before and looked at after each run. */
export interface BenchServer {
  readonly name: string;
  readonly keys: number;
  readonly provider: string;
  readonly draft: Draft;
  readonly container: string;
  /** Set where the container is a folder of a tree of files: then it goes too. */
  readonly tree?: true;
  readonly peers: readonly Tool[];
  /** Ours in other ways than it ships, to compare with. */
  readonly variants?: readonly {
    readonly name: string;
    readonly batch?: number;
    readonly whole?: true;
    readonly rounds: number;
  }[];
  /** Fills the empty container with `keys` one-byte objects, which stand in no folder but in a tree of files. */
  fill(): Promise<void>;
  /** What is left, and the requests since it was filled where they can be counted. */
  inspect(): Promise<{ objects: number; requests: number | undefined }>;
  stop(): Promise<void>;
}

const bucket = 'bench';

/** How the memory S3 server is filled and how it behaves. */
export interface MemoryServerSettings {
  readonly keys: number;
  /** Added to each request, in milliseconds. */
  readonly latencyMs: number;
  /** How many folders the keys stand in, evenly; none by default. */
  readonly folders?: number;
  /** More deletes a second than this are refused with SlowDown. */
  readonly keysPerSecond?: number;
  /** One of so many deletes is refused with SlowDown. */
  readonly refuseOneOf?: number;
}

export interface MemoryServer extends BenchServer {
  readonly access: PeerAccess;
  /** Requests that delete a batch, since it was filled. */
  deletions(): Promise<number>;
  /** When the last request came, in milliseconds since the epoch. */
  lastRequestAt(): Promise<number>;
}

/** The memory S3 server in a process of its own. */
export async function startMemoryServer(settings: MemoryServerSettings): Promise<MemoryServer> {
  const { keys, folders = 0, ...behaviour } = settings;
  const credentials = {
    accessKeyId: randomBytes(10).toString('hex').toUpperCase(),
    secretAccessKey: randomBytes(20).toString('hex'),
  };
  const child = spawn(process.execPath, [new URL('../demo/serve.ts', import.meta.url).pathname], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const endNow = () => child.kill('SIGKILL');
  process.once('exit', endNow);
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (question: ServeConfig | ServeCommand) => {
    child.stdin.write(`${JSON.stringify(question)}\n`);
    const { value } = await answers.next();
    return JSON.parse(value ?? '{}') as ServerAnswer;
  };
  const { endpoint } = await ask({ credentials: [credentials], ...behaviour });
  const prefixes = Array.from({ length: folders }, (_, n) => `folder-${String(n).padStart(4, '0')}/`);
  const access = { endpoint, ...credentials };
  return {
    name: `memory S3 @ ${settings.latencyMs} ms`,
    keys,
    access,
    ...s3Facts(access),
    async fill() {
      const perPrefix = keys / Math.max(1, folders);
      for (const prefix of folders > 0 ? prefixes : ['']) {
        await ask({ command: 'seed', bucket, prefix: `${prefix}object-`, count: perPrefix });
      }
      await ask({ command: 'reset-counts' });
    },
    async inspect() {
      const { objects, requests } = await ask({ command: 'counts', bucket });
      return { objects, requests: Object.values(requests).reduce((sum, count) => sum + count, 0) };
    },
    deletions: async () => (await ask({ command: 'counts', bucket })).requests.POST ?? 0,
    lastRequestAt: async () => (await ask({ command: 'counts', bucket })).lastRequestAt,
    async stop() {
      process.off('exit', endNow);
      child.stdin.end();
      await endChild(child);
    },
  };
}

interface ServerAnswer {
  readonly endpoint: string;
  readonly objects: number;
  readonly requests: Record<string, number>;
  readonly lastRequestAt: number;
}

/** Ceph RGW over memory. */
export async function startRgwServer(keys: number): Promise<BenchServer> {
  const rgw = await startRgw();
  const { accessKeyId, secretAccessKey } = rgw.user;
  const client = new S3Client({
    endpoint: rgw.endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  return {
    name: 'Ceph RGW',
    keys,
    ...s3Facts({ endpoint: rgw.endpoint, accessKeyId, secretAccessKey }),
    async fill() {
      let next = 0;
      const putSome = async () => {
        for (let n = next++; n < keys; n = next++) {
          const Key = `object-${String(n).padStart(7, '0')}`;
          await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'x' }));
        }
      };
      await Promise.all(Array.from({ length: 32 }, putSome));
    },
    async inspect() {
      const { KeyCount } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
      return { objects: KeyCount ?? 0, requests: undefined };
    },
    async stop() {
      client.destroy();
      await rgw.stop();
    },
  };
}

function s3Facts(access: PeerAccess) {
  const draft = { service: 'other', pathStyle: true, ...access };
  return { provider: 's3', draft, container: bucket, peers: s3Peers(access, bucket) };
}
