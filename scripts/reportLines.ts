import { existsSync, readFileSync } from 'node:fs';
import { type Counts, countsOfRun } from './counts.ts';

/** One line of a runner's report: a test that ended, or the closing line that tells a finished run from a crashed one. */
export type ReportLine =
  | { readonly state: 'passed' | 'skipped' | 'retried'; readonly title: string }
  | { readonly state: 'failed'; readonly title: string; readonly message: string }
  | { readonly state: 'closed' };

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
