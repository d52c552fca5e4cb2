import { commands } from 'vscode';
import { formatCounted } from '../core/text.ts';
import { keptRemovals } from '../removal/keptRemovals.ts';
import { isUndo } from '../removal/report.ts';
import { labelOf, subjectOf } from '../tree/removalRows.ts';
import type { Parts } from './parts.ts';

/** Says which removals were interrupted, by a crash or because their window was closed, and offers to go on. */
export async function tellInterrupted({ storage, dialogs, log }: Parts): Promise<void> {
  const interrupted = (await keptRemovals(storage)).filter(({ state }) => state === 'interrupted');
  const [first, ...others] = interrupted;
  if (!first) return;
  const sentence =
    others.length === 0
      ? `${isUndo(first.removal) ? 'An undo' : 'A removal'} was interrupted. ${labelOf(first)} in ${subjectOf(first)}`
      : `${formatCounted(interrupted.length, 'removal was', 'removals were')} interrupted.`;
  void dialogs
    .notify('warning', sentence, ['Resume…', 'Show Removals'])
    .then(async (answer) => {
      if (answer === 'Resume…') await commands.executeCommand('storageCredentials.resumeRemoval');
      if (answer === 'Show Removals') await commands.executeCommand('storageCredentials.removals.focus');
    })
    .catch((error: unknown) => log.error('The answer to an interrupted removal failed.', error));
}
