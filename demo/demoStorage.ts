import { randomBytes } from 'node:crypto';
import { startMemoryS3 } from './s3Server.ts';
import { fillSampleData, undeletableSamples } from './sampleData.ts';

/** The storage that a first look at the extension works on, and the keys that open it. */
export interface DemoStorage {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  stop(): Promise<void>;
}

/** Starts an S3 server in this process with sample buckets and fresh keys; what it holds ends with it. */
export async function startDemoStorage(options: { port?: number } = {}): Promise<DemoStorage> {
  const accessKeyId = `DEMO${randomBytes(8).toString('hex').toUpperCase()}`;
  const secretAccessKey = randomBytes(30).toString('base64url');
  const credentials = [{ accessKeyId, secretAccessKey }];
  const server = await startMemoryS3({ ...options, credentials, undeletable: undeletableSamples });
  fillSampleData(server);
  return { endpoint: server.endpoint, region: 'us-east-1', accessKeyId, secretAccessKey, stop: () => server.stop() };
}
