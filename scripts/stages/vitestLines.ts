import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { appendReportLine, type ReportLine } from '../reportLines.ts';

/** Reports each test of vitest; a file that can't be loaded is one failed test. */
export default class VitestLines implements Reporter {
  onTestCaseResult(test: TestCase): void {
    const { state, errors } = test.result();
    const title = `${test.module.relativeModuleId}: ${test.fullName}`;
    if (state === 'failed') appendReportLine(failed(title, errors));
    else if (state === 'skipped') appendReportLine({ state, title });
    else if (state === 'passed') appendReportLine({ state: test.diagnostic()?.flaky ? 'retried' : state, title });
  }

  onTestModuleEnd(module: TestModule): void {
    const suites = [...module.children.allSuites()];
    for (const { title, errors } of [
      { title: module.relativeModuleId, errors: module.errors() },
      ...suites.map((suite) => ({ title: `${module.relativeModuleId}: ${suite.fullName}`, errors: suite.errors() })),
    ]) {
      if (errors.length > 0) appendReportLine(failed(title, errors));
    }
  }

  onTestRunEnd(_modules: readonly TestModule[], unhandled: readonly { readonly message?: string }[]): void {
    for (const error of unhandled) appendReportLine(failed('outside of any test', [error]));
    appendReportLine({ state: 'closed' });
  }
}

function failed(title: string, errors: readonly { readonly message?: string }[] = []): ReportLine {
  return { state: 'failed', title, message: errors.map(({ message }) => message ?? 'no message').join('\n') };
}
