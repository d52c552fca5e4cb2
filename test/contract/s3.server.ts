import { randomBytes } from 'node:crypto';
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
import { startMemoryS3 } from '../../demo/s3Server.ts';
import type { Draft } from '../../src/core/fields.ts';
import type { Fault } from '../servers/faultProxy.ts';
import { createRgwUser } from '../servers/rgw.ts';
import { rawTarget } from '../support/oddKeys.ts';
import type { RgwAccess } from '../support/rgwGlobal.ts';
import type { ProvidedSwift } from '../support/swiftGlobal.ts';
import type { ContractServer, ContractServers } from './contractServer.ts';
import { endlessListing, keysDeletedBy } from './s3.requests.ts';

/** Ceph RGW, plain and over TLS; OpenStack Swift, the strict one; and the memory S3, whose listings are encoded as Amazon's are. */
export const contractServers: ContractServers = async () => {
  const rgw = inject('rgw');
  const swift = inject('swift');
  const ceph = 'unavailable' in rgw ? [] : [plainServer(rgw), tlsServer(rgw)];
  const openstack = 'unavailable' in swift ? [] : [swiftServer(swift)];
  const missing = [rgw, swift].flatMap((server) => ('unavailable' in server ? [server.unavailable] : []));
  return { servers: [...ceph, ...openstack, await memoryServer()], missing };
};

/** It refuses a delete without Content-MD5 and a signature for another region. */
function swiftServer({ endpoint, user, stranger }: Exclude<ProvidedSwift, { unavailable: string }>): ContractServer {
  const server = serverFor('OpenStack Swift', { endpoint, ...user });
  return {
    ...server,
    suites: [
      ...['listing', 'odd names', 'removal', 'verification', 'a second client', 'Signature Version 2'],
      'lifecycle rules of a service without them',
    ],
    secrets: [...server.secrets, stranger.secretAccessKey],
    strangerTo: async (bucket) => ({ ...server.draft(endpoint), ...stranger, bucket }),
  };
}

function plainServer(rgw: RgwAccess): ContractServer {
  const server = serverFor('Ceph RGW', rgw);
  return {
    ...server,
    async strangerTo(bucket) {
      const { accessKeyId, secretAccessKey } = await createRgwUser(rgw.configFile);
      return { ...server.draft(server.origin), accessKeyId, secretAccessKey, bucket };
    },
    async refuseDeletion(Bucket, keys) {
      const Statement = {
        Effect: 'Deny',
        Principal: '*',
        Action: ['s3:DeleteObject'],
        Resource: keys.map((key) => `arn:aws:s3:::${Bucket}/${key}`),
      };
      const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [Statement] });
      await server.judge.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    },
    async removeContainer(Bucket) {
      await server.judge.send(new DeleteBucketPolicyCommand({ Bucket }));
      await server.removeContainer(Bucket);
    },
  };
}

function tlsServer(rgw: RgwAccess): ContractServer {
  const plain = plainServer(rgw);
  const caBundle = readFileSync(rgw.caFile, 'utf8');
  return {
    ...plain,
    name: 'Ceph RGW over TLS',
    spared: ['planned removal'],
    origin: rgw.tlsEndpoint,
    caFile: rgw.caFile,
    badCertificates: rgw.certificates,
    draft: (origin) => ({ ...plain.draft(origin), caBundle }),
    strangerTo: async (bucket) => ({ ...(await plain.strangerTo(bucket)), endpoint: rgw.tlsEndpoint, caBundle }),
  };
}

async function memoryServer(): Promise<ContractServer> {
  const owner = { accessKeyId: 'OWNERACCESSKEYID0000', secretAccessKey: randomBytes(30).toString('base64') };
  const stranger = { accessKeyId: 'STRANGERACCESSKEYID0', secretAccessKey: randomBytes(30).toString('base64') };
  const undeletable: string[] = [];
  const memory = await startMemoryS3({
    credentials: [owner, stranger],
    undeletable,
    intercept: ({ headers }) =>
      headers.authorization?.includes(stranger.accessKeyId)
        ? { status: 403, body: '<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>' }
        : undefined,
  });
  const server = serverFor('the memory S3', { endpoint: memory.endpoint, ...owner });
  return {
    ...server,
    strangerTo: async (bucket) => ({ ...server.draft(server.origin), ...stranger, bucket }),
    async refuseDeletion(bucket, keys) {
      undeletable.splice(0, undeletable.length, ...keys.map((key) => `${bucket}/${key}`));
    },
    stop: () => memory.stop(),
  };
}

// What does not depend on which server it is.
function serverFor(name: string, access: { endpoint: string; accessKeyId: string; secretAccessKey: string }) {
  const { endpoint, accessKeyId, secretAccessKey } = access;
  const credentials = { accessKeyId, secretAccessKey };
  const judge = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  let created = 0;
  return {
    name,
    judge,
    origin: endpoint,
    target: (container: string, id: string) => (id === '' ? `/${container}` : rawTarget(container, id)),
    deletedBy: keysDeletedBy,
    faults: { slowDown, endless: endlessListing },
    draft: (origin: string): Draft => ({ service: 'ceph', ...credentials, endpoint: origin, pathStyle: true }),
    changes: {
      wrongSecret: { secretAccessKey: wrongSecret },
      unknownAccount: { accessKeyId: 'UNKNOWNACCESSKEYID00' },
      unverified: { verifyCertificate: false },
      trust: (caBundle: string) => ({ caBundle }),
      only: (bucket: string) => ({ bucket }),
    },
    secrets: [secretAccessKey, wrongSecret],
    async createContainer() {
      const Bucket = `contract-${process.pid}-${Date.now().toString(36)}-${++created}`;
      await judge.send(new CreateBucketCommand({ Bucket }));
      return Bucket;
    },
    async removeContainer(Bucket: string) {
      for (const Key of await listKeys(judge, Bucket)) await judge.send(new DeleteObjectCommand({ Bucket, Key }));
      await judge.send(new DeleteBucketCommand({ Bucket }));
    },
    async put(Bucket: string, Key: string, Body = 'x') {
      await judge.send(new PutObjectCommand({ Bucket, Key, Body }));
    },
    ids: (bucket: string) => listKeys(judge, bucket),
  };
}

const slowDown: Fault = { kind: 'status', status: 503, body: '<Error><Code>SlowDown</Code></Error>' };
const wrongSecret = 'wrong+secret/of/forty/characters+0123456';

// Decoded here, by bytes, and not by what is being tested.
async function listKeys(judge: S3Client, Bucket: string): Promise<string[]> {
  const keys: string[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await judge.send(new ListObjectsV2Command({ Bucket, EncodingType: 'url', ContinuationToken }));
    keys.push(...(page.Contents ?? []).map(({ Key = '' }) => decodeListed(Key)));
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  return keys;
}

/** A key as a listing with encoding type 'url' writes it, decoded by bytes. */
export function decodeListed(listed: string): string {
  const spaced = listed.replaceAll('+', ' ');
  return Buffer.from(
    spaced.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');
}
