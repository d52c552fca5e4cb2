import { StorageError } from '../core/errors.ts';
import { formatCounted, formatNames } from '../core/text.ts';
import { type CheckReport, checkAgain } from '../removal/checkAgain.ts';
import { checkCsv, checkSummary, checkText, isAsReported } from '../removal/checkReport.ts';
import type { Removal } from '../removal/removal.ts';
import { textDocuments } from '../ui/textDocuments.ts';
import type { Parts } from './parts.ts';
import { tellFailure, writeText } from './removalDialogs.ts';
import { plannable } from './runnable.ts';

/** More than this no one reads; the saved report has them all. */
const mostLines = 10_000;

/** Compares what a removal was to delete with what is there now, and says so. Deletes nothing. */
export async function checkKept(parts: Parts, removal: Removal): Promise<void> {
  const { credential, selection } = removal.plan;
  await using lease = await parts.sessions.open(credential.id);
  if (lease.provider.origin(lease.record.settings) !== credential.origin) {
    throw new StorageError('changed', 'The credential is for another server now, so nothing there can be compared.', {
      hint: 'Change it back to check again.',
    });
  }
  const report = await parts.dialogs.progress('Looking again at what was deleted', (tell, signal) =>
    checkAgain({
      ...plannable(lease),
      removal,
      signal,
      onProgress: (found) => tell(`Still there: ${formatCounted(found, 'entry', 'entries')}`),
    }),
  );
  const what = formatNames(selection.map(({ path }) => path));
  parts.log.info(`Checked removal ${removal.plan.id} in ${credential.name} of ${what}: ${checkSummary(report)}`);
  parts.removals.refresh();
  tell(parts, removal, report);
}

/** Said without waiting for an answer, so that the command has ended by then. */
function tell(parts: Parts, removal: Removal, report: CheckReport): void {
  void parts.dialogs
    .notify(isAsReported(report) ? 'info' : 'warning', `${checkSummary(report)}.`, ['Open Report', 'Save Report…'])
    .then(async (answer) => {
      if (answer === 'Open Report') {
        const text = (await Array.fromAsync(checkText(removal, report, mostLines))).join('');
        await textDocuments(parts.own).show(`check ${removal.plan.id}`, 'Removal Check', text);
      }
      if (answer === 'Save Report…') await save(parts, removal, report);
    })
    .catch((error: unknown) => tellFailure(parts, error));
}

async function save({ dialogs }: Parts, removal: Removal, report: CheckReport): Promise<void> {
  const target = await dialogs.chooseTarget('Save Report', `check-${removal.plan.id}.csv`);
  if (!target) return;
  await writeText(target, target.path.endsWith('.csv') ? checkCsv(removal) : checkText(removal, report));
}
