import { Storage } from '@google-cloud/storage';
import { type AuthClient, type CredentialBody, GoogleAuth, JWT, OAuth2Client } from 'google-auth-library';
import { StorageError } from '../../core/errors.ts';
import type { Connection } from '../../core/provider.ts';
import type { StorageClient } from '../../core/storageClient.ts';
import { prefixOf } from '../_shared/entries.ts';
import type { Fetch } from '../_shared/fetch.ts';
import { GcsConnection, type Identity, type Sent } from './connection.ts';
import { innermost, tokenError } from './identity.ts';
import { parseServiceAccountKey, type ServiceAccountKey } from './serviceAccountKey.ts';
import { GcsStorageClient } from './storage.ts';
import { serverOf } from './urls.ts';

interface Settings {
  readonly project: string;
  readonly applicationDefault: boolean;
  readonly bucket: string;
  readonly subfolder: string;
  readonly endpoint: string;
  readonly verifyCertificate: boolean;
  readonly caBundle: string;
}

interface Secrets {
  readonly serviceAccountKey: string;
}

/** Opens Google Cloud Storage, signed in with a key or with what this machine has. */
export function openClient({ settings, secrets, ...surroundings }: Connection<Settings, Secrets>): StorageClient {
  const { applicationDefault, bucket, subfolder, endpoint, ...options } = settings;
  const server = serverOf(endpoint);
  const learn = surroundings.learn ?? (() => undefined);
  const loginWith = (fetch: Fetch) => () =>
    applicationDefault
      ? loginOfMachine(fetch)
      : loginOfKey(parseServiceAccountKey(secrets.serviceAccountKey, server), fetch, learn);
  const start = { container: bucket, prefix: prefixOf(subfolder) };
  return new GcsStorageClient(
    new GcsConnection(
      { ...options, server, start },
      surroundings,
      (fetch) => new GoogleIdentity(loginWith(fetch), server, learn),
    ),
  );
}

type Learn = (secrets: readonly string[]) => void;

interface Login {
  readonly auth: GoogleAuth;
  /** Where tokens are got. */
  readonly tokens: URL;
}

const scopes = ['https://www.googleapis.com/auth/devstorage.full_control'];

/** The library asks here for tokens, whatever a key file says. */
const googleTokens = new URL('https://oauth2.googleapis.com/token');

/** Without the library's marks of itself in each request, and without its log. */
const clientOptions = (fetchImplementation: Fetch) => ({
  transporterOptions: { fetchImplementation },
  useAuthRequestParameters: false,
});

function loginOfKey(key: ServiceAccountKey, fetch: Fetch, learn: Learn): Login {
  const { email, privateKey, privateKeyId, project, tokenUri } = key;
  const tokens = tokenUri === undefined ? googleTokens : new URL(tokenUri);
  const atTokens: Fetch = (input, init) => fetch(String(input) === googleTokens.href ? tokens : input, init);
  learn([privateKey]);
  const client = new JWT({
    email,
    key: privateKey,
    scopes,
    ...(privateKeyId === undefined ? {} : { keyId: privateKeyId }),
    ...(tokenUri === undefined ? {} : { additionalClaims: { aud: tokenUri } }),
    ...clientOptions(atTokens),
  });
  return { auth: new LocalAuth({ authClient: client, projectId: project ?? unnamedProject }), tokens };
}

function loginOfMachine(fetch: Fetch): Login {
  const auth = new LocalAuth({ scopes, projectId: unnamedProject, clientOptions: clientOptions(fetch) });
  return { auth, tokens: googleTokens };
}

/** Given, so that the library doesn't go looking: it would run gcloud and ask for a metadata server. */
const unnamedProject = '-';

/** Tells who signs without asking a metadata server. */
class LocalAuth extends GoogleAuth {
  override getCredentials(): Promise<CredentialBody>;
  override getCredentials(callback: Parameters<GoogleAuth['getCredentials']>[0]): void;
  override async getCredentials(): Promise<CredentialBody> {
    const client = await this.getClient();
    return client instanceof JWT && client.email !== undefined ? { client_email: client.email } : {};
  }
}

interface Found {
  readonly storage: Storage;
  readonly client: AuthClient;
  readonly tokens: URL;
}

class GoogleIdentity implements Identity {
  readonly #login: () => Login;
  readonly #server: URL;
  readonly #learn: Learn;
  #finding: Promise<Found> | undefined;

  constructor(login: () => Login, server: URL, learn: Learn) {
    this.#login = login;
    this.#server = server;
    this.#learn = learn;
  }

  async signIn(): Promise<string | undefined> {
    const { client, tokens } = await this.#found();
    try {
      await client.getAccessToken();
    } catch (error) {
      throw tokenError(error, tokens, !(client instanceof JWT));
    }
    return client instanceof JWT ? client.email : undefined;
  }

  async send(url: URL, { body, ...sent }: Sent): Promise<Response> {
    await this.signIn();
    const { storage } = await this.#found();
    try {
      return await storage.authClient.request({
        ...sent,
        url,
        ...(body === undefined ? {} : { data: body }),
        responseType: 'stream',
        validateStatus: () => true,
      });
    } catch (error) {
      throw innermost(error);
    }
  }

  async forget(): Promise<void> {
    const { client } = await this.#found();
    client.setCredentials({ ...client.credentials, expiry_date: 1 });
  }

  async project(): Promise<string | undefined> {
    const { GOOGLE_CLOUD_PROJECT, GCLOUD_PROJECT } = process.env;
    const { storage, client } = await this.#found();
    const named = await storage.authClient.getProjectId();
    const own = named === unnamedProject ? client.projectId : named;
    return own || client.quotaProjectId || GOOGLE_CLOUD_PROJECT || GCLOUD_PROJECT;
  }

  async sign(bucket: string, key: string, expires: number): Promise<string> {
    const { storage, client } = await this.#found();
    if (!(client instanceof JWT)) {
      throw new StorageError('unsupported', "This machine's application default credentials can't sign a link.", {
        hint: 'A link is signed with a private key: use a service account key for it.',
      });
    }
    const [url] = await storage.bucket(bucket).file(key).getSignedUrl({ version: 'v4', action: 'read', expires });
    return url;
  }

  /** Credentials are looked for with the first request, and again when there were none. */
  async #found(): Promise<Found> {
    this.#finding ??= this.#find().catch((error: unknown) => {
      this.#finding = undefined;
      throw error;
    });
    return await this.#finding;
  }

  async #find(): Promise<Found> {
    const { auth, tokens } = this.#login();
    const client = await this.#clientOf(auth);
    if (client instanceof OAuth2Client) {
      client.on('tokens', ({ access_token }) => this.#learn(access_token ? [access_token] : []));
    }
    const apiEndpoint = this.#server.origin;
    return { storage: new Storage({ authClient: auth, apiEndpoint, projectId: unnamedProject }), client, tokens };
  }

  async #clientOf(auth: GoogleAuth): Promise<AuthClient> {
    try {
      return await auth.getClient();
    } catch (error) {
      throw new StorageError('unauthenticated', 'This machine has no application default credentials to use.', {
        hint: 'Run gcloud auth application-default login, or let GOOGLE_APPLICATION_CREDENTIALS name a key file.',
        detail: error instanceof Error ? error.message : undefined,
      });
    }
  }
}
