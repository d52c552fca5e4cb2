import { text } from 'node:stream/consumers';
import { parseDraft } from '../src/core/drafts.ts';
import { providers } from '../src/providers/registry.generated.ts';
import { runRemoval } from '../src/removal/engine.ts';
import { deleteWhole, planRemoval } from '../src/removal/plan.ts';
import type { Job } from './tools.ts';

// Empties a container as the extension does, without VS Code: plan with its manifest on disk, then run with its log.
const job = JSON.parse(await text(process.stdin)) as Job;
const found = providers.find(({ id }) => id === job.provider);
if (!found) throw new Error(`There is no such provider: ${job.provider}`);
const provider = job.batch === undefined ? found : { ...found, limits: { ...found.limits, batch: job.batch } };
const { settings, secrets } = parseDraft(provider.fields, job.draft);
const started = performance.now();
const network = { proxyFor: () => undefined, certificates: [] };
await using client = await provider.open({ settings, secrets, network });
const { signal } = new AbortController();
const kind = job.tree ? 'folder' : 'container';
const container = { kind, id: job.container, name: job.container, path: job.container } as const;
const common = { client, provider, signal };
const credential = { id: 'bench', name: 'Bench' };
const listed = await planRemoval({ ...common, credential, selection: [container], folder: job.folder });
const removal = job.whole ? await deleteWhole(listed) : listed;
const planned = performance.now();
const report = await runRemoval({ ...common, removal });
const ended = performance.now();
const { user, system } = process.cpuUsage();
process.stdout.write(
  JSON.stringify({
    deleted: report.results.deleted,
    userSeconds: user / 1e6,
    systemSeconds: system / 1e6,
    peakMiB: process.resourceUsage().maxRSS / 1024,
    planSeconds: (planned - started) / 1000,
    runSeconds: (ended - planned) / 1000,
  }),
);
