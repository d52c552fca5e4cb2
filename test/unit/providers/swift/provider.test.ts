import { describe, expect, test } from 'vitest';
import { emptyDraft, parseDraft } from '../../../../src/core/drafts.ts';
import type { Draft } from '../../../../src/core/fields.ts';
import { isShown } from '../../../../src/core/settings.ts';
import swift from '../../../../src/providers/swift/provider.ts';

const authUrl = 'https://identity.example.com:5000/v3';
const start: Draft = { ...emptyDraft(swift.fields), user: 'owner', key: 'password', authUrl };

const shownOf = (draft: Draft) =>
  Object.keys(swift.fields)
    .filter((name) => isShown(swift.fields, name, draft))
    .map((name) => swift.fields[name]?.label);
const errorsOf = (draft: Draft) =>
  parseDraft(swift.fields, draft)
    .issues.filter(({ severity }) => severity === 'error')
    .map(({ field }) => field);

describe('the form', () => {
  const always = [
    ...[
      'User Name',
      'API Key or Password',
      'Authentication URL',
      'AuthVersion',
      'Container',
      'Tenant Name',
      'Tenant ID',
    ],
    ...['Auth Token', 'Region Name', 'Storage URL', 'Endpoint Type', 'Verify SSL certificate', 'CA bundle'],
  ];
  const ofVersion3 = [
    ...['User ID', 'User Domain', 'Tenant Domain', 'Application Credential ID', 'Application Credential Name'],
    'Application Credential Secret',
  ];

  test.each(['auto', '1', '2'])('has the same fields for version %s', (authVersion) => {
    expect(shownOf({ ...start, authVersion }).sort()).toEqual([...always].sort());
  });

  test('has more for version 3, and drops them with it', () => {
    expect(shownOf({ ...start, authVersion: '3' }).sort()).toEqual([...always, ...ofVersion3].sort());
    const filled = { ...start, authVersion: '3', userId: 'u', userDomain: 'd', applicationCredentialSecret: 's' };
    expect(parseDraft(swift.fields, filled)).toMatchObject({
      settings: { userId: 'u', userDomain: 'd' },
      secrets: { applicationCredentialSecret: 's' },
    });
    const { settings, secrets } = parseDraft(swift.fields, { ...filled, authVersion: 'auto' });
    expect([settings.userId, settings.userDomain, secrets.applicationCredentialSecret]).toEqual([
      ...[undefined, undefined, undefined],
    ]);
  });

  test.each<[string, Draft, readonly string[]]>([
    ['a user, a password and a URL', {}, []],
    ['them all', { user: '', key: '', authUrl: '' }, ['user', 'key', 'authUrl']],
    ['none with a Storage URL', { user: '', key: '', authUrl: '', storageUrl: 'https://a.example/v1/AUTH_a' }, []],
    ['no user with version 3, which has other words for it', { user: '', key: '', authVersion: '3' }, []],
    ['a whole URL', { authUrl: 'identity.example.com', storageUrl: 'ftp://a' }, ['authUrl', 'storageUrl']],
    ['a URL without user, query and fragment', { authUrl: 'https://a:b@c.example/v3' }, ['authUrl']],
    ['a container without slashes', { container: 'a/b' }, ['container']],
  ])('asks for %s', (_, change, fields) => {
    expect(errorsOf({ ...start, ...change })).toEqual(fields);
  });
});

describe('the version', () => {
  test.each([
    ['https://a.example:5000/v3', 'auto', true],
    ['https://a.example/identity/v2.0/', 'auto', true],
    ['https://a.example/auth/v1.0', 'auto', true],
    ['https://srv3.example:5000', 'auto', false],
    ['https://a.example:5000', '3', true],
  ])('of %s, chosen %s, is known: %s', (url, authVersion, known) => {
    const issues = swift.check({ ...start, authUrl: url, authVersion });
    expect(issues.map(({ field, severity }) => `${field} ${severity}`)).toEqual(known ? [] : ['authVersion error']);
    if (!known) expect(issues[0]?.sentence).toMatch(/set AuthVersion explicitly/);
  });
});

describe('where secrets go', () => {
  const storageUrl = 'https://swift.example.com/v1/AUTH_a';

  test.each<[Draft, string]>([
    [{ authUrl }, 'https://identity.example.com:5000'],
    [{ authUrl, storageUrl }, 'https://identity.example.com:5000 https://swift.example.com'],
    [{ authUrl: 'https://swift.example.com/auth/v1.0', storageUrl }, 'https://swift.example.com'],
    [{ storageUrl }, 'https://swift.example.com'],
    [{}, ''],
  ])('%j', (settings, origin) => {
    expect(swift.origin(settings)).toBe(origin);
  });

  test.each<[Draft, RegExp | undefined]>([
    [{ authUrl, storageUrl }, undefined],
    [{ authUrl: 'http://identity.example.com/v3', storageUrl }, /TLS is off/],
    [{ authUrl, storageUrl: 'http://swift.example.com/v1/AUTH_a' }, /TLS is off/],
    [{ authUrl, verifyCertificate: false }, /not checked/],
  ])('is warned of: %j', (settings, warning) => {
    const said = swift.warn(settings);
    if (warning) expect(said).toMatch(warning);
    else expect(said).toBeUndefined();
  });
});

test('a URL names an object only where the account is known', () => {
  const entry = { kind: 'object', container: 'a b', id: 'c/d?e', name: '', path: '' } as const;
  const storageUrl = 'https://swift.example.com/v1/AUTH_a/';
  expect(swift.urlOf(entry, { storageUrl })).toBe('https://swift.example.com/v1/AUTH_a/a%20b/c/d%3Fe');
  expect(swift.urlOf({ ...entry, kind: 'container', id: 'a b' }, { storageUrl })).toBe(
    'https://swift.example.com/v1/AUTH_a/a%20b',
  );
  expect(swift.urlOf(entry, { authUrl })).toBeUndefined();
});

test.each([
  ['a', true],
  ['ä'.repeat(128), true],
  ['ä'.repeat(129), false],
  ['a/b', false],
  ['', false],
])('a container can be called %j: %s', (name, can) => {
  expect(swift.refuseContainerName(name) === undefined).toBe(can);
});

test('stands in the tree with its user, server and place', () => {
  expect(swift.describe({ user: 'owner', authUrl, container: 'c', subfolder: 'f' })).toBe(
    'owner · identity.example.com:5000 · c/f',
  );
});
