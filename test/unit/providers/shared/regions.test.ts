import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { StorageError } from '../../../../src/core/errors.ts';
import type { StorageClient, Target } from '../../../../src/core/storageClient.ts';
import { regionOfHost, samePartition } from '../../../../src/providers/_shared/s3/amazon.ts';
import { openS3 } from '../../../../src/providers/_shared/s3/client.ts';
import { useRegions } from '../../../../src/providers/_shared/s3/regions.ts';
import { type Certificates, createCertificates } from '../../../servers/certificates.ts';
import { portOf } from '../../../servers/serverProcess.ts';

interface Seen {
  readonly method: string;
  readonly host: string;
  readonly url: string;
  /** The region that the request is signed for; undefined without Authorization. */
  readonly region: string | undefined;
}
interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

let seen: Seen[] = [];
let answer: (request: Seen) => Answer;
const servers: http.Server[] = [];
const sockets = new Set<Socket>();
let certificates: Certificates;
let plain: URL;
let stranger: URL;
let proxy: URL;

const listener: http.RequestListener = (request, response) => {
  const region = /Credential=[^/]+\/\d+\/([^/]+)\//.exec(request.headers.authorization ?? '')?.[1];
  const host = request.headers.host ?? '';
  const one = { method: request.method ?? '', host, url: request.url ?? '', region };
  seen.push(one);
  const { status, headers, body } = answer(one);
  response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : body);
};

beforeAll(async () => {
  certificates = await createCertificates();
  const { certFile, keyFile } = certificates.selfSigned;
  const secure = https.createServer({ cert: await readFile(certFile), key: await readFile(keyFile) }, listener);
  // It leads every host to one server, which so stands for all of Amazon.
  const leading = http.createServer().on('connect', (_request, socket: Socket) => {
    socket.write('HTTP/1.1 200 Connected\r\n\r\n');
    secure.emit('connection', socket);
  });
  const [first, second] = [http.createServer(listener), http.createServer(listener)];
  for (const server of [first, second, leading, secure]) {
    server.listen(0, '127.0.0.1');
    server.on('connection', (socket: Socket) => sockets.add(socket));
    await once(server, 'listening');
    servers.push(server);
  }
  plain = new URL(`http://127.0.0.1:${portOf(first.address())}`);
  stranger = new URL(`http://127.0.0.1:${portOf(second.address())}`);
  proxy = new URL(`http://127.0.0.1:${portOf(leading.address())}`);
});
beforeEach(() => {
  seen = [];
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  await certificates.remove();
});

type Options = Parameters<typeof openS3>[0];

const common: Omit<Options, 'server' | 'customEndpoint'> = {
  region: 'us-east-1',
  followRegions: true,
  pathStyle: true,
  accessKeyId: 'key',
  secretAccessKey: 'secret',
  sessionToken: '',
  verifyCertificate: false,
  caBundle: '',
  bucket: '',
  prefix: '',
};

function openCustom(change: Partial<Options> = {}) {
  return open({ ...common, server: plain, customEndpoint: true, ...change });
}

function openAmazon(change: Partial<Options> = {}) {
  const region = change.region ?? common.region;
  const server = new URL(`https://s3.${region}.amazonaws.com`);
  return open({ ...common, server, customEndpoint: false, pathStyle: false, ...change });
}

function open(options: Options): StorageClient {
  return openS3(options, {
    network: { proxyFor: () => (options.customEndpoint ? undefined : proxy), certificates: [] },
  });
}

const call = () => ({ signal: new AbortController().signal });
const list = (client: StorageClient, id = 'bucket') => client.list({ kind: 'container', id }, {}, call());
const failure = async (attempt: Promise<unknown>) => {
  const error = await attempt.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StorageError);
  return error as StorageError;
};
const listing: Answer = { status: 200, body: '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>' };
const refusal = (status: number, code: string, more = ''): Answer => ({
  status,
  body: `<?xml version="1.0"?>\n<Error><Code>${code}</Code><Message>No</Message>${more}</Error>`,
});

/** A bucket of eu-west-1: everything signed for another region gets this answer. */
function europe(wrong: Answer, lookups: { location?: Answer; head?: Answer } = {}) {
  answer = ({ method, url, region }) => {
    if (url.includes('?location')) return lookups.location ?? refusal(403, 'AccessDenied');
    if (method === 'HEAD') return lookups.head ?? { status: 403 };
    return region === 'eu-west-1' ? listing : wrong;
  };
}

const named = 'eu-west-1';
const located = `<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${named}</LocationConstraint>`;
const waysToSay: readonly (readonly [string, Answer, Parameters<typeof europe>[1]])[] = [
  ['the header', { status: 301, headers: { 'x-amz-bucket-region': named } }, {}],
  ['the header of a 400 without a body', { status: 400, headers: { 'x-amz-bucket-region': named } }, {}],
  ['the Region of an error body', refusal(301, 'PermanentRedirect', `<Region>${named}</Region>`), {}],
  ['AuthorizationHeaderMalformed', refusal(400, 'AuthorizationHeaderMalformed', `<Region>${named}</Region>`), {}],
  ['GetBucketLocation', { status: 301 }, { location: { status: 200, body: located } }],
  ['HeadBucket', { status: 301 }, { head: { status: 200, headers: { 'x-amz-bucket-region': named } } }],
];

describe('the region of a bucket', () => {
  test.each(waysToSay)('is found by %s at an endpoint of its own', async (_, wrong, lookups) => {
    europe(wrong, lookups);
    await using client = openCustom();
    expect(await list(client)).toEqual({ entries: [] });
    expect(seen.map(({ host }) => host)).toEqual(seen.map(() => plain.host));
    expect([seen[0]?.region, seen.at(-1)?.region]).toEqual(['us-east-1', named]);
  });

  test.each([
    ...waysToSay,
    ['the Endpoint', refusal(301, 'PermanentRedirect', '<Endpoint>bucket.s3.eu-west-1.amazonaws.com</Endpoint>'), {}],
    ['a bare Location', { status: 301, headers: { location: 'https://bucket.s3.eu-west-1.amazonaws.com/?x' } }, {}],
    ['a 307', { status: 307, headers: { location: 'https://bucket.s3-eu-west-1.amazonaws.com/' } }, {}],
  ] as typeof waysToSay)('is found by %s at Amazon, and asked there', async (_, wrong, lookups) => {
    europe(wrong, lookups);
    await using client = openAmazon();
    expect(await list(client)).toEqual({ entries: [] });
    expect(seen[0]).toMatchObject({ host: 'bucket.s3.us-east-1.amazonaws.com', region: 'us-east-1' });
    expect(seen.at(-1)).toMatchObject({ host: 'bucket.s3.eu-west-1.amazonaws.com', region: named });
  });

  test('is kept for that bucket alone, by every kind of call', async () => {
    answer = ({ url, region, method }) => {
      if (url.startsWith('/home')) return listing;
      if (region !== named) return { status: 301, headers: { 'x-amz-bucket-region': named } };
      return method === 'DELETE' ? { status: 204 } : listing;
    };
    await using client = openCustom();
    await list(client, 'abroad');
    await list(client, 'abroad');
    await list(client, 'home');
    const entry = { kind: 'object', container: 'abroad', id: 'k', name: 'k', path: 'abroad/k' } as const;
    const target: Target = { entry, mode: 'permanent' };
    expect(await client.remove?.([target], call())).toMatchObject([{ result: 'deleted' }]);
    expect(seen.map(({ region }) => region)).toEqual(['us-east-1', named, named, 'us-east-1', named]);
  });

  test('is found by a delete, which is sent again once', async () => {
    answer = ({ region }) =>
      region === named ? { status: 204 } : { status: 307, headers: { 'x-amz-bucket-region': named } };
    await using client = openCustom();
    const entry = { kind: 'object', container: 'abroad', id: 'k', name: 'k', path: 'abroad/k' } as const;
    expect(await client.remove?.([{ entry, mode: 'permanent' }], call())).toMatchObject([{ result: 'deleted' }]);
    expect(seen.map(({ method, region }) => [method, region])).toEqual([
      ['DELETE', 'us-east-1'],
      ['DELETE', named],
    ]);
  });

  test('of a whole server is taken for its list of buckets', async () => {
    const buckets = { status: 200, body: '<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>' };
    answer = ({ region }) =>
      region === 'RegionOne' ? buckets : refusal(400, 'AuthorizationHeaderMalformed', '<Region>RegionOne</Region>');
    await using client = openCustom();
    expect(await client.list({ kind: 'root' }, {}, call())).toEqual({ entries: [] });
    expect(seen.map(({ region }) => region)).toEqual(['us-east-1', 'RegionOne']);
  });

  test('that leads in a circle ends with a sentence', async () => {
    answer = ({ region }) => ({
      status: 301,
      headers: { 'x-amz-bucket-region': region === named ? 'us-east-1' : named },
    });
    await using client = openCustom();
    expect((await failure(list(client))).kind).toBe('invalid-settings');
    expect(seen).toHaveLength(2);
  });

  test('is neither looked up nor followed when that is turned off', async () => {
    for (const open of [openCustom, openAmazon]) {
      for (const [, wrong, lookups] of waysToSay) {
        europe(wrong, lookups);
        seen = [];
        await using client = open({ followRegions: false });
        const error = await failure(list(client));
        expect(error.kind).toBe('invalid-settings');
        expect(error.message).toMatch(/region is wrong/);
        expect(seen).toHaveLength(1);
      }
    }
  });
});

describe('keys go to no other address', () => {
  const elsewhere = () => [
    { status: 301, headers: { location: `${stranger.origin}/bucket?list-type=2` } },
    { status: 307, headers: { location: `${stranger.origin}/bucket`, 'x-amz-bucket-region': named } },
    { status: 301, headers: { location: `https://${plain.host}/bucket` } },
    { status: 302, headers: { location: 'https://s3.eu-west-1.amazonaws.com/bucket' } },
    refusal(301, 'PermanentRedirect', `<Endpoint>${stranger.host}</Endpoint><Region>${named}</Region>`),
  ];

  test('whatever an endpoint of one’s own answers; the sentence names the address', async () => {
    for (const wrong of elsewhere()) {
      answer = () => wrong;
      seen = [];
      await using client = openCustom();
      const error = await failure(list(client));
      expect(error).toMatchObject({ kind: 'invalid-settings', hint: expect.stringMatching(/endpoint/) });
      expect(error.message).toMatch(/another address.*: https?:\/\/[\w.:-]+$/);
      expect(seen.map(({ host }) => host)).toEqual([plain.host]);
    }
  });

  test.each(['cn-north-1', 'us-gov-west-1', 'us-iso-east-1', 'evil.com/', 'evil.com', 'a@evil.com', 'evil.com#'])(
    'nor to the partition or region that Amazon’s answer names: %s',
    async (region) => {
      answer = () => ({ status: 301, headers: { 'x-amz-bucket-region': region } });
      await using client = openAmazon();
      expect((await failure(list(client))).kind).toBe('invalid-settings');
      for (const { host } of seen) expect(host).toMatch(/\.us-east-1\.amazonaws\.com$/);
    },
  );

  test.each(['evil.com/', 'x.evil.com#', '@evil.com/'])('nor to one made by a region typed in: %s', async (region) => {
    answer = () => listing;
    const server = new URL('https://s3.us-east-1.amazonaws.com');
    await using client = openAmazon({ region, server });
    await failure(list(client));
    expect(seen).toEqual([]);
  });

  test('not even when the SDK would send them there', async () => {
    answer = () => listing;
    const { port } = plain;
    for (const endpoint of [stranger.origin, `http://localhost:${port}`, `https://127.0.0.1:${port}`]) {
      const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
      const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
      useRegions([client], { ...common, server: plain, customEndpoint: true });
      const error = await failure(client.send(new ListObjectsV2Command({ Bucket: 'bucket' })));
      expect(error.message).toMatch(/no other address/);
      client.destroy();
    }
    expect(seen).toEqual([]);
  });
});

describe('a bucket stands', () => {
  test.each([
    ['plain', 'plain.s3.us-east-1.amazonaws.com', '/?'],
    ['dotted.name', 's3.us-east-1.amazonaws.com', '/dotted.name/?'],
    ['UPPER_case', 's3.us-east-1.amazonaws.com', '/UPPER_case/?'],
  ])('in the host at Amazon, where its certificate allows it: %s', async (bucket, host, path) => {
    answer = () => listing;
    await using client = openAmazon();
    await list(client, bucket);
    expect(seen.map(({ host, url }) => [host, url.slice(0, path.length)])).toEqual([[host, path]]);
  });

  test('in the host of a name under localhost, which is this machine', async () => {
    answer = () => listing;
    const server = new URL(`http://storage.localhost:${plain.port}`);
    await using virtual = openCustom({ server, pathStyle: false });
    await list(virtual);
    await using path = openCustom({ server });
    await list(path);
    expect(seen.map(({ host, url }) => `${host}${url.split('?')[0]}`)).toEqual([
      `bucket.storage.localhost:${plain.port}/`,
      `storage.localhost:${plain.port}/bucket/`,
    ]);
  });
});

test.each([
  ['s3.eu-west-1.amazonaws.com', 'eu-west-1'],
  ['bucket.s3.eu-west-1.amazonaws.com', 'eu-west-1'],
  ['s3-us-west-2.amazonaws.com', 'us-west-2'],
  ['b.s3.dualstack.ap-southeast-2.amazonaws.com', 'ap-southeast-2'],
  ['s3.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
  ['s3.fr-par.scw.cloud', 'fr-par'],
  ['s3.amazonaws.com', undefined],
  ['s3.amazonaws.com.cn', undefined],
  ['127.0.0.1:8080', undefined],
  ['minio.example.com', undefined],
])('reads the region of a host: %s', (host, region) => {
  expect(regionOfHost(host)).toBe(region);
});

test('keeps partitions apart', () => {
  expect(samePartition('us-east-1', 'ap-southeast-7')).toBe(true);
  expect(samePartition('us-gov-west-1', 'us-gov-east-1')).toBe(true);
  for (const other of ['cn-north-1', 'us-gov-east-1', 'us-iso-east-1', 'us-isob-east-1', 'eusc-de-east-1']) {
    expect(samePartition('us-east-1', other)).toBe(false);
  }
});
