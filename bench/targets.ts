import { temporaryFolder } from '../test/servers/serverProcess.ts';
import type { MemoryServer, MemoryServerSettings } from './servers.ts';
import { startMemoryServer } from './servers.ts';
import { type Job, rcloneListing, runOurs } from './tools.ts';

/** A figure beside what it may be at most, or must be at least. */
export interface Verdict {
  readonly id: string;
  readonly what: string;
  readonly measured: number;
  readonly target: number;
  readonly atLeast?: true;
  readonly met: boolean;
}

export interface Speed {
  readonly rounds: number;
  readonly latencyMs: number;
  /** Of the listings and deletions that are compared: P2, P2b and P9. */
  readonly many: number;
  /** Of the removal whose memory is compared with one of 10,000. */
  readonly most: number;
  /** Whether rclone is there to compare with. */
  readonly rclone: boolean;
  /** Only these; all by default. */
  readonly only?: readonly string[];
}

export function verdict(id: string, what: string, measured: number, target: number, atLeast?: true): Verdict {
  const met = atLeast ? measured >= target : measured <= target;
  return { id, what, measured, target, met, ...(atLeast ? { atLeast } : {}) };
}

/** Measures on the memory server what needs no table of peers: listing, memory, the event loop, pace, CPU and cancelling. */
export async function measureSpeed(speed: Speed): Promise<readonly Verdict[]> {
  const measures: Readonly<Record<string, (speed: Speed) => Promise<readonly Verdict[]>>> = {
    P2: compareListing,
    P2b: compareFanOut,
    P4: compareMemory,
    P9: measureEventLoop,
    P10: measurePace,
    P11: measureProcessor,
    P13: measureCancel,
  };
  const verdicts: Verdict[] = [];
  for (const [id, measure] of Object.entries(measures)) {
    if (speed.only && !speed.only.includes(id)) continue;
    verdicts.push(...(await measure(speed)));
    console.error(`${id} is measured`);
  }
  return verdicts;
}

async function compareListing({ rounds, latencyMs, many, rclone }: Speed): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const [folders, target] of [
    [0, 0.7],
    [20, 0.15],
  ] as const) {
    await withServer({ keys: many, latencyMs, folders }, async (server, job) => {
      await server.fill();
      const [ours, peer]: [number[], number[]] = [[], []];
      for (let round = 0; round < rounds; round++) {
        const { told, wallSeconds } = await runOurs({ ...job, planOnly: true });
        if (told.planned !== many) throw new Error(`Only ${told.planned} of ${many} keys were listed`);
        ours.push(wallSeconds);
        if (rclone) peer.push((await rcloneListing(server.access, job.container).empty(job.folder)).wallSeconds);
      }
      const shape = folders === 0 ? 'flat' : `in ${folders} folders`;
      if (rclone) {
        const ratio = Math.min(...ours) / Math.min(...peer);
        verdicts.push(verdict('P2', `list ${many} ${shape}, ours / rclone lsf -R`, ratio, target));
      }
      const requests = (await server.inspect()).requests ?? 0;
      const perRound = requests / rounds;
      if (!rclone) verdicts.push(verdict('P2', `list ${many} ${shape}, requests`, perRound, (many / 1000) * 1.25));
    });
  }
  return verdicts;
}

async function compareFanOut({ rounds, latencyMs, many }: Speed): Promise<readonly Verdict[]> {
  return await withServer({ keys: many, latencyMs, folders: 20 }, async (server, job) => {
    const [atOnce, oneByOne]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      atOnce.push((await emptied(server, job)).workSeconds ?? 0);
      oneByOne.push((await emptied(server, { ...job, oneByOne: true })).workSeconds ?? 0);
    }
    const ratio = Math.min(...atOnce) / Math.min(...oneByOne);
    return [verdict('P2b', `delete ${many} in 20 folders, at once / one request after the other`, ratio, 0.25)];
  });
}

async function compareMemory({ most }: Speed): Promise<readonly Verdict[]> {
  const peakOf = (keys: number) =>
    withServer({ keys, latencyMs: 0 }, async (server, job) => (await emptied(server, job)).peakMiB);
  const few = await peakOf(10_000);
  const many = await peakOf(most);
  return [
    verdict('P4', `peak RSS, ${most} keys / 10000 keys`, many / few, 1.25),
    verdict('P4', `growth of the peak in MiB (from ${few.toFixed(0)})`, many - few, 32),
  ];
}

async function measureEventLoop({ rounds, latencyMs, many }: Speed): Promise<readonly Verdict[]> {
  return await withServer({ keys: many, latencyMs }, async (server, job) => {
    const delays = [];
    for (let round = 0; round < rounds; round++) delays.push((await emptied(server, job)).told.loopDelay);
    const p99 = Math.min(...delays.map((delay) => delay.p99));
    const most = delays.map(({ max }) => max).sort((a, b) => a - b);
    return [
      verdict('P9', `event loop delay, p99 in ms, ${many} keys`, p99, 20),
      verdict('P9', 'event loop delay, max in ms, median of rounds', most[Math.floor((most.length - 1) / 2)] ?? 0, 50),
    ];
  });
}

async function measurePace({ latencyMs }: Speed): Promise<readonly Verdict[]> {
  const [keys, keysPerSecond] = [140_000, 3_500];
  return await withServer({ keys, latencyMs, keysPerSecond }, async (server, job) => {
    const { told } = await emptied(server, job);
    // It holds one second's worth at first.
    const ideal = (keys - keysPerSecond) / keysPerSecond;
    const deletes = await server.deletions();
    const wasted = Math.max(0, deletes - keys / 1000) / deletes;
    return [
      verdict('P10', `goodput / ${keysPerSecond} keys per second`, ideal / told.runSeconds, 0.87, true),
      verdict('P10', 'share of deletes that were refused', wasted, 0.05),
    ];
  });
}

async function measureProcessor({ rounds }: Speed): Promise<readonly Verdict[]> {
  return await withServer({ keys: 100_000, latencyMs: 0 }, async (server, job) => {
    const seconds = [];
    for (let round = 0; round < rounds; round++) seconds.push((await emptied(server, job)).told.userSeconds);
    return [verdict('P11', 'CPU user s per 100000 deletes, plan and start included', Math.min(...seconds), 3)];
  });
}

async function measureCancel({ latencyMs }: Speed): Promise<readonly Verdict[]> {
  return await withServer({ keys: 100_000, latencyMs }, async (server, job) => {
    await server.fill();
    const { told } = await runOurs({ ...job, cancelAfter: 300 });
    const late = (await server.lastRequestAt()) - (told.cancelledAt ?? 0);
    if (told.deleted === told.planned) throw new Error('The removal ended before it was cancelled');
    const open = told.planned - (told.recorded ?? 0);
    return [
      verdict('P13', 'cancel to the last request, in ms', Math.max(0, late), 200),
      verdict('P13', 'entries without an outcome in the journal', open, 0),
    ];
  });
}

async function emptied(server: MemoryServer, job: Job) {
  await server.fill();
  const cost = await runOurs(job);
  const { objects } = await server.inspect();
  if (objects > 0) throw new Error(`${objects} of ${server.keys} objects were left behind`);
  return cost;
}

async function withServer<T>(
  settings: MemoryServerSettings,
  use: (server: MemoryServer, job: Job) => Promise<T>,
): Promise<T> {
  const server = await startMemoryServer(settings);
  const folder = await temporaryFolder('bench');
  const { provider, draft, container } = server;
  try {
    return await use(server, { provider, draft, container, tree: false, folder: folder.path });
  } finally {
    await folder.remove();
    await server.stop();
  }
}
