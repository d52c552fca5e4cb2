import { randomBytes } from 'node:crypto';
import { B2Refusal } from './answers.ts';

/** Everything that a key can be allowed. https://www.backblaze.com/docs/cloud-storage-application-key-capabilities */
export const allCapabilities = [
  'listKeys',
  'writeKeys',
  'deleteKeys',
  'listAllBucketNames',
  'listBuckets',
  'readBuckets',
  'writeBuckets',
  'deleteBuckets',
  'readBucketRetentions',
  'writeBucketRetentions',
  'readBucketEncryption',
  'writeBucketEncryption',
  'listFiles',
  'readFiles',
  'shareFiles',
  'writeFiles',
  'deleteFiles',
  'readFileLegalHolds',
  'writeFileLegalHolds',
  'readFileRetentions',
  'writeFileRetentions',
  'bypassGovernance',
] as const;

export type KeyCapability = (typeof allCapabilities)[number];

/** An application key, and what it is restricted to. */
export interface ApplicationKey {
  readonly keyId: string;
  readonly applicationKey: string;
  readonly capabilities: readonly KeyCapability[];
  /** The names of the only buckets that it is for. */
  readonly buckets?: readonly string[];
  readonly namePrefix?: string;
}

/** The keys of an account and the tokens that were given out for them. */
export class Keys {
  readonly accountId = randomBytes(6).toString('hex');
  readonly #keys: ApplicationKey[] = [];
  readonly #tokens = new Map<string, { readonly key: ApplicationKey; expired: boolean }>();
  /** Prefixes and the buckets that download tokens open. */
  readonly #downloads = new Map<string, { readonly bucket: string; readonly prefix: string; readonly until: number }>();

  add(limits: Partial<Omit<ApplicationKey, 'keyId' | 'applicationKey'>> = {}): ApplicationKey {
    const key = {
      keyId: `001${randomBytes(11).toString('hex')}`,
      applicationKey: `K001${randomBytes(20).toString('base64url')}`,
      capabilities: allCapabilities,
      ...limits,
    };
    this.#keys.push(key);
    return key;
  }

  /** The tokens given out so far. */
  get tokens(): readonly string[] {
    return [...this.#tokens.keys(), ...this.#downloads.keys()];
  }

  /** Every token is expired from now on. */
  expire(): void {
    for (const token of this.#tokens.values()) token.expired = true;
  }

  /** Every token is unknown from now on. */
  forget(): void {
    this.#tokens.clear();
  }

  signIn(header: string | undefined): { readonly key: ApplicationKey; readonly token: string } {
    const given = Buffer.from(/^Basic (.+)$/.exec(header ?? '')?.[1] ?? '', 'base64').toString();
    const key = this.#keys.find(({ keyId, applicationKey }) => given === `${keyId}:${applicationKey}`);
    if (!key) throw new B2Refusal(401, 'unauthorized', 'The applicationKeyId and/or the applicationKey are wrong.');
    const token = `4_${key.keyId}_${randomBytes(18).toString('base64url')}_acct=`;
    this.#tokens.set(token, { key, expired: false });
    return { key, token };
  }

  holderOf(token: string | undefined): ApplicationKey {
    const known = this.#tokens.get(token ?? '');
    if (!known) throw new B2Refusal(401, 'bad_auth_token', 'Invalid authorization token');
    if (known.expired) throw new B2Refusal(401, 'expired_auth_token', 'Authorization token has expired');
    return known.key;
  }

  /** https://www.backblaze.com/apidocs/b2-get-download-authorization */
  allowDownload(bucket: string, prefix: string, seconds: number): string {
    const token = `3_${randomBytes(30).toString('base64url')}_dnld=`;
    this.#downloads.set(token, { bucket, prefix, until: Date.now() + seconds * 1000 });
    return token;
  }

  opens(token: string | undefined, bucket: string, name: string): boolean {
    const known = this.#downloads.get(token ?? '');
    return known !== undefined && known.bucket === bucket && name.startsWith(known.prefix) && known.until > Date.now();
  }
}
