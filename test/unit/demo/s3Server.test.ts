import { createHash } from 'node:crypto';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type MemoryS3, startMemoryS3 } from '../../../demo/s3Server.ts';

const credentials = { accessKeyId: 'DEMOKEY', secretAccessKey: 'demo/secret+key' };
let server: MemoryS3;
let client: S3Client;
let bucketNumber = 0;
let Bucket = '';

const connect = (override: Partial<typeof credentials & { sessionToken: string }> = {}, region = 'us-east-1') =>
  new S3Client({
    endpoint: server.endpoint,
    region,
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { ...credentials, ...override },
  });

beforeAll(async () => {
  server = await startMemoryS3({
    credentials: [credentials, { accessKeyId: 'TEMPORARY', secretAccessKey: 's', sessionToken: 'token' }],
    undeletable: ['kept/'],
  });
  client = connect();
});

afterAll(async () => {
  client.destroy();
  await server.stop();
});

beforeEach(async () => {
  Bucket = `bucket-${++bucketNumber}`;
  await client.send(new CreateBucketCommand({ Bucket }));
});

async function refusalOf(answer: Promise<unknown>): Promise<{ name: string; status: number | undefined }> {
  const error = await answer.then(
    () => undefined,
    (reason: Error & { $metadata?: { httpStatusCode?: number } }) => reason,
  );
  return { name: error?.name ?? 'no refusal', status: error?.$metadata?.httpStatusCode };
}

const listKeys = async (prefix = '') =>
  (await client.send(new ListObjectsV2Command({ Bucket, Prefix: prefix }))).Contents?.map(({ Key }) => Key) ?? [];

describe('signatures', () => {
  it('refuses a wrong secret, an unknown key, a missing signature and another region', async () => {
    const listAs = (other: S3Client) => refusalOf(other.send(new ListBucketsCommand()));
    expect(await listAs(connect({ secretAccessKey: 'wrong' }))).toEqual({ name: 'SignatureDoesNotMatch', status: 403 });
    expect(await listAs(connect({ accessKeyId: 'UNKNOWN' }))).toEqual({ name: 'InvalidAccessKeyId', status: 403 });
    const anonymous = await fetch(server.endpoint);
    expect(anonymous.status).toBe(403);
    expect(await anonymous.text()).toContain('<Code>AccessDenied</Code>');
    const strict = await startMemoryS3({ credentials: [credentials], region: 'eu-west-1' });
    const elsewhere = new S3Client({ endpoint: strict.endpoint, region: 'us-east-1', credentials, maxAttempts: 1 });
    expect(await listAs(elsewhere)).toEqual({ name: 'AuthorizationHeaderMalformed', status: 400 });
    await strict.stop();
  });

  it('asks for the session token of temporary keys', async () => {
    const temporary = { accessKeyId: 'TEMPORARY', secretAccessKey: 's' };
    expect((await refusalOf(connect(temporary).send(new ListBucketsCommand()))).name).toBe('InvalidToken');
    await connect({ ...temporary, sessionToken: 'token' }).send(new ListBucketsCommand());
  });

  it('refuses a body that was changed on the way', async () => {
    const tampering = connect();
    tampering.middlewareStack.add(
      (next) => (args) => {
        Object.assign(args.request as object, { body: 'other' });
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    const put = tampering.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'right' }));
    expect((await refusalOf(put)).status).toBe(400);
    expect(await listKeys()).toEqual([]);
  });
});

describe('buckets', () => {
  it('answers the questions about buckets', async () => {
    const listed = await client.send(new ListBucketsCommand());
    expect(listed.Buckets?.map(({ Name }) => Name)).toContain(Bucket);
    await client.send(new HeadBucketCommand({ Bucket }));
    expect((await client.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBeUndefined();
    expect((await client.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBeUndefined();
    expect((await refusalOf(client.send(new HeadBucketCommand({ Bucket: 'absent' })))).status).toBe(404);
    expect((await refusalOf(client.send(new CreateBucketCommand({ Bucket })))).status).toBe(409);
  });

  it('deletes a bucket only when it is empty', async () => {
    await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'b' }));
    expect(await refusalOf(client.send(new DeleteBucketCommand({ Bucket })))).toEqual({
      name: 'BucketNotEmpty',
      status: 409,
    });
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
    await client.send(new DeleteBucketCommand({ Bucket }));
    expect((await refusalOf(client.send(new ListObjectsV2Command({ Bucket })))).name).toBe('NoSuchBucket');
  });
});

describe('objects', () => {
  it('stores, describes and gives back a body, whole and in parts', async () => {
    const Body = 'hello, world';
    const etag = `"${createHash('md5').update(Body).digest('hex')}"`;
    const put = { Bucket, Key: 'a/b.txt', Body, ContentType: 'text/plain', Metadata: { colour: 'red' } };
    expect((await client.send(new PutObjectCommand(put))).ETag).toBe(etag);
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'a/b.txt' }));
    expect(head).toMatchObject({
      ContentLength: 12,
      ETag: etag,
      ContentType: 'text/plain',
      Metadata: { colour: 'red' },
    });
    const read = async (Range?: string) => {
      const answer = await client.send(new GetObjectCommand({ Bucket, Key: 'a/b.txt', ...(Range && { Range }) }));
      return answer.Body?.transformToString();
    };
    expect(await read()).toBe(Body);
    expect(await read('bytes=0-4')).toBe('hello');
    expect(await read('bytes=7-')).toBe('world');
    expect(await read('bytes=-5')).toBe('world');
    expect((await refusalOf(read('bytes=99-'))).status).toBe(416);
    await client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/a/b.txt` }));
    expect((await client.send(new HeadObjectCommand({ Bucket, Key: 'copy' }))).ETag).toBe(etag);
  });

  it('keeps odd keys exact and apart', async () => {
    const keys = [
      '..',
      '.',
      'a/../b',
      'b',
      '/a',
      'a//b',
      'a b',
      'a+b',
      'a%20b',
      '%2e',
      '<&>"\'',
      'é',
      'e\u0301',
      '\u{1F600}',
    ];
    for (const Key of keys) await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
    const bytes = (text: string) => Buffer.from(text).toString('latin1');
    expect(await listKeys()).toEqual(keys.toSorted((a, b) => (bytes(a) < bytes(b) ? -1 : 1)));
    for (const Key of keys) {
      const answer = await client.send(new GetObjectCommand({ Bucket, Key }));
      expect(await answer.Body?.transformToString()).toBe(Key);
    }
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'a/../b' }));
    expect(await listKeys()).toEqual(expect.not.arrayContaining(['a/../b']));
    expect(await listKeys()).toEqual(expect.arrayContaining(['b']));
  });
});

describe('listing', () => {
  const encode = { EncodingType: 'url' } as const;

  it('pages by token, start-after and marker', async () => {
    for (let n = 0; n < 25; n++) server.put(Bucket, `p/${String(n).padStart(2, '0')}`, Buffer.from('x'));
    const first = await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'p/', MaxKeys: 10 }));
    expect(first).toMatchObject({ KeyCount: 10, IsTruncated: true });
    const second = await client.send(
      new ListObjectsV2Command({ Bucket, Prefix: 'p/', MaxKeys: 100, ContinuationToken: first.NextContinuationToken }),
    );
    expect(second).toMatchObject({ KeyCount: 15, IsTruncated: false });
    expect(second.Contents?.[0]?.Key).toBe('p/10');
    const after = await client.send(new ListObjectsV2Command({ Bucket, StartAfter: 'p/22' }));
    expect(after.Contents?.map(({ Key }) => Key)).toEqual(['p/23', 'p/24']);
    const marked = await client.send(new ListObjectsCommand({ Bucket, Marker: 'p/23' }));
    expect(marked.Contents?.map(({ Key }) => Key)).toEqual(['p/24']);
    const versions = await client.send(new ListObjectVersionsCommand({ Bucket, MaxKeys: 3 }));
    expect(versions.Versions?.map(({ VersionId }) => VersionId)).toEqual(['null', 'null', 'null']);
  });

  it('groups by delimiter across pages', async () => {
    for (const key of ['a', 'b/1', 'b/2', 'c/1', 'd']) server.put(Bucket, key, Buffer.from('x'));
    const found: (string | undefined)[] = [];
    let token: string | undefined;
    do {
      const page = await client.send(
        new ListObjectsV2Command({ Bucket, Delimiter: '/', MaxKeys: 1, ContinuationToken: token }),
      );
      found.push(...(page.Contents ?? []).map(({ Key }) => Key), ...(page.CommonPrefixes ?? []).map((p) => p.Prefix));
      token = page.NextContinuationToken;
    } while (token !== undefined);
    expect(found).toEqual(['a', 'b/', 'c/', 'd']);
  });

  it('encodes names when asked to, a space as plus sign as Amazon does', async () => {
    server.put(Bucket, 'a b+c/\u0001é.txt', Buffer.from('x'));
    const listed = await client.send(new ListObjectsV2Command({ Bucket, ...encode }));
    expect(listed.Contents?.[0]?.Key).toBe('a+b%2Bc/%01%C3%A9.txt');
  });
});

describe('DeleteObjects', () => {
  const remove = (keys: readonly string[], quiet = false) =>
    client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: keys.map((Key) => ({ Key })), Quiet: quiet } }));

  it.each(['a\u0001b', 'a\uffffb'])(
    'refuses what XML can not carry, which the SDK sends all the same: %j',
    async (key) => {
      expect(await refusalOf(remove([key]))).toEqual({ name: 'MalformedXML', status: 400 });
    },
  );

  it('deletes up to 1,000 keys and refuses 1,001', async () => {
    const keys = Array.from({ length: 1001 }, (_, n) => `k${n}`);
    for (const key of keys) server.put(Bucket, key, Buffer.from('x'));
    expect(await refusalOf(remove(keys))).toEqual({ name: 'MalformedXML', status: 400 });
    expect(server.countObjects(Bucket)).toBe(1001);
    expect((await remove(keys.slice(0, 1000))).Deleted).toHaveLength(1000);
    expect((await remove(['k1000', 'already-gone'], true)).Deleted).toBeUndefined();
    expect(server.countObjects(Bucket)).toBe(0);
  });

  it('answers key by key', async () => {
    server.put('kept', 'a', Buffer.from('x'));
    server.put(Bucket, 'changed', Buffer.from('x'));
    const kept = await client.send(
      new DeleteObjectsCommand({ Bucket: 'kept', Delete: { Objects: [{ Key: 'a' }, { Key: 'b' }] } }),
    );
    expect(kept.Errors?.map(({ Key, Code }) => [Key, Code])).toEqual([
      ['a', 'AccessDenied'],
      ['b', 'AccessDenied'],
    ]);
    expect((await refusalOf(client.send(new DeleteObjectCommand({ Bucket: 'kept', Key: 'a' })))).status).toBe(403);
    const Objects = [
      { Key: 'changed', ETag: '"0"' },
      { Key: 'changed', VersionId: 'v1' },
      { Key: 'absent', ETag: '"0"' },
    ];
    const answered = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    expect(answered.Errors?.map(({ Code }) => Code)).toEqual(['PreconditionFailed', 'NoSuchVersion']);
    expect(answered.Deleted?.map(({ Key }) => Key)).toEqual(['absent']);
    expect(await listKeys()).toEqual(['changed']);
  });

  it('wants a digest, and a right one', async () => {
    const open = await startMemoryS3({ credentials: [], verifySignatures: false });
    open.put('unsigned', 'k', Buffer.from('x'));
    const body = '<Delete><Object><Key>k</Key></Object></Delete>';
    const post = async (headers: Record<string, string>) =>
      (await fetch(`${open.endpoint}/unsigned?delete`, { method: 'POST', body, headers })).text();
    expect(await post({})).toContain('<Code>InvalidRequest</Code>');
    expect(await post({ 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' })).toContain('<Code>BadDigest</Code>');
    expect(open.countObjects('unsigned')).toBe(1);
    expect(await post({ 'content-md5': createHash('md5').update(body).digest('base64') })).toContain('<Deleted>');
    expect(open.countObjects('unsigned')).toBe(0);
    await open.stop();
  });
});

describe('limits', () => {
  it('refuses more deletions than it allows in a second', async () => {
    const slow = await startMemoryS3({ credentials: [credentials], keysPerSecond: 5 });
    for (let n = 0; n < 10; n++) slow.put('slow-bucket', `k${n}`, Buffer.from('x'));
    const impatient = new S3Client({
      endpoint: slow.endpoint,
      region: 'r',
      credentials,
      forcePathStyle: true,
      maxAttempts: 1,
    });
    const remove = (from: number) =>
      impatient.send(
        new DeleteObjectsCommand({
          Bucket: 'slow-bucket',
          Delete: { Objects: [0, 1, 2, 3].map((n) => ({ Key: `k${from + n}` })) },
        }),
      );
    await remove(0);
    expect(await refusalOf(remove(4))).toEqual({ name: 'SlowDown', status: 503 });
    expect(slow.countObjects('slow-bucket')).toBe(6);
    impatient.destroy();
    await slow.stop();
  });
});
