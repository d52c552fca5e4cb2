import { formatCount, formatNames, showName } from '../core/text.ts';
import { type CheckReport, readChecked, type Verdict } from './checkAgain.ts';
import type { Removal } from './removal.ts';
import { csvRow, entryText, resultLabels } from './report.ts';

/** What a person calls each verdict, in the order in which they are told. */
const labels: Readonly<Record<Verdict, string>> = {
  gone: 'Gone',
  back: 'Reported as deleted, but there',
  newer: 'Something newer is there under the name',
  kept: 'Still there, as reported',
  'gone-since': 'Gone, though not reported as deleted',
  unknown: 'Could not be looked at',
};

const verdictLabels = Object.entries(labels) as readonly [Verdict, string][];

/** One line: 'All 14,000 are gone', or how many are and what became of the others. */
export function checkSummary({ verdicts, others }: CheckReport): string {
  const total = Object.values(verdicts).reduce((sum, count) => sum + count, 0);
  const all = verdicts.gone + verdicts['gone-since'] === total;
  const parts = verdictLabels.filter(([verdict]) => verdict !== 'gone' && verdicts[verdict] > 0);
  return [
    all ? (total === 1 ? 'It is gone' : `All ${formatCount(total)} are gone`) : `Gone: ${formatCount(verdicts.gone)}`,
    ...parts.map(([verdict, label]) => `${label}: ${formatCount(verdicts[verdict])}`),
    ...(others > 0 ? [`There now, but no part of this removal: ${formatCount(others)}`] : []),
  ].join('. ');
}

/** Whether what was found is what was reported. */
export function isAsReported({ verdicts: { back, newer, unknown } }: CheckReport): boolean {
  return back + newer + unknown === 0;
}

/**
 * What a check found, for reading, some text at a time: the counts, then every entry that is not simply gone.
 * @param most how many such entries to name.
 */
export async function* checkText(
  removal: Removal,
  report: CheckReport,
  most = Number.POSITIVE_INFINITY,
): AsyncGenerator<string> {
  const { plan } = removal;
  const { gone, ...rest } = report.verdicts;
  yield [
    checkSummary(report),
    '',
    `Credential: ${showName(plan.credential.name)} (${plan.provider.label})`,
    `Selected: ${formatNames(plan.selection.map(({ path }) => path))}`,
    `Planned: ${new Date(plan.plannedAt).toISOString()}`,
    `Checked: ${new Date(report.checkedAt).toISOString()}`,
    'What is told here is what was there when it was looked. Nothing was deleted.',
    '',
    ...verdictLabels
      .filter(([verdict]) => verdict === 'gone' || report.verdicts[verdict] > 0)
      .map(([verdict, label]) => `${label}: ${formatCount(report.verdicts[verdict])}`),
    `There now, but no part of this removal: ${formatCount(report.others)}`,
    '',
  ].join('\n');
  const total = Object.values(rest).reduce((sum, count) => sum + count, 0);
  if (total === 0) return;
  yield '\nNot simply gone:\n';
  let named = 0;
  for await (const { entry, result, verdict } of readChecked(removal)) {
    if (verdict === 'gone') continue;
    if (named++ === most) {
      yield `and ${formatCount(total - most)} more\n`;
      return;
    }
    yield `${labels[verdict]}: ${entryText(entry)} (reported: ${resultLabels[result].toLowerCase()})\n`;
  }
}

/** One row for every entry of the plan, some text at a time. */
export async function* checkCsv(removal: Removal): AsyncGenerator<string> {
  yield csvRow(['found', 'reported', 'kind', 'container', 'id', 'version', 'bytes']);
  for await (const { entry, result, verdict } of readChecked(removal)) {
    const { kind, container = '', id, version, size } = entry;
    yield csvRow([
      labels[verdict],
      resultLabels[result],
      ...[kind, container, id, version?.id ?? '', size?.toString() ?? ''],
    ]);
  }
}
