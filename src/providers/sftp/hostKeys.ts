import { createHash, createHmac } from 'node:crypto';
import { StorageError } from '../../core/errors.ts';
import { serverAddress } from '../_shared/hostFields.ts';

/** What a server shows of itself before anyone signs in. */
export interface HostKey {
  /** As SSH names it, for example ssh-ed25519. */
  readonly type: string;
  /** Its public part, in base64. */
  readonly blob: string;
}

/** A server, as its key is looked up. */
export interface Host {
  readonly host: string;
  readonly port: number;
}

/** One line of known_hosts that speaks of a host. */
interface KnownKey extends HostKey {
  readonly revoked: boolean;
}

/** A key as it comes over the wire (RFC 4253, 6.6): its type is its first string. */
export function hostKeyOf(wire: Buffer): HostKey {
  const length = wire.length < 4 ? 0 : wire.readUInt32BE(0);
  return { type: wire.toString('latin1', 4, 4 + length), blob: wire.toString('base64') };
}

/** How people compare keys: the type, and SHA256: with the hash in base64. */
export function fingerprintOf({ type, blob }: HostKey): string {
  const hash = createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64').replace(/=+$/, '');
  return `${type} SHA256:${hash}`;
}

/** What is to be thought of a server with a key. */
export type Verdict = 'good' | 'unknown' | 'changed' | 'revoked';

/**
 * @param accepted the fingerprint in the credential; '' where known_hosts decides
 * @param knownHosts the content of known_hosts files (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT)
 */
export function judgeHostKey(key: HostKey, host: Host, accepted: string, knownHosts: string): Verdict {
  const known = keysOf(host, knownHosts);
  if (known.some(({ blob, revoked }) => revoked && blob === key.blob)) return 'revoked';
  const fingerprint = fingerprintOf(key);
  if (accepted !== '') return fingerprint === accepted || fingerprint.endsWith(` ${accepted}`) ? 'good' : 'changed';
  const good = known.filter(({ revoked }) => !revoked);
  if (good.length === 0) return 'unknown';
  return good.some(({ blob }) => blob === key.blob) ? 'good' : 'changed';
}

/** Why nobody signs in to a server with this key. */
export function refuseHostKey(verdict: Exclude<Verdict, 'good'>, key: HostKey, host: Host): StorageError {
  const [sentence, hint] = refusals[verdict];
  const fingerprint = fingerprintOf(key);
  const about = verdict === 'unknown' ? fingerprint : serverAddress(host, 22);
  return new StorageError('untrusted-server', `${sentence}: ${about}`, { hint, detail: fingerprint });
}

const refusals = {
  revoked: ['The key of this server was revoked', 'Do not sign in. Ask its operator.'],
  changed: [
    "The server's key is another one than before",
    'Someone may pose as the server. Ask its operator; only if the key was changed on purpose, enter the new one as Host key.',
  ],
  unknown: [
    "This server's key is not known yet",
    'If its operator names the same fingerprint, enter it as Host key (Fetch Host Key does), and try again.',
  ],
} as const;

/** The types of keys by which a server is known, so that it is asked for one of these. */
export function knownTypes(host: Host, accepted: string, knownHosts: string): readonly string[] {
  if (accepted !== '') return accepted.includes(' ') ? [accepted.split(' ')[0] ?? ''] : [];
  return keysOf(host, knownHosts).flatMap(({ type, revoked }) => (revoked ? [] : [type]));
}

/** What known_hosts says of a host. Authorities (@cert-authority) vouch for certificates, which are not asked for here. */
function keysOf(host: Host, knownHosts: string): readonly KnownKey[] {
  const name = host.host.replace(/^\[|\]$/g, '').toLowerCase();
  const looked = host.port === 22 ? name : `[${name}]:${host.port}`;
  return knownHosts.split(/\r?\n/).flatMap((line): KnownKey[] => {
    const words = line.trim().split(/\s+/);
    const marker = words[0]?.startsWith('@') ? words.shift() : undefined;
    const [patterns = '', type = '', blob = ''] = words;
    if (patterns === '' || patterns.startsWith('#') || blob === '') return [];
    if (marker !== undefined && marker !== '@revoked') return [];
    return matches(looked, patterns) ? [{ type, blob, revoked: marker !== undefined }] : [];
  });
}

function matches(name: string, patterns: string): boolean {
  if (patterns.startsWith('|')) return matchesHash(name, patterns);
  const all = patterns.toLowerCase().split(',');
  const hit = (pattern: string) => wildcard(pattern).test(name);
  return (
    all.some((pattern) => hit(pattern)) && !all.some((pattern) => pattern.startsWith('!') && hit(pattern.slice(1)))
  );
}

/** `|1|salt|HMAC-SHA1 of the name` */
function matchesHash(name: string, pattern: string): boolean {
  const [, version, salt = '', hash = ''] = pattern.split('|');
  if (version !== '1') return false;
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
}

function wildcard(pattern: string): RegExp {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${escaped}$`);
}
