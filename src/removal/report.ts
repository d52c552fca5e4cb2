import path from 'node:path';
import type { Entry, RemovalResult, RestorationResult } from '../core/storageClient.ts';
import { formatBytes, formatCount, formatCounted, formatNames, showName } from '../core/text.ts';
import { conditionNotice } from './confirm.ts';
import { readOutcomes } from './outcomeLog.ts';
import type { EntryOutcome, Removal, RemovalPlan, RemovalReport, RunReport, RunResult, UndoReport } from './removal.ts';
import { openRemoval, readReport, removalsFolder } from './removalFolder.ts';
import { asMeant } from './work.ts';

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

/** The same of an undo. */
const undoLabels: Readonly<Record<RestorationResult, string>> = {
  restored: 'Brought back',
  'already-there': 'Already there',
  changed: 'Changed since, so kept as it is',
  denied: 'Denied',
  failed: 'Failed',
  'not-attempted': 'Not attempted',
};

/** The report of a run, whatever it did. */
export type AnyReport = RemovalReport | UndoReport;

/** What is counted of a run; of an undo nothing counts as deleted, and the other way around. */
type Counts = Readonly<Partial<Record<RunResult, number>>>;

/** The names of a run's results, the usual one first. */
function labelsOf(undo: boolean): readonly (readonly [RunResult, string])[] {
  return Object.entries(undo ? undoLabels : resultLabels) as [RunResult, string][];
}

/** How many did what the run was for. */
export function doneIn(report: AnyReport): number {
  return isRestoration(report) ? report.results.restored : report.results.deleted;
}

/** Whether a report is of an undo. */
export function isRestoration(report: AnyReport): report is UndoReport {
  return 'restored' in report.results;
}

/** One line: 'Deleted 1,204. Failed: 3'; of an undo 'Brought back 1,204. Already there: 3'. */
export function summaryOf(report: AnyReport): string {
  const results: Counts = report.results;
  const [[, done] = ['', ''], ...others] = labelsOf(isRestoration(report));
  const told = others.flatMap(([result, label]) =>
    results[result] ? [`${label}: ${formatCount(results[result])}`] : [],
  );
  return [`${done} ${formatCount(doneIn(report))}`, ...told].join('. ');
}

/** Whether anything is left that Retry Failed would try. */
export function canRetry({ results }: Pick<RunReport<'failed' | 'not-attempted'>, 'results'>): boolean {
  return results.failed + results['not-attempted'] > 0;
}

/**
 * The report for reading, some text at a time: the counts, then every entry that is still there or may be.
 * @param most how many such entries to name.
 */
export async function* textReport(
  removal: Removal,
  report: AnyReport,
  most = Number.POSITIVE_INFINITY,
): AsyncGenerator<string> {
  yield `${heading(removal, report).join('\n')}\n`;
  const counts = Object.entries(report.results) as [RunResult, number][];
  const total = counts.reduce((sum, [result, count]) => sum + (asMeant.has(result) ? 0 : count), 0);
  if (total === 0) return;
  const labels = new Map(labelsOf(isUndo(removal)));
  yield isUndo(removal) ? '\nNot brought back:\n' : '\nNot deleted:\n';
  let named = 0;
  for await (const outcome of readOutcomes(removal)) {
    if (asMeant.has(outcome.result)) continue;
    if (named === most) {
      yield `and ${formatCount(total - named)} more\n`;
      return;
    }
    named++;
    yield `${labels.get(outcome.result)}: ${outcomeLine(outcome)}\n`;
  }
}

/** One row for every entry of the plan, whatever became of it, some text at a time. */
export async function* csvReport(removal: Removal): AsyncGenerator<string> {
  const labels = new Map(labelsOf(isUndo(removal)));
  const unsure = isUndo(removal) ? 'may be there again' : 'may be deleted';
  yield csvRow(['result', 'kind', 'container', 'id', 'version', 'bytes', unsure, 'reason']);
  for await (const { entry, result, error, fateUnknown } of readOutcomes(removal)) {
    yield csvRow([
      labels.get(result) ?? result,
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

/** What is known so far of a run that was interrupted. */
export async function interimReport(removal: Removal): Promise<AnyReport> {
  const labels = labelsOf(isUndo(removal));
  const results = Object.fromEntries(labels.map(([result]) => [result, 0])) as Record<RunResult, number>;
  let [bytes, fateUnknown] = [0, 0];
  for await (const outcome of readOutcomes(removal)) {
    results[outcome.result]++;
    if (outcome.fateUnknown) fateUnknown++;
    if (outcome.result === labels[0]?.[0]) bytes += outcome.entry.size ?? 0;
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

/** Whether a run brings back what another one has deleted. */
export function isUndo({ plan }: { readonly plan: Pick<RemovalPlan, 'undoes'> }): boolean {
  return plan.undoes !== undefined;
}

function heading(removal: Removal, report: AnyReport): readonly string[] {
  const { plan } = removal;
  const { bytes, fateUnknown, startedAt, elapsed, stopped } = report;
  const results: Counts = report.results;
  const [usual, ...others] = labelsOf(isUndo(removal));
  const counts = [...(usual ? [usual] : []), ...others.filter(([result]) => results[result])];
  return [
    summaryOf(report),
    '',
    ...(plan.undoes === undefined ? [] : [`Undo of the removal: ${plan.undoes}`]),
    `Credential: ${showName(plan.credential.name)} (${plan.provider.label})`,
    `Selected: ${formatNames(plan.selection.map(({ path }) => path))}`,
    `Started: ${new Date(startedAt).toISOString()}`,
    `Took: ${formatElapsed(elapsed)}`,
    ...(stopped ? [`Stopped early: ${stopped.sentence}`] : []),
    `Recovery: ${plan.recovery.because}`,
    ...plan.notices,
    ...conditionNotice(plan),
    '',
    ...counts.map(
      ([result, label]) =>
        `${label}: ${formatCount(results[result] ?? 0)}${result === usual?.[0] ? sizeText(bytes) : ''}`,
    ),
    ...(fateUnknown > 0
      ? [
          `Failed without an answer, so they may be ${isUndo(removal) ? 'there again' : 'deleted'} all the same: ${formatCount(fateUnknown)}`,
        ]
      : []),
  ];
}

function sizeText(bytes: number): string {
  return bytes > 0 ? ` (${formatBytes(bytes)})` : '';
}

function outcomeLine({ entry, error }: EntryOutcome): string {
  return `${entryText(entry)}${error ? ` - ${error.sentence}` : ''}`;
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
