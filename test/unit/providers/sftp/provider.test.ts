import { describe, expect, it } from 'vitest';
import { parseDraft } from '../../../../src/core/drafts.ts';
import { fileEntry } from '../../../../src/providers/_shared/files.ts';
import sftp from '../../../../src/providers/sftp/provider.ts';

const draft = { host: 'sftp.example.com', username: 'me', password: 'secret' };

describe('SFTP', () => {
  it.each(['sftp.example.com', '192.0.2.1', '::1', '[::1]', 'host_1'])('takes a host: %s', (host) => {
    expect(parseDraft(sftp.fields, { ...draft, host }).issues).toEqual([]);
  });

  it.each(['sftp://host', 'host:22', 'me@host', 'host/path', 'ho st', 'host?', '[host]'])(
    'takes no more than a host: %s',
    (host) => {
      expect(parseDraft(sftp.fields, { ...draft, host }).issues).toMatchObject([{ field: 'host' }]);
    },
  );

  it('uses port 22 where none is given', () => {
    expect(sftp.origin({ host: 'Host' })).toBe('sftp://host:22');
    expect(sftp.describe({ ...draft, port: 2222, basePath: '/data' })).toBe('me@sftp.example.com:2222 · /data');
    expect(sftp.urlOf(fileEntry('object', '/a b/ü'), { ...draft, host: '::1' })).toBe('sftp://me@[::1]/a%20b/%C3%BC');
  });

  it('keeps no key where a password was chosen, and asks for what is needed', () => {
    const { secrets } = parseDraft(sftp.fields, { ...draft, privateKey: 'key', passphrase: 'p' });
    expect(secrets).toEqual({ password: 'secret' });
    const missing = (change: object) => parseDraft(sftp.fields, { ...draft, password: '', ...change }).issues;
    expect(missing({})).toMatchObject([{ field: 'password' }]);
    expect(missing({ signIn: 'key' })).toMatchObject([{ field: 'privateKey' }]);
    expect(missing({ signIn: 'agent' })).toEqual([]);
  });

  it('takes a fingerprint, with or without the type of its key', () => {
    const hash = `SHA256:${'a'.repeat(43)}`;
    const issues = (hostKey: string) => parseDraft(sftp.fields, { ...draft, hostKey }).issues;
    expect([issues(hash), issues(`ssh-ed25519 ${hash}`)]).toEqual([[], []]);
    for (const wrong of ['MD5:aa:bb', hash.slice(1), `${hash}=`]) {
      expect(issues(wrong)).toMatchObject([{ field: 'hostKey' }]);
    }
  });
});
