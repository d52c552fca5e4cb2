import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ReportLine } from '../../test/host/support/linesReporter.ts';
import { addCounts, type Counts, countsOfRun, noCounts } from '../counts.ts';
import { runInExtensionHost } from '../extensionHost.ts';
import { build, root } from '../run.ts';
import { startTestServers } from '../testServers.ts';

/** Runs the Mocha suites of test/host inside a VS Code: VSCODE_EXECUTABLE, or else code-server. A folder of suites is one start of VS Code; those of test/host/afterRestart run on the data the first left. */
export async function runHost(): Promise<Counts> {
  await build();
  const dataFolder = mkdtempSync(path.join(os.tmpdir(), 'storage-credentials-host-'));
  const servers = await startTestServers(path.join(dataFolder, 'servers.json'));
  try {
    let total = noCounts;
    for (const suites of ['test/host', 'test/host/afterRestart'].filter((folder) =>
      existsSync(path.join(root, folder)),
    )) {
      total = addCounts(total, await runSuites(suites, dataFolder, servers.env));
    }
    return total;
  } finally {
    await servers.stop();
    rmSync(dataFolder, { recursive: true, force: true });
  }
}

async function runSuites(suites: string, dataFolder: string, env: Record<string, string>): Promise<Counts> {
  const report = path.join(root, 'test-results', `${path.basename(suites)}.jsonl`);
  mkdirSync(path.dirname(report), { recursive: true });
  rmSync(report, { force: true });
  const good = await runInExtensionHost({
    entry: 'test/host/support/index.ts',
    files: globSync(`${suites}/*.test.ts`, { cwd: root }),
    dataFolder,
    env: { ...env, STORAGE_CREDENTIALS_HOST_REPORT: report },
  });
  return readReport(report, !good);
}

/** A run without its closing line has crashed, whatever its exit code says. */
function readReport(file: string, crashed: boolean): Counts {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  const results = lines.filter(Boolean).map((line) => JSON.parse(line) as ReportLine);
  for (const result of results) printResult(result);
  const closed = results.some(({ state }) => state === 'closed');
  if (!closed) console.error('The run ended without its closing line: the extension host crashed or never started.');
  const count = (state: ReportLine['state']) => results.filter((result) => result.state === state).length;
  const counts = { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
  return closed ? countsOfRun(counts, crashed) : { ...counts, failed: counts.failed + 1 };
}

function printResult(result: ReportLine): void {
  if (result.state === 'failed') console.error(`  ✗ ${result.title}\n${result.message.replace(/^/gm, '    ')}`);
  else if (result.state !== 'closed') console.log(`  ${result.state === 'passed' ? '✓' : '-'} ${result.title}`);
}
