import { describe, expect, test } from 'vitest';
import { emptyDraft, parseDraft, withValue } from '../../../../src/core/drafts.ts';
import type { Draft, FieldValue } from '../../../../src/core/fields.ts';
import { newDraft, withFieldValue } from '../../../../src/form/draft.ts';
import { examine } from '../../../../src/form/examine.ts';
import azure from '../../../../src/providers/azureBlob/provider.ts';

const accountKey = Buffer.alloc(64, 7).toString('base64');
const sasToken = 'sv=2021-12-02&ss=b&srt=sco&sp=rl&se=2030-01-01T00%3A00%3A00Z&sig=abc%2Fdef%3D';
const keys: Draft = { account: 'acct', accountKey };

function typed(...values: [string, FieldValue][]): Draft {
  const start: Draft = { ...emptyDraft(azure.fields), ...keys };
  return values.reduce((draft, [field, value]) => withValue(azure.fields, draft, field, value), start);
}

function errorOf(draft: Draft, field: string): string | undefined {
  return parseDraft(azure.fields, draft).issues.find((issue) => issue.field === field && issue.severity === 'error')
    ?.sentence;
}

describe('a connection string', () => {
  const filled = (text: string) => withFieldValue(newDraft(azure, 'Azure'), 'connectionString', text);

  test.each<[string, string, Draft, Record<string, string>]>([
    [
      'of the portal',
      `DefaultEndpointsProtocol=https;AccountName=acct;AccountKey=${accountKey};EndpointSuffix=core.windows.net`,
      { account: 'acct', signIn: 'key', endpoint: '' },
      { accountKey },
    ],
    [
      'of another cloud, in any order and case',
      `endpointsuffix=core.usgovcloudapi.net; ACCOUNTKEY=${accountKey} ;AccountName = acct;`,
      { account: 'acct', signIn: 'key', endpoint: 'blob.core.usgovcloudapi.net' },
      { accountKey },
    ],
    [
      'without TLS',
      `DefaultEndpointsProtocol=http;AccountName=acct;AccountKey=${accountKey}`,
      { account: 'acct', endpoint: 'http://acct.blob.core.windows.net' },
      { accountKey },
    ],
    [
      'of an emulator',
      `AccountName=acct;AccountKey=${accountKey};BlobEndpoint=http://127.0.0.1:10000/acct/;QueueEndpoint=http://127.0.0.1:10001/acct`,
      { account: 'acct', endpoint: 'http://127.0.0.1:10000/acct' },
      { accountKey },
    ],
    [
      'with a token',
      `BlobEndpoint=https://acct.blob.core.windows.net/;SharedAccessSignature=?${sasToken}`,
      { account: 'acct', signIn: 'sas', endpoint: 'https://acct.blob.core.windows.net' },
      { sasToken },
    ],
    [
      'with a token and a name',
      `AccountName=acct;SharedAccessSignature=${sasToken}`,
      { account: 'acct', signIn: 'sas', endpoint: '' },
      { sasToken },
    ],
  ])('fills in the form and is not kept: %s', (_, text, values, entered) => {
    const draft = filled(text);
    expect(draft.values).toMatchObject(values);
    expect(draft.entered).toEqual(entered);
    const { secrets, issues } = examine(draft);
    expect(secrets).toEqual(entered);
    expect(issues.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  test.each([
    'nonsense',
    'UseDevelopmentStorage=true',
    'AccountName=acct',
    `AccountKey=${accountKey}`,
    'AccountName=acct;AccountKey=not base64!',
    `AccountName=a/b;AccountKey=${accountKey}`,
    `AccountName=acct;AccountKey=${accountKey};BlobEndpoint=ftp://elsewhere`,
    'BlobEndpoint=https://acct.blob.core.windows.net/;SharedAccessSignature=sv=1',
  ])('that says too little fills in nothing and can not be saved: %s', (text) => {
    const draft = filled(text);
    expect(draft.values).toEqual(newDraft(azure, 'Azure').values);
    expect(draft.entered).toEqual({ connectionString: text });
    expect(examine(draft).issues).toContainEqual(
      expect.objectContaining({ field: 'connectionString', severity: 'error' }),
    );
  });

  test('is refused where nothing took it apart', () => {
    const text = `AccountName=acct;AccountKey=${accountKey}`;
    expect(errorOf({ ...typed(), connectionString: text }, 'connectionString')).toBeDefined();
  });

  test('replaces what was entered before', () => {
    const first = filled(`AccountName=acct;AccountKey=${accountKey}`);
    const second = withFieldValue(first, 'connectionString', `AccountName=other;SharedAccessSignature=${sasToken}`);
    expect(second.entered).toEqual({ sasToken });
    expect(second.values).toMatchObject({ account: 'other', signIn: 'sas' });
  });
});

describe('what is asked for', () => {
  test('is a key or a token, whichever is chosen', () => {
    expect(parseDraft(azure.fields, typed()).issues).toEqual([]);
    expect(errorOf(typed(['accountKey', '']), 'accountKey')).toBe('Enter a value: Account Key');
    expect(errorOf(typed(['signIn', 'sas']), 'sasToken')).toBe('Enter a value: SAS token');
    const { secrets } = parseDraft(azure.fields, typed(['signIn', 'sas'], ['sasToken', sasToken]));
    expect(secrets).toEqual({ sasToken });
  });

  test.each(['acct', 'My-Account.1'])('takes an account name: %s', (account) => {
    expect(errorOf(typed(['account', account]), 'account')).toBeUndefined();
  });

  test.each(['a b', 'a/b', 'a_b', 'x@elsewhere.example', 'a#', 'ä'])('takes no account name: %s', (account) => {
    expect(errorOf(typed(['account', account]), 'account')).toMatch(/letters, digits, hyphens and dots/);
  });

  test.each(['not base64!', 'abc', 'YWJj=', ' YWJj', '===='])('takes no account key: %j', (key) => {
    expect(errorOf(typed(['accountKey', key]), 'accountKey')).toMatch(/base64/);
  });

  test.each([sasToken, `?${sasToken}`])('takes a token: %s', (token) => {
    expect(errorOf(typed(['signIn', 'sas'], ['sasToken', token]), 'sasToken')).toBeUndefined();
  });

  test.each([
    ...['sv=1&se=2', 'sig=', `https://acct.blob.core.windows.net/?${sasToken}`, 'sig=a b'],
    ...[`${sasToken}&deletetype=permanent`, `restype=container&comp=list&${sasToken}`, `${sasToken}&v%65rsionId=1`],
  ])('takes no token: %s', (token) => {
    expect(errorOf(typed(['signIn', 'sas'], ['sasToken', token]), 'sasToken')).toBeDefined();
  });

  test.each(['a/b', '/'])('takes no container with a slash: %s', (container) => {
    expect(errorOf(typed(['container', container]), 'container')).toMatch(/slash/);
  });
});

describe('the endpoint', () => {
  test.each([
    ['', 'https://acct.blob.core.windows.net'],
    ['blob.core.usgovcloudapi.net', 'https://acct.blob.core.usgovcloudapi.net'],
    ['ACCT.blob.core.windows.net', 'https://acct.blob.core.windows.net'],
    ['https://acct.blob.core.windows.net/', 'https://acct.blob.core.windows.net'],
    ['https://elsewhere.example:8443/acct', 'https://elsewhere.example:8443'],
    ['http://127.0.0.1:10000/acct', 'http://127.0.0.1:10000'],
  ])('%s is where the secret goes: %s', (endpoint, origin) => {
    expect(errorOf(typed(['endpoint', endpoint]), 'endpoint')).toBeUndefined();
    expect(azure.origin({ account: 'acct', endpoint })).toBe(origin);
  });

  test.each([
    'localhost',
    'host:10000',
    'https://',
    'ftp://acct.blob.core.windows.net',
    'https://user:pw@acct.blob.core.windows.net',
    'https://acct.blob.core.windows.net/?sv=1',
    'https://acct.blob.core.windows.net/#x',
    'https://blob.core.usgovcloudapi.net',
    'blob.core.windows.net/c',
    'a b.c',
    'x@elsewhere.example',
    '-.example',
  ])('is refused: %s', async (endpoint) => {
    expect(errorOf(typed(['endpoint', endpoint]), 'endpoint')).toBeDefined();
    expect(azure.origin({ account: 'acct', endpoint })).toBe('');
    await expect(openWith({ account: 'acct', endpoint })).rejects.toMatchObject({ kind: 'invalid-settings' });
  });

  test('never follows an account name elsewhere', async () => {
    for (const account of ['x@elsewhere.example/', 'elsewhere.example#', 'elsewhere.example/']) {
      expect(azure.origin({ account })).toBe('');
      await expect(openWith({ account })).rejects.toMatchObject({ kind: 'invalid-settings' });
    }
  });

  test('warns of what is less than safe', () => {
    expect(azure.warn({ account: 'acct' })).toBeUndefined();
    expect(azure.warn({ account: 'acct', endpoint: 'http://127.0.0.1:10000/acct' })).toMatch(/TLS is off/);
    expect(azure.warn({ account: 'acct', verifyCertificate: false })).toMatch(/not checked/);
  });
});

test('opens nothing without a key', async () => {
  await expect(openWith({ account: 'acct' }, {})).rejects.toMatchObject({ kind: 'unauthenticated' });
  await expect(openWith({ account: 'acct', signIn: 'sas' })).rejects.toMatchObject({ kind: 'unauthenticated' });
  const permanent = openWith({ account: 'acct', signIn: 'sas' }, { sasToken: `${sasToken}&deletetype=permanent` });
  await expect(permanent).rejects.toMatchObject({
    kind: 'invalid-settings',
    message: expect.not.stringMatching(/sig=/),
  });
});

test.each(['abc', 'a-b', '123', 'a'.repeat(63)])('a container may be called: %s', (name) => {
  expect(azure.refuseContainerName(name)).toBeUndefined();
});

test.each(['ab', 'a'.repeat(64), 'ABC', 'a--b', '-abc', 'abc-', 'a.b', 'a/b', 'a_b', ''])(
  'no container may be called: %s',
  (name) => {
    expect(azure.refuseContainerName(name)).toMatch(/3 to 63/);
  },
);

function openWith(settings: Draft, secrets: Record<string, string> = { accountKey }) {
  return azure.open({ settings, secrets, network: { proxyFor: () => undefined, certificates: [] } });
}
