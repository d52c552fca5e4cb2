import { describe, expect, test } from 'vitest';
import { readAccount } from '../../../../src/providers/b2/account.ts';

const backblaze = new URL('https://api.backblazeb2.com');
const allowed = { buckets: null, capabilities: ['listFiles'], namePrefix: null };
const storageApi = { apiUrl: 'https://api001.backblazeb2.com', downloadUrl: 'https://f001.backblazeb2.com', allowed };
const answer = (change: object = {}, who: object = {}) =>
  JSON.stringify({
    accountId: 'account',
    authorizationToken: 'token',
    apiInfo: { storageApi: { ...storageApi, ...change } },
    ...who,
  });

describe('what a sign-in answers', () => {
  test('says where calls go and what the key is for', () => {
    expect(readAccount(answer(), backblaze)).toMatchObject({ token: 'token', buckets: undefined, namePrefix: '' });
    const restricted = {
      buckets: [
        { id: '1', name: 'b' },
        { id: '2', name: null },
      ],
      capabilities: [],
      namePrefix: 'p/',
    };
    expect(readAccount(answer({ allowed: restricted }), backblaze)).toMatchObject({
      buckets: [
        { id: '1', name: 'b' },
        { id: '2', name: '' },
      ],
      namePrefix: 'p/',
    });
  });

  test.each<[string, object, object?]>([
    ['restrictions', { allowed: undefined }],
    ['buckets', { allowed: { ...allowed, buckets: undefined } }],
    ['whole buckets', { allowed: { ...allowed, buckets: [{ name: 'b' }] } }],
    ['a prefix or none', { allowed: { ...allowed, namePrefix: undefined } }],
    ['capabilities', { allowed: { ...allowed, capabilities: 'all' } }],
    ['an API', { apiUrl: undefined }],
    ['a place for content', { downloadUrl: 'none' }],
    ['a token', {}, { authorizationToken: '' }],
    ['an account', {}, { accountId: undefined }],
  ])('is not taken for a key without restrictions where it lacks %s', (_, change, who = {}) => {
    expect(() => readAccount(answer(change, who), backblaze)).toThrow(/cut off or is no Backblaze/);
  });

  test.each(['', '[]', 'null', '<html>', answer().slice(0, -2)])('must be whole: %s', (text) => {
    expect(() => readAccount(text, backblaze)).toThrow(/cut off or is no Backblaze/);
  });

  test.each([
    ['https://b2.example.com', 'http://b2.example.com'],
    ['https://b2.example.com', 'ftp://b2.example.com'],
    ['http://127.0.0.1:1', 'https://user@b2.example.com'],
    ['https://api.backblazeb2.com', 'https://b2.example.com'],
  ])('may not send tokens from %s to %s', (server, apiUrl) => {
    const read = () => readAccount(answer({ apiUrl, downloadUrl: server }), new URL(server));
    expect(read).toThrow(expect.objectContaining({ kind: 'untrusted-server' }));
  });

  test('may send tokens to another host of a service of its own, encrypted no less', () => {
    const urls = { apiUrl: 'https://one.example.com', downloadUrl: 'https://two.example.com' };
    expect(readAccount(answer(urls), new URL('https://b2.example.com')).api.host).toBe('one.example.com');
  });
});
