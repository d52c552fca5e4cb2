import { StorageError } from '../core/errors.ts';
import { formatCounted, joinSentences } from '../core/text.ts';
import { artifactCsv, artifactReportText, jobReport, outcomesOfRows, skippedText } from '../removal/artifactReport.ts';
import type { ArtifactRow } from '../removal/artifacts.ts';
import { confirmationForAll } from '../removal/confirm.ts';
import { discardRemoval } from '../removal/plan.ts';
import type { Removal } from '../removal/removal.ts';
import { canRetry, summaryOf } from '../removal/report.ts';
import { retryFailed } from '../removal/retry.ts';
import { type EndedShare, joinReports, outcomesOf, runShares, type Share } from '../removal/shares.ts';
import { canUndo } from '../removal/undo.ts';
import { textDocuments } from '../ui/textDocuments.ts';
import { caps } from './caps.ts';
import { undoKept } from './deleteEntries.ts';
import { Leases } from './leases.ts';
import type { Parts } from './parts.ts';
import { buttonsFor, isClean, isConfirmed, progressTeller, tellFailure, writeText } from './removalDialogs.ts';
import { runnable, running } from './runnable.ts';

/** A removal of artifacts: what was confirmed, and all that was done about it so far. */
export interface Job {
  readonly rows: readonly ArtifactRow[];
  /** Every attempt, the first one first. */
  readonly removals: readonly Removal[];
  /** How the last attempt of each share ended. */
  readonly ended: readonly EndedShare[];
  /** By credential, as it was when it was confirmed. */
  readonly confirmed: ReadonlyMap<string, { readonly revision: string; readonly origin: string }>;
}

/** Runs the shares of a job that was confirmed, says what became of its URLs and offers what can be done next. */
export async function runAndTell(parts: Parts, before: Job, shares: readonly Share[]): Promise<void> {
  const total = shares.reduce((sum, { removal }) => sum + removal.plan.manifest.entries, 0);
  const what = formatCounted(total, 'object', 'objects');
  const ended = await parts.dialogs.progress(`Deleting ${what}`, (report, signal) =>
    runShares(shares, signal, progressTeller(report), (request) => running.run(request)),
  );
  for (const { removal, error } of ended) {
    if (error) parts.log.error(`The removal ${removal.plan.id} could not be run.`, error);
  }
  const removals = [...before.removals, ...shares.map(({ removal }) => removal)];
  await tell(parts, { ...before, removals, ended });
  const touched = new Set(shares.map(({ removal }) => removal.plan.credential.id));
  for (const node of await parts.tree.credentials()) if (touched.has(node.id)) parts.tree.refresh(node);
}

/** Said without waiting for an answer, so that the command has ended by then. After the report was shown, it is said again. */
async function tell(parts: Parts, job: Job, shown = false): Promise<void> {
  const attempt = joinReports(job.ended);
  const outcomes = outcomesOfRows(job.rows, await outcomesOf(job.removals));
  const report = jobReport(outcomes, attempt);
  const skipped = skippedText(job.rows);
  const why =
    report.stopped?.sentence ??
    job.ended.find(({ error }) => error)?.error?.message ??
    outcomes.find(({ result, reason }) => result !== 'skipped' && reason !== '')?.reason;
  const cancelled = report.stopped?.kind === 'cancelled';
  const sentence = joinSentences(
    cancelled && 'Cancelled',
    summaryOf(report),
    skipped !== '' && `Skipped: ${skipped}`,
    !cancelled && !isClean(report) && why,
  );
  if (!shown) parts.log.info(`Artifacts by URL: ${sentence}`);
  const id = job.removals[0]?.plan.id ?? '';
  const undoable = await undoableOf(job);
  const buttons = [...new Set([...buttonsFor(report, shown, undoable.length > 0), 'Save Report…'])];
  void parts.dialogs
    .notify(isClean(report) ? 'info' : 'warning', sentence, buttons)
    .then(async (answer) => {
      if (answer === 'Show Report') {
        await textDocuments(parts.own).show(
          `${id} ${job.removals.length}`,
          'Artifact Removal Report',
          artifactReportText(outcomes, report),
        );
        await tell(parts, job, true);
      }
      if (answer === 'Save Report…') {
        const target = await parts.dialogs.chooseTarget('Save Report', `artifacts-${id}.csv`);
        const asCsv = target?.path.endsWith('.csv') ?? false;
        if (target) await writeText(target, asCsv ? artifactCsv(outcomes) : [artifactReportText(outcomes, report)]);
      }
      if (answer === 'Retry Failed') await retry(parts, job, false);
      if (answer === 'Delete the Rest…') await retry(parts, job, true);
      if (answer === 'Undo…') await undoEach(parts, undoable);
    })
    .catch((error: unknown) => tellFailure(parts, error));
}

async function undoableOf({ removals }: Job): Promise<readonly Removal[]> {
  const undoable: Removal[] = [];
  for (const removal of removals) if (await canUndo(removal)) undoable.push(removal);
  return undoable;
}

/** Each credential's part is a removal of its own and asks by itself; one that can't be undone keeps no other from it. */
async function undoEach(parts: Parts, removals: readonly Removal[]): Promise<void> {
  for (const removal of removals) {
    await undoKept(parts, removal).catch((error: unknown) => tellFailure(parts, error));
  }
}

/** Only what was confirmed and is still there is tried again, and only where it was confirmed. It is asked again after a cancel, and once a credential was changed. */
async function retry(parts: Parts, job: Job, asks: boolean): Promise<void> {
  await using leases = new Leases(parts.sessions);
  const open = new Map<Removal, Awaited<ReturnType<Leases['open']>>>();
  for (const { removal, report } of job.ended) {
    if (report && canRetry(report)) open.set(removal, await leases.open({ id: removal.plan.credential.id }));
  }
  if (open.size === 0) throw new StorageError('unsupported', 'Nothing of this can be tried again.');
  let changed = false;
  for (const { record, provider } of open.values()) {
    const before = job.confirmed.get(record.id);
    if (provider.origin(record.settings) !== before?.origin) {
      throw new StorageError('changed', `The credential is for another server now: ${record.name}`);
    }
    changed ||= record.revision !== before.revision;
  }
  const again: Share[] = [];
  for (const [removal, lease] of open) {
    again.push({ ...runnable(lease), removal: await retryFailed(removal) });
  }
  const plans = again.map(({ removal }) => removal.plan);
  if ((asks || changed) && !(await isConfirmed(parts.dialogs, confirmationForAll(plans, caps()))))
    return await discardAll(again);
  await runAndTell(parts, job, again);
}

/** Forgets plans that were not confirmed. */
export async function discardAll(shares: readonly Share[]): Promise<void> {
  for (const { removal } of shares) await discardRemoval(removal);
}
