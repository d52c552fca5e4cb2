import { text } from 'node:stream/consumers';
import { parseDraft } from '../src/core/drafts.ts';
import s3 from '../src/providers/s3/provider.ts';
import { runRemoval } from '../src/removal/engine.ts';
import { planRemoval } from '../src/removal/plan.ts';
import type { Job } from './tools.ts';

// Empties a bucket as the extension does, without VS Code: plan with its manifest on disk, then run with its log.
const job = JSON.parse(await text(process.stdin)) as Job;
const draft = {
  service: 'other',
  endpoint: job.endpoint,
  pathStyle: true,
  accessKeyId: job.accessKeyId,
  secretAccessKey: job.secretAccessKey,
};
const { settings, secrets } = parseDraft(s3.fields, draft);
const started = performance.now();
const network = { proxyFor: () => undefined, certificates: [] };
await using client = await s3.open({ settings, secrets, network });
const { signal } = new AbortController();
const bucket = { kind: 'container', id: job.bucket, name: job.bucket, path: job.bucket } as const;
const common = { client, provider: s3, signal };
const credential = { id: 'bench', name: 'Bench' };
const removal = await planRemoval({ ...common, credential, selection: [bucket], folder: job.folder });
const planned = performance.now();
const report = await runRemoval({ ...common, removal });
const ended = performance.now();
process.stdout.write(
  JSON.stringify({
    deleted: report.results.deleted,
    planSeconds: (planned - started) / 1000,
    runSeconds: (ended - planned) / 1000,
  }),
);
