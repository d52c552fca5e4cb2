import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { completeSettings } from '../../../../src/core/settings.ts';
import provider from '../../../../src/providers/gcs/provider.ts';
import { createAccount } from '../../../servers/gcs/accounts.ts';

const google = 'https://oauth2.googleapis.com/token';
const { key } = createAccount('owner', 'a-project', google);
const examine = (content: string, endpoint = '') =>
  provider.examine(completeSettings(provider.fields, { endpoint }), { serviceAccountKey: content });
const sentenceOf = async (content: string | object, endpoint?: string) =>
  (await examine(typeof content === 'string' ? content : JSON.stringify(content), endpoint))[0]?.sentence;

describe('a key file', () => {
  test('is good as Google gives it out, in one line or several', async () => {
    expect(await examine(JSON.stringify(key))).toEqual([]);
    expect(await examine(JSON.stringify(key, null, 2))).toEqual([]);
    expect(await examine('')).toEqual([]);
  });

  test.each(['https://accounts.google.com/o/oauth2/token', 'https://www.googleapis.com/oauth2/v4/token', google])(
    'may name the token endpoint %s',
    async (token_uri) => {
      expect(await examine(JSON.stringify({ ...key, token_uri }))).toEqual([]);
    },
  );

  test.each([
    'https://tokens.example.com/token',
    'http://oauth2.googleapis.com/token',
    'https://oauth2.googleapis.com:8443/token',
    'https://oauth2.googleapis.com.example.com/token',
    'https://oauth2.googleapis.com@example.com/token',
    'http://127.0.0.1:8080/token',
    'not a url',
  ])('must not name the token endpoint %s', async (token_uri) => {
    expect(await sentenceOf({ ...key, token_uri })).toContain("not Google's");
  });

  test('may name a token endpoint of this machine only for storage of this machine', async () => {
    const local = { ...key, token_uri: 'http://127.0.0.1:8080/token' };
    expect(await examine(JSON.stringify(local), 'http://localhost:4443')).toEqual([]);
    expect(await sentenceOf(local, 'https://storage.example.com')).toContain("not Google's");
    const stranger = { ...key, token_uri: 'https://tokens.example.com/token' };
    expect(await sentenceOf(stranger, 'http://127.0.0.1:4443')).toContain("not Google's");
  });

  test.each<[string, string | object, RegExp]>([
    ['nothing that is JSON', 'hello', /not JSON/],
    ['half a file', JSON.stringify(key).slice(0, 200), /not all of it/],
    ['a list', '[]', /not JSON/],
    ['null', 'null', /not JSON/],
    ['a P12 file', Buffer.from([0x30, 0x82, 0x09, 0xc2, 2, 1, 3]).toString('utf8'), /P12/],
    ['a private key alone', key.private_key, /private key alone/],
    ['a certificate', '-----BEGIN CERTIFICATE-----\n', /certificate/],
    ['an AWS file', '[default]\naws_access_key_id = A\n', /Amazon/],
    ['AWS keys in JSON', { AccessKeyId: 'A', SecretAccessKey: 'S' }, /Amazon/],
    ['an OAuth client of a program', { installed: { client_id: 'x' } }, /OAuth client/],
    ['an OAuth client of a site', { web: { client_id: 'x' } }, /OAuth client/],
    ['what a person signed in with', { type: 'authorized_user', refresh_token: 'x' }, /of a person.*Turn on/],
    ['an identity federation', { type: 'external_account' }, /another identity provider/],
    ['an impersonation', { type: 'impersonated_service_account' }, /act as a service account/],
    ['a type of tomorrow', { type: 'constructor' }, /not service_account/],
    ['a token', { access_token: 'x' }, /token of a sign-in/],
    ['any other JSON', { a: 1 }, /type is not service_account/],
    ['no account', { ...key, client_email: '' }, /client_email/],
    ['no key', { ...key, private_key: undefined }, /private_key/],
    ['a masked key', { ...key, private_key: '********' }, /masked/],
    ['a broken key', { ...key, private_key: key.private_key.slice(0, 300) }, /can't be read/],
    ['a key of another kind', { ...key, private_key: otherKey() }, /no RSA key/],
    ['another cloud', { ...key, universe_domain: 'example.cloud' }, /another cloud.*example\.cloud/],
  ])('that is %s is refused, and it is said what it is', async (_, content, sentence) => {
    const issues = await examine(typeof content === 'string' ? content : JSON.stringify(content));
    expect(issues).toEqual([
      { field: 'serviceAccountKey', severity: 'error', sentence: expect.stringMatching(sentence) },
    ]);
    expect(issues[0]?.sentence).not.toContain('PRIVATE KEY-----');
  });

  test('is shown without the key, and any other file without its values', () => {
    const preview = (content: object) => provider.fields.serviceAccountKey?.preview?.(JSON.stringify(content)) ?? '';
    const shown = preview(key);
    for (const name of ['type', 'project_id', 'private_key_id', 'client_email', 'client_id', 'token_uri'] as const) {
      expect(shown).toContain(key[name]);
    }
    expect(shown).toContain('"private_key": "•••"');
    expect(shown).not.toContain('PRIVATE KEY');
    const user = preview({ type: 'authorized_user', client_secret: 'canary-1', refresh_token: 'canary-2' });
    expect(user).not.toContain('canary');
    expect(preview({ installed: { client_secret: 'canary', list: ['canary'] } })).not.toContain('canary');
    expect(provider.fields.serviceAccountKey?.preview?.('no json canary')).toBe('');
  });
});

function otherKey(): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
