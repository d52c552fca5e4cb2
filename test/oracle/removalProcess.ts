// A process of its own, as a window's extension host is: runs or resumes one removal, and is killed on its way.
import { parseDraft } from '../../src/core/drafts.ts';
import type { Draft } from '../../src/core/fields.ts';
import s3 from '../../src/providers/s3/provider.ts';
import type { RunTimes } from '../../src/removal/batch.ts';
import { runRemoval } from '../../src/removal/engine.ts';
import { openRemoval } from '../../src/removal/removalFolder.ts';
import { type Crash, mortal } from './crash.ts';

export interface RemovalTask {
  /** Comes as a message: what stands in arguments, everyone on the machine can read. */
  readonly draft: Draft;
  readonly folder: string;
  readonly resume: boolean;
  readonly batch: number;
  readonly times: RunTimes;
  readonly crash: Crash;
}

process.once('message', (task: RemovalTask) => {
  run(task).then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});

async function run({ draft, folder, resume, batch, times, crash }: RemovalTask): Promise<void> {
  const network = { proxyFor: () => undefined, certificates: [] };
  const client = await s3.open({ ...parseDraft(s3.fields, draft), network });
  const removal = await openRemoval(folder);
  if (!removal) throw new Error(`There is no removal: ${folder}`);
  const { client: dying, kept } = mortal(client, crash, () => process.kill(process.pid, 'SIGKILL'));
  await runRemoval({
    client: dying,
    provider: { ...s3, limits: { ...s3.limits, batch } },
    removal,
    ...(resume ? { resume: true } : {}),
    signal: new AbortController().signal,
    times,
    onProgress: ({ done }) => {
      if (done > 0) kept();
    },
  });
}
