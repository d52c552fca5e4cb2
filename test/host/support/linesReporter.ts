import Mocha from 'mocha';
import { appendReportLine } from '../../../scripts/reportLines.ts';

/** Reports each test of Mocha: an extension host has no standard output that outlives a crash. */
export class LinesReporter extends Mocha.reporters.Base {
  constructor(runner: Mocha.Runner) {
    super(runner);
    runner.on('pass', (test) => appendReportLine({ state: 'passed', title: test.fullTitle() }));
    runner.on('pending', (test) => appendReportLine({ state: 'skipped', title: test.fullTitle() }));
    runner.on('fail', (test, error) =>
      appendReportLine({ state: 'failed', title: test.fullTitle(), message: detail(test, error) }),
    );
    runner.on('end', () => appendReportLine({ state: 'closed' }));
  }
}

function detail(test: Mocha.Test, error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : `${test.title}: ${String(error)}`;
}
