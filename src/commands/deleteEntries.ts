import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { workspace } from 'vscode';
import { StorageError } from '../core/errors.ts';
import { formatBytes, formatCount, formatCounted } from '../core/text.ts';
import { confirmationFor } from '../removal/confirm.ts';
import { runRemoval } from '../removal/engine.ts';
import { readOutcomes } from '../removal/outcomeLog.ts';
import { discardRemoval, planRemoval } from '../removal/plan.ts';
import type { Confirmation, Removal, RemovalCounts, RemovalProgress, RemovalReport } from '../removal/removal.ts';
import { canRetry, csvReport, summaryOf, textReport } from '../removal/report.ts';
import { retryFailed } from '../removal/retry.ts';
import type { Lease } from '../sessions/sessions.ts';
import { CredentialNode, EntryNode, type ListedNode } from '../tree/nodes.ts';
import type { Dialogs } from '../ui/dialogs.ts';
import type { Handler, Parts } from './parts.ts';
import { renewKeys } from './renewKeys.ts';
import { entryTargets, targetsOf } from './targets.ts';

/** Deletes objects, folders and everything in containers: plan, ask, run, report. One credential after the other, each with its own question. */
export const deleteEntries: Handler = async (parts, node, nodes) => {
  const meant = targetsOf(parts, node, nodes);
  if (meant.length > 0 && !meant.some((target) => target instanceof EntryNode)) {
    throw new StorageError(
      'unsupported',
      'Select objects, folders or buckets to delete. A credential is removed by Remove Credential.',
    );
  }
  const targets = await entryTargets(parts, 'Delete', ['container', 'folder', 'object'], node, nodes);
  const byCredential = Map.groupBy(targets, ({ credential }) => credential);
  for (const [credential, entries] of byCredential) await removeFrom(parts, credential, entries);
};

async function removeFrom(parts: Parts, credential: CredentialNode, nodes: readonly EntryNode[]): Promise<void> {
  await using lease = await parts.sessions.open(credential.id);
  if (!lease.provider.capabilities.has('remove')) {
    throw new StorageError('unsupported', `Nothing can be deleted there: ${lease.provider.label}`);
  }
  // The rows were listed with another state of the credential: the same names may stand for other objects now.
  if (lease.record.revision !== credential.record.revision) {
    await parts.store.refresh();
    throw new StorageError('changed', 'The credential was changed meanwhile. Look again before you delete.');
  }
  await planAndRun(parts, lease, nodes);
}

async function planAndRun(parts: Parts, lease: Lease, nodes: readonly EntryNode[]): Promise<void> {
  let removal: Removal | undefined;
  try {
    removal = await plan(parts, lease, nodes);
  } catch (error) {
    const renewed = isExpired(error) && (await goOnRenewed(parts, lease, (next) => planAndRun(parts, next, nodes)));
    if (!renewed) throw error;
    return;
  }
  if (!removal) return;
  const confirmation = confirmationFor(removal.plan);
  if (!(await isConfirmed(parts.dialogs, confirmation))) return await discardRemoval(removal);
  await runAndTell(parts, lease, removal, nodes);
}

/** Asks for new keys and goes on with them where they belong to the same server; false when none were entered. */
async function goOnRenewed(parts: Parts, lease: Lease, goOn: (renewed: Lease) => Promise<void>): Promise<boolean> {
  const { provider, record } = lease;
  if (!(await renewKeys(parts, record, provider))) return false;
  await using renewed = await parts.sessions.open(record.id);
  assertOrigin(renewed, provider.origin(record.settings));
  await goOn(renewed);
  return true;
}

/** Undefined when it was cancelled: nothing is left of it then. */
async function plan(parts: Parts, lease: Lease, nodes: readonly EntryNode[]): Promise<Removal | undefined> {
  const { client, provider, record } = lease;
  try {
    return await parts.dialogs.progress('Looking for what would be deleted', (report, signal) =>
      planRemoval({
        client,
        provider,
        credential: { id: record.id, name: record.name },
        selection: nodes.map(({ entry }) => entry),
        folder: parts.storage,
        signal,
        onProgress: (counts) => report(countsText(counts)),
      }),
    );
  } catch (error) {
    if (error instanceof StorageError && error.kind === 'cancelled') return undefined;
    throw error;
  }
}

async function isConfirmed(dialogs: Dialogs, confirmation: Confirmation): Promise<boolean> {
  if (confirmation.kind === 'none') {
    void dialogs.notify('info', confirmation.title);
    return false;
  }
  if (confirmation.kind === 'modal') return await dialogs.confirm(confirmation);
  if (!(await dialogs.confirm({ ...confirmation, button: 'Continue…' }))) return false;
  const { name, title, prompt } = confirmation;
  const refuse = (text: string) => (text === name ? undefined : `Type exactly: ${name}`);
  return (await dialogs.ask({ title, prompt, refuse })) === name;
}

/** @param before how many were deleted with keys that have expired since */
async function runAndTell(
  parts: Parts,
  lease: Lease,
  removal: Removal,
  nodes: readonly EntryNode[],
  before = 0,
): Promise<void> {
  const report = await run(parts, lease, removal);
  parts.log.info(`Removal ${removal.plan.id}: ${summaryOf(report)}`);
  if (await metExpiry(removal, report)) {
    const done = before + report.results.deleted;
    const goOn = async (renewed: Lease) => runAndTell(parts, renewed, await retryFailed(removal), nodes, done);
    if (await goOnRenewed(parts, lease, goOn)) return;
  }
  await refreshAround(parts, nodes);
  tell(parts, lease, removal, report, nodes, before);
}

/** Whether keys expired on the way, also in the last batch, after which nothing was left to stop. */
async function metExpiry(removal: Removal, { stopped, results }: RemovalReport): Promise<boolean> {
  if (stopped) return stopped.kind === 'expired';
  if (results.failed === 0) return false;
  for await (const { error } of readOutcomes(removal)) if (error?.kind === 'expired') return true;
  return false;
}

function isExpired(error: unknown): boolean {
  return error instanceof StorageError && error.kind === 'expired';
}

function run({ dialogs }: Parts, { client, provider }: Lease, removal: Removal): Promise<RemovalReport> {
  const { objects, folders } = removal.plan.counts;
  let percent = 0;
  return dialogs.progress(`Deleting ${formatCounted(objects + folders, 'item', 'items')}`, (report, signal) =>
    runRemoval({
      removal,
      client,
      provider,
      signal,
      onProgress: (progress) => {
        const now = progress.total === 0 ? 100 : (100 * progress.done) / progress.total;
        report(progressText(progress), now - percent);
        percent = now;
      },
    }),
  );
}

/** Said without waiting for an answer, so that the command has ended by then. */
function tell(
  parts: Parts,
  lease: Lease,
  removal: Removal,
  report: RemovalReport,
  nodes: readonly EntryNode[],
  before: number,
): void {
  const { results, stopped } = report;
  const clean = !canRetry(report) && results.changed + results.locked + results.denied === 0;
  const earlier = before === 0 ? undefined : `Before the new keys: ${formatCount(before)} deleted.`;
  const sentence = [
    `${summaryOf(report)}.`,
    earlier,
    stopped && stopped.kind !== 'cancelled' ? stopped.sentence : undefined,
  ];
  const buttons = [...(canRetry(report) ? ['Retry Failed'] : []), 'Show Report', ...(clean ? [] : ['Save Report…'])];
  const origin = lease.provider.origin(lease.record.settings);
  void parts.dialogs
    .notify(clean ? 'info' : 'warning', sentence.filter(Boolean).join(' '), buttons)
    .then(async (answer) => {
      if (answer === 'Show Report') await parts.reports.show(removal);
      if (answer === 'Save Report…') await saveReport(parts, removal, report);
      if (answer === 'Retry Failed') await retry(parts, removal, nodes, origin);
    })
    .catch(async (error: unknown) => {
      const failure = error instanceof Error ? error.message : String(error);
      parts.log.error('What was asked after a removal failed.', error);
      await parts.dialogs.notify('error', parts.redactor.redact(failure));
    });
}

/** Only what was confirmed and is still there is tried again, and only where it was confirmed. */
async function retry(parts: Parts, removal: Removal, nodes: readonly EntryNode[], origin: string): Promise<void> {
  await using lease = await parts.sessions.open(removal.plan.credential.id);
  assertOrigin(lease, origin);
  await runAndTell(parts, lease, await retryFailed(removal), nodes);
}

function assertOrigin({ provider, record }: Lease, origin: string): void {
  if (provider.origin(record.settings) === origin) return;
  throw new StorageError('changed', 'The credential is for another server now. Delete again from the tree.');
}

async function saveReport({ dialogs }: Parts, removal: Removal, report: RemovalReport): Promise<void> {
  const target = await dialogs.chooseTarget('Save Report', `removal-${removal.plan.id}.csv`);
  if (!target) return;
  const text = target.path.endsWith('.csv') ? csvReport(removal) : textReport(removal, report);
  if (target.scheme === 'file') await pipeline(text, createWriteStream(target.fsPath));
  else await workspace.fs.writeFile(target, Buffer.from((await Array.fromAsync(text)).join('')));
}

/** Asks the server again for the listings that the removal changed, and for no other. */
async function refreshAround({ tree }: Parts, nodes: readonly EntryNode[]): Promise<void> {
  const around = new Set(nodes.map((node) => (node.entry.kind === 'container' ? node : node.parent)));
  const shown = new Set<ListedNode>();
  for (const node of around) shown.add(await nearestShown(node));
  for (const node of shown) tree.refresh(node);
}

/** A folder that is only the beginning of names is gone with its last object: then the listing above has changed too. */
async function nearestShown(node: ListedNode): Promise<ListedNode> {
  if (node instanceof CredentialNode || node.entry.kind !== 'folder' || node.opened) return node;
  if (node.credential.provider.folders.real) return node;
  node.forget();
  const { entries, error } = await node.listing.load();
  return entries.length === 0 && !error && node.filter === '' ? await nearestShown(node.parent) : node;
}

function countsText({ objects, bytes, locked }: RemovalCounts): string {
  return [
    formatCounted(objects, 'object', 'objects'),
    formatBytes(bytes),
    ...(locked > 0 ? [`${formatCount(locked)} locked`] : []),
  ].join(' · ');
}

function progressText({ phase, done, total }: RemovalProgress): string {
  const count = `${formatCount(done)} of ${formatCount(total)}`;
  return phase === 'stopping' ? `Stopping… ${count}` : count;
}
