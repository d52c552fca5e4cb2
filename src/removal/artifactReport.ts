import { type RemovalResult, removalResults } from '../core/storageClient.ts';
import { formatBytes, formatCount, formatCounted, showName } from '../core/text.ts';
import type { Reading } from '../credentials/resolve.ts';
import { type Artifact, type ArtifactRow, type Fate, targetKey } from './artifacts.ts';
import type { EntryOutcome, RemovalReport } from './removal.ts';
import { csvRow, resultLabels, summaryOf } from './report.ts';

/** More rows than this no one reads; Save Report has them all. */
const mostRows = 20_000;

/** The widest that a column is made for all rows; what is longer sticks out of its own row. */
const widest = 70;

type Skip = Exclude<Fate['kind'], 'delete'>;

/** How many rows are left out, and why: 'unresolved: 3, missing: 1'; '' for none. */
export function skippedText(rows: readonly ArtifactRow[]): string {
  const kinds: readonly Skip[] = ['unresolved', 'ambiguous', 'missing', 'malformed', 'duplicate'];
  return kinds
    .map((kind) => [kind, rows.filter(({ fate }) => fate.kind === kind).length] as const)
    .flatMap(([kind, count]) => (count > 0 ? [`${kind}: ${formatCount(count)}`] : []))
    .join(', ');
}

/** What is to become of every URL, as a table for reading. */
export function planText(rows: readonly ArtifactRow[]): string {
  const kept = rows.flatMap(({ fate }) => (fate.kind === 'delete' ? [fate.artifact] : []));
  const known = kept.flatMap(({ entry }) => entry.size ?? []);
  const bytes = known.reduce((sum, size) => sum + size, 0);
  const skipped = skippedText(rows);
  const size =
    known.length < kept.length ? `${formatBytes(bytes)} in ${formatCount(known.length)} of them` : formatBytes(bytes);
  return [
    'Delete Artifacts by URL: what would happen',
    '',
    `URLs: ${formatCount(rows.length)}`,
    `To be deleted: ${formatCount(kept.length)}${known.length > 0 ? ` (${size})` : ''}`,
    ...sharesOf(kept).map((line) => `  ${line}`),
    ...(skipped === '' ? [] : [`Skipped: ${skipped}`]),
    ...section('Skipped', ['Line', 'What happens', 'Why', 'URL'], rows.flatMap(skippedCells)),
    ...section(
      'To be deleted',
      ['Line', 'What happens', 'Size', 'Can be undone', 'Resolved by', 'URL'],
      rows.flatMap(deletedCells),
    ),
    '',
  ].join('\n');
}

/** What became of a row: one of the results of removals, or 'skipped' with why. */
export interface ArtifactOutcome {
  readonly row: ArtifactRow;
  readonly label: string;
  readonly result: RemovalResult | 'skipped';
  readonly reason: string;
  readonly fateUnknown: boolean;
}

/** The one outcome of every row. What was to be deleted and of which nothing is recorded has failed. */
export function outcomesOfRows(
  rows: readonly ArtifactRow[],
  outcomes: ReadonlyMap<string, EntryOutcome<RemovalResult>>,
): readonly ArtifactOutcome[] {
  return rows.map((row) => {
    const { fate } = row;
    if (fate.kind !== 'delete') {
      return {
        row,
        label: `Skipped: ${skipLabel(fate)}`,
        result: 'skipped',
        reason: reasonOf(fate),
        fateUnknown: false,
      };
    }
    const { reading, entry } = fate.artifact;
    const found = outcomes.get(targetKey(reading.credential.record.id, entry));
    const { result, error, fateUnknown } = found ?? unrecorded;
    return { row, label: resultLabels[result], result, reason: error?.sentence ?? '', fateUnknown };
  });
}

const unrecorded: Pick<EntryOutcome<RemovalResult>, 'result' | 'error' | 'fateUnknown'> = {
  result: 'failed',
  error: { kind: 'unexpected', sentence: 'What became of it was not recorded.' },
  fateUnknown: true,
};

/** The report of a whole job: what came out in the end, whichever attempt it came of. */
export function jobReport(outcomes: readonly ArtifactOutcome[], attempt: RemovalReport): RemovalReport {
  const results = Object.fromEntries(removalResults.map((result) => [result, 0])) as Record<RemovalResult, number>;
  let bytes = 0;
  for (const { row, result } of outcomes) {
    if (result === 'skipped') continue;
    results[result]++;
    if (result === 'deleted' && row.fate.kind === 'delete') bytes += row.fate.artifact.entry.size ?? 0;
  }
  return { ...attempt, results, bytes, fateUnknown: outcomes.filter(({ fateUnknown }) => fateUnknown).length };
}

/** What became of every URL, as a table for reading; what was not deleted comes first. */
export function artifactReportText(outcomes: readonly ArtifactOutcome[], report: RemovalReport): string {
  const skipped = outcomes.filter(({ result }) => result === 'skipped').length;
  const isGone = ({ result }: ArtifactOutcome) => result === 'deleted' || result === 'already-gone';
  const columns = ['Line', 'Outcome', 'Why', 'Resolved by', 'URL'];
  return [
    'Delete Artifacts by URL: what became of them',
    '',
    summaryOf(report),
    `URLs: ${formatCount(outcomes.length)}${skipped > 0 ? `, of which skipped: ${formatCount(skipped)}` : ''}`,
    ...(report.bytes > 0 ? [`Size of what was deleted: ${formatBytes(report.bytes)}`] : []),
    `Started: ${new Date(report.startedAt).toISOString()}`,
    ...(report.stopped ? [`Stopped early: ${report.stopped.sentence}`] : []),
    ...section('Not deleted', columns, outcomes.filter((outcome) => !isGone(outcome)).map(outcomeCells)),
    ...section('Gone', columns, outcomes.filter(isGone).map(outcomeCells)),
    '',
  ].join('\n');
}

/** One row for every URL, some text at a time. */
export function* artifactCsv(outcomes: readonly ArtifactOutcome[]): Generator<string> {
  yield csvRow([
    'outcome',
    'line',
    'url',
    'credential',
    'rule',
    'container',
    'id',
    'bytes',
    'may be deleted',
    'reason',
  ]);
  for (const { row, label, reason, fateUnknown } of outcomes) {
    const reading = readingOf(row.fate);
    const size = row.fate.kind === 'delete' ? row.fate.artifact.entry.size : undefined;
    yield csvRow([
      label,
      String(row.line),
      row.url,
      reading?.credential.record.name ?? '',
      reading?.rule ?? '',
      reading?.container ?? '',
      reading?.id ?? '',
      size === undefined ? '' : String(size),
      fateUnknown ? 'yes' : '',
      reason,
    ]);
  }
}

/** 'Research because it is the default for minio:9000'. */
export function resolvedText({ credential, rule, warning }: Reading): string {
  const doubt = warning === undefined ? '' : ` (${warning})`;
  return `${showName(credential.record.name)} because ${rule}${doubt}`;
}

function sharesOf(artifacts: readonly Artifact[]): readonly string[] {
  const byCredential = Map.groupBy(artifacts, ({ reading }) => reading.credential);
  return [...byCredential].map(([{ record, provider }, each]) => {
    const { label } = provider;
    return `${showName(record.name)} (${label}): ${formatCounted(each.length, 'object', 'objects')}`;
  });
}

function skippedCells({ line, url, fate }: ArtifactRow): readonly (readonly string[])[] {
  if (fate.kind === 'delete') return [];
  return [[String(line), `skip: ${skipLabel(fate)}`, reasonOf(fate), showName(url)]];
}

function deletedCells(row: ArtifactRow): readonly (readonly string[])[] {
  if (row.fate.kind !== 'delete') return [];
  const { entry, recovery, note, reading } = row.fate.artifact;
  const size = entry.size === undefined ? (note === undefined ? '' : 'not told') : formatBytes(entry.size);
  return [
    [
      String(row.line),
      entry.locks === undefined || entry.locks.length === 0 ? 'delete' : 'delete, but it is locked',
      size,
      recovery?.recoverable ?? 'unknown',
      resolvedText(reading),
      urlText(row, reading),
    ],
  ];
}

function outcomeCells({ row, label, reason, fateUnknown }: ArtifactOutcome): readonly string[] {
  const reading = readingOf(row.fate);
  const doubt = fateUnknown ? ' It may be deleted all the same.' : '';
  return [
    String(row.line),
    label,
    `${reason}${doubt}`,
    reading ? resolvedText(reading) : '',
    reading ? urlText(row, reading) : showName(row.url),
  ];
}

/** The URL, and what is meant by it where it doesn't say so itself. */
function urlText({ url, rewritten }: ArtifactRow, { id }: Reading): string {
  const after = rewritten === undefined ? '' : ` (after path substitution: ${showName(rewritten)})`;
  const meant = (rewritten ?? url).endsWith(id) ? '' : ` (meant: ${showName(id)})`;
  return `${showName(url)}${after}${meant}`;
}

function readingOf(fate: Fate): Reading | undefined {
  if (fate.kind === 'delete') return fate.artifact.reading;
  return fate.kind === 'missing' ? fate.reading : undefined;
}

function skipLabel(fate: Exclude<Fate, { kind: 'delete' }>): string {
  return fate.kind === 'duplicate' ? `duplicate of line ${formatCount(fate.of)}` : fate.kind;
}

function reasonOf(fate: Exclude<Fate, { kind: 'delete' }>): string {
  if (fate.kind === 'duplicate') return '';
  return fate.kind === 'ambiguous' ? 'It can mean several names.' : fate.reason;
}

/** A title and a table in aligned columns; nothing where there are no rows. */
function section(title: string, columns: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return [];
  const shown = [columns, ...rows.slice(0, mostRows)];
  const widths = columns.map((_, index) =>
    shown.reduce((width, cells) => Math.max(width, Math.min(widest, cells[index]?.length ?? 0)), 0),
  );
  const isEmpty = (index: number) => rows.every((cells) => cells[index] === '');
  const lineOf = (cells: readonly string[]) =>
    cells
      .map((cell, index) => (isEmptyColumn.has(index) ? '' : `${cell.padEnd(widths[index] ?? 0)}  `))
      .join('')
      .trimEnd();
  const isEmptyColumn = new Set([...columns.keys()].filter(isEmpty));
  const more = rows.length - mostRows;
  return ['', title, '', ...shown.map(lineOf), ...(more > 0 ? [`and ${formatCount(more)} more`] : [])];
}
