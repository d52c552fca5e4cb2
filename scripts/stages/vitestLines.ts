import { appendFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import type { ReportLine } from '../reportLines.ts';

/** Appends one JSON line for each test to the file that STORAGE_CREDENTIALS_REPORT names; a file that can't be loaded is one failed test. */
export default class VitestLines implements Reporter {
  onTestCaseResult(test: TestCase): void {
    const { state, errors } = test.result();
    const title = `${test.module.relativeModuleId}: ${test.fullName}`;
    if (state === 'failed') this.#write(failed(title, errors));
    else if (state === 'skipped') this.#write({ state, title });
    else if (state === 'passed') this.#write({ state: test.diagnostic()?.flaky ? 'retried' : state, title });
  }

  onTestModuleEnd(module: TestModule): void {
    const suites = [...module.children.allSuites()];
    for (const { title, errors } of [
      { title: module.relativeModuleId, errors: module.errors() },
      ...suites.map((suite) => ({ title: `${module.relativeModuleId}: ${suite.fullName}`, errors: suite.errors() })),
    ]) {
      if (errors.length > 0) this.#write(failed(title, errors));
    }
  }

  onTestRunEnd(_modules: readonly TestModule[], unhandled: readonly { readonly message?: string }[]): void {
    for (const error of unhandled) this.#write(failed('outside of any test', [error]));
    this.#write({ state: 'closed' });
  }

  #write(line: ReportLine): void {
    const file = process.env.STORAGE_CREDENTIALS_REPORT;
    if (!file) throw new Error('STORAGE_CREDENTIALS_REPORT names no file for the report');
    mkdirSync(path.dirname(file), { recursive: true });
    appendFileSync(file, `${JSON.stringify(line)}\n`);
  }
}

function failed(title: string, errors: readonly { readonly message?: string }[] = []): ReportLine {
  return { state: 'failed', title, message: errors.map(({ message }) => message ?? 'no message').join('\n') };
}
