import {
  administer,
  commands,
  createRgwUser,
  type Layout,
  makeRgwUser,
  packages,
  type RgwUser,
  startCluster,
  startGateway,
  writeLayout,
} from './rgw.ts';
import { freePorts, requireCommands, type ServerProcess, temporaryFolder, waitUntil } from './serverProcess.ts';

/** A Ceph of two regions, each with a gateway of its own, which sends on with 301 what belongs to the other. */
export interface RgwRegions {
  /** `http://127.0.0.1:port` of each region. */
  readonly endpoints: Readonly<Record<Region, string>>;
  /** Known in both. */
  readonly user: RgwUser;
  stop(): Promise<void>;
}

type Region = 'us' | 'eu';

const realm = 'earth';

/** Starts it on free ports of 127.0.0.1; throws ServerUnavailable where it can't be installed. */
export async function startRgwRegions(): Promise<RgwRegions> {
  await requireCommands('Ceph RGW in two regions', commands, packages);
  const folder = await temporaryFolder('rgw-regions');
  const running: ServerProcess[] = [];
  const stop = async () => {
    for (const server of running.toReversed()) await server.stop();
    await folder.remove();
  };
  try {
    const layout = await writeLayout(folder.path, undefined);
    const [eu = 0] = await freePorts(1);
    const ports = { us: layout.port, eu };
    await startCluster(layout, running);
    await administer(layout.configFile, ['realm', 'create', `--rgw-realm=${realm}`, '--default']);
    // The gateways sign with it what they tell each other: users and buckets are kept in both regions.
    const system = makeRgwUser({ name: 'system' });
    await createRegion(layout, 'us', ports.us, system, ['--master', '--default']);
    await createRegion(layout, 'eu', ports.eu, system, []);
    await createRgwUser(layout.configFile, system, ['--system']);
    const user = await createRgwUser(layout.configFile);
    await administer(layout.configFile, ['period', 'update', '--commit']);
    for (const region of ['us', 'eu'] as const) running.push(await startRegion(layout, region, ports[region]));
    await waitUntil('the user to be known in both regions', 60_000, async () => {
      const listed = await administer(layout.configFile, ['user', 'list', '--rgw-zonegroup=eu', '--rgw-zone=eu-1']);
      return listed.includes(user.name);
    });
    const endpointOf = (region: Region) => `http://127.0.0.1:${ports[region]}`;
    return { endpoints: { us: endpointOf('us'), eu: endpointOf('eu') }, user, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function createRegion(
  { configFile }: Layout,
  region: Region,
  port: number,
  { accessKeyId, secretAccessKey }: RgwUser,
  rank: readonly string[],
): Promise<void> {
  const group = [`--rgw-zonegroup=${region}`, `--endpoints=http://127.0.0.1:${port}`, ...rank];
  await administer(configFile, ['zonegroup', 'create', `--api-name=${region}`, `--rgw-realm=${realm}`, ...group]);
  const zone = [`--rgw-zone=${region}-1`, `--access-key=${accessKeyId}`, ...group];
  await administer(configFile, ['zone', 'create', ...zone], secretAccessKey);
}

function startRegion(layout: Layout, region: Region, port: number): Promise<ServerProcess> {
  const place = [`--rgw-realm=${realm}`, `--rgw-zonegroup=${region}`, `--rgw-zone=${region}-1`];
  return startGateway(layout, [...place, `--rgw-frontends=beast endpoint=127.0.0.1:${port} tcp_nodelay=1`], port);
}
