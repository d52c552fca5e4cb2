import { StorageError } from '../../core/errors.ts';
import type { ExactRequest } from '../_shared/exactRequest.ts';
import { chooseStorage, type Endpoints, ofCatalog2, ofCatalog3 } from './catalog.ts';
import { type Head, incomplete, signInError } from './errors.ts';
import { type Identity, identity2, identity3 } from './identities.ts';
import { type AuthVersion, noVersion, parseServer, versionOf } from './servers.ts';

/** What an account is signed in to with. Text that was not given is ''. */
export interface Login extends Identity, Endpoints {
  readonly authUrl: string;
  readonly authVersion: AuthVersion;
  readonly storageUrl: string;
}

/** What every request to the object storage is made with. */
export interface Session {
  readonly token: string;
  /** The account's URL, without a slash at its end. */
  readonly storage: URL;
}

/** An answer of an identity service, whole. */
export interface Answer extends Head {
  readonly text: string;
}

/** Sends a request to an identity service. */
export type Ask = (server: URL, request: ExactRequest) => Promise<Answer>;

/** The session that needs no sign-in: a token and where it is for. */
export function givenSession({ authToken, storageUrl }: Login): Session | undefined {
  const storage = parseServer(storageUrl);
  return storage && authToken !== '' ? { token: authToken, storage } : undefined;
}

/** Signs in and finds the account. The Storage URL that was entered goes before the one that was found. */
export async function signIn(login: Login, ask: Ask): Promise<Session> {
  const given = givenSession(login);
  if (given) return given;
  const server = parseServer(login.authUrl);
  if (!server)
    throw new StorageError('invalid-settings', 'Enter the Authentication URL, or an Auth Token and the Storage URL.');
  const version = versionOf(login.authUrl, login.authVersion);
  if (!version) throw new StorageError('invalid-settings', noVersion);
  const { token, storage } = await ways[version](login, server, ask);
  return { token, storage: parseServer(login.storageUrl) ?? found(storage(), server) };
}

/** A token, and where the object storage is: looked for only where it was not entered. */
interface Signed {
  readonly token: string;
  readonly storage: () => string;
}

type Way = (login: Login, server: URL, ask: Ask) => Promise<Signed>;

/** https://docs.openstack.org/swift/latest/overview_auth.html */
const signIn1: Way = async (login, server, ask) => {
  if (login.authToken !== '') {
    throw new StorageError('invalid-settings', 'With v1 an Auth Token is for one Storage URL: enter that too.');
  }
  if (login.user === '' || login.key === '') throw nothingEntered();
  const headers = { 'x-auth-user': headerText(login.user), 'x-auth-key': headerText(login.key) };
  const answer = await ask(server, { method: 'GET', target: server.pathname, headers });
  if (answer.status < 200 || answer.status >= 300) throw signInError(answer, server, '1');
  const token = answer.headers['x-auth-token'] ?? answer.headers['x-storage-token'];
  const storage = answer.headers['x-storage-url'];
  if (!token || !storage) throw signInError({ ...answer, status: 0 }, server, '1');
  return { token, storage: () => storage };
};

/** https://docs.openstack.org/keystone/queens/contributor/http-api.html, and Rackspace's API keys, tried first where it looks like one. */
const signIn2: Way = async (login, server, ask) => {
  const tries = identity2(login);
  for (const [index, auth] of tries.entries()) {
    const answer = await post(server, withVersion(server, 'v2', '/v2.0', '/tokens'), { auth }, ask);
    if (answer.status === 200 || answer.status === 203) {
      const { access } = parsed<{ access?: Access2 }>(answer, server);
      const token = access?.token?.id;
      if (!token) throw incomplete(server);
      return { token, storage: () => chooseStorage(ofCatalog2(access.serviceCatalog), login) };
    }
    if (index === tries.length - 1 || ![400, 401, 403].includes(answer.status)) throw signInError(answer, server, '2');
  }
  throw nothingEntered();
};

interface Access2 {
  readonly token?: { readonly id?: string };
  readonly serviceCatalog?: unknown;
}

/** https://docs.openstack.org/api-ref/identity/v3/#authentication-and-token-management */
const signIn3: Way = async (login, server, ask) => {
  const auth = identity3(login);
  if (!auth) throw nothingEntered();
  const answer = await post(server, withVersion(server, 'v3', '/v3', '/auth/tokens'), { auth }, ask);
  if (answer.status !== 201 && answer.status !== 200) throw signInError(answer, server, '3');
  const subject = answer.headers['x-subject-token'];
  const { token } = parsed<{ token?: { readonly catalog?: unknown } }>(answer, server);
  if (!subject || !token) throw incomplete(server);
  return { token: subject, storage: () => chooseStorage(ofCatalog3(token.catalog), login) };
};

const ways: Readonly<Record<'1' | '2' | '3', Way>> = { 1: signIn1, 2: signIn2, 3: signIn3 };

function post(server: URL, target: string, content: object, ask: Ask): Promise<Answer> {
  const body = Buffer.from(JSON.stringify(content));
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json',
    'content-length': String(body.length),
  };
  return ask(server, { method: 'POST', target, headers, body });
}

/** Many Authentication URLs leave the version out where it was chosen beside them. */
function withVersion({ pathname }: URL, named: string, version: string, path: string): string {
  const base = pathname.replace(/\/$/, '');
  return `${base}${base.includes(named) ? '' : version}${path}`;
}

function parsed<T extends object>({ text }: Answer, server: URL): T {
  try {
    const content: unknown = JSON.parse(text);
    if (typeof content === 'object' && content !== null) return content as T;
  } catch {
    throw incomplete(server);
  }
  throw incomplete(server);
}

/** Where a sign-in sends the token to: another host is normal, a way without TLS where the sign-in had it is not. */
function found(storage: string, server: URL): URL {
  const url = parseServer(storage);
  if (!url)
    throw new StorageError('unexpected', `The sign-in names a storage URL that is none: ${storage.slice(0, 200)}`);
  if (url.protocol === 'http:' && server.protocol === 'https:') {
    throw new StorageError(
      'untrusted-server',
      `The sign-in is encrypted, but leads to a storage that is not: ${url.origin}`,
      {
        hint: 'Enter the Storage URL with https://, or as it is, if data and token may be read on the way.',
      },
    );
  }
  return url;
}

/** A header's value as the bytes of UTF-8, which is what these servers read. */
function headerText(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function nothingEntered(): StorageError {
  return new StorageError('invalid-settings', 'There is nothing to sign in with.', {
    hint: 'Enter a user and a password, an application credential with AuthVersion v3, or an Auth Token.',
  });
}
