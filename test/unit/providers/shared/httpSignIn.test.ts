import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { HttpSignIn, parseChallenges, schemesOf } from '../../../../src/providers/_shared/httpSignIn.ts';

const mufasa = { kind: 'user', username: 'Mufasa', password: 'Circle of Life' } as const;
const get = { method: 'GET', target: '/dir/index.html' };
const nonce = '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v';
const challenge = (rest: string) => `Digest realm="http-auth@example.org", nonce="${nonce}", ${rest}`;
const hash = (name: string, text: string) => createHash(name).update(text).digest('hex');

/** What a signed request says, by name. */
function said(signIn: HttpSignIn, request = get): Record<string, string> {
  const [{ scheme, params } = { scheme: '', params: {} }] = parseChallenges(
    signIn.headers(request).authorization ?? '',
  );
  return { scheme, ...params };
}

function asked(header: string, signer: ConstructorParameters<typeof HttpSignIn>[0] = mufasa): HttpSignIn {
  const signIn = new HttpSignIn(signer);
  expect(signIn.headers(get)).toEqual({});
  expect(signIn.challenged(header, {})).toBe(true);
  return signIn;
}

describe('signing in to a web server', () => {
  test.each([
    ['MD5', 'md5'],
    ['SHA-256', 'sha256'],
  ])('signs by Digest with %s as RFC 7616 says', (algorithm, name) => {
    const signIn = asked(
      challenge(`qop="auth, auth-int", algorithm=${algorithm}, opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`),
    );
    const first = said(signIn);
    const h = (text: string) => hash(name, text);
    const secret = h('Mufasa:http-auth@example.org:Circle of Life');
    expect(first).toMatchObject({
      scheme: 'digest',
      username: 'Mufasa',
      uri: get.target,
      qop: 'auth',
      nc: '00000001',
      algorithm,
    });
    expect(first.opaque).toBe('FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS');
    expect(first.response).toBe(h(`${secret}:${nonce}:00000001:${first.cnonce}:auth:${h('GET:/dir/index.html')}`));
    const second = said(signIn, { method: 'DELETE', target: '/a%2Fb?c' });
    expect(second).toMatchObject({ nc: '00000002', uri: '/a%2Fb?c' });
    expect(second.response).toBe(h(`${secret}:${nonce}:00000002:${second.cnonce}:auth:${h('DELETE:/a%2Fb?c')}`));
  });

  test('signs with the key of a session where the server asks for one', () => {
    const first = said(asked(challenge('qop="auth", algorithm=MD5-sess')));
    const h = (text: string) => hash('md5', text);
    const secret = h(`${h('Mufasa:http-auth@example.org:Circle of Life')}:${nonce}:${first.cnonce}`);
    expect(first.response).toBe(h(`${secret}:${nonce}:00000001:${first.cnonce}:auth:${h('GET:/dir/index.html')}`));
  });

  test('signs as old servers ask for it, without counting', () => {
    const first = said(asked(challenge('stale=false')));
    const secret = hash('md5', 'Mufasa:http-auth@example.org:Circle of Life');
    expect(first.response).toBe(hash('md5', `${secret}:${nonce}:${hash('md5', 'GET:/dir/index.html')}`));
    expect(Object.keys(first)).not.toContain('nc');
  });

  test('gives a name beyond ASCII and a hidden one as the server asks', () => {
    const jason = { kind: 'user', username: 'Jäsøn Doe', password: 'Secret, or not?' } as const;
    const header = asked(challenge('qop="auth", charset=UTF-8'), jason).headers(get).authorization;
    expect(header).toContain("username*=UTF-8''J%C3%A4s%C3%B8n%20Doe");
    const hidden = said(asked(challenge('qop="auth", algorithm=SHA-256, userhash=true'), jason));
    expect(hidden).toMatchObject({ username: hash('sha256', 'Jäsøn Doe:http-auth@example.org'), userhash: 'true' });
  });

  test('quotes what a name could end with', () => {
    const signIn = asked(challenge('qop="auth"'), { kind: 'user', username: 'a", uri="/b\\', password: 'x' });
    expect(said(signIn)).toMatchObject({ username: 'a", uri="/b\\', uri: get.target });
  });

  test('takes the strongest way that is offered', () => {
    const both = `Basic realm="x", ${challenge('qop="auth", algorithm=MD5')}, ${challenge('qop="auth", algorithm=SHA-256')}`;
    expect(said(asked(both)).algorithm).toBe('SHA-256');
    const unknown = `${challenge('qop="auth-int"')}, ${challenge('algorithm=unknown')}, Basic realm="x", charset="UTF-8"`;
    const { authorization } = asked(unknown, { kind: 'user', username: 'ü', password: 'p:ä' }).headers(get);
    expect(authorization).toBe(`Basic ${Buffer.from('ü:p:ä').toString('base64')}`);
  });

  test('signs a stale nonce anew, and gives up on a wrong password', () => {
    const signIn = asked(challenge('qop="auth"'));
    const first = signIn.headers(get);
    expect(signIn.challenged(challenge('qop="auth"'), first)).toBe(false);
    expect(signIn.challenged(`Digest realm="r", nonce="new", qop="auth", stale=true`, first)).toBe(true);
    expect(said(signIn)).toMatchObject({ nonce: 'new', nc: '00000001' });
    const basic = asked('Basic realm="x"');
    expect(basic.challenged('Basic realm="x"', basic.headers(get))).toBe(false);
  });

  test('names nobody to a server that asks for another way, or of nobody', () => {
    const signIn = new HttpSignIn(mufasa);
    expect(signIn.challenged('Negotiate YIIabc==, NTLM', {})).toBe(false);
    expect(signIn.headers(get)).toEqual({});
    expect(schemesOf('Negotiate, NTLM, negotiate')).toEqual(['negotiate', 'ntlm']);
    const nobody = new HttpSignIn({ kind: 'nobody' });
    expect(nobody.challenged('Basic realm="x"', {})).toBe(false);
    const token = new HttpSignIn({ kind: 'token', token: 't' });
    expect(token.headers(get)).toEqual({ authorization: 'Bearer t' });
    expect(token.challenged('Basic realm="x"', token.headers(get))).toBe(false);
  });
});
