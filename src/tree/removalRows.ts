import { ThemeIcon, TreeItem } from 'vscode';
import { running } from '../commands/runnable.ts';
import { formatCount, formatCounted, formatNames, showName } from '../core/text.ts';
import { checkSummary } from '../removal/checkReport.ts';
import { totalOf } from '../removal/confirm.ts';
import { type KeptRemoval, keptRemovals } from '../removal/keptRemovals.ts';
import { canRetry, isUndo, summaryOf } from '../removal/report.ts';
import type { RunningRemoval } from '../removal/runningRemovals.ts';
import { leftToUndo } from '../removal/undo.ts';
import type { RemovalNode } from './removalsTree.ts';

/** A removal as the view shows it. */
export type Standing = 'running' | 'paused' | 'elsewhere' | 'interrupted' | 'ended';

/** The rows of all removals that are kept, the newest first. */
export async function removalRows(storage: string): Promise<RemovalNode[]> {
  const all = await keptRemovals(storage);
  return all.map((kept) => ({ kind: 'removal', kept, item: draw(kept, leftToUndo(kept, all)) }));
}

/** How a removal stands: a run of this window can be spoken to, one of another can't. */
export function standingOf({ removal, state }: KeptRemoval): Standing {
  const own = running.of(removal.plan.id);
  if (own) return own.paused ? 'paused' : 'running';
  return state === 'running' ? 'elsewhere' : state;
}

/** Milliseconds between two drawings of what runs. */
const redrawAfter = 500;

/** Calls back when something that runs here has changed, not more often than can be read. */
export function watchRunning(redraw: () => void): void {
  let waiting = false;
  running.onChange(() => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      redraw();
    }, redrawAfter);
  });
}

/** The sentence that a removal is called by wherever one is picked. */
export function labelOf(kept: KeptRemoval): string {
  const total = totalOf(kept.removal.plan.counts);
  const own = running.of(kept.removal.plan.id)?.progress;
  const done = own?.done ?? kept.done;
  const count = `${formatCount(done)} of ${formatCount(total)}`;
  const undo = isUndo(kept.removal);
  const doing = undo ? 'Bringing back' : 'Deleting';
  switch (standingOf(kept)) {
    case 'running':
      return own?.phase === 'stopping' ? `Stopping: ${count}` : `${doing}: ${count}`;
    case 'paused':
      return `${undo ? 'Undo paused' : 'Paused'}: ${count}`;
    case 'elsewhere':
      return `${doing} in another window: ${count}`;
    case 'interrupted':
      return `${undo ? 'Undo interrupted' : 'Interrupted'}: ${count}`;
    case 'ended':
      return kept.report ? summaryOf(kept.report) : count;
  }
}

/** What a removal was of: the credential, and what was selected. */
export function subjectOf({ removal: { plan } }: KeptRemoval): string {
  return `${showName(plan.credential.name)} · ${formatNames(
    plan.selection.map(({ path }) => path),
    2,
  )}`;
}

function draw(kept: KeptRemoval, left: number): TreeItem {
  const { removal, report } = kept;
  const standing = standingOf(kept);
  const item = new TreeItem(labelOf(kept));
  item.id = removal.plan.id;
  item.description = subjectOf(kept);
  item.iconPath = new ThemeIcon(iconOf(standing, kept));
  item.tooltip = tooltipOf(kept, left);
  const can = [
    report && canRetry(report) && 'can:retry',
    left > 0 && 'can:undo',
    report && !isUndo(removal) && 'can:check',
  ];
  item.contextValue = ['removal', `is:${standing}`, ...can].filter(Boolean).join(' ');
  if (report) {
    item.command = {
      command: 'storageCredentials.showRemovalReport',
      title: 'Show Report',
      arguments: [{ kind: 'removal', kept, item }],
    };
  }
  return item;
}

function iconOf(standing: Standing, { removal, report }: KeptRemoval): string {
  if (standing === 'running' || standing === 'elsewhere') return 'loading~spin';
  if (standing === 'paused') return 'debug-pause';
  if (standing === 'interrupted') return 'debug-disconnect';
  if (report && canRetry(report)) return 'warning';
  return isUndo(removal) ? 'discard' : 'pass';
}

function tooltipOf(kept: KeptRemoval, left: number): string {
  const { plan } = kept.removal;
  const own = running.of(plan.id);
  return [
    subjectOf(kept),
    `Planned: ${new Date(plan.plannedAt).toLocaleString()}`,
    ...(own ? speedOf(own) : []),
    kept.check && `Checked: ${new Date(kept.check.checkedAt).toLocaleString()}. ${checkSummary(kept.check)}`,
    kept.report?.stopped && `Stopped early: ${kept.report.stopped.sentence}`,
    kept.state === 'interrupted' && (isUndo(kept.removal) ? howToGoOnWithUndo : howToGoOn),
    left > 0 && `Can be brought back by Undo Removal: ${formatCount(left)}`,
    plan.recovery.because,
  ]
    .filter(Boolean)
    .join('\n');
}

/** How fast it goes, what is left of it, and how much the server is asked at once. */
function speedOf({ rate, progress }: RunningRemoval): readonly string[] {
  const speed = `Rate: ${formatCounted(Math.round(rate), 'object', 'objects')} per second`;
  if (!progress) return [speed];
  const { done, total, underWay, allowed } = progress;
  const most =
    allowed?.keysPerSecond === undefined ? '' : `, ${formatCount(Math.round(allowed.keysPerSecond))} a second`;
  return [
    speed,
    `Remaining: ${formatCount(total - done)}`,
    `Under way: ${formatCount(underWay)}`,
    ...(allowed ? [`Pace: up to ${formatCounted(allowed.calls, 'request', 'requests')} at once${most}`] : []),
  ];
}

const howToGoOn =
  'What was deleted until then is recorded. Resuming deletes the rest of what was confirmed, and nothing else.';
const howToGoOnWithUndo = 'What is back until then is recorded. Resuming brings back the rest, and nothing else.';
