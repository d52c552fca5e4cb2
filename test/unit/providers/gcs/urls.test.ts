import { describe, expect, test } from 'vitest';
import type { Entry } from '../../../../src/core/storageClient.ts';
import provider from '../../../../src/providers/gcs/provider.ts';

const own = 'https://storage.googleapis.com';

describe('a URL', () => {
  test.each<[string, string, string, readonly string[]]>([
    ['gs://b/k', '', 'b', ['k']],
    ['gs://b/a%20b?c#d+e&f', '', 'b', ['a%20b?c#d+e&f']],
    ['gs://b//lead/../x', '', 'b', ['/lead/../x']],
    ['gs://b/line\nfeed', '', 'b', ['line\nfeed']],
    ['GS://Bucket/Key', '', 'Bucket', ['Key']],
    [`${own}/b/a%20b`, '', 'b', ['a b', 'a%20b']],
    [`${own}/b/plain/key`, '', 'b', ['plain/key']],
    [`${own}/b/100%`, '', 'b', ['100%']],
    [`${own}/b/k?generation=1`, '', 'b', ['k?generation=1']],
    [`${own}:443/b/k`, '', 'b', ['k']],
    ['https://my.bucket.storage.googleapis.com/a/b%2Bc', '', 'my.bucket', ['a/b+c', 'a/b%2Bc']],
    ['https://storage.cloud.google.com/b/k', '', 'b', ['k']],
    ['https://Example.COM/b/k', 'example.com:443', 'b', ['k']],
    ['http://example.com/b/k', 'example.com:80', 'b', ['k']],
    ['http://127.0.0.1:4443/b/k/', '127.0.0.1:4443', 'b', ['k/']],
    ['http://[::1]:4443/b/k', '[::1]:4443', 'b', ['k']],
  ])('%s is an object', (url, server, container, ids) => {
    expect(provider.parseUrl(url)).toEqual([{ server, container, ids }]);
  });

  test.each([
    'gs://b',
    'gs://b/',
    'gs:///k',
    `${own}/b`,
    `${own}/b/`,
    `${own}`,
    'https://user:password@example.com/b/k',
    's3://b/k',
    'azure://a/b/k',
    '/b/k',
    '',
  ])('%s is none', (url) => {
    expect(provider.parseUrl(url)).toEqual([]);
  });
});

describe('an entry', () => {
  const object = (id: string): Entry => ({ kind: 'object', container: 'b', id, name: id, path: `b/${id}` });

  test('has the URL that other programs know, raw', () => {
    expect(provider.urlOf(object('a b%20?#'), {})).toBe('gs://b/a b%20?#');
    expect(provider.urlOf({ kind: 'container', id: 'b', name: 'b', path: 'b' }, {})).toBe('gs://b');
  });

  test.each<[string, string]>([
    ['', 'gs://b/a b/ä'],
    ['https://storage.europe-west3.rep.googleapis.com', 'gs://b/a b/ä'],
    ['https://storage.example.com', 'https://storage.example.com:443/b/a%20b/%C3%A4'],
    ['http://127.0.0.1:4443', 'http://127.0.0.1:4443/b/a%20b/%C3%A4'],
  ])('at %j is registered under a URL that leads back to it', (endpoint, url) => {
    expect(provider.artifactUrlOf(object('a b/ä'), { endpoint })).toBe(url);
    const [found] = provider.parseUrl(url);
    expect(found).toMatchObject({ server: provider.scopeOf({ endpoint })?.server, container: 'b' });
    expect(found?.ids[0]).toBe('a b/ä');
  });

  test('is registered by no URL when it is no object', () => {
    expect(provider.artifactUrlOf({ kind: 'folder', container: 'b', id: 'f/', name: 'f', path: 'b/f/' }, {})).toBe(
      undefined,
    );
  });
});

test.each([
  [{}, { server: '' }],
  [{ bucket: 'b' }, { server: '', container: 'b' }],
  [
    { bucket: 'b', subfolder: 'x/y/' },
    { server: '', container: 'b', folder: 'x/y' },
  ],
  [
    { endpoint: 'https://Storage.Example.com', bucket: 'b' },
    { server: 'storage.example.com:443', container: 'b' },
  ],
  [{ endpoint: 'https://notgoogleapis.com' }, { server: 'notgoogleapis.com:443' }],
])('a credential is for what it says: %j', (settings, scope) => {
  expect(provider.scopeOf(settings)).toEqual(scope);
});

test.each([
  ['gs://b/k', { bucket: 'b' }],
  [`${own}/b/k`, { bucket: 'b' }],
  ['https://my.bucket.storage.googleapis.com/k', { bucket: 'my.bucket' }],
  ['https://Example.COM/b/k', { endpoint: 'https://example.com:443', bucket: 'b' }],
  ['HTTP://127.0.0.1:4443/b/k', { endpoint: 'http://127.0.0.1:4443', bucket: 'b' }],
])('the form that %s begins is of a credential for it', (url, draft) => {
  const [location] = provider.parseUrl(url);
  expect(location && provider.draftOf(location, url)).toEqual(draft);
  expect(provider.scopeOf(draft)).toEqual({ server: location?.server, container: location?.container });
});

test.each([
  ['good-name', undefined],
  ['my_bucket.example.com', undefined],
  [`${'a'.repeat(63)}.${'b'.repeat(63)}`, undefined],
  ['ab', /3 to 63/],
  ['Upper', /lower-case/],
  ['-lead', /both ends/],
  ['a'.repeat(64), /3 to 63/],
  ['a..b', /side by side/],
  ['192.168.1.1', /IP address/],
  ['goog-bucket', /Google/],
  ['my-g00gle', /Google/],
])('a bucket called %s', (name, refusal) => {
  const said = provider.refuseContainerName(name);
  if (refusal === undefined) expect(said).toBeUndefined();
  else expect(said).toMatch(refusal);
});
