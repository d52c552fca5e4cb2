import { appendFileSync } from 'node:fs';
import Mocha from 'mocha';
import type { ReportLine } from '../../../scripts/reportLines.ts';

/** Appends one JSON line for each test to the file that STORAGE_CREDENTIALS_HOST_REPORT names: an extension host has no standard output that outlives a crash. */
export class LinesReporter extends Mocha.reporters.Base {
  constructor(runner: Mocha.Runner) {
    super(runner);
    runner.on('pass', (test) => write({ state: 'passed', title: test.fullTitle() }));
    runner.on('pending', (test) => write({ state: 'skipped', title: test.fullTitle() }));
    runner.on('fail', (test, error) =>
      write({ state: 'failed', title: test.fullTitle(), message: detail(test, error) }),
    );
    runner.on('end', () => write({ state: 'closed' }));
  }
}

function write(line: ReportLine): void {
  const file = process.env.STORAGE_CREDENTIALS_HOST_REPORT;
  if (!file) throw new Error('STORAGE_CREDENTIALS_HOST_REPORT names no file for the report');
  appendFileSync(file, `${JSON.stringify(line)}\n`);
}

function detail(test: Mocha.Test, error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : `${test.title}: ${String(error)}`;
}
