import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  freePorts,
  requireCommands,
  runCommand,
  type ServerProcess,
  startProcess,
  temporaryFolder,
  waitUntil,
} from './serverProcess.ts';
import { memoryFolder, type Swift, startSwiftProxy } from './swift.ts';

/** A user of a Keystone, in its default domain. */
export interface KeystoneUser {
  readonly name: string;
  readonly password: string;
}

/** A running identity service of version 3, and a proxy of a Swift that asks it who is who. */
export interface Keystone {
  /** `http://127.0.0.1:port/v3` */
  readonly authUrl: string;
  /** `http://127.0.0.1:port`, of the proxy. */
  readonly endpoint: string;
  /** The path of the project's account there. */
  readonly account: string;
  readonly region: string;
  readonly project: { readonly name: string; readonly id: string };
  /** May do everything in the project. */
  readonly user: KeystoneUser & { readonly id: string };
  /** Belongs to the project and may do nothing. */
  readonly stranger: KeystoneUser;
  /** Of the user, for the project. */
  readonly applicationCredential: { readonly id: string; readonly name: string; readonly secret: string };
  /** Gets a token for the project. */
  token(): Promise<string>;
  /** Makes a token worth nothing, as soon as the proxy's memcached has forgotten it. */
  revoke(token: string): Promise<void>;
  stop(): Promise<void>;
}

const commands = ['keystone-manage', 'keystone-wsgi-public'];
const region = 'RegionOne';

/** Starts an identity service in front of a Swift's rings; throws ServerUnavailable where it can't be installed. */
export async function startKeystone({
  folder: rings,
  memcached,
}: Pick<Swift, 'folder' | 'memcached'>): Promise<Keystone> {
  await requireCommands('Keystone', commands, ['keystone', 'python3-keystonemiddleware']);
  const folder = await temporaryFolder('keystone', await memoryFolder());
  const running: ServerProcess[] = [];
  const stop = async () => {
    await Promise.all(running.map((server) => server.stop()));
    await folder.remove();
  };
  try {
    const [port = 0, proxy = 0] = await freePorts(2);
    const password = randomBytes(16).toString('hex');
    const origin = `http://127.0.0.1:${port}`;
    const config = await prepare(folder.path, origin, password);
    const logFile = join(folder.path, 'keystone.out');
    const environment = { OS_KEYSTONE_CONFIG_FILES: config };
    running.push(
      startProcess('keystone-wsgi-public', ['--host', '127.0.0.1', '--port', String(port)], {
        logFile,
        env: environment,
      }),
    );
    await waitUntil('Keystone to answer', 60_000, () => answers(`${origin}/v3`, running));
    const authUrl = `${origin}/v3`;
    const admin = new Admin(authUrl, password);
    const endpoint = `http://127.0.0.1:${proxy}`;
    const known = await populate(admin, endpoint);
    const layout = { folder: rings, memcached, port: proxy, auth: keystoneAuth(authUrl, password, memcached) };
    running.push(await startSwiftProxy(layout));
    await waitUntil('Swift to answer', 60_000, () => answers(`${endpoint}/info`, running));
    const account = `/v1/AUTH_${known.project.id}`;
    return {
      ...{ authUrl, endpoint, account, region, ...known, stop },
      token: () => tokenFor(authUrl, known.user, known.project),
      revoke: (token) =>
        admin.send('DELETE', '/auth/tokens', undefined, { 'x-subject-token': token }).then(() => undefined),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** An empty identity service with one administrator. Gives its file of settings. */
async function prepare(folder: string, origin: string, password: string): Promise<string> {
  const config = join(folder, 'keystone.conf');
  const keys = join(folder, 'fernet');
  const credentials = join(folder, 'credentials');
  await Promise.all([mkdir(keys, { mode: 0o700 }), mkdir(credentials, { mode: 0o700 })]);
  await writeFile(
    config,
    `[DEFAULT]
log_dir =
[database]
connection = sqlite:///${join(folder, 'keystone.db')}
[fernet_tokens]
key_repository = ${keys}
[credential]
key_repository = ${credentials}
[token]
provider = fernet
[cache]
enabled = false
[security_compliance]
password_hash_rounds = 4
[identity]
password_hash_rounds = 4
`,
  );
  const { username } = userInfo();
  const manage = (...args: string[]) => runCommand('keystone-manage', ['--config-file', config, ...args]);
  const owner = ['--keystone-user', username, '--keystone-group', username];
  await Promise.all([manage('fernet_setup', ...owner), manage('credential_setup', ...owner), manage('db_sync')]);
  readWhileWriting(join(folder, 'keystone.db'));
  const urls = ['public', 'internal', 'admin'].flatMap((type) => [`--bootstrap-${type}-url`, `${origin}/v3`]);
  const environment = { OS_BOOTSTRAP_PASSWORD: password };
  const bootstrap = ['--config-file', config, 'bootstrap', '--bootstrap-region-id', region, ...urls];
  await runCommand('keystone-manage', bootstrap, environment);
  return config;
}

/** One request may read by one connection and write by another, which SQLite takes for a lock otherwise. */
function readWhileWriting(file: string): void {
  const database = new DatabaseSync(file);
  database.exec('PRAGMA journal_mode = WAL');
  database.close();
}

/** Speaks as the administrator: https://docs.openstack.org/api-ref/identity/v3/ */
class Admin {
  readonly authUrl: string;
  readonly #user: KeystoneUser;
  #token: Promise<string> | undefined;

  constructor(authUrl: string, password: string) {
    this.authUrl = authUrl;
    this.#user = { name: 'admin', password };
  }

  async send(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Response> {
    this.#token ??= tokenFor(this.authUrl, this.#user, { name: 'admin' });
    const answer = await fetch(`${this.authUrl}${path}`, {
      method,
      headers: { 'x-auth-token': await this.#token, 'content-type': 'application/json', ...headers },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (answer.ok) return answer;
    throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  }

  /** Makes something of a kind, whose path is its plural; gives its id. */
  async create(kind: string, facts: object): Promise<string> {
    const answer = await this.send('POST', `/${kind}s`, { [kind]: facts });
    return ((await answer.json()) as Record<string, { id: string }>)[kind]?.id ?? '';
  }

  async roleId(name: string): Promise<string> {
    const { roles } = (await (await this.send('GET', `/roles?name=${name}`)).json()) as { roles: { id: string }[] };
    return roles[0]?.id ?? '';
  }
}

/** One project with its object storage, one user who may, one who may not. */
async function populate(admin: Admin, swift: string) {
  const service = await admin.create('service', { type: 'object-store', name: 'swift' });
  for (const type of ['public', 'internal', 'admin']) {
    const url = `${swift}/v1/AUTH_%(project_id)s`;
    await admin.create('endpoint', { service_id: service, interface: type, region_id: region, url });
  }
  const projectId = await admin.create('project', { name: 'alpha', domain_id: 'default' });
  const make = async (name: string, role: string) => {
    const password = randomBytes(16).toString('hex');
    const id = await admin.create('user', { name, password, domain_id: 'default' });
    await admin.send('PUT', `/projects/${projectId}/users/${id}/roles/${await admin.roleId(role)}`);
    return { id, name, password };
  };
  const user = await make('owner', 'member');
  const stranger = await make('stranger', 'reader');
  const project = { name: 'alpha', id: projectId };
  return { project, user, stranger, applicationCredential: await makeCredential(admin, user, project) };
}

async function makeCredential(admin: Admin, user: KeystoneUser & { id: string }, project: { name: string }) {
  const name = 'extension';
  const secret = randomBytes(24).toString('hex');
  const headers = { 'x-auth-token': await tokenFor(admin.authUrl, user, project) };
  const body = { application_credential: { name, secret } };
  const answer = await admin.send('POST', `/users/${user.id}/application_credentials`, body, headers);
  const made = (await answer.json()) as { application_credential: { id: string } };
  return { id: made.application_credential.id, name, secret };
}

async function tokenFor(authUrl: string, { name, password }: KeystoneUser, project: { name: string }): Promise<string> {
  const domain = { id: 'default' };
  const auth = {
    identity: { methods: ['password'], password: { user: { name, password, domain } } },
    scope: { project: { name: project.name, domain } },
  };
  const answer = await fetch(`${authUrl}/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth }),
  });
  const token = answer.headers.get('x-subject-token');
  if (token === null) throw new Error(`Keystone gave no token: ${answer.status} ${await answer.text()}`);
  return token;
}

function keystoneAuth(authUrl: string, password: string, memcached: number) {
  return {
    authtoken: `paste.filter_factory = keystonemiddleware.auth_token:filter_factory
www_authenticate_uri = ${authUrl}
auth_url = ${authUrl}
auth_type = password
project_domain_id = default
user_domain_id = default
project_name = admin
username = admin
password = ${password}
delay_auth_decision = True
memcached_servers = 127.0.0.1:${memcached}`,
    keystoneauth: 'use = egg:swift#keystoneauth\noperator_roles = admin, member',
  };
}

async function answers(url: string, running: readonly ServerProcess[]): Promise<boolean> {
  for (const server of running) await server.assertRunning();
  return await fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}
