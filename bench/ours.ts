import { monitorEventLoopDelay } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';
import { parseDraft } from '../src/core/drafts.ts';
import { providers } from '../src/providers/registry.generated.ts';
import { runRemoval } from '../src/removal/engine.ts';
import { readOutcomes } from '../src/removal/outcomeLog.ts';
import type { Pace } from '../src/removal/pace.ts';
import { deleteWhole, planRemoval } from '../src/removal/plan.ts';
import type { Removal } from '../src/removal/removal.ts';
import type { Job, Told } from './tools.ts';

/** Milliseconds between two looks at the event loop; a delay is what a look came later than that. */
const resolution = 5;

// Empties a container as the extension does, without VS Code: plan with its manifest on disk, then run with its log.
const job = JSON.parse(await text(process.stdin)) as Job;
const found = providers.find(({ id }) => id === job.provider);
if (!found) throw new Error(`There is no such provider: ${job.provider}`);
const limits = job.batch === undefined ? found.limits : { ...found.limits, batch: job.batch };
const capabilities = new Set(found.capabilities);
if (job.oneByOne) capabilities.delete('ranges');
const provider = { ...found, limits, capabilities };
const { settings, secrets } = parseDraft(provider.fields, job.draft);
const started = performance.now();
const network = { proxyFor: () => undefined, certificates: [] };
await using client = await found.open({ settings, secrets, network });
const controller = new AbortController();
const { signal } = controller;
const kind = job.tree ? 'folder' : 'container';
const container = { kind, id: job.container, name: job.container, path: job.container } as const;
const common = { client, provider, signal };
const credential = { id: 'bench', name: 'Bench' };
const loop = monitorEventLoopDelay({ resolution });
loop.enable();
const listed = await planRemoval({ ...common, credential, selection: [container], folder: job.folder });
const removal = job.whole ? await deleteWhole(listed) : listed;
const planned = performance.now();
const cancel = job.cancelAfter === undefined ? undefined : cancelAfter(job.cancelAfter);
const report = job.planOnly
  ? undefined
  : await runRemoval({ ...common, removal, ...(job.oneByOne ? { paceOf: oneCallAtATime() } : {}) });
const ended = performance.now();
loop.disable();
const { user, system } = process.cpuUsage();
const told: Told = {
  planned: removal.plan.manifest.entries,
  deleted: report?.results.deleted ?? 0,
  planSeconds: (planned - started) / 1000,
  runSeconds: (ended - planned) / 1000,
  userSeconds: user / 1e6,
  systemSeconds: system / 1e6,
  loopDelay: { p99: late(loop.percentile(99)), max: late(loop.max) },
  ...(cancel ? { cancelledAt: cancel.at, recorded: await countRecorded(removal) } : {}),
};
process.stdout.write(JSON.stringify(told));

function oneCallAtATime(): () => Pace {
  let last = Promise.resolve();
  const pace: Pace = {
    async enter() {
      const before = last;
      const { promise, resolve } = Promise.withResolvers<void>();
      last = promise;
      await before;
      return () => resolve();
    },
  };
  return () => pace;
}

function cancelAfter(ms: number): { at: number } {
  const cancelled = { at: 0 };
  setTimeout(() => {
    cancelled.at = Date.now();
    controller.abort();
  }, ms);
  return cancelled;
}

/** How many entries have their outcome on disk. */
async function countRecorded(of: Removal): Promise<number> {
  let count = 0;
  for await (const { error } of readOutcomes(of))
    if (error?.sentence !== 'What became of it was not recorded.') count++;
  return count;
}

function late(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e6 - resolution);
}
