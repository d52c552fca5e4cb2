import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { findCommand, requireCommands, ServerUnavailable, temporaryFolder } from '../test/servers/serverProcess.ts';
import { describeActivation, measureActivation } from './activation.ts';
import { startAzuriteServer, startGcsServer, startSwiftServer } from './cloudServers.ts';
import { type BenchServer, startBenchServer, startRgwServer } from './servers.ts';
import { buildOurs, type Tool } from './tools.ts';
import { startDavServer, startFtpServer, startSftpServer } from './treeServers.ts';

/** The best of a tool's rounds on one server; each figure is the smallest seen. */
interface Row {
  readonly server: string;
  readonly keys: number;
  readonly tool: string;
  readonly rounds: number;
  readonly requests: number | undefined;
  readonly wallSeconds: number;
  /** Without the start of the process, where it is known. */
  readonly workSeconds: number | undefined;
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    keys: { type: 'string', default: '20000' },
    latency: { type: 'string', default: '20' },
    'rgw-keys': { type: 'string', default: '10000' },
    'gcs-keys': { type: 'string', default: '20000' },
    // Azurite deletes the slower the more it holds: 20,000 would take it half an hour.
    'azurite-keys': { type: 'string', default: '1000' },
    'swift-keys': { type: 'string', default: '5000' },
    // Of the servers whose names are given, separated by commas: s3, rgw, gcs, azurite, swift, sftp, ftp, webdav.
    only: { type: 'string' },
    'without-rgw': { type: 'boolean', default: false },
    'without-clouds': { type: 'boolean', default: false },
    'without-s3': { type: 'boolean', default: false },
    'tree-files': { type: 'string', default: '5000' },
    'without-trees': { type: 'boolean', default: false },
    'without-activation': { type: 'boolean', default: false },
  },
});

// Leaving by exit ends the servers and the tools too.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

const loadBefore = loadavg()[0];
const missing: string[] = [];
const rows: Row[] = [];
await requireCommands('The benchmark', ['time'], ['time']);
const ours = await buildOurs();

const only = options.only?.split(',');
const servers: Readonly<Record<string, { without?: boolean; start: () => Promise<BenchServer> }>> = {
  s3: {
    without: options['without-s3'],
    start: () => startBenchServer(Number(options.keys), Number(options.latency)),
  },
  rgw: { without: options['without-rgw'], start: () => startRgwServer(Number(options['rgw-keys'])) },
  gcs: {
    without: options['without-clouds'],
    start: () => startGcsServer(Number(options['gcs-keys']), Number(options.latency)),
  },
  azurite: {
    without: options['without-clouds'],
    start: () => startAzuriteServer(Number(options['azurite-keys'])),
  },
  swift: { without: options['without-clouds'], start: () => startSwiftServer(Number(options['swift-keys'])) },
  sftp: { without: options['without-trees'], start: () => startSftpServer(Number(options['tree-files']), 50) },
  ftp: { without: options['without-trees'], start: () => startFtpServer(Number(options['tree-files']), 50) },
  webdav: { without: options['without-trees'], start: () => startDavServer(Number(options['tree-files']), 50) },
};
for (const [name, { without, start }] of Object.entries(servers)) {
  if (only ? only.includes(name) : !without) await benchOn(start);
}
const activation = options['without-activation'] || only ? undefined : await measureActivation();

console.log(renderTable(rows));
if (activation) console.log(describeActivation(activation));
for (const sentence of missing) console.log(sentence);
await mkdir('out', { recursive: true });
const machine = { cores: cpus().length, loadBefore, loadAfter: loadavg()[0] };
const result = { at: new Date().toISOString(), machine, rows, activation, missing };
await writeFile('out/bench.json', `${JSON.stringify(result, null, 2)}\n`);

function isInstalled(tool: Tool): boolean {
  if (findCommand(tool.needs) !== undefined) return true;
  const sentence = `Missing: ${tool.name} (Debian package ${tool.debianPackage ?? tool.needs})`;
  if (!missing.includes(sentence)) missing.push(sentence);
  return false;
}

async function benchOn(start: () => Promise<BenchServer>): Promise<void> {
  let server: BenchServer;
  try {
    server = await start();
  } catch (error) {
    if (!(error instanceof ServerUnavailable)) throw error;
    missing.push(`Missing: ${error.message}`);
    return;
  }
  try {
    rows.push(...(await bench(server)));
  } finally {
    await server.stop();
  }
}

// Rounds are interleaved, so that what else the machine does falls on all tools alike.
async function bench(server: BenchServer): Promise<Row[]> {
  const { name, provider, draft, container, tree = false, peers, variants = [] } = server;
  const job = { provider, draft, container, tree };
  const tools = [
    ours('ours', job),
    ...variants.map(({ name, rounds, ...more }) => ({ ...ours(name, { ...job, ...more }), rounds })),
    ...peers.filter(isInstalled),
  ];
  const folder = await temporaryFolder('bench');
  const best = new Map<string, Row>();
  for (let round = 1; round <= Number(options.rounds); round++) {
    for (const tool of tools.filter((each) => round <= each.rounds)) {
      await server.fill();
      const cost = await tool.empty(folder.path);
      const { objects, requests } = await server.inspect();
      if (objects > 0) throw new Error(`${tool.name} left ${objects} objects behind on ${name}`);
      const { wallSeconds, workSeconds, cpuSeconds, peakMiB } = cost;
      const row = { requests, wallSeconds, workSeconds, cpuSeconds, peakMiB };
      const named = { server: name, keys: server.keys, tool: tool.name, rounds: round };
      const earlier = best.get(tool.name);
      best.set(tool.name, { ...named, ...(earlier === undefined ? row : smaller(earlier, row)) });
      console.error(`${name}, round ${round}, ${tool.name}: ${wallSeconds} s`);
    }
  }
  await folder.remove();
  return [...best.values()];
}

type Figures = Pick<Row, 'requests' | 'wallSeconds' | 'workSeconds' | 'cpuSeconds' | 'peakMiB'>;

function smaller(a: Figures, b: Figures): Figures {
  return {
    requests: smallerKnown(a.requests, b.requests),
    wallSeconds: Math.min(a.wallSeconds, b.wallSeconds),
    workSeconds: smallerKnown(a.workSeconds, b.workSeconds),
    cpuSeconds: Math.min(a.cpuSeconds, b.cpuSeconds),
    peakMiB: Math.min(a.peakMiB, b.peakMiB),
  };
}

function smallerKnown(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : Math.min(a, b);
}

function renderTable(all: readonly Row[]): string {
  const head = ['server', 'keys', 'tool', 'rounds', 'requests', 'wall s', 'work s', 'CPU s', 'peak MiB', 'ours / it'];
  const oursOn = (server: string) => all.find((row) => row.server === server && row.tool === 'ours')?.wallSeconds;
  const lines = all.map((row) => [
    row.server,
    String(row.keys),
    row.tool,
    String(row.rounds),
    row.requests === undefined ? '-' : String(row.requests),
    row.wallSeconds.toFixed(2),
    row.workSeconds?.toFixed(2) ?? '-',
    row.cpuSeconds.toFixed(2),
    row.peakMiB.toFixed(0),
    ((oursOn(row.server) ?? Number.NaN) / row.wallSeconds).toFixed(3),
  ]);
  const widths = head.map((name, column) => Math.max(name.length, ...lines.map((line) => line[column]?.length ?? 0)));
  return [head, ...lines]
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
