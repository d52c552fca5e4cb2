import { describe, expect, test } from 'vitest';
import { emptyDraft, parseDraft, withValue } from '../../../../src/core/drafts.ts';
import type { Draft, FieldValue } from '../../../../src/core/fields.ts';
import s3 from '../../../../src/providers/s3/provider.ts';

const keys: Draft = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secretsecret' };

function typed(...values: [string, FieldValue][]): Draft {
  return values.reduce((draft, [field, value]) => withValue(s3.fields, draft, field, value), {
    ...emptyDraft(s3.fields),
    ...keys,
  });
}

function sentenceOf(draft: Draft, field: string): string | undefined {
  return parseDraft(s3.fields, draft).issues.find((issue) => issue.field === field)?.sentence;
}

describe('choosing a service', () => {
  test('fills in endpoint, region, addressing and limit', () => {
    expect(typed(['service', 'scaleway'])).toMatchObject({
      endpoint: 'https://s3.fr-par.scw.cloud',
      region: 'fr-par',
      pathStyle: false,
      maxUploadParts: 1000,
    });
  });

  test('a preset endpoint follows the region', () => {
    expect(typed(['service', 'wasabi'], ['region', 'eu-central-1']).endpoint).toBe(
      'https://s3.eu-central-1.wasabisys.com',
    );
    expect(typed(['service', 'wasabi'], ['service', 'b2']).endpoint).toBe('https://s3.us-west-004.backblazeb2.com');
  });

  test("one's own endpoint stays, but not for Amazon itself", () => {
    expect(typed(['endpoint', 'minio:9000'], ['service', 'minio'], ['region', 'x']).endpoint).toBe('minio:9000');
    expect(typed(['endpoint', 'minio:9000'], ['service', 'aws']).endpoint).toBe('');
  });

  test('a service without a common endpoint asks for it', () => {
    expect(sentenceOf(typed(['service', 'minio']), 'endpoint')).toBe('Enter a value: Endpoint URL');
    expect(sentenceOf(typed(['service', 'aws']), 'endpoint')).toBeUndefined();
  });
});

describe('the region', () => {
  test.each(['us east', 'x@elsewhere.example/', 'elsewhere.example#', '-'])(
    'is refused where it could not stand in the name of a host: %s',
    async (region) => {
      expect(sentenceOf(typed(['region', region]), 'region')).toContain('letters, digits and hyphens');
      const network = { proxyFor: () => undefined, certificates: [] };
      await expect(s3.open({ settings: { ...keys, region }, secrets: {}, network })).rejects.toMatchObject({
        kind: 'invalid-settings',
      });
    },
  );

  test.each(['us-gov-east-1', 'auto', 'default', ''])('may be: %s', (region) => {
    expect(sentenceOf(typed(['region', region]), 'region')).toBeUndefined();
  });
});

describe('the endpoint', () => {
  test.each([
    ['minio', 'A host needs its port'],
    ['https://user:pass@minio', 'Leave user and password out'],
    ['https://minio/bucket', 'Leave out the path'],
    ['https://minio?x', 'Leave out everything from ? or # on'],
    ['ftp://minio', 'Enter a URL'],
    ['not a host', 'Enter a URL'],
    ['htp:/x y', 'Enter a URL'],
    ['http:/minio', 'Enter a URL'],
    ['/minio:9000', 'Enter a URL'],
    ['minio:', 'Enter a URL'],
    ['minio:9000/bucket', 'Leave out the path'],
    ['user:pass@minio:9000', 'Leave user and password out'],
  ])('%s is refused', (endpoint, sentence) => {
    expect(sentenceOf(typed(['endpoint', endpoint]), 'endpoint')).toContain(sentence);
  });

  test.each(['minio:9000', 'https://minio', 'http://10.0.0.1:9000', 'https://[::1]:9000'])(
    '%s is taken',
    (endpoint) => {
      expect(sentenceOf(typed(['endpoint', endpoint]), 'endpoint')).toBeUndefined();
    },
  );

  test('asks for TLS only where no scheme says it', () => {
    const shown = (endpoint: string) => 'secure' in parseDraft(s3.fields, typed(['endpoint', endpoint])).settings;
    expect([shown('minio:9000'), shown('https://minio:9000'), shown('')]).toEqual([true, false, false]);
  });
});

describe('the origin, where the secret goes', () => {
  test.each([
    [{}, 'https://s3.amazonaws.com'],
    [{ region: 'eu-west-1' }, 'https://s3.amazonaws.com'],
    [{ region: 'cn-north-1' }, 'https://s3.amazonaws.com.cn'],
    [{ endpoint: 'minio:9000', secure: true }, 'https://minio:9000'],
    [{ endpoint: 'minio:9000', secure: false }, 'http://minio:9000'],
    [{ endpoint: 'minio:9000' }, 'https://minio:9000'],
    [{ endpoint: 'HTTPS://Minio:443' }, 'https://minio'],
  ])('%j', (settings, origin) => {
    expect(s3.origin(settings)).toBe(origin);
  });
});

test('lengths outside the documented ones are a hint and no error', () => {
  const { issues } = parseDraft(s3.fields, { ...typed(), accessKeyId: 'abc', secretAccessKey: 'x'.repeat(64) });
  expect(issues.map(({ field, severity }) => [field, severity])).toEqual([
    ['accessKeyId', 'hint'],
    ['secretAccessKey', 'hint'],
  ]);
});

test('warns of TLS that is off or unchecked', () => {
  expect(s3.warn({ endpoint: 'http://minio:9000' })).toContain('TLS is off');
  expect(s3.warn({ verifyCertificate: false })).toContain('not checked');
  expect(s3.warn({})).toBeUndefined();
});

test('a bucket with a slash and a bundle without a certificate are refused', () => {
  expect(sentenceOf(typed(['bucket', 'a/b']), 'bucket')).toContain('no slash');
  expect(sentenceOf(typed(['caBundle', 'hello']), 'caBundle')).toBe('This holds no certificate in PEM.');
});

test('the folder is asked for only with a bucket', () => {
  expect(parseDraft(s3.fields, typed(['subfolder', 'x'])).settings).not.toHaveProperty('subfolder');
  expect(parseDraft(s3.fields, typed(['bucket', 'b'], ['subfolder', 'x'])).settings).toHaveProperty('subfolder', 'x');
});
