import { expect, test } from 'vitest';
import type { Entry } from '../../../../src/core/storageClient.ts';
import { refuseToShare, sevenDays } from '../../../../src/providers/_shared/links.ts';
import { S3Connection, type S3Options } from '../../../../src/providers/_shared/s3/connection.ts';
import { shareObject } from '../../../../src/providers/_shared/s3/share.ts';
import s3 from '../../../../src/providers/s3/provider.ts';

function entry(id: string, more: Partial<Entry> = {}): Entry {
  return { kind: 'object', container: 'bucket', id, name: id, path: `bucket/${id}`, ...more };
}

test.each(['.', '..', 'a/.', 'a/..', './a', '../a', 'a/./b', 'a/../b', '/..', '//./'])(
  'makes no link for what clients change on the way: %s',
  (key) => {
    expect(refuseToShare(entry(key), 60, sevenDays)).toMatchObject({ kind: 'unsupported', hint: expect.any(String) });
  },
);

// Clients leave these as they are: an empty segment, and an encoded dot that is encoded once more.
test.each(['...', '.hidden', 'a.', 'a//b', '/a', 'a/', '%2e%2e', 'a/%2E%2E/b', '. ', ' ', '..\\..', 'a?../b', '\n'])(
  'makes one for %j',
  (key) => {
    expect(refuseToShare(entry(key), 60, sevenDays)).toBeUndefined();
  },
);

test.each([
  ['nothing', entry('')],
  ['half a character', entry('half \ud83d')],
  ['a bucket whose name is dots', entry('a', { container: '..' })],
  ['a folder', entry('a/', { kind: 'folder' })],
  ['a bucket', entry('bucket', { kind: 'container' })],
  ['an upload', entry('a', { kind: 'upload' })],
  ['a delete marker', entry('a', { version: { id: '1', latest: true, marker: true } })],
])('makes no link for %s', (_, meant) => {
  expect(refuseToShare(meant, 60, sevenDays)?.kind).toBe('unsupported');
});

test('keeps to the lifetime that the provider declares', () => {
  expect(s3.limits.share).toBe(sevenDays.seconds);
  expect(refuseToShare(entry('a'), sevenDays.seconds, sevenDays)).toBeUndefined();
  for (const seconds of [0, -1, 1.5, Number.NaN, sevenDays.seconds + 1]) {
    expect(refuseToShare(entry('a'), seconds, sevenDays)?.kind).toBe('unsupported');
  }
});

const options: S3Options = {
  server: new URL('https://s3.eu-west-1.amazonaws.com'),
  customEndpoint: false,
  region: 'eu-west-1',
  followRegions: true,
  pathStyle: false,
  accessKeyId: 'key',
  secretAccessKey: 'secret',
  sessionToken: '',
  verifyCertificate: true,
  caBundle: '',
  bucket: '',
  prefix: '',
};

async function share(meant: Entry, change: Partial<S3Options> = {}, config: object = {}) {
  const unused = () => expect.unreachable('A link needs no request');
  const s3 = new S3Connection({ ...options, ...change }, { network: { proxyFor: () => undefined, certificates: [] } });
  Object.assign(s3.reader.config, { requestHandler: { handle: unused } }, config);
  try {
    return await shareObject(s3, meant, { seconds: 3600 }, new AbortController().signal);
  } finally {
    s3.close();
  }
}

test('names the bucket where the credential says: in the host, or in the path', async () => {
  const { url } = await share(entry('a b/c'));
  expect(url).toMatch(/^https:\/\/bucket\.s3\.eu-west-1\.amazonaws\.com\/a%20b\/c\?/);
  const inPath = await share(entry('a b/c', { container: 'dotted.bucket' }), { pathStyle: true });
  expect(inPath.url).toMatch(/^https:\/\/s3\.eu-west-1\.amazonaws\.com\/dotted\.bucket\/a%20b\/c\?/);
});

test('names the version', async () => {
  const { url } = await share(entry('a', { version: { id: 'v+1/=', latest: false, marker: false } }));
  expect(new URL(url).searchParams.get('versionId')).toBe('v+1/=');
});

test('says no later end than that of the keys', async () => {
  const expiration = new Date(Date.now() + 60_000);
  const identity = { accessKeyId: 'key', secretAccessKey: 'secret', sessionToken: 'token', expiration };
  const ending = await share(entry('a'), {}, { credentials: async () => identity });
  expect(ending).toMatchObject({ expires: expiration.getTime() });
  expect(ending.caveat).toBeUndefined();
  const later = new Date(Date.now() + 86_400_000);
  const lasting = await share(entry('a'), {}, { credentials: async () => ({ ...identity, expiration: later }) });
  expect(lasting.expires).toBeLessThan(Date.now() + 3_601_000);
});

test("is dated by the server's clock", async () => {
  const { url, expires } = await share(entry('a'), {}, { systemClockOffset: -86_400_000 });
  const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
  expect(new URL(url).searchParams.get('X-Amz-Date')).toContain(yesterday);
  expect(expires).toBeGreaterThan(Date.now());
});
