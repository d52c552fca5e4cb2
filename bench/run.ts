import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { findCommand, requireCommands, ServerUnavailable, temporaryFolder } from '../test/servers/serverProcess.ts';
import { describeActivation, measureActivation } from './activation.ts';
import { startAzuriteServer, startGcsServer, startSwiftServer } from './cloudServers.ts';
import { type BenchServer, startMemoryServer, startRgwServer } from './servers.ts';
import { measureSpeed, type Verdict, verdict } from './targets.ts';
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
  /** Of that, the deletion without its plan. */
  readonly runSeconds: number | undefined;
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
    // Only these, separated by commas: servers (s3, rgw, gcs, azurite, swift, sftp, ftp, webdav) and targets that need no table (P2, P4…).
    only: { type: 'string' },
    'without-rgw': { type: 'boolean', default: false },
    'without-clouds': { type: 'boolean', default: false },
    'without-s3': { type: 'boolean', default: false },
    /** Leaves out what deletes one key a request and takes minutes. */
    'without-slow': { type: 'boolean', default: false },
    'without-targets': { type: 'boolean', default: false },
    many: { type: 'string', default: '200000' },
    most: { type: 'string', default: '1000000' },
    'tree-files': { type: 'string', default: '5000' },
    'without-trees': { type: 'boolean', default: false },
    'without-activation': { type: 'boolean', default: false },
  },
});

/** Ours at most so much of a peer's wall time. */
const peerTargets = [
  ['memory S3', 's3cmd', 'P1', 0.45],
  ['memory S3', 'boto3', 'P1', 0.3],
  ['memory S3', 'rclone, 64 workers', 'P1', 0.12],
  ['memory S3', 'rclone, default', 'P1', 0.015],
  ['Ceph RGW', 's3cmd', 'P1 on RGW', 0.95],
  ['Ceph RGW', 'rclone, default', 'P1 on RGW', 0.5],
] as const;

// Leaving by exit ends the servers and the tools too.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

const loadBefore = loadavg()[0];
const missing: string[] = [];
const rows: Row[] = [];
await requireCommands('The benchmark', ['time'], ['time']);
const ours = await buildOurs();

const latencyMs = Number(options.latency);
const only = options.only?.split(',');
const servers: Readonly<Record<string, { without?: boolean; start: () => Promise<BenchServer> }>> = {
  s3: {
    without: options['without-s3'],
    start: () => startMemoryServer({ keys: Number(options.keys), latencyMs }),
  },
  rgw: { without: options['without-rgw'], start: () => startRgwServer(Number(options['rgw-keys'])) },
  gcs: {
    without: options['without-clouds'],
    start: () => startGcsServer(Number(options['gcs-keys']), latencyMs),
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
const targets = only?.filter((name) => /^P\d/.test(name));
const measured =
  options['without-targets'] || targets?.length === 0
    ? []
    : await measureSpeed({
        rounds: Number(options.rounds),
        latencyMs,
        many: Number(options.many),
        most: Number(options.most),
        rclone: findCommand('rclone') !== undefined,
        ...(targets === undefined ? {} : { only: targets }),
      });
const activation = options['without-activation'] || only ? undefined : await measureActivation();

const verdicts = [...compareWithPeers(rows), ...measured];
console.log(renderTable(rows));
console.log(renderVerdicts(verdicts));
if (activation) console.log(describeActivation(activation));
for (const sentence of missing) console.log(sentence);
await mkdir('out', { recursive: true });
const machine = { cores: cpus().length, loadBefore, loadAfter: loadavg()[0] };
const result = { at: new Date().toISOString(), machine, rows, verdicts, activation, missing };
console.log(`Load of ${machine.cores} cores before and after: ${machine.loadBefore} and ${machine.loadAfter}`);
await writeFile('out/bench.json', `${JSON.stringify(result, null, 2)}\n`);

async function isInstalled(tool: Tool): Promise<boolean> {
  if (findCommand(tool.needs) !== undefined && (await (tool.works?.() ?? true))) return true;
  const sentence = `Missing: ${tool.name} (Debian package ${tool.debianPackage ?? tool.needs})`;
  if (!missing.includes(sentence)) missing.push(sentence);
  return false;
}

async function installed(tools: readonly Tool[]): Promise<readonly Tool[]> {
  const there: Tool[] = [];
  for (const tool of tools) if (await isInstalled(tool)) there.push(tool);
  return there;
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
    ...(await installed(peers.filter(({ rounds }) => rounds > 1 || !options['without-slow']))),
  ];
  const folder = await temporaryFolder('bench');
  const best = new Map<string, Row>();
  for (let round = 1; round <= Number(options.rounds); round++) {
    for (const tool of tools.filter((each) => round <= each.rounds)) {
      await server.fill();
      const cost = await tool.empty(folder.path);
      const { objects, requests } = await server.inspect();
      if (objects > 0) throw new Error(`${tool.name} left ${objects} objects behind on ${name}`);
      const { wallSeconds, workSeconds, runSeconds, cpuSeconds, peakMiB } = cost;
      const row = { requests, wallSeconds, workSeconds, runSeconds, cpuSeconds, peakMiB };
      const named = { server: name, keys: server.keys, tool: tool.name, rounds: round };
      const earlier = best.get(tool.name);
      best.set(tool.name, { ...named, ...(earlier === undefined ? row : smaller(earlier, row)) });
      console.error(`${name}, round ${round}, ${tool.name}: ${wallSeconds} s`);
    }
  }
  await folder.remove();
  return [...best.values()];
}

type Figures = Pick<Row, 'requests' | 'wallSeconds' | 'workSeconds' | 'runSeconds' | 'cpuSeconds' | 'peakMiB'>;

function smaller(a: Figures, b: Figures): Figures {
  return {
    requests: smallerKnown(a.requests, b.requests),
    wallSeconds: Math.min(a.wallSeconds, b.wallSeconds),
    workSeconds: smallerKnown(a.workSeconds, b.workSeconds),
    runSeconds: smallerKnown(a.runSeconds, b.runSeconds),
    cpuSeconds: Math.min(a.cpuSeconds, b.cpuSeconds),
    peakMiB: Math.min(a.peakMiB, b.peakMiB),
  };
}

function smallerKnown(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : Math.min(a, b);
}

function renderTable(all: readonly Row[]): string {
  const head = [
    'server',
    'keys',
    'tool',
    'rounds',
    'requests',
    'wall s',
    'plan + run s',
    'run s',
    'CPU s',
    'peak MiB',
    'ours / it',
  ];
  const oursOn = (server: string) => all.find((row) => row.server === server && row.tool === 'ours')?.wallSeconds;
  const lines = all.map((row) => [
    row.server,
    String(row.keys),
    row.tool,
    String(row.rounds),
    row.requests === undefined ? '-' : String(row.requests),
    row.wallSeconds.toFixed(2),
    row.workSeconds?.toFixed(2) ?? '-',
    row.runSeconds?.toFixed(2) ?? '-',
    row.cpuSeconds.toFixed(2),
    row.peakMiB.toFixed(0),
    ((oursOn(row.server) ?? Number.NaN) / row.wallSeconds).toFixed(3),
  ]);
  return alignColumns([head, ...lines]);
}

/** P1 and P1b: the wall time of ours, its start included, beside each peer's; and its requests. */
function compareWithPeers(all: readonly Row[]): readonly Verdict[] {
  const verdicts = peerTargets.flatMap(([server, tool, id, target]) => {
    const ours = all.find((row) => row.server.startsWith(server) && row.tool === 'ours');
    const peer = all.find((row) => row.server.startsWith(server) && row.tool === tool);
    if (!ours || !peer) return [];
    const what = `delete ${ours.keys}, plan and run, ours / ${tool}`;
    return [verdict(id, what, ours.wallSeconds / peer.wallSeconds, target)];
  });
  const ours = all.find((row) => row.server.startsWith('memory S3') && row.tool === 'ours');
  if (ours?.keys !== 20_000) return verdicts;
  return [...verdicts, verdict('P1b', 'requests for 20000 flat keys', ours.requests ?? 0, 45)];
}

function renderVerdicts(all: readonly Verdict[]): string {
  const lines = all.map(({ id, what, measured, target, atLeast, met }) => [
    id,
    what,
    measured.toFixed(3),
    `${atLeast ? '>=' : '<='} ${target}`,
    met ? 'met' : 'NOT MET',
  ]);
  return alignColumns([['target', 'what', 'measured', 'asked', 'verdict'], ...lines]);
}

function alignColumns(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
