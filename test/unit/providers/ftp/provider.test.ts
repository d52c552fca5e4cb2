import { FTPError } from 'basic-ftp';
import { describe, expect, test } from 'vitest';
import { emptyDraft, parseDraft, withValue } from '../../../../src/core/drafts.ts';
import { StorageError } from '../../../../src/core/errors.ts';
import type { Draft } from '../../../../src/core/fields.ts';
import { fileEntry } from '../../../../src/providers/_shared/files.ts';
import { toFtpError } from '../../../../src/providers/ftp/errors.ts';
import { refusePath } from '../../../../src/providers/ftp/names.ts';
import ftp from '../../../../src/providers/ftp/provider.ts';

const draft = (change: Draft = {}): Draft => ({
  ...emptyDraft(ftp.fields),
  host: 'ftp.example.com',
  username: 'ann',
  ...change,
});
const settings = (change: Draft = {}) => parseDraft(ftp.fields, draft(change)).settings;
const errors = (change: Draft) =>
  parseDraft(ftp.fields, draft(change)).issues.flatMap(({ field, severity }) => (severity === 'error' ? [field] : []));

test('the password may be empty, and the port follows the choice of TLS unless another was entered', () => {
  expect(errors({ username: 'anonymous' })).toEqual([]);
  const implicit = withValue(ftp.fields, draft(), 'tls', 'implicit');
  expect(implicit.port).toBe(990);
  expect(withValue(ftp.fields, implicit, 'tls', 'try').port).toBe(21);
  expect(withValue(ftp.fields, draft({ port: 2121 }), 'tls', 'implicit').port).toBe(2121);
});

test.each<[string, Draft]>([
  ['connections', { connections: 0 }],
  ['connections', { connections: 17 }],
  ['port', { port: 70_000 }],
  ['host', { host: 'ftp://ftp.example.com' }],
  ['password', { password: 'a\r\nDELE x' }],
])('%s is refused: %o', (field, change) => {
  expect(errors(change)).toEqual([field]);
});

test('a password for an encrypted connection is never sent over one that need not be', () => {
  const origins = ['try', 'required', 'implicit', 'off'].map((tls) => ftp.origin(settings({ tls })));
  expect(origins).toEqual([
    'ftp://ftp.example.com:21',
    'ftpes://ftp.example.com:21',
    'ftps://ftp.example.com:21',
    'ftp://ftp.example.com:21',
  ]);
});

test('warns of what is less than safe', () => {
  expect(ftp.warn(settings())).toBeUndefined();
  expect(ftp.warn(settings({ tls: 'off' }))).toContain('password');
  expect(ftp.warn(settings({ verifyCertificate: false }))).toContain('certificate');
});

test('a URL says an odd path so that it can be read back', () => {
  const entry = fileEntry('object', '/a b/ü#?;type=a');
  expect(ftp.urlOf(entry, settings())).toBe('ftp://ann@ftp.example.com/a%20b/%C3%BC%23%3F%3Btype%3Da');
  expect(ftp.urlOf(entry, settings({ tls: 'implicit', port: 990 }))).toMatch(/^ftps:\/\/ann@ftp\.example\.com\/a/);
});

describe('names', () => {
  test.each(['/a/b', '/ é', '/日本', '/ÿ'])('UTF-8 carries %j', (path) => {
    expect(refusePath(path, 'utf8')).toBeUndefined();
  });
  test.each(['/a\rb', '/a\nb', '/a\0b', '/a\ufffdb'])('no encoding carries %j', (path) => {
    expect(refusePath(path, 'utf8')?.kind).toBe('unsupported');
    expect(refusePath(path, 'latin1')?.kind).toBe('unsupported');
  });
  test.each(['/€', '/ÿ', '/日', '/\u{1f600}'])('Latin-1 does not carry %j', (path) => {
    expect(refusePath(path, 'latin1')?.kind).toBe('unsupported');
  });
  test('Latin-1 carries its own', () => {
    expect(refusePath('/café þ', 'latin1')).toBeUndefined();
  });
});

test.each([
  [421, 'unreachable'],
  [425, 'unreachable'],
  [426, 'unreachable'],
  [450, 'rate-limited'],
  [451, 'unexpected'],
  [500, 'unsupported'],
  [502, 'unsupported'],
  [522, 'untrusted-server'],
  [530, 'unauthenticated'],
  [550, 'forbidden'],
  [553, 'unsupported'],
  [599, 'unexpected'],
])('the reply %i means %s, whatever its text says', (code, kind) => {
  const server = new URL('ftp://ftp.example.com:21');
  const error = toFtpError(
    new FTPError({ code, message: `${code} No such file` }),
    { server },
    new AbortController().signal,
  );
  expect(error).toBeInstanceOf(StorageError);
  expect([error.kind, error.message.includes('No such file')]).toEqual([kind, false]);
});
