import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { type Counts, countsOfRun, noCounts } from '../counts.ts';
import { root, runTool } from '../run.ts';

/** The part of vitest's JSON report that is counted. A file that could not be loaded is failed and has no tests. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

/** Runs one project of vitest.config.ts; what follows on the command line goes to vitest. */
export async function runVitest(project: string, passThrough: readonly string[] = []): Promise<Counts> {
  const file = path.join(root, 'test-results', `${project}.json`);
  rmSync(file, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const exitCode = await runTool('vitest', ['run', '--project', project, ...reporters, ...passThrough], {
    ...(project === 'long' ? { STORAGE_CREDENTIALS_LONG: '1' } : {}),
  });
  return countsOfRun(existsSync(file) ? countsOf(JSON.parse(readFileSync(file, 'utf8'))) : noCounts, exitCode !== 0);
}

function countsOf(report: Report): Counts {
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloaded.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}
