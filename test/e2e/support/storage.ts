import {
  CreateBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  NotFound,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type FaultProxy, startFaultProxy } from '../../servers/faultProxy.ts';
import type { RgwAccess } from '../../support/rgwGlobal.ts';

/** A real S3 server behind a proxy that counts what the window asks of it. */
export interface Storage {
  /** What is entered in the form. */
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly proxy: FaultProxy;
  createBucket(bucket: string, keys: readonly string[]): Promise<void>;
  put(bucket: string, key: string, body: string): Promise<void>;
  /** Every key, as the server lists it, asked past the proxy. */
  keysOf(bucket: string): Promise<string[]>;
  has(bucket: string, key: string): Promise<boolean>;
  stop(): Promise<void>;
}

/** Opens a user's storage on a server; what the test itself asks does not go through the proxy. */
export async function openStorage({
  endpoint,
  accessKeyId,
  secretAccessKey,
}: Pick<RgwAccess, 'endpoint' | 'accessKeyId' | 'secretAccessKey'>): Promise<Storage> {
  const proxy = await startFaultProxy({ target: endpoint });
  const s3 = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  const put = async (bucket: string, key: string, body: string) => {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentType: 'text/plain' }));
  };
  return {
    endpoint: proxy.endpoint,
    accessKeyId,
    secretAccessKey,
    proxy,
    put,
    async createBucket(bucket, keys) {
      await s3.send(new CreateBucketCommand({ Bucket: bucket }));
      for (const key of keys) await put(bucket, key, `content of ${key}`);
    },
    async keysOf(bucket) {
      const keys: string[] = [];
      let token: string | undefined;
      do {
        const page = await s3.send(
          new ListObjectsV2Command({ Bucket: bucket, ...(token ? { ContinuationToken: token } : {}) }),
        );
        for (const { Key } of page.Contents ?? []) if (Key !== undefined) keys.push(Key);
        token = page.NextContinuationToken;
      } while (token);
      return keys;
    },
    async has(bucket, key) {
      try {
        await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
        return true;
      } catch (error) {
        if (error instanceof NotFound) return false;
        throw error;
      }
    },
    async stop() {
      s3.destroy();
      await proxy.stop();
    },
  };
}
