import {
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { decodeListed } from '../contract/s3.server.ts';

/** One version or delete marker; of a bucket without versions, the object itself. */
export interface Item {
  readonly key: string;
  readonly id: string;
  readonly marker: boolean;
  readonly latest: boolean;
  /** Tells contents apart; '' of a marker. */
  readonly tag: string;
}

/** An upload that was begun and never finished. */
export interface Upload {
  readonly key: string;
  readonly id: string;
}

/** All that is in a bucket. */
export interface Contents {
  /** By key and version id. */
  readonly items: ReadonlyMap<string, Item>;
  readonly uploads: ReadonlyMap<string, Upload>;
}

/** The name of a version, or of an upload, in these maps. */
export function nameOf({ key, id }: { readonly key: string; readonly id: string }): string {
  return JSON.stringify([key, id]);
}

/** Looks at a bucket past the extension and past every proxy, and changes it as somebody else would. */
export class BucketJudge {
  readonly #client: S3Client;
  readonly bucket: string;
  #written = 0;

  constructor(client: S3Client, bucket: string) {
    this.#client = client;
    this.bucket = bucket;
  }

  async contents(): Promise<Contents> {
    const items = new Map<string, Item>();
    let from: Pick<ListObjectVersionsCommandOutput, 'NextKeyMarker' | 'NextVersionIdMarker'> | undefined;
    do {
      const page = await this.#client.send(
        new ListObjectVersionsCommand({
          Bucket: this.bucket,
          EncodingType: 'url',
          KeyMarker: from?.NextKeyMarker,
          VersionIdMarker: from?.NextVersionIdMarker,
        }),
      );
      for (const { Key = '', VersionId: id = '', IsLatest: latest = false, ETag: tag = '' } of page.Versions ?? []) {
        const item = { key: decodeListed(Key), id, latest, marker: false, tag };
        items.set(nameOf(item), item);
      }
      for (const { Key = '', VersionId: id = '', IsLatest: latest = false } of page.DeleteMarkers ?? []) {
        const item = { key: decodeListed(Key), id, latest, marker: true, tag: '' };
        items.set(nameOf(item), item);
      }
      if (page.IsTruncated && items.size === 0) throw new Error('A page of nothing says that there is more.');
      from = page.IsTruncated ? page : undefined;
    } while (from);
    return { items, uploads: await this.#uploads() };
  }

  /** Puts an object whose content is like no other; gives its version id and its tag. */
  async put(Key: string): Promise<{ readonly id: string; readonly tag: string }> {
    const Body = `content ${++this.#written} of ${this.bucket}`;
    const { VersionId: id = 'null', ETag: tag = '' } = await this.#client.send(
      new PutObjectCommand({ Bucket: this.bucket, Key, Body }),
    );
    return { id, tag };
  }

  /** Deletes an object, or one version of it. */
  async delete(Key: string, VersionId?: string): Promise<void> {
    await this.#client.send(new DeleteObjectCommand({ Bucket: this.bucket, Key, VersionId }));
  }

  async #uploads(): Promise<ReadonlyMap<string, Upload>> {
    const { Uploads = [] } = await this.#client.send(
      new ListMultipartUploadsCommand({ Bucket: this.bucket, EncodingType: 'url' }),
    );
    const uploads = Uploads.map(({ Key = '', UploadId: id = '' }) => ({ key: decodeListed(Key), id }));
    return new Map(uploads.map((upload) => [nameOf(upload), upload]));
  }
}
