import { describe, expect, test } from 'vitest';
import {
  createResolver,
  parseSubstitutions,
  type Resolution,
  type Substitution,
} from '../../../src/credentials/resolve.ts';
import { type Credential, rivalsAmong } from '../../../src/credentials/scopes.ts';
import s3 from '../../../src/providers/s3/provider.ts';
import { azure, credential, gs, onS3, providers } from './owners.ts';

function resolve(url: string, credentials: readonly Credential[], substitutions: readonly Substitution[] = []) {
  return createResolver({ credentials, providers, substitutions })(url);
}

/** 'name: key, key' of what a URL is resolved to, or the kind of what it is not. */
function shown(resolution: Resolution): string {
  if (resolution.kind !== 'resolved') return resolution.kind;
  const [{ credential, container }] = resolution.readings;
  return `${credential.record.name}: ${container} ${resolution.readings.map(({ id }) => `[${id}]`).join(' ')}`;
}

const minio = { service: 'minio', endpoint: 'https://minio:9000' };

describe('the credential of a URL', () => {
  const cases: readonly (readonly [string, string, readonly Credential[], string])[] = [
    ['a bucket', 's3://my-bucket/k/x.pkl', [onS3('A', { bucket: 'my-bucket' })], 'A: my-bucket [k/x.pkl]'],
    ['no bucket that begins alike', 's3://my-bucket-3/k/x.pkl', [onS3('A', { bucket: 'my-bucket' })], 'unresolved'],
    ['no bucket that ends sooner', 's3://my-buck/k', [onS3('A', { bucket: 'my-bucket' })], 'unresolved'],
    ['a server', 's3://minio:9000/b/k', [onS3('A', minio)], 'A: b [k]'],
    ['no port that begins alike', 's3://minio:90001/b/k', [onS3('A', minio)], 'unresolved'],
    ['no port that ends sooner', 's3://minio:900/b/k', [onS3('A', minio)], 'unresolved'],
    ['no server that begins alike', 's3://minio2:9000/b/k', [onS3('A', minio)], 'unresolved'],
    ['no server that ends alike', 's3://my.minio:9000/b/k', [onS3('A', minio)], 'unresolved'],
    ['a server in any case', 's3://MinIO:9000/b/K', [onS3('A', minio)], 'A: b [K]'],
    ["a server's default port", 'https://host/b/k', [onS3('A', { ...minio, endpoint: 'https://host' })], 'A: b [k]'],
    ['no other default port', 'http://host/b/k', [onS3('A', { ...minio, endpoint: 'https://host' })], 'unresolved'],
    ['Amazon, where no port is said', 's3://minio/x/k', [onS3('A', minio), onS3('B')], 'B: minio [x/k]'],
    ['none, where Amazon has none', 's3://minio/x', [onS3('A', minio)], 'unresolved'],
    ['not Amazon, where a port is said', 's3://minio:9000/b/k', [onS3('A')], 'unresolved'],
    [
      'a folder',
      's3://b/special/x',
      [onS3('A', { bucket: 'b' }), onS3('B', { bucket: 'b', subfolder: 'special/' })],
      'B: b [special/x]',
    ],
    [
      'no folder that begins alike',
      's3://b/special2/x',
      [onS3('A', { bucket: 'b' }), onS3('B', { bucket: 'b', subfolder: 'special' })],
      'A: b [special2/x]',
    ],
    [
      'an object named as the folder',
      's3://b/special',
      [onS3('A', { bucket: 'b', subfolder: 'special' })],
      'A: b [special]',
    ],
    [
      'the innermost folder',
      's3://b/a/b/c',
      [onS3('A', { bucket: 'b', subfolder: 'a' }), onS3('B', { bucket: 'b', subfolder: 'a/b' })],
      'B: b [a/b/c]',
    ],
    ['a bucket before the server', 's3://b/k', [onS3('A'), onS3('B', { bucket: 'b' })], 'B: b [k]'],
    [
      'the first in the tree of two alike',
      's3://b/k',
      [onS3('A', { bucket: 'b' }), onS3('B', { bucket: 'b' })],
      'A: b [k]',
    ],
    [
      'the case of a bucket',
      's3://Data/k',
      [onS3('A', { bucket: 'data' }), onS3('B', { bucket: 'Data' })],
      'B: Data [k]',
    ],
    ['a bucket that is the same but for its case', 's3://Data/k', [onS3('A', { bucket: 'data' })], 'A: Data [k]'],
    [
      'an exact server before a bucket that is not',
      's3://Data/k',
      [onS3('A', { bucket: 'data' }), onS3('B')],
      'B: Data [k]',
    ],
    ['raw names', 's3://b/a%20b#c?d=e&f', [onS3('A')], 'A: b [a%20b#c?d=e&f]'],
    ['odd slashes', 's3://b//a///b/', [onS3('A')], 'A: b [/a///b/]'],
    ['dots as they are', 's3://b/a/../b', [onS3('A')], 'A: b [a/../b]'],
    ['a name in two lines', 's3://b/a\nb', [onS3('A')], 'A: b [a\nb]'],
    ['a name that may have been pasted with a space', 's3://b/a ', [onS3('A')], 'A: b [a ] [a]'],
    ['a bucket of Google', 'gs://b2/k', [credential(gs, 'A', { bucket: 'b2' })], 'A: b2 [k]'],
    ['no bucket of Google that begins alike', 'gs://b22/k', [credential(gs, 'A', { bucket: 'b2' })], 'unresolved'],
    ['folders in capitals', 'gs://b/Data/K', [credential(gs, 'A', { bucket: 'b', subdir: 'Data' })], 'A: b [Data/K]'],
    ['folders by their case', 'gs://b/data/K', [credential(gs, 'A', { bucket: 'b', subdir: 'Data' })], 'unresolved'],
    ['the default of Google', 'gs://b/k', [onS3('A'), credential(gs, 'B', {})], 'B: b [k]'],
    [
      'a container of Azure, its name first raw and never cut off',
      'azure://acc.blob.core.windows.net/c/a#b.txt',
      [credential(azure, 'A', { account: 'acc' }), credential(azure, 'B', { account: 'acc', container: 'c' })],
      'B: c [a#b.txt]',
    ],
    [
      'both readings of an encoded name',
      'azure://acc.blob.core.windows.net/c/a%23b?c',
      [credential(azure, 'A', { account: 'acc' })],
      'A: c [a%23b?c] [a#b?c]',
    ],
    [
      'no account that begins alike',
      'azure://acc2.blob.core.windows.net/c/k',
      [credential(azure, 'A', { account: 'acc' })],
      'unresolved',
    ],
    [
      'no folder of which only the less likely reading tells',
      'https://minio:9000/b/a%2Fb/c',
      [onS3('A', { ...minio, bucket: 'b', subfolder: 'a%2Fb' })],
      'unresolved',
    ],
    [
      'each reading its own folder',
      'https://minio:9000/b/x%2Fy/k',
      [onS3('A', { ...minio, bucket: 'b', subfolder: 'x' }), onS3('B', { ...minio, bucket: 'b' })],
      'A: b [x/y/k] [x%2Fy/k]',
    ],
  ];

  test.each(cases)('%s: %s', (_, url, credentials, expected) => {
    expect(shown(resolve(url, credentials))).toBe(expected);
  });

  test('is said with its rule', () => {
    const credentials = [
      onS3('A'),
      onS3('B', { bucket: 'b' }),
      onS3('C', { bucket: 'b', subfolder: 'x' }),
      onS3('D', { bucket: 'b' }),
      onS3('E', minio),
      onS3('F', { ...minio, bucket: 'Upper' }),
    ];
    const rules = ['s3://a/k', 's3://b/k', 's3://b/x/k', 's3://minio:9000/b/k'].map((url) => {
      const resolution = resolve(url, credentials);
      return resolution.kind === 'resolved' ? resolution.readings[0].rule : resolution.kind;
    });
    expect(rules).toEqual([
      'it is the default for Amazon S3',
      'it is for the bucket b, and comes first of 2 that are',
      'it is for the folder x/ of the bucket b',
      'it is the default for minio:9000',
    ]);
  });

  test('is doubted where only the case of the bucket differs', () => {
    const resolution = resolve('s3://Data/k', [onS3('A', { bucket: 'data' })]);
    expect(resolution).toMatchObject({
      readings: [{ warning: 'The bucket is written otherwise in the credential: data' }],
    });
  });

  test('is not clear as long as another reading is possible, even one that no credential is for', () => {
    const folder = [onS3('A', { ...minio, bucket: 'b', subfolder: 'x' })];
    expect(resolve('https://minio:9000/b/x%2Fy', folder)).toMatchObject({ ambiguous: true, readings: [{ id: 'x/y' }] });
    expect(resolve('https://minio:9000/b/x/y', folder)).toMatchObject({ ambiguous: false });
  });
});

describe('what leads to no credential', () => {
  test.each([
    '',
    'notes.txt',
    's3://bucket',
    's3://bucket/',
    's3:///key',
    's3://minio:9000/bucket',
    's3://minio:9000/bucket/',
    's3://minio:/bucket/key',
    's3://user@bucket/key',
    's3://../key',
    'https://minio:9000/../key/x',
    'https://user:secret@minio:9000/bucket/key',
    'gs://bucket/',
    'ftp://host/file',
  ])('is malformed: %s', (url) => {
    const all = [onS3('A'), onS3('B', minio), credential(gs, 'C', {})];
    expect(resolve(url, all).kind).toBe('malformed');
  });

  test.each(['file:///srv/x', '/srv/x', '\\\\server\\share\\x', 'C:\\data\\x', 'c:/data/x', '~/x', './x'])(
    'is local: %s',
    (url) => {
      expect(resolve(url, [onS3('A')])).toMatchObject({
        kind: 'unresolved',
        reason: 'A local file is never deleted from here.',
      });
    },
  );

  test('says what it would take', () => {
    const reasonOf = (url: string) => {
      const resolution = resolve(url, [onS3('A', { bucket: 'other' })]);
      return resolution.kind === 'unresolved' ? resolution.reason : resolution.kind;
    };
    expect(reasonOf('s3://b/k')).toBe('No credential is for the bucket b of Amazon S3.');
    expect(reasonOf('s3://MINIO:9000/b/k')).toBe('No credential is for the bucket b of minio:9000.');
    expect(reasonOf('https://files.clear.ml/project/task/artifact')).toBe(
      'No credential is for the bucket project of files.clear.ml:443. Files of a ClearML file server are not deleted from here yet.',
    );
  });
});

describe('path substitution', () => {
  const rule = (registeredPrefix: string, localPrefix: string) => [{ registeredPrefix, localPrefix }];

  test.each([
    ['s3://old/k', rule('s3://old', 's3://new'), 's3://new/k'],
    ['s3://old/k', rule('s3://old/', 's3://new'), 's3://new/k'],
    ['s3://old/k', rule('s3://old', 's3://new/in/'), 's3://new/in/k'],
    ['s3://older/k', rule('s3://old', 's3://new'), 's3://older/k'],
    ['s3://old/k', [...rule('s3://old', 's3://first'), ...rule('s3://old', 's3://second')], 's3://first/k'],
    ['s3://old/k', rule('', 's3://new'), 's3://old/k'],
    ['gs://old/a#b', rule('gs://old', 's3://minio:9000/new'), 's3://minio:9000/new/a#b'],
  ])('%s', (url, rules, expected) => {
    const credentials = [onS3('A'), onS3('B', minio), credential(gs, 'C', {})];
    expect(resolve(url, credentials, rules)).toMatchObject({ kind: 'resolved', url: expected });
  });

  test('is read as ClearML writes it, and not at all where one rule is broken', () => {
    expect(parseSubstitutions(undefined)).toEqual([]);
    expect(
      parseSubstitutions([{ registered_prefix: 's3://a', local_prefix: 's3://b', replace_windows_sep: true }]),
    ).toEqual(rule('s3://a', 's3://b'));
    for (const broken of [
      's3://a',
      {},
      [{ registered_prefix: 's3://a' }],
      [{ registered_prefix: 1, local_prefix: '' }],
    ]) {
      expect(() => parseSubstitutions(broken)).toThrow('storageCredentials.pathSubstitution');
    }
  });

  test.each(['file:///mnt/share', '/mnt/share', 'D:\\share'])('to %s is refused', (local) => {
    expect(resolve('s3://b/k', [onS3('A')], rule('s3://b', local))).toMatchObject({
      kind: 'unresolved',
      reason: `The path substitution makes it a local file, which is never deleted from here: ${local}/k`,
    });
  });
});

test('of credentials for the same, the first in the tree wins', () => {
  const credentials = [
    credential(gs, 'Google', {}),
    onS3('A'),
    onS3('B', { bucket: 'b' }),
    onS3('C', { service: 'aws', endpoint: 'https://s3.eu-west-1.amazonaws.com' }),
    onS3('D', { bucket: 'b', subfolder: 'x' }),
    onS3('E', { bucket: 'b' }),
  ];
  const rivals = [...rivalsAmong(credentials)].map(([{ record }, rival]) => [record.name, rival]);
  expect(Object.fromEntries(rivals)).toEqual({
    A: { name: 'C', wins: false },
    B: { name: 'E', wins: false },
    C: { name: 'A', wins: true },
    E: { name: 'B', wins: true },
  });
});

describe('URLs of S3', () => {
  test.each([
    ['https://bucket.s3.amazonaws.com/a%20b', '', 'bucket', ['a b', 'a%20b']],
    ['https://bucket.s3.eu-west-1.amazonaws.com/k', '', 'bucket', ['k']],
    ['https://my.dotted.bucket.s3-eu-west-1.amazonaws.com/k', '', 'my.dotted.bucket', ['k']],
    ['https://bucket.s3.dualstack.us-west-2.amazonaws.com/k', '', 'bucket', ['k']],
    ['https://bucket.s3-accelerate.amazonaws.com/k', '', 'bucket', ['k']],
    ['https://bucket.s3-fips.us-gov-east-1.amazonaws.com:443/k', '', 'bucket', ['k']],
    ['https://bucket.s3.cn-north-1.amazonaws.com.cn/k', '', 'bucket', ['k']],
    ['https://s3.amazonaws.com/bucket/k/l', '', 'bucket', ['k/l']],
    ['https://s3.eu-central-1.amazonaws.com/bucket/k', '', 'bucket', ['k']],
    ['https://a.s3.b.s3.eu-west-1.amazonaws.com/k', '', 'a.s3.b', ['k']],
    ['https://bucket.s3.amazonaws.com.evil.example/b/k', 'bucket.s3.amazonaws.com.evil.example:443', 'b', ['k']],
    ['https://evils3.amazonaws.com/b/k', 'evils3.amazonaws.com:443', 'b', ['k']],
    [
      'https://bucket.s3-website-us-east-1.amazonaws.com/b/k',
      'bucket.s3-website-us-east-1.amazonaws.com:443',
      'b',
      ['k'],
    ],
    ['https://s3.amazonaws.com:8443/b/k', 's3.amazonaws.com:8443', 'b', ['k']],
    ['http://HOST:9000/Bucket/a#b?c', 'host:9000', 'Bucket', ['a#b?c']],
    ['http://host/b/100%', 'host:80', 'b', ['100%']],
    ['http://[::1]:9000/b/k', '[::1]:9000', 'b', ['k']],
    ['S3://b/k', '', 'b', ['k']],
  ])('%s', (url, server, container, ids) => {
    expect(s3.parseUrl(url)).toEqual([{ server, container, ids }]);
  });

  test.each([
    [{}, { server: '' }],
    [{ endpoint: 'https://s3.eu-west-1.amazonaws.com' }, { server: '' }],
    [{ endpoint: 'https://Minio.Example' }, { server: 'minio.example:443' }],
    [{ endpoint: 'http://minio' }, { server: 'minio:80' }],
    [{ endpoint: 'http://minio:90001' }, { server: 'http://minio:90001' }],
    [{ endpoint: 'minio:443' }, { server: 'minio:443' }],
    [
      { endpoint: 'minio:9000', secure: false, bucket: 'b' },
      { server: 'minio:9000', container: 'b' },
    ],
    [
      { bucket: 'b', subfolder: 'x/y/' },
      { server: '', container: 'b', folder: 'x/y' },
    ],
  ])('the scope of %j', (settings, scope) => {
    expect(s3.scopeOf(settings)).toEqual(scope);
  });

  test.each([{}, { endpoint: 'https://minio.example' }, { endpoint: 'minio:9000', secure: false }])(
    'what ClearML registers leads back: %j',
    (settings) => {
      for (const id of ['k', 'a b#c?d%20e', '/lead', 'trail/', 'a/../b']) {
        const entry = { kind: 'object', container: 'b', id, name: id, path: id } as const;
        const { server } = s3.scopeOf(settings) ?? {};
        expect(s3.parseUrl(s3.artifactUrlOf(entry, settings) ?? '')).toEqual([{ server, container: 'b', ids: [id] }]);
      }
      expect(s3.artifactUrlOf({ kind: 'container', id: 'b', name: 'b', path: 'b' }, settings)).toBeUndefined();
    },
  );

  test.each([
    ['s3://b/k', { bucket: 'b' }],
    ['s3://minio:9000/b/k', { service: 'other', endpoint: 'minio:9000', pathStyle: true, bucket: 'b' }],
    ['http://minio:9000/b/k', { service: 'other', endpoint: 'http://minio:9000', pathStyle: true, bucket: 'b' }],
  ])('the form that %s begins', (url, draft) => {
    const [location] = s3.parseUrl(url);
    expect(location && s3.draftOf(location, url)).toEqual(draft);
  });
});

test('a scope says only what is set, whatever the provider', async () => {
  const { providers: every } = await import('../../../src/providers/registry.generated.ts');
  for (const provider of every) {
    const scope = provider.scopeOf({});
    expect(scope?.container ?? 'unset', provider.id).not.toBe('');
    expect(scope?.folder ?? 'unset', provider.id).not.toBe('');
  }
});
