import { StorageError } from '../core/errors.ts';
import { confirmationFor } from '../removal/confirm.ts';
import { forgetRemoval, type KeptRemoval, keptRemovals } from '../removal/keptRemovals.ts';
import { canRetry, isUndo } from '../removal/report.ts';
import { leftToUndo } from '../removal/undo.ts';
import { labelOf, type Standing, standingOf, subjectOf } from '../tree/removalRows.ts';
import type { RemovalNode } from '../tree/removalsTree.ts';
import { caps } from './caps.ts';
import { checkKept } from './checkKept.ts';
import { goOnWith, retryKept, undoKept } from './deleteEntries.ts';
import type { Handler, Parts } from './parts.ts';
import { isConfirmed } from './removalDialogs.ts';
import { running } from './runnable.ts';

export const pauseRemoval: Handler = async (parts, node) => {
  const kept = await removalTarget(parts, 'Pause Removal', ['running'], node);
  if (kept) running.of(kept.removal.plan.id)?.pause();
};

/** Lets a removal that is paused go on; runs one that was interrupted to its end. */
export const resumeRemoval: Handler = async (parts, node) => {
  const kept = await removalTarget(parts, 'Resume Removal', ['paused', 'interrupted'], node);
  if (!kept) return;
  const own = running.of(kept.removal.plan.id);
  if (own) return own.goOn();
  await resume(parts, kept);
};

export const cancelRemoval: Handler = async (parts, node) => {
  const kept = await removalTarget(parts, 'Cancel Removal', ['running', 'paused'], node);
  if (kept) running.of(kept.removal.plan.id)?.cancel();
};

/** Tries again what failed in a removal that has ended. */
export const retryRemoval: Handler = async (parts, node) => {
  const failed = ({ report }: KeptRemoval) => report !== undefined && canRetry(report);
  const kept = await removalTarget(parts, 'Retry Failed', ['ended'], node, failed);
  if (kept) await retryKept(parts, kept.removal);
};

/** Brings back what a removal that has ended has deleted, as far as it is not back yet. */
export const undoRemoval: Handler = async (parts, node) => {
  const undoable = (kept: KeptRemoval, all: readonly KeptRemoval[]) => leftToUndo(kept, all) > 0;
  const kept = await removalTarget(parts, 'Undo Removal', ['ended'], node, undoable);
  if (kept) await undoKept(parts, kept.removal);
};

/** Looks again at what was deleted, and says what is gone and what is not. */
export const checkRemoval: Handler = async (parts, node) => {
  const deletes = ({ removal }: KeptRemoval) => !isUndo(removal);
  const kept = await removalTarget(parts, 'Check Again', ['ended'], node, deletes);
  if (kept) await checkKept(parts, kept.removal);
};

export const showRemovalReport: Handler = async (parts, node) => {
  const kept = await removalTarget(parts, 'Show Removal Report', ['ended', 'interrupted'], node);
  if (kept) await parts.reports.show(kept.removal);
};

/** Takes a removal off the list; one that was interrupted is given up for good, so it asks. */
export const clearRemoval: Handler = async (parts, node) => {
  const kept = await removalTarget(parts, 'Clear Removal', ['ended', 'interrupted'], node);
  if (!kept) return;
  const sure =
    kept.state === 'ended' ||
    (await parts.dialogs.confirm({
      title: `Discard the ${isUndo(kept.removal) ? 'undo' : 'removal'}: ${subjectOf(kept)}`,
      detail: [
        isUndo(kept.removal)
          ? 'What it has brought back stays there, the rest stays deleted. It can not be resumed, and its report goes.'
          : 'What it has deleted stays deleted, what it has not stays there. It can not be resumed, and its report goes.',
      ],
      button: isUndo(kept.removal) ? 'Discard Undo' : 'Discard Removal',
    }));
  if (!sure) return;
  await forgetRemoval(kept.removal);
  parts.removals.refresh();
};

/** Takes every removal that has ended off the list. */
export const clearRemovals: Handler = async (parts) => {
  for (const { removal, state } of await keptRemovals(parts.storage)) {
    if (state === 'ended') await forgetRemoval(removal);
  }
  parts.removals.refresh();
};

export const refreshRemovals: Handler = async ({ removals }) => removals.refresh();

/** Only where it was confirmed; asked again once the credential was changed, since names may stand for other objects then. */
async function resume(parts: Parts, { removal }: KeptRemoval): Promise<void> {
  const { credential } = removal.plan;
  await using lease = await parts.sessions.open(credential.id);
  if (lease.provider.origin(lease.record.settings) !== credential.origin) {
    const run = isUndo(removal) ? 'undo' : 'removal';
    throw new StorageError('changed', `The credential is for another server now, so the ${run} is not resumed.`, {
      hint: `Change it back, or discard the ${run}.`,
    });
  }
  const same = lease.record.revision === credential.revision;
  if (!same && !(await isConfirmed(parts.dialogs, confirmationFor(removal.plan, caps())))) return;
  await goOnWith(parts, lease, removal);
}

/** The removal that a row stands for; without one it asks, among those that stand so. */
async function removalTarget(
  { dialogs, storage }: Parts,
  title: string,
  standings: readonly Standing[],
  node: unknown,
  fits: (kept: KeptRemoval, all: readonly KeptRemoval[]) => boolean = () => true,
): Promise<KeptRemoval | undefined> {
  const all = await keptRemovals(storage);
  const fitting = all.filter((kept) => standings.includes(standingOf(kept)) && fits(kept, all));
  if (isRemovalNode(node)) {
    // The row may have been drawn before something happened.
    return fitting.find(({ removal }) => removal.plan.id === node.kept.removal.plan.id);
  }
  if (fitting.length === 0) {
    void dialogs.notify('info', 'There is no such removal.');
    return undefined;
  }
  const options = fitting.map((kept) => ({ label: labelOf(kept), description: subjectOf(kept), value: kept }));
  return await dialogs.pick(title, options);
}

function isRemovalNode(node: unknown): node is RemovalNode {
  return typeof node === 'object' && node !== null && 'kind' in node && node.kind === 'removal';
}
