import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
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

/** The keys of one user of the gateway. */
export interface RgwUser {
  readonly name: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A running Ceph cluster of one monitor, one memory store and one S3 gateway. */
export interface Rgw {
  /** `http://127.0.0.1:port` */
  readonly endpoint: string;
  /** `https://127.0.0.1:port`, when a certificate was given. */
  readonly tlsEndpoint: string | undefined;
  /** What `createRgwUser` needs to add users from another process. */
  readonly configFile: string;
  readonly user: RgwUser;
  createUser(user?: Partial<RgwUser>): Promise<RgwUser>;
  stop(): Promise<void>;
}

/** What a cluster needs. */
export const packages = ['ceph-mon', 'ceph-osd', 'radosgw', 'ceph-common'];
export const commands = ['ceph', 'ceph-authtool', 'ceph-mon', 'ceph-osd', 'monmaptool', 'radosgw', 'radosgw-admin'];

/** Starts a Ceph RGW on free ports of 127.0.0.1; throws ServerUnavailable where it can't be installed. */
export async function startRgw(options: { tls?: Certificate } = {}): Promise<Rgw> {
  await requireCommands('Ceph RGW', commands, packages);
  const folder = await temporaryFolder('rgw');
  const running: ServerProcess[] = [];
  const stop = async () => {
    for (const server of running.toReversed()) await server.stop();
    await folder.remove();
  };
  try {
    const layout = await writeLayout(folder.path, options.tls);
    await startCluster(layout, running);
    running.push(await startGateway(layout));
    const createUser = (user: Partial<RgwUser> = {}) => createRgwUser(layout.configFile, user);
    return {
      endpoint: `http://127.0.0.1:${layout.port}`,
      tlsEndpoint: options.tls === undefined ? undefined : `https://127.0.0.1:${layout.tlsPort}`,
      configFile: layout.configFile,
      user: await createUser(),
      createUser,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Starts monitor and store, without a gateway; what runs is added to `running` as it starts. */
export async function startCluster(layout: Layout, running: ServerProcess[]): Promise<void> {
  running.push(await startMonitor(layout));
  running.push(await startStore(layout));
}

/** Adds a user to a running cluster; what is not given is made up. */
export async function createRgwUser(
  configFile: string,
  user: Partial<RgwUser> = {},
  args: readonly string[] = [],
): Promise<RgwUser> {
  const made = makeRgwUser(user);
  const who = [`--uid=${made.name}`, `--display-name=${made.name}`, `--access-key=${made.accessKeyId}`];
  await administer(configFile, ['user', 'create', ...who, ...args], made.secretAccessKey);
  return made;
}

/** Makes up what is not given of a user. */
export function makeRgwUser(user: Partial<RgwUser>): RgwUser {
  return {
    name: user.name ?? `user-${randomBytes(4).toString('hex')}`,
    accessKeyId: user.accessKeyId ?? randomBytes(10).toString('hex').toUpperCase(),
    secretAccessKey: user.secretAccessKey ?? randomBytes(30).toString('base64'),
  };
}

/** Runs radosgw-admin, with a secret where one is needed. */
export function administer(configFile: string, args: readonly string[], secret?: string): Promise<string> {
  // Every Ceph command appends CEPH_ARGS to its arguments: the secret stays out of the process list.
  const env = secret === undefined ? {} : { CEPH_ARGS: `--secret=${secret}` };
  return runCommand('radosgw-admin', ['-c', configFile, '-n', 'client.rgw', ...args], env);
}

/** Where a cluster keeps its files and listens. */
export interface Layout {
  readonly folder: string;
  readonly configFile: string;
  readonly keyring: string;
  readonly clusterId: string;
  readonly monitorAddress: string;
  readonly port: number;
  readonly tlsPort: number;
}

/** Writes configuration and keys of a cluster into a folder. */
export async function writeLayout(folder: string, tls: Certificate | undefined): Promise<Layout> {
  const [port = 0, tlsPort = 0, mon2 = 0, mon1 = 0] = await freePorts(4);
  const layout: Layout = {
    folder,
    configFile: join(folder, 'ceph.conf'),
    keyring: join(folder, 'keyring'),
    clusterId: randomUUID(),
    monitorAddress: `[v2:127.0.0.1:${mon2}/0,v1:127.0.0.1:${mon1}/0]`,
    port,
    tlsPort,
  };
  for (const data of ['osd', 'rgw']) await mkdir(join(folder, data));
  await writeFile(layout.configFile, renderConfig(layout, tls));
  for (const entity of ['mon.', 'client.admin', 'client.rgw', 'osd.0']) {
    const create = entity === 'mon.' ? ['--create-keyring'] : [];
    const caps = ['mon', 'osd'].flatMap((part) => ['--cap', part, 'allow *']);
    await runCommand('ceph-authtool', [layout.keyring, ...create, '--gen-key', '-n', entity, ...caps]);
  }
  return layout;
}

function renderConfig(layout: Layout, tls: Certificate | undefined): string {
  const tlsFrontend = tls
    ? ` ssl_endpoint=127.0.0.1:${layout.tlsPort} ssl_certificate=${tls.certFile} ssl_private_key=${tls.keyFile}`
    : '';
  return `[global]
fsid = ${layout.clusterId}
mon host = ${layout.monitorAddress}
keyring = ${layout.keyring}
auth cluster required = none
auth service required = none
auth client required = none
ms mon client mode = crc
ms bind ipv6 = false
public addr = 127.0.0.1
cluster addr = 127.0.0.1
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd crush update on start = true
mon max pg per osd = 1000
mon allow pool size one = true
mon data avail warn = 0
mon data avail crit = 0
paxos propose interval = 0.05
run dir = ${layout.folder}
crash dir = ${layout.folder}
admin socket =
log file = ${layout.folder}/$name.log
[mon]
mon data = ${layout.folder}/mon
mon cluster log file = ${layout.folder}/cluster.log
[osd]
osd data = ${layout.folder}/osd
osd objectstore = memstore
memstore device bytes = 4294967296
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:${layout.port}${tlsFrontend} tcp_nodelay=1
rgw dns name = localhost
rgw cache enabled = true
rgw data = ${layout.folder}/rgw
`;
}

async function startMonitor(layout: Layout): Promise<ServerProcess> {
  const monmap = join(layout.folder, 'monmap');
  const address = ['--addv', 'a', layout.monitorAddress];
  await runCommand('monmaptool', ['--create', '--fsid', layout.clusterId, ...address, monmap]);
  const common = ['-c', layout.configFile, '-i', 'a'];
  await runCommand('ceph-mon', ['--mkfs', ...common, '--monmap', monmap, '--keyring', layout.keyring]);
  return start(layout, 'ceph-mon', ['-f', ...common]);
}

async function startStore(layout: Layout): Promise<ServerProcess> {
  const uuid = randomUUID();
  await ceph(layout, 'osd', 'new', uuid);
  await runCommand('ceph-osd', ['--mkfs', '-c', layout.configFile, '-i', '0', '--osd-uuid', uuid]);
  const store = start(layout, 'ceph-osd', ['-f', '-c', layout.configFile, '-i', '0']);
  await waitUntil('the object store to come up', 30_000, async () => {
    await store.assertRunning();
    return (await ceph(layout, 'osd', 'stat')).includes('1 up');
  });
  return store;
}

/** Starts a gateway and waits until it answers. */
export async function startGateway(layout: Layout, args: readonly string[] = [], port = layout.port) {
  const gateway = start(layout, 'radosgw', ['-f', '-c', layout.configFile, '-n', 'client.rgw', ...args]);
  await waitUntil('the S3 gateway to answer', 60_000, async () => {
    await gateway.assertRunning();
    return fetch(`http://127.0.0.1:${port}/`).then(
      (response) => response.status < 500,
      () => false,
    );
  });
  return gateway;
}

function start(layout: Layout, command: string, args: readonly string[]): ServerProcess {
  return startProcess(command, args, { logFile: join(layout.folder, `${command}.out`), cwd: layout.folder });
}

function ceph(layout: Layout, ...args: string[]): Promise<string> {
  return runCommand('ceph', ['-c', layout.configFile, '--connect-timeout', '20', ...args]);
}
