import { rmSync } from 'node:fs';
import path from 'node:path';
import type { Counts } from '../counts.ts';
import { countReport } from '../reportLines.ts';
import { root, runTool } from '../run.ts';

/** Runs one project of vitest.config.ts; what follows on the command line goes to vitest. */
export async function runVitest(project: string, passThrough: readonly string[] = []): Promise<Counts> {
  const report = path.join(root, 'test-results', `${project}.jsonl`);
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=scripts/stages/vitestLines.ts'];
  const exitCode = await runTool('vitest', ['run', '--project', project, ...reporters, ...passThrough], {
    STORAGE_CREDENTIALS_REPORT: report,
    ...(project === 'long' ? { STORAGE_CREDENTIALS_LONG: '1' } : {}),
  });
  return countReport(report, exitCode !== 0);
}
