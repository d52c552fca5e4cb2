import { describe, expect, test } from 'vitest';
import { parseDraft } from '../../../../src/core/drafts.ts';
import type { Draft } from '../../../../src/core/fields.ts';
import provider from '../../../../src/providers/b2/provider.ts';

const good: Draft = { keyId: '0014aba1234567890000000001', applicationKey: 'K001abcdefghijklmnopqrstuvwxyz' };

function errorsOf(draft: Draft): string[] {
  return parseDraft(provider.fields, { ...good, ...draft })
    .issues.filter(({ severity }) => severity === 'error')
    .map(({ field }) => field);
}

describe('the form', () => {
  test.each<[string, Draft, string[]]>([
    ['is filled in with a key', {}, []],
    ['needs a key ID', { keyId: '' }, ['keyId']],
    ['needs an application key', { applicationKey: '' }, ['applicationKey']],
    ['takes no key ID that would end sooner', { keyId: 'a:b' }, ['keyId']],
    ['takes no path for a bucket', { bucket: 'a/b' }, ['bucket']],
    ['takes no endpoint with a path', { endpoint: 'https://api.backblazeb2.com/b2api' }, ['endpoint']],
  ])('%s', (_, draft, fields) => {
    expect(errorsOf(draft)).toEqual(fields);
  });

  test('keeps the application key alone in the vault', () => {
    const { settings, secrets } = parseDraft(provider.fields, { ...good, bucket: 'my-bucket' });
    expect(secrets).toEqual({ applicationKey: good.applicationKey });
    expect(JSON.stringify(settings)).not.toContain(good.applicationKey);
  });
});

test('keys are for the endpoint, which is Backblaze unless another is given', () => {
  expect(provider.origin({})).toBe('https://api.backblazeb2.com');
  expect(provider.origin({ endpoint: 'http://127.0.0.1:1' })).toBe('http://127.0.0.1:1');
  expect(provider.warn({})).toBeUndefined();
  expect(provider.warn({ endpoint: 'http://127.0.0.1:1' })).toMatch(/TLS is off/);
});

test('the tree says what a credential is for', () => {
  expect(provider.describe({ bucket: 'my-bucket', subfolder: 'a' })).toBe('my-bucket/a');
  expect(provider.describe({ endpoint: 'https://b2.example.com' })).toBe('b2.example.com');
});

test.each<[string, boolean]>([
  ['my-Bucket-1', true],
  ['sixsix', true],
  ['short', false],
  ['a'.repeat(63), true],
  ['a'.repeat(64), false],
  ['b2-mine', false],
  ['my.bucket', false],
])('a bucket may be called so or not: %s', (name, fine) => {
  expect(provider.refuseContainerName(name) === undefined).toBe(fine);
});
