import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3';
import type { RgwAccess } from './rgwGlobal.ts';

/** Makes buckets with versions, locks and uploads, and looks at them past the extension. */
export class VersionedBuckets {
  readonly client: S3Client;
  #made = 0;

  constructor({
    endpoint,
    accessKeyId,
    secretAccessKey,
  }: Pick<RgwAccess, 'endpoint' | 'accessKeyId' | 'secretAccessKey'>) {
    const credentials = { accessKeyId, secretAccessKey };
    this.client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  }

  /** A bucket; one with Object Lock keeps versions by itself. */
  async create(kind: 'plain' | 'versioned' | 'locking'): Promise<string> {
    const Bucket = `${kind}-${process.pid}-${Date.now().toString(36)}-${++this.#made}`;
    await this.client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: kind === 'locking' }));
    if (kind === 'versioned') await this.enable(Bucket);
    return Bucket;
  }

  /** Lets a bucket keep versions from now on. */
  async enable(Bucket: string): Promise<void> {
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await this.client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  }

  /** Lets a bucket keep no more versions than it has. */
  async suspend(Bucket: string): Promise<void> {
    const VersioningConfiguration = { Status: 'Suspended' } as const;
    await this.client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  }

  /** Puts a version and gives its id. */
  async put(Bucket: string, Key: string, Body = 'x'): Promise<string> {
    return (await this.client.send(new PutObjectCommand({ Bucket, Key, Body }))).VersionId ?? 'null';
  }

  /** Puts so many objects: `object-00000` and so on. */
  async fill(Bucket: string, count: number): Promise<void> {
    const numbers = Array.from({ length: count }, (_, n) => n).values();
    const put = async () => {
      for (const n of numbers) await this.put(Bucket, `object-${String(n).padStart(5, '0')}`, `body ${n}`);
    };
    await Promise.all(Array.from({ length: 32 }, put));
  }

  /** The etags of the objects that are there, by their keys. */
  async current(Bucket: string): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    for await (const { Contents = [] } of paginateListObjectsV2({ client: this.client }, { Bucket })) {
      for (const { Key = '', ETag = '' } of Contents) found.set(Key, ETag);
    }
    return found;
  }

  /** Deletes what is current and gives the id of the marker. */
  async mark(Bucket: string, Key: string): Promise<string> {
    return (await this.client.send(new DeleteObjectCommand({ Bucket, Key }))).VersionId ?? 'null';
  }

  async retain(Bucket: string, Key: string, VersionId: string, Mode: 'GOVERNANCE' | 'COMPLIANCE', until: Date) {
    const Retention = { Mode, RetainUntilDate: until };
    await this.client.send(new PutObjectRetentionCommand({ Bucket, Key, VersionId, Retention }));
  }

  async hold(Bucket: string, Key: string, VersionId: string): Promise<void> {
    const LegalHold = { Status: 'ON' } as const;
    await this.client.send(new PutObjectLegalHoldCommand({ Bucket, Key, VersionId, LegalHold }));
  }

  /** Begins an upload and gives its id. */
  async beginUpload(Bucket: string, Key: string): Promise<string> {
    return (await this.client.send(new CreateMultipartUploadCommand({ Bucket, Key }))).UploadId ?? '';
  }

  /** The keys of the unfinished uploads, as the server writes them. */
  async uploads(Bucket: string): Promise<readonly string[]> {
    return (
      (await this.client.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads?.map(({ Key = '' }) => Key) ?? []
    );
  }

  /** Versions and markers in one page, as `key#id`, a marker with a `!` behind it. Keys must be plain. */
  async versions(Bucket: string): Promise<readonly string[]> {
    const { Versions = [], DeleteMarkers = [] } = await this.client.send(new ListObjectVersionsCommand({ Bucket }));
    return [
      ...Versions.map(({ Key, VersionId }) => `${Key}#${VersionId}`),
      ...DeleteMarkers.map(({ Key, VersionId }) => `${Key}#${VersionId}!`),
    ].sort();
  }
}
