import { readFileSync } from 'node:fs';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { inject } from 'vitest';
import { createRgwUser } from '../servers/rgw.ts';
import type { RgwAccess } from '../support/rgwGlobal.ts';
import type { ContractServer, ContractServers } from './contractServer.ts';

/** Ceph RGW, plain and over TLS. */
export const contractServers: ContractServers = () => {
  const rgw = inject('rgw');
  if ('unavailable' in rgw) return rgw;
  return [plainServer(rgw), tlsServer(rgw)];
};

function plainServer(rgw: RgwAccess): ContractServer {
  const { endpoint, accessKeyId, secretAccessKey } = rgw;
  const credentials = { accessKeyId, secretAccessKey };
  const judge = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  const draft = (origin: string) => ({ service: 'ceph', ...credentials, endpoint: origin, pathStyle: true });
  let created = 0;
  return {
    name: 'Ceph RGW',
    origin: endpoint,
    draft,
    changes: {
      wrongSecret: { secretAccessKey: wrongSecret },
      unknownAccount: { accessKeyId: 'UNKNOWNACCESSKEYID00' },
      unverified: { verifyCertificate: false },
      trust: (caBundle) => ({ caBundle }),
      only: (bucket) => ({ bucket }),
    },
    secrets: [secretAccessKey, wrongSecret],
    async createContainer() {
      const Bucket = `contract-${process.pid}-${Date.now().toString(36)}-${++created}`;
      await judge.send(new CreateBucketCommand({ Bucket }));
      return Bucket;
    },
    async removeContainer(Bucket) {
      await judge.send(new DeleteBucketPolicyCommand({ Bucket }));
      for (const Key of await listKeys(judge, Bucket)) await judge.send(new DeleteObjectCommand({ Bucket, Key }));
      await judge.send(new DeleteBucketCommand({ Bucket }));
    },
    async put(Bucket, Key, Body = 'x') {
      await judge.send(new PutObjectCommand({ Bucket, Key, Body }));
    },
    ids: (bucket) => listKeys(judge, bucket),
    async refuseDeletion(Bucket, keys) {
      const Statement = {
        Effect: 'Deny',
        Principal: '*',
        Action: ['s3:DeleteObject'],
        Resource: keys.map((key) => `arn:aws:s3:::${Bucket}/${key}`),
      };
      const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [Statement] });
      await judge.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    },
    async strangerTo(bucket) {
      const user = await createRgwUser(rgw.configFile);
      const keys = { accessKeyId: user.accessKeyId, secretAccessKey: user.secretAccessKey };
      return { ...draft(endpoint), ...keys, bucket };
    },
  };
}

function tlsServer(rgw: RgwAccess): ContractServer {
  const plain = plainServer(rgw);
  const caBundle = readFileSync(rgw.caFile, 'utf8');
  return {
    ...plain,
    name: 'Ceph RGW over TLS',
    origin: rgw.tlsEndpoint,
    caFile: rgw.caFile,
    badCertificates: rgw.certificates,
    draft: (origin) => ({ ...plain.draft(origin), caBundle }),
    strangerTo: async (bucket) => ({ ...(await plain.strangerTo(bucket)), endpoint: rgw.tlsEndpoint, caBundle }),
  };
}

const wrongSecret = 'wrong+secret/of/forty/characters+0123456';

// Decoded here, by bytes, and not by what is being tested.
async function listKeys(judge: S3Client, Bucket: string): Promise<string[]> {
  const keys: string[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await judge.send(new ListObjectsV2Command({ Bucket, EncodingType: 'url', ContinuationToken }));
    keys.push(...(page.Contents ?? []).map(({ Key = '' }) => decode(Key)));
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  return keys;
}

function decode(listed: string): string {
  const spaced = listed.replaceAll('+', ' ');
  return Buffer.from(
    spaced.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');
}
