import { existsSync, globSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { addCounts, type Counts, noCounts } from '../counts.ts';
import { runInExtensionHost } from '../extensionHost.ts';
import { countReport, linesOf, type ReportLine } from '../reportLines.ts';
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
    env: { ...env, STORAGE_CREDENTIALS_REPORT: report },
  });
  for (const line of linesOf(report)) printLine(line);
  return countReport(report, !good);
}

function printLine(line: ReportLine): void {
  if (line.state === 'failed') console.error(`  ✗ ${line.title}\n${line.message.replace(/^/gm, '    ')}`);
  else if (line.state !== 'closed') console.log(`  ${line.state === 'passed' ? '✓' : '-'} ${line.title}`);
}
