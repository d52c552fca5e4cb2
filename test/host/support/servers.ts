import { readFileSync } from 'node:fs';
import http from 'node:http';
import { CreateBucketCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { TestServers } from '../../../scripts/testServers.ts';
import { portOf } from '../../servers/serverProcess.ts';
import type { RgwAccess } from '../../support/rgwGlobal.ts';

/** Declares a suite that needs Ceph RGW; where there is none, the one test of it is skipped and says what it needs. */
export function describeWithRgw(title: string, suite: (rgw: RgwAccess) => void): void {
  const { rgw } = readServers();
  if ('unavailable' in rgw) describe(title, () => void it.skip(rgw.unavailable));
  else describe(title, () => suite(rgw));
}

/** The servers that run outside VS Code. */
export function readServers(): TestServers {
  const file = process.env.STORAGE_CREDENTIALS_TEST_SERVERS;
  if (!file) return { rgw: { unavailable: 'STORAGE_CREDENTIALS_TEST_SERVERS names no file of servers' } };
  return JSON.parse(readFileSync(file, 'utf8')) as TestServers;
}

/** Looks at the storage itself, past the extension. */
export class Judge {
  readonly client: S3Client;
  #made = 0;

  constructor({ endpoint, accessKeyId, secretAccessKey }: RgwAccess) {
    const credentials = { accessKeyId, secretAccessKey };
    this.client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  }

  /** A new bucket with these keys in it; the value is the content. */
  async createBucket(objects: Readonly<Record<string, string>> = {}): Promise<string> {
    const bucket = `host-${Date.now().toString(36)}-${++this.#made}`;
    await this.client.send(new CreateBucketCommand({ Bucket: bucket }));
    await this.put(bucket, objects);
    return bucket;
  }

  async put(bucket: string, objects: Readonly<Record<string, string>>): Promise<void> {
    const waiting = Object.entries(objects);
    const put = async () => {
      for (let next = waiting.pop(); next; next = waiting.pop()) {
        const [Key, Body] = next;
        await this.client.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
      }
    };
    await Promise.all(Array.from({ length: 16 }, put));
  }

  /** Every key of a bucket, in order. */
  async keys(bucket: string): Promise<readonly string[]> {
    const keys: string[] = [];
    let token: string | undefined;
    do {
      const page = await this.client.send(new ListObjectsV2Command({ Bucket: bucket, ContinuationToken: token }));
      keys.push(...(page.Contents ?? []).flatMap(({ Key }) => Key ?? []));
      token = page.NextContinuationToken;
    } while (token !== undefined);
    return keys.sort();
  }
}

/** So many keys that begin alike. */
export function manyObjects(count: number, prefix = 'object-'): Readonly<Record<string, string>> {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`${prefix}${String(n).padStart(5, '0')}`, 'x']));
}

/** A server that refuses everything and counts what reaches it, connections that send nothing included. */
export interface CountingServer extends AsyncDisposable {
  readonly endpoint: string;
  readonly connections: number;
}

export async function startCountingServer(): Promise<CountingServer> {
  let connections = 0;
  const server = http.createServer((_, response) => response.writeHead(403).end());
  server.on('connection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${portOf(server.address())}`,
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
