import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Counts, countsOfRun } from './counts.ts';

/** One line of a runner's report: a test that ended, or the closing line that tells a finished run from a crashed one. */
export type ReportLine =
  | { readonly state: 'passed' | 'skipped' | 'retried'; readonly title: string }
  | { readonly state: 'failed'; readonly title: string; readonly message: string }
  | { readonly state: 'closed' };

/** Appends a line to the file that STORAGE_CREDENTIALS_REPORT names: a runner's own output says less, and may not outlive a crash. */
export function appendReportLine(line: ReportLine): void {
  const file = process.env.STORAGE_CREDENTIALS_REPORT;
  if (!file) throw new Error('STORAGE_CREDENTIALS_REPORT names no file for the report');
  mkdirSync(path.dirname(file), { recursive: true });
  appendFileSync(file, `${JSON.stringify(line)}\n`);
}

/** Counts a report of one JSON line for each test. A run without its closing line has crashed, whatever its exit code says. A test that passed only when it was tried again counts as passed, and is remarked on. */
export function countReport(file: string, crashed: boolean): Counts {
  const lines = linesOf(file);
  const count = (state: ReportLine['state']) => lines.filter((line) => line.state === state).length;
  const counts = {
    passed: count('passed') + count('retried'),
    failed: count('failed'),
    skipped: count('skipped'),
    remarks: lines.flatMap(remarkOn),
  };
  if (count('closed') > 0) return countsOfRun(counts, crashed);
  return {
    ...counts,
    failed: counts.failed + 1,
    remarks: [...counts.remarks, '✗ The run ended without its closing line: it crashed or never started'],
  };
}

export function linesOf(file: string): readonly ReportLine[] {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  return lines.filter(Boolean).map((line) => JSON.parse(line));
}

function remarkOn(line: ReportLine): readonly string[] {
  if (line.state === 'retried') return [`↻ ${line.title} (passed when it was tried again)`];
  if (line.state === 'failed') return [`✗ ${line.title}: ${line.message.split('\n', 1)[0]}`];
  return [];
}
