import { randomBytes } from 'node:crypto';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Certificate } from './certificates.ts';
import {
  freePorts,
  requireCommands,
  runCommand,
  type ServerProcess,
  startProcess,
  temporaryFolder,
  waitUntil,
} from './serverProcess.ts';

/** The name and key of one Swift user, which are the keys of its S3 interface too. */
export interface SwiftUser {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A running OpenStack Swift of one proxy and one device, with its S3 interface. */
export interface Swift {
  /** `http://127.0.0.1:port` */
  readonly endpoint: string;
  /** The only region that requests may be signed for. */
  readonly region: string;
  /** May do everything in its account. */
  readonly user: SwiftUser;
  /** Belongs to the same account and may do nothing. */
  readonly stranger: SwiftUser;
  /** The path of their account's own interface. */
  readonly account: string;
  /** The same over TLS, where a certificate was given. */
  readonly tlsEndpoint?: string;
  /** Where its rings are, for further proxies. */
  readonly folder: string;
  /** The port of the memcached that knows the tokens. */
  readonly memcached: number;
  stop(): Promise<void>;
}

const packages = [
  ...['swift', 'swift-proxy', 'swift-account', 'swift-container', 'swift-object'],
  ...['python3-keystonemiddleware', 'memcached'],
];
const commands = [
  ...['swift-ring-builder', 'swift-proxy-server', 'swift-account-server', 'swift-container-server'],
  ...['swift-object-server', 'memcached'],
];
const layers = ['account', 'container', 'object'] as const;

/** Starts a Swift with its S3 interface on free ports of 127.0.0.1; throws ServerUnavailable where it can't be installed. */
export async function startSwift({
  region = 'us-east-1',
  tls,
}: {
  region?: string;
  tls?: Certificate;
} = {}): Promise<Swift> {
  await requireCommands('OpenStack Swift', commands, packages);
  const folder = await temporaryFolder('swift', await memoryFolder());
  const running: ServerProcess[] = [];
  const stop = async () => {
    await Promise.all(running.map((server) => server.stop()));
    await folder.remove();
  };
  try {
    const users = { user: makeUser('tester'), stranger: makeUser('tester3') };
    const [proxy = 0, secure = 0, memcached = 0, ...storage] = await freePorts(6);
    const start = (command: string, args: readonly string[]) => {
      const server = startProcess(command, args, { logFile: join(folder.path, `${command}.out`), cwd: folder.path });
      running.push(server);
      return server;
    };
    await mkdir(join(folder.path, 'node', 'd1'), { recursive: true });
    await Promise.all(layers.map((layer, index) => buildRing(folder.path, layer, storage[index] ?? 0)));
    start('memcached', ['-l', '127.0.0.1', '-p', String(memcached), '-u', userInfo().username, '-m', '16']);
    for (const [index, layer] of layers.entries()) {
      const file = join(folder.path, `${layer}-server.conf`);
      await writeFile(file, renderStorage(folder.path, layer, storage[index] ?? 0));
      start(`swift-${layer}-server`, [file, '--verbose']);
    }
    const layout = { folder: folder.path, memcached, auth: tempAuth({ region, ...users }) };
    running.push(await startSwiftProxy({ ...layout, port: proxy }));
    if (tls) running.push(await startSwiftProxy({ ...layout, port: secure, tls }));
    const endpoint = `http://127.0.0.1:${proxy}`;
    await waitUntil('Swift to answer', 60_000, () => isReady(endpoint, users.user, running));
    const secureEndpoint = tls ? { tlsEndpoint: `https://127.0.0.1:${secure}` } : {};
    return {
      endpoint,
      region,
      ...users,
      account: '/v1/AUTH_test',
      ...secureEndpoint,
      folder: folder.path,
      memcached,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function makeUser(name: string): SwiftUser {
  return { accessKeyId: `test:${name}`, secretAccessKey: randomBytes(16).toString('hex') };
}

/** Where files cost no disk, if there is such a place. */
export async function memoryFolder(): Promise<string> {
  return access('/dev/shm').then(
    () => '/dev/shm',
    () => tmpdir(),
  );
}

async function buildRing(folder: string, layer: string, port: number): Promise<void> {
  const builder = join(folder, `${layer}.builder`);
  await runCommand('swift-ring-builder', [builder, 'create', '4', '1', '0']);
  await runCommand('swift-ring-builder', [builder, 'add', `r1z1-127.0.0.1:${port}/d1`, '1']);
  await runCommand('swift-ring-builder', [builder, 'rebalance']);
}

// Without workers each server is one process, which ends with this one.
function renderStorage(folder: string, layer: string, port: number): string {
  return `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
workers = 0
user = ${userInfo().username}
swift_dir = ${folder}
devices = ${join(folder, 'node')}
mount_check = false
disable_fallocate = true
[pipeline:main]
pipeline = ${layer}-server
[app:${layer}-server]
use = egg:swift#${layer}
`;
}

/** How a proxy knows who asks: the filters of its pipeline, in their order, each with its settings. Another filter's name gives that one other settings. */
export type AuthFilters = Readonly<Record<string, string>>;

/** Swift's own accounts, and its S3 interface. */
export function tempAuth({ region, user, stranger }: Pick<Swift, 'region' | 'user' | 'stranger'>): AuthFilters {
  return {
    s3api: `use = egg:swift#s3api\nlocation = ${region}\ncheck_bucket_owner = false`,
    tempauth: `use = egg:swift#tempauth
user_test_tester = ${user.secretAccessKey} .admin
user_test_tester3 = ${stranger.secretAccessKey}`,
  };
}

interface ProxyLayout {
  readonly folder: string;
  readonly port: number;
  readonly memcached: number;
  readonly auth: AuthFilters;
  readonly tls?: Certificate;
}

/** Starts a proxy in front of a Swift's rings; it is ready when it answers. */
export async function startSwiftProxy(layout: ProxyLayout): Promise<ServerProcess> {
  const { folder, port } = layout;
  const file = join(folder, `proxy-server-${port}.conf`);
  await writeFile(file, renderProxy(layout));
  const logFile = join(folder, `proxy-server-${port}.out`);
  return startProcess('swift-proxy-server', [file, '--verbose'], { logFile, cwd: folder });
}

function renderProxy({ folder, port, memcached, auth, tls }: ProxyLayout): string {
  const filters: AuthFilters = {
    catch_errors: 'use = egg:swift#catch_errors',
    gatekeeper: 'use = egg:swift#gatekeeper',
    healthcheck: 'use = egg:swift#healthcheck',
    cache: `use = egg:swift#memcache\nmemcache_servers = 127.0.0.1:${memcached}`,
    listing_formats: 'use = egg:swift#listing_formats',
    bulk: 'use = egg:swift#bulk',
    tempurl: 'use = egg:swift#tempurl',
    ...auth,
    copy: 'use = egg:swift#copy',
    slo: 'use = egg:swift#slo',
    dlo: 'use = egg:swift#dlo',
    versioned_writes: `use = egg:swift#versioned_writes
allow_versioned_writes = true
allow_object_versioning = true`,
    symlink: 'use = egg:swift#symlink',
  };
  return `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
${tls ? `cert_file = ${tls.certFile}\nkey_file = ${tls.keyFile}` : ''}
workers = 0
user = ${userInfo().username}
swift_dir = ${folder}
[pipeline:main]
pipeline = ${Object.keys(filters).join(' ')} proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
# A loaded machine is slow and not broken.
conn_timeout = 10
node_timeout = 60
error_suppression_limit = 1000000
${Object.entries(filters)
  .map(([name, settings]) => `[filter:${name}]\n${settings}\n`)
  .join('')}`;
}

/** Ready is a proxy that can sign somebody in and show the account, so that all four servers have answered. */
async function isReady(endpoint: string, user: SwiftUser, running: readonly ServerProcess[]): Promise<boolean> {
  for (const server of running) await server.assertRunning();
  try {
    const signedIn = await fetch(`${endpoint}/auth/v1.0`, {
      headers: { 'x-auth-user': user.accessKeyId, 'x-auth-key': user.secretAccessKey },
    });
    const token = signedIn.headers.get('x-auth-token') ?? '';
    const account = signedIn.headers.get('x-storage-url') ?? '';
    return signedIn.ok && (await fetch(account, { headers: { 'x-auth-token': token } })).status < 300;
  } catch {
    return false;
  }
}
