import path from 'node:path';
import type { Entry, RemovalResult } from '../core/storageClient.ts';
import { formatBytes, formatCount, formatCounted, formatNames, showName } from '../core/text.ts';
import { conditionNotice } from './confirm.ts';
import { readOutcomes } from './outcomeLog.ts';
import type { EntryOutcome, Removal, RemovalReport } from './removal.ts';
import { openRemoval, readReport, removalsFolder } from './removalFolder.ts';

/** What a person calls each result, in the order in which they are told. */
export const resultLabels: Readonly<Record<RemovalResult, string>> = {
  deleted: 'Deleted',
  'already-gone': 'Already gone',
  changed: 'Changed',
  locked: 'Locked',
  denied: 'Denied',
  failed: 'Failed',
  'not-attempted': 'Not attempted',
};

const labels = Object.entries(resultLabels) as readonly [RemovalResult, string][];

/** One line: 'Deleted 1,204. Failed: 3'. */
export function summaryOf({ results }: RemovalReport): string {
  const others = labels.filter(([result]) => result !== 'deleted' && results[result] > 0);
  const parts = others.map(([result, label]) => `${label}: ${formatCount(results[result])}`);
  return [`Deleted ${formatCount(results.deleted)}`, ...parts].join('. ');
}

/** Whether anything is left that Retry Failed would try. */
export function canRetry({ results }: RemovalReport): boolean {
  return results.failed + results['not-attempted'] > 0;
}

/**
 * The report for reading, some text at a time: the counts, then every entry that is still there or may be.
 * @param most how many such entries to name.
 */
export async function* textReport(
  removal: Removal,
  report: RemovalReport,
  most = Number.POSITIVE_INFINITY,
): AsyncGenerator<string> {
  yield `${heading(removal, report).join('\n')}\n`;
  const { deleted, 'already-gone': gone, ...kept } = report.results;
  const total = Object.values(kept).reduce((sum, count) => sum + count, 0);
  if (total === 0) return;
  yield '\nNot deleted:\n';
  let named = 0;
  for await (const outcome of readOutcomes(removal)) {
    if (outcome.result === 'deleted' || outcome.result === 'already-gone') continue;
    if (named === most) {
      yield `and ${formatCount(total - named)} more\n`;
      return;
    }
    named++;
    yield `${outcomeLine(outcome)}\n`;
  }
}

/** One row for every entry of the plan, deleted or not, some text at a time. */
export async function* csvReport(removal: Removal): AsyncGenerator<string> {
  yield csvRow(['result', 'kind', 'container', 'id', 'version', 'bytes', 'may be deleted', 'reason']);
  for await (const { entry, result, error, fateUnknown } of readOutcomes(removal)) {
    yield csvRow([
      resultLabels[result],
      entry.kind,
      entry.container ?? '',
      entry.id,
      entry.version?.id ?? '',
      entry.size?.toString() ?? '',
      fateUnknown ? 'yes' : '',
      error?.sentence ?? '',
    ]);
  }
}

/** What is known so far of a removal that was interrupted. */
export async function interimReport(removal: Removal): Promise<RemovalReport> {
  const results = Object.fromEntries(labels.map(([result]) => [result, 0])) as Record<RemovalResult, number>;
  let [bytes, fateUnknown] = [0, 0];
  for await (const outcome of readOutcomes(removal)) {
    results[outcome.result]++;
    if (outcome.fateUnknown) fateUnknown++;
    if (outcome.result === 'deleted') bytes += outcome.entry.size ?? 0;
  }
  const stopped = { kind: 'cancelled', sentence: 'It was interrupted, and can be resumed.' } as const;
  return { results, fateUnknown, bytes, startedAt: removal.plan.plannedAt, elapsed: 0, stopped };
}

/** The text report of a removal by its id; undefined when it is no longer kept. */
export async function reportOf(storage: string, id: string, most: number): Promise<string | undefined> {
  const removal = await openRemoval(path.join(removalsFolder(storage), id));
  const report = removal && ((await readReport(removal.folder)) ?? (await interimReport(removal)));
  return removal && report && (await Array.fromAsync(textReport(removal, report, most))).join('');
}

function heading({ plan }: Removal, report: RemovalReport): readonly string[] {
  const { results, bytes, fateUnknown, startedAt, elapsed, stopped } = report;
  const counts = labels.filter(([result]) => result === 'deleted' || results[result] > 0);
  return [
    summaryOf(report),
    '',
    `Credential: ${showName(plan.credential.name)} (${plan.provider.label})`,
    `Selected: ${formatNames(plan.selection.map(({ path }) => path))}`,
    `Started: ${new Date(startedAt).toISOString()}`,
    `Took: ${formatElapsed(elapsed)}`,
    ...(stopped ? [`Stopped early: ${stopped.sentence}`] : []),
    `Recovery: ${plan.recovery.because}`,
    ...plan.notices,
    ...conditionNotice(plan),
    '',
    ...counts.map(([result, label]) => `${label}: ${formatCount(results[result])}${sizeOf(result, bytes)}`),
    ...(fateUnknown > 0
      ? [`Failed without an answer, so they may be deleted all the same: ${formatCount(fateUnknown)}`]
      : []),
  ];
}

function sizeOf(result: RemovalResult, bytes: number): string {
  return result === 'deleted' && bytes > 0 ? ` (${formatBytes(bytes)})` : '';
}

function outcomeLine({ entry, result, error }: EntryOutcome): string {
  return `${resultLabels[result]}: ${entryText(entry)}${error ? ` - ${error.sentence}` : ''}`;
}

/** What an entry is called in a report: by its path, and by its version where it has one. */
export function entryText(entry: Entry): string {
  const version = entry.version
    ? ` (${entry.kind === 'upload' ? 'upload' : 'version'} ${showName(entry.version.id)})`
    : '';
  return `${showName(entry.path)}${version}`;
}

/** '0.4 seconds', '12 seconds', '3 min 20 s'. */
function formatElapsed(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} seconds`;
  if (seconds < 60) return formatCounted(Math.round(seconds), 'second', 'seconds');
  return `${Math.floor(Math.round(seconds) / 60)} min ${Math.round(seconds) % 60} s`;
}

/** One line of a table for spreadsheets. */
export function csvRow(cells: readonly string[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

/** A cell that no spreadsheet takes for a formula, in which nothing is invisible. */
function csvCell(text: string): string {
  const shown = showName(text);
  const inert = /^[=+\-@]/.test(shown) ? `'${shown}` : shown;
  return /[",]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
