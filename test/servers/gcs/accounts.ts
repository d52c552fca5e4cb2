import { generateKeyPairSync, type KeyObject, randomBytes, randomUUID, verify } from 'node:crypto';
import { type Answer, json } from './answers.ts';

/** The permissions that the simulator knows, as IAM names them. */
export const permissions = [
  'storage.buckets.list',
  'storage.buckets.create',
  'storage.buckets.delete',
  'storage.buckets.get',
  'storage.buckets.update',
  'storage.objects.list',
  'storage.objects.get',
  'storage.objects.create',
  'storage.objects.delete',
] as const;

export type Permission = (typeof permissions)[number];

/** A service account, with what it may do; everything unless said otherwise. */
export interface Account {
  readonly email: string;
  readonly publicKey: KeyObject;
  may(permission: Permission, bucket?: string): boolean;
}

/** A service account and the file that Google would give out for it. */
export interface NewAccount {
  readonly account: Account;
  readonly key: ServiceAccountKey;
}

export interface ServiceAccountKey {
  readonly type: 'service_account';
  readonly project_id: string;
  readonly private_key_id: string;
  readonly private_key: string;
  readonly client_email: string;
  readonly client_id: string;
  readonly auth_uri: string;
  readonly token_uri: string;
  readonly universe_domain: string;
}

/** A user who signed in with gcloud: the file of application default credentials holds a refresh token. */
export interface User {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly refreshToken: string;
  readonly account: Account;
}

const everything = () => true;

export function createAccount(
  name: string,
  project: string,
  tokenUri: string,
  may: Account['may'] = everything,
): NewAccount {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const email = `${name}@${project}.iam.gserviceaccount.com`;
  return {
    account: { email, publicKey, may },
    key: {
      type: 'service_account',
      project_id: project,
      private_key_id: randomBytes(20).toString('hex'),
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      client_email: email,
      client_id: String(100_000_000_000_000_000_000n + BigInt(email.length)),
      auth_uri: 'https://accounts.google.com/o/oauth2/auth',
      token_uri: tokenUri,
      universe_domain: 'googleapis.com',
    },
  };
}

interface Issued {
  readonly account: Account;
  expires: number;
}

const grantTypes = {
  assertion: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  refresh: 'refresh_token',
};
const scopes =
  /^https:\/\/www\.googleapis\.com\/auth\/(cloud-platform|devstorage\.(full_control|read_write|read_only))$/;
const skewAllowed = 300;

/**
 * The token endpoint: exchanges a signed JWT, or a user's refresh token, for an access token.
 * https://developers.google.com/identity/protocols/oauth2/service-account#httprest
 */
export class TokenEndpoint {
  /** Stands in every token, so that a search for it finds them all. */
  readonly marker = randomBytes(12).toString('hex');
  readonly accounts: Account[] = [];
  readonly users: User[] = [];
  /** Seconds that a token lives. */
  lifetime = 3600;
  /** What the endpoint takes for the time. */
  now = Date.now;
  /** How many tokens were given out. */
  issued = 0;
  readonly #tokens = new Map<string, Issued>();
  readonly #audiences: ReadonlySet<string>;

  constructor(audiences: readonly string[]) {
    this.#audiences = new Set(audiences);
  }

  /** Makes every token given out so far invalid. */
  revokeAll(): void {
    this.#tokens.clear();
  }

  accountOf(authorization: string | undefined): Account | undefined {
    const issued = this.#tokens.get(/^Bearer (\S+)$/.exec(authorization ?? '')?.[1] ?? '');
    return issued && issued.expires > Date.now() ? issued.account : undefined;
  }

  answer(body: Buffer): Answer {
    const form = new URLSearchParams(body.toString('utf8'));
    const grant = form.get('grant_type');
    if (grant === grantTypes.assertion) return this.#exchange(form.get('assertion') ?? '');
    if (grant === grantTypes.refresh) return this.#refresh(form);
    return refusal('unsupported_grant_type', `Invalid grant_type: ${grant}`);
  }

  #exchange(assertion: string): Answer {
    const [header = '', payload = '', signature = ''] = assertion.split('.');
    const claims = parse(payload);
    if (parse(header).alg !== 'RS256') return refusal('invalid_request', 'Invalid JWT: alg must be RS256.');
    const keys = this.accounts.filter(({ email }) => email === claims.iss);
    if (keys.length === 0) return refusal('invalid_grant', 'Invalid grant: account not found');
    const account = signerOf(keys, `${header}.${payload}`, Buffer.from(signature, 'base64url'));
    if (!account) return refusal('invalid_grant', 'Invalid JWT Signature.');
    if (!this.#audiences.has(String(claims.aud))) {
      return refusal('invalid_grant', 'Invalid JWT: Failed audience check.');
    }
    const [iat, exp, now] = [Number(claims.iat), Number(claims.exp), this.now() / 1000];
    if (!(iat <= now + skewAllowed && exp > now - skewAllowed && exp > iat && exp - iat <= 3600)) {
      const rule = 'Token must be a short-lived token (60 minutes) and in a reasonable timeframe.';
      return refusal('invalid_grant', `Invalid JWT: ${rule} Check your iat and exp values in the JWT claim.`);
    }
    const asked = String(claims.scope ?? '').split(' ');
    if (!asked.some((scope) => scopes.test(scope))) {
      return refusal('invalid_scope', 'Invalid OAuth scope or ID token audience provided.');
    }
    return this.#issue(account);
  }

  #refresh(form: URLSearchParams): Answer {
    const user = this.users.find(({ clientId, clientSecret, refreshToken }) =>
      [
        [clientId, 'client_id'],
        [clientSecret, 'client_secret'],
        [refreshToken, 'refresh_token'],
      ].every(([wanted, name]) => form.get(name ?? '') === wanted),
    );
    return user ? this.#issue(user.account) : refusal('invalid_grant', 'Token has been expired or revoked.');
  }

  #issue(account: Account): Answer {
    const token = `ya29.${this.marker}.${randomUUID()}`;
    this.#tokens.set(token, { account, expires: Date.now() + this.lifetime * 1000 });
    this.issued++;
    return json(200, { access_token: token, expires_in: this.lifetime, token_type: 'Bearer' });
  }
}

/** Whose key a text was signed with. An account may have several keys. */
export function signerOf(accounts: readonly Account[], text: string, signature: Buffer): Account | undefined {
  return accounts.find(({ publicKey }) => verify('RSA-SHA256', Buffer.from(text), publicKey, signature));
}

function refusal(error: string, description: string): Answer {
  return json(400, { error, error_description: description });
}

function parse(part: string): Record<string, unknown> {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>;
  } catch {
    return {};
  }
}
