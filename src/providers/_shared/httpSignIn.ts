import { createHash, randomBytes } from 'node:crypto';
import { StorageError } from '../../core/errors.ts';

/** Who signs in to a web server: nobody, a user with a password, or whoever holds a token. */
export type Signer =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'user'; readonly username: string; readonly password: string }
  | { readonly kind: 'token'; readonly token: string };

/** What a signature covers. */
export interface Signed {
  readonly method: string;
  /** Path and query as they stand in the request line. */
  readonly target: string;
}

/**
 * Signs requests in the way that the server asked for: by Digest (RFC 7616) where it offers that, else by Basic (RFC 7617).
 * A user is not named before the server has asked; from then on each request is signed at once. A token goes with every request.
 */
export class HttpSignIn {
  readonly #signer: Signer;
  #way: 'none' | 'basic' | DigestSession = 'none';

  constructor(signer: Signer) {
    this.#signer = signer;
  }

  /** The headers that sign a request. */
  headers(signed: Signed): Readonly<Record<string, string>> {
    const signer = this.#signer;
    if (signer.kind === 'nobody') return {};
    if (signer.kind === 'token') return { authorization: `Bearer ${signer.token}` };
    if (this.#way === 'none') return {};
    if (this.#way === 'basic') return { authorization: basicHeader(signer) };
    return { authorization: this.#way.header(signed) };
  }

  /**
   * Learns from an answer with status 401; tells whether the request may be sent once more, signed another way.
   * @param sent the headers that signed it
   */
  challenged(header: string | undefined, sent: Readonly<Record<string, string>>): boolean {
    const signer = this.#signer;
    if (signer.kind !== 'user') return false;
    const challenges = parseChallenges(header ?? '');
    const digest = strongestDigest(challenges);
    if (digest) {
      // The same nonce refused for anything but its age means that the password is wrong.
      const refused = sent.authorization?.startsWith('Digest ') && !/^true$/i.test(digest.params.stale ?? '');
      if (!refused) this.#way = new DigestSession(digest, signer);
      return !refused;
    }
    if (!challenges.some(({ scheme }) => scheme === 'basic')) return false;
    this.#way = 'basic';
    return sent.authorization === undefined;
  }
}

/** The ways of signing in that a server names in an answer with status 401, in lower case. */
export function schemesOf(header: string | undefined): readonly string[] {
  return [...new Set(parseChallenges(header ?? '').map(({ scheme }) => scheme))];
}

interface Challenge {
  readonly scheme: string;
  readonly params: Readonly<Record<string, string>>;
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1 */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: { scheme: string; params: Record<string, string> }[] = [];
  const part = /[\s,]*([\w!#$%&'*+.^`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]*)))?/y;
  for (let match = part.exec(header); match; match = part.exec(header)) {
    const [, name = '', quoted, plain] = match;
    const value = quoted?.replace(/\\(.)/g, '$1') ?? plain;
    if (value === undefined) challenges.push({ scheme: name.toLowerCase(), params: Object.create(null) });
    else {
      const params = challenges.at(-1)?.params;
      if (params) params[name.toLowerCase()] = value;
    }
  }
  return challenges;
}

/** Hashes by the names of the protocol, the strongest first. */
const algorithms: Readonly<Record<string, string>> = {
  'SHA-512-256': 'sha512-256',
  'SHA-256': 'sha256',
  MD5: 'md5',
};

function hashOf({ params }: Challenge): string | undefined {
  return algorithms[(params.algorithm ?? 'MD5').toUpperCase().replace(/-SESS$/, '')];
}

function strongestDigest(challenges: readonly Challenge[]): Challenge | undefined {
  const usable = challenges.filter(
    ({ scheme, params }) =>
      scheme === 'digest' && params.nonce !== undefined && (params.qop === undefined || offersAuth(params.qop)),
  );
  for (const hash of Object.values(algorithms)) {
    const found = usable.find((challenge) => hashOf(challenge) === hash);
    if (found) return found;
  }
  return undefined;
}

function offersAuth(qop: string): boolean {
  return qop.split(',').some((each) => each.trim().toLowerCase() === 'auth');
}

/** The requests that are signed with one nonce, counted. https://www.rfc-editor.org/rfc/rfc7616#section-3.4 */
class DigestSession {
  readonly #challenge: Challenge;
  readonly #hash: string;
  readonly #cnonce = randomBytes(16).toString('hex');
  readonly #secret: string;
  readonly #user: string;
  #count = 0;

  constructor(challenge: Challenge, { username, password }: { username: string; password: string }) {
    this.#challenge = challenge;
    this.#hash = hashOf(challenge) ?? 'md5';
    const { realm = '', nonce = '', algorithm = '', userhash = '', charset = '' } = challenge.params;
    const secret = this.#digest(`${username}:${realm}:${password}`);
    this.#secret = /-sess$/i.test(algorithm) ? this.#digest(`${secret}:${nonce}:${this.#cnonce}`) : secret;
    if (/^true$/i.test(userhash))
      this.#user = `username=${quoted(this.#digest(`${username}:${realm}`))}, userhash=true`;
    else if (/^utf-8$/i.test(charset) && /[^\x20-\x7e]/.test(username)) {
      this.#user = `username*=UTF-8''${encodeURIComponent(username).replace(/['()*]/g, percent)}`;
    } else this.#user = `username=${quoted(username)}`;
  }

  header({ method, target }: Signed): string {
    const { realm = '', nonce = '', opaque, algorithm, qop } = this.#challenge.params;
    const count = (++this.#count).toString(16).padStart(8, '0');
    const asked = this.#digest(`${method}:${target}`);
    const counted = qop === undefined ? '' : `${count}:${this.#cnonce}:auth:`;
    const parts = [
      this.#user,
      `realm=${quoted(realm)}`,
      `nonce=${quoted(nonce)}`,
      `uri=${quoted(target)}`,
      `response="${this.#digest(`${this.#secret}:${nonce}:${counted}${asked}`)}"`,
      ...(algorithm === undefined ? [] : [`algorithm=${algorithm}`]),
      ...(qop === undefined ? [] : ['qop=auth', `nc=${count}`, `cnonce="${this.#cnonce}"`]),
      ...(opaque === undefined ? [] : [`opaque=${quoted(opaque)}`]),
    ];
    return `Digest ${parts.join(', ')}`;
  }

  #digest(text: string): string {
    return createHash(this.#hash).update(text, 'utf8').digest('hex');
  }
}

function basicHeader({ username, password }: { username: string; password: string }): string {
  if (username.includes(':')) {
    throw new StorageError('invalid-settings', 'This server can not be told a user name with a colon in it.');
  }
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

/** A quoted text whose characters beyond ASCII go out as the bytes of UTF-8. */
function quoted(text: string): string {
  return `"${Buffer.from(text.replace(/["\\]/g, '\\$&'), 'utf8').toString('latin1')}"`;
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
