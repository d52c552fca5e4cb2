import { describe, expect, test } from 'vitest';
import type { Entry } from '../../../../src/core/storageClient.ts';
import azure from '../../../../src/providers/azureBlob/provider.ts';

const host = 'acct.blob.core.windows.net';

function object(id: string): Entry {
  return { kind: 'object', container: 'c', id, name: id, path: `c/${id}` };
}

describe('an artifact URL', () => {
  test.each<[string, readonly string[]]>([
    ['k', ['k']],
    ['deep/er/k', ['deep/er/k']],
    ['a#b.txt', ['a#b.txt']],
    ['a?b=c&d.txt', ['a?b=c&d.txt']],
    ['a b', ['a b']],
    ['a%20b', ['a%20b', 'a b']],
    ['100%', ['100%']],
    ['%zz', ['%zz']],
    ['a%2Fb', ['a%2Fb', 'a/b']],
    ['a//b', ['a//b']],
    ['/k', ['/k']],
    ['k/', ['k/']],
    ['a/../b', ['a/../b']],
    ['a+b', ['a+b']],
    ['käse', ['käse']],
    ['k%C3%A4se', ['k%C3%A4se', 'käse']],
    ['line\nfeed', ['line\nfeed']],
  ])(
    'means the name as it stands in azure:, as it is decoded in http(s), and the other one where that differs: %j',
    (key, ids) => {
      for (const scheme of ['azure', 'AZURE']) {
        expect(azure.parseUrl(`${scheme}://${host}/c/${key}`)).toContainEqual({ server: host, container: 'c', ids });
      }
      const decodedFirst = ids.toReversed();
      for (const scheme of ['https', 'HTTPS']) {
        const location = { server: host, container: 'c', ids: decodedFirst };
        expect(azure.parseUrl(`${scheme}://${host}/c/${key}`)).toContainEqual(location);
      }
      expect(azure.parseUrl(`http://127.0.0.1:10000/acct/c/${key}`)).toContainEqual({
        server: '127.0.0.1:10000/acct',
        container: 'c',
        ids: decodedFirst,
      });
    },
  );

  test('is read with the account in the host and with the account in the path', () => {
    expect(azure.parseUrl(`https://${host}/one/two/three`)).toEqual([
      { server: host, container: 'one', ids: ['two/three'] },
      { server: `${host}/one`, container: 'two', ids: ['three'] },
    ]);
    expect(azure.parseUrl(`azure://${host}/one/two`)).toEqual([{ server: host, container: 'one', ids: ['two'] }]);
  });

  test.each([
    [`https://${host}:443/c/k`, host],
    [`azure://${host}:443/c/k`, host],
    [`http://${host}:80/c/k`, host],
    [`http://${host}:443/c/k`, `${host}:443`],
    [`https://${host}:8443/c/k`, `${host}:8443`],
    ['https://ACCT.Blob.Core.Windows.Net/c/k', host],
    ['http://[::1]:10000/c/k', '[::1]:10000'],
  ])('drops the usual port and the case of the host alone: %s', (url, server) => {
    expect(azure.parseUrl(url)[0]).toMatchObject({ server, container: 'c', ids: ['k'] });
  });

  test.each([
    'c/k',
    's3://c/k',
    'gs://c/k',
    'ftp://host/c/k',
    `https://${host}`,
    `https://${host}/`,
    `https://${host}/c`,
    `https://${host}/c/`,
    `https://${host}//k`,
    'https:///c/k',
    `https://user@${host}/c/k`,
    `https://${host}?x/c/k`,
    'https://a b/c/k',
    '',
  ])('is none of an object: %s', (url) => {
    expect(azure.parseUrl(url)).toEqual([]);
  });
});

describe('the URLs of an object', () => {
  const settings = { account: 'acct' };

  test.each(['k', 'deep/k', 'a#b?c%20d', ' space ', "quote'(1)", 'käse/😀'])('lead back to it: %s', (key) => {
    const scope = azure.scopeOf(settings);
    for (const url of [azure.artifactUrlOf(object(key), settings), azure.urlOf(object(key), settings)]) {
      const found = azure.parseUrl(url ?? '').filter(({ server }) => server === scope?.server);
      expect(found).toHaveLength(1);
      expect(found[0]?.container).toBe('c');
      expect(found[0]?.ids).toContain(key);
    }
  });

  test('are written raw for ClearML and encoded for browsers', () => {
    expect(azure.artifactUrlOf(object('a b#c'), settings)).toBe(`azure://${host}/c/a b#c`);
    expect(azure.urlOf(object('a b#c'), settings)).toBe(`https://${host}/c/a%20b%23c`);
    const container: Entry = { kind: 'container', id: 'c', name: 'c', path: 'c' };
    expect(azure.urlOf(container, settings)).toBe(`https://${host}/c`);
    expect(azure.artifactUrlOf(container, settings)).toBeUndefined();
  });

  test('are none for ClearML where the account stands in the path', () => {
    const emulated = { account: 'acct', endpoint: 'http://127.0.0.1:10000/acct' };
    expect(azure.artifactUrlOf(object('k'), emulated)).toBeUndefined();
    expect(azure.urlOf(object('k'), emulated)).toBe('http://127.0.0.1:10000/acct/c/k');
  });
});

test.each<[string, Record<string, string>, unknown]>([
  ['the public cloud', { account: 'acct' }, { server: host }],
  [
    'another cloud',
    { account: 'acct', endpoint: 'blob.core.usgovcloudapi.net' },
    { server: 'acct.blob.core.usgovcloudapi.net' },
  ],
  ['a whole URL', { account: 'acct', endpoint: `https://${host.toUpperCase()}:443/` }, { server: host }],
  ['an emulator', { account: 'acct', endpoint: 'http://127.0.0.1:10000/acct/' }, { server: '127.0.0.1:10000/acct' }],
  ['one container', { account: 'acct', container: 'c' }, { server: host, container: 'c' }],
  [
    'one folder',
    { account: 'acct', container: 'c', subfolder: 'a/b/' },
    { server: host, container: 'c', folder: 'a/b' },
  ],
  ['a folder of no container', { account: 'acct', subfolder: 'a' }, { server: host }],
])('a credential is for the objects of %s', (_, settings, scope) => {
  expect(azure.scopeOf(settings)).toEqual(scope);
});

test.each([
  [`https://${host}/c/k`, 0, { account: 'acct', endpoint: '', container: 'c' }],
  [`azure://${host}/c/k`, 0, { account: 'acct', endpoint: '', container: 'c' }],
  [`http://${host}/c/k`, 0, { account: 'acct', endpoint: '', container: 'c' }],
  [
    'https://acct.blob.core.usgovcloudapi.net/c/k',
    0,
    { account: 'acct', endpoint: 'blob.core.usgovcloudapi.net', container: 'c' },
  ],
  [
    'https://acct.z12.blob.storage.azure.net/c/k',
    0,
    { account: 'acct', endpoint: 'z12.blob.storage.azure.net', container: 'c' },
  ],
  ['https://files.example.com/c/k', 0, { account: '', endpoint: 'https://files.example.com', container: 'c' }],
  ['http://127.0.0.1:10000/acct/c/k', 1, { account: 'acct', endpoint: 'http://127.0.0.1:10000/acct', container: 'c' }],
  [`https://${host}:8443/c/k`, 0, { account: '', endpoint: `https://${host}:8443`, container: 'c' }],
])('the form that %s begins is of a credential for it', (url, reading, draft) => {
  const location = azure.parseUrl(url)[reading];
  expect(location && azure.draftOf(location, url)).toEqual(draft);
  expect(azure.scopeOf(draft)).toEqual({ server: location?.server, container: location?.container });
});
