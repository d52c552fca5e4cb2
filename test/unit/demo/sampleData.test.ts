import { DeleteObjectCommand, ListBucketsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { startMemoryS3 } from '../../../demo/s3Server.ts';
import { fillSampleData, undeletableSamples } from '../../../demo/sampleData.ts';

it('fills the sample buckets, keeps what must stay and ends with the server', async () => {
  const credentials = { accessKeyId: 'DEMO', secretAccessKey: 'secret' };
  const server = await startMemoryS3({ credentials: [credentials], undeletable: undeletableSamples });
  fillSampleData(server);
  const { endpoint } = server;
  const client = new S3Client({ endpoint, region: 'us-east-1', credentials, forcePathStyle: true, maxAttempts: 1 });
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
  await server.stop();
  await expect(fetch(endpoint)).rejects.toThrow();
});
