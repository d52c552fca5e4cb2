import { DeleteObjectCommand, ListBucketsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { startDemoStorage } from '../../../demo/demoStorage.ts';

it('opens with its own keys and holds the sample buckets', async () => {
  const demo = await startDemoStorage();
  const { endpoint, region, accessKeyId, secretAccessKey } = demo;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1 });
  const { Buckets } = await client.send(new ListBucketsCommand());
  expect(Buckets?.map(({ Name }) => Name)).toEqual([
    'datasets',
    'experiments',
    'many-objects',
    'odd-names',
    'website-assets',
  ]);
  const list = (Bucket: string, Prefix = '') => client.send(new ListObjectsV2Command({ Bucket, Prefix }));
  expect((await list('odd-names')).Contents?.map(({ Key }) => Key)).toContain('<img src=x onerror=alert(1)>');
  expect((await list('many-objects', 'sensors/')).IsTruncated).toBe(true);
  const kept = client.send(new DeleteObjectCommand({ Bucket: 'datasets', Key: 'retained/audit-2024.csv' }));
  await expect(kept).rejects.toMatchObject({ name: 'AccessDenied' });
  client.destroy();
  await demo.stop();
  await expect(fetch(demo.endpoint)).rejects.toThrow();
});
