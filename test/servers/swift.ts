import { randomBytes } from 'node:crypto';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import {
  freePorts,
  requireCommands,
  runCommand,
  type ServerProcess,
  startProcess,
  temporaryFolder,
  waitUntil,
} from './serverProcess.ts';

/** The keys of one Swift user, as its S3 interface takes them. */
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
export async function startSwift({ region = 'us-east-1' }: { region?: string } = {}): Promise<Swift> {
  await requireCommands('OpenStack Swift', commands, packages);
  const folder = await temporaryFolder('swift', await memoryFolder());
  const running: ServerProcess[] = [];
  const stop = async () => {
    await Promise.all(running.map((server) => server.stop()));
    await folder.remove();
  };
  try {
    const users = { user: makeUser('tester'), stranger: makeUser('tester3') };
    const ports = await freePorts(5);
    const [proxy = 0, memcached = 0, ...storage] = ports;
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
    const file = join(folder.path, 'proxy-server.conf');
    await writeFile(file, renderProxy({ folder: folder.path, port: proxy, memcached, region, ...users }));
    start('swift-proxy-server', [file, '--verbose']);
    const endpoint = `http://127.0.0.1:${proxy}`;
    await waitUntil('Swift to answer', 60_000, () => isReady(endpoint, users.user, running));
    return { endpoint, region, ...users, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function makeUser(name: string): SwiftUser {
  return { accessKeyId: `test:${name}`, secretAccessKey: randomBytes(16).toString('hex') };
}

async function memoryFolder(): Promise<string> {
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

interface ProxyLayout extends Pick<Swift, 'region' | 'user' | 'stranger'> {
  readonly folder: string;
  readonly port: number;
  readonly memcached: number;
}

function renderProxy({ folder, port, memcached, region, user, stranger }: ProxyLayout): string {
  return `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
workers = 0
user = ${userInfo().username}
swift_dir = ${folder}
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats bulk s3api tempauth copy slo dlo versioned_writes symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = ${user.secretAccessKey} .admin
user_test_tester3 = ${stranger.secretAccessKey}
[filter:s3api]
use = egg:swift#s3api
location = ${region}
check_bucket_owner = false
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
allow_object_versioning = true
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:${memcached}
${['catch_errors', 'gatekeeper', 'healthcheck', 'listing_formats', 'bulk', 'copy', 'slo', 'dlo', 'symlink']
  .map((name) => `[filter:${name}]\nuse = egg:swift#${name}\n`)
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
