import { describe, expect, test } from 'vitest';
import type { Entry } from '../../../../src/core/storageClient.ts';
import provider from '../../../../src/providers/b2/provider.ts';

const own = 'https://f001.backblazeb2.com';

describe('a URL', () => {
  test.each<[string, string, string, readonly string[]]>([
    ['b2://my-bucket/k', '', 'my-bucket', ['k']],
    ['b2://my-bucket/a%20b?c#d+e&f', '', 'my-bucket', ['a%20b?c#d+e&f']],
    ['B2://Bucket/Key', '', 'Bucket', ['Key']],
    [`${own}/file/my-bucket/a%20b`, '', 'my-bucket', ['a b', 'a%20b']],
    [`${own}/file/my-bucket/plain/key`, '', 'my-bucket', ['plain/key']],
    [`${own}/file/my-bucket/100%`, '', 'my-bucket', ['100%']],
    [`${own}:443/file/my-bucket/k`, '', 'my-bucket', ['k']],
    ['http://127.0.0.1:4443/file/my-bucket/k', '127.0.0.1:4443', 'my-bucket', ['k']],
    ['https://Example.COM/file/my-bucket/k', 'example.com:443', 'my-bucket', ['k']],
  ])('%s is an object', (url, server, container, ids) => {
    expect(provider.parseUrl(url)).toEqual([{ server, container, ids }]);
  });

  test.each([
    'b2://my-bucket',
    'b2://my-bucket/',
    'b2:///k',
    `${own}/file/my-bucket`,
    `${own}/my-bucket/k`,
    `${own}/b2api/v4/b2_download_file_by_id?fileId=1`,
    'https://s3.us-west-004.backblazeb2.com/my-bucket/k',
    's3://s3.us-west-004.backblazeb2.com:443/my-bucket/k',
    'https://user:password@example.com/file/my-bucket/k',
    'gs://b/k',
    '',
  ])('%s is none', (url) => {
    expect(provider.parseUrl(url)).toEqual([]);
  });

  test('begins the form of a credential', () => {
    const drafted = (url: string) => provider.parseUrl(url).map((location) => provider.draftOf(location, url));
    expect(drafted('b2://my-bucket/k')).toEqual([{ bucket: 'my-bucket' }]);
    expect(drafted('http://localhost:1/file/my-bucket/k')).toEqual([
      { bucket: 'my-bucket', endpoint: 'http://localhost:1' },
    ]);
  });
});

test('an entry has a URL that leads back to it', () => {
  const id = 'a b%20?#';
  const object: Entry = { kind: 'object', container: 'my-bucket', id, name: id, path: `my-bucket/${id}` };
  const url = provider.urlOf(object, {}) ?? '';
  expect(url).toBe('b2://my-bucket/a b%20?#');
  expect(provider.parseUrl(url)).toEqual([{ server: '', container: 'my-bucket', ids: [id] }]);
  expect(provider.artifactUrlOf(object, {})).toBeUndefined();
  expect(provider.urlOf({ kind: 'container', id: 'my-bucket', name: '', path: '' }, {})).toBe('b2://my-bucket');
});

test('a credential is for all, a bucket or a folder, at Backblaze or elsewhere', () => {
  expect(provider.scopeOf({})).toEqual({ server: '' });
  expect(provider.scopeOf({ endpoint: 'https://api.backblazeb2.com' })).toEqual({ server: '' });
  expect(provider.scopeOf({ bucket: 'my-bucket', subfolder: 'a/b/', endpoint: 'https://b2.example.com' })).toEqual({
    server: 'b2.example.com:443',
    container: 'my-bucket',
    folder: 'a/b',
  });
});
