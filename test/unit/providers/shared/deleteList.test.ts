import { DeleteObjectsCommand, type ObjectIdentifier, S3Client } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { guardWire } from '../../../../src/providers/_shared/s3/wire.ts';
import { oddKeys } from '../../../support/oddKeys.ts';

/** What a client would send, whole: nothing leaves. */
async function bodySent(objects: ObjectIdentifier[], guarded: boolean): Promise<unknown> {
  let body: unknown;
  const client = new S3Client({
    endpoint: 'http://127.0.0.1:1',
    region: 'us-east-1',
    credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
    forcePathStyle: true,
    maxAttempts: 1,
    requestHandler: {
      handle: async (request: { body?: unknown }) => {
        body = request.body;
        throw new Error('Not sent.');
      },
    },
  });
  if (guarded) guardWire(client);
  const command = new DeleteObjectsCommand({ Bucket: 'bucket', Delete: { Objects: objects, Quiet: false } });
  await expect(client.send(command)).rejects.toThrow('Not sent.');
  client.destroy();
  return body;
}

test('the list of keys is written as the SDK writes it', async () => {
  const named = oddKeys.map((Key) => ({ Key }));
  const more = oddKeys.map((Key) => ({ Key, VersionId: 'v&1', ETag: `"${Key}"` }));
  const withSize = [{ Key: 'a' }, { Key: 'b', Size: 7, LastModifiedTime: new Date(0) }];
  for (const objects of [named, more, withSize, [{ Key: 'a' }], [{ Key: 'a', VersionId: 'b' }, { Key: 'b' }]]) {
    expect(await bodySent(objects, true)).toBe(await bodySent(objects, false));
  }
});
