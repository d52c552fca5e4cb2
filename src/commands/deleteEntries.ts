import { StorageError } from '../core/errors.ts';
import type { Entry } from '../core/storageClient.ts';
import { formatBytes, formatCount, formatCounted, formatNames, joinSentences } from '../core/text.ts';
import { confirmationFor, ruleQuestion, totalOf, wholeQuestion } from '../removal/confirm.ts';
import { readOutcomes } from '../removal/outcomeLog.ts';
import { bypassLocks, deleteWhole, discardRemoval, planRemoval } from '../removal/plan.ts';
import type { Confirmation, Removal, RemovalCounts, RemovalReport } from '../removal/removal.ts';
import { csvReport, summaryOf, textReport } from '../removal/report.ts';
import { retryFailed } from '../removal/retry.ts';
import type { Lease } from '../sessions/sessions.ts';
import { type CredentialNode, EntryNode, type ListedNode, type Node } from '../tree/nodes.ts';
import type { Dialogs } from '../ui/dialogs.ts';
import { caps, offersRuleFrom } from './caps.ts';
import { checkKept } from './checkKept.ts';
import { removeCredential } from './credentials.ts';
import { applyLifecycleRule } from './lifecycle.ts';
import type { Handler, Parts } from './parts.ts';
import {
  buttonsFor,
  chooseBypass,
  chooseRule,
  chooseWhole,
  isClean,
  isConfirmed,
  progressTeller,
  tellFailure,
  writeText,
} from './removalDialogs.ts';
import { renewKeys } from './renewKeys.ts';
import { plannable, plannedCredential, runnable, running } from './runnable.ts';
import { entryTargets, targetsOf } from './targets.ts';

/** A removal that has ended: what it was of, and what the credential was when it was confirmed. */
interface Told {
  readonly removal: Removal;
  readonly report: RemovalReport;
  readonly nodes: readonly EntryNode[];
  readonly confirmed: Pick<Lease, 'provider' | 'record'>;
  /** How many were deleted with keys that have expired since. */
  readonly before: number;
}

/** Deletes objects, folders and everything in containers: plan, ask, run, report. One credential after the other, each with its own question. */
export const deleteEntries: Handler = async (parts, node, nodes) => {
  const [first, ...others] = targetsOf(parts, node, nodes);
  if (others.length === 0 && (first?.kind === 'credential' || first?.kind === 'unreadable')) {
    return await removeCredential(parts, first);
  }
  await deleteMeant(parts, 'Delete', ['container', 'folder', 'object', 'upload'], node, nodes);
};

export { deleteEntries as delete };

/** Ends uploads that were never finished; the same way. */
export const abortUpload: Handler = (parts, node, nodes) => deleteMeant(parts, 'Abort Upload', ['upload'], node, nodes);

/** Deletes every version and delete marker of what is meant, for good; the same way. */
export const deleteAllVersions: Handler = (parts, node, nodes) =>
  deleteMeant(parts, 'Delete All Versions', ['container', 'folder', 'object'], node, nodes, true);

async function deleteMeant(
  parts: Parts,
  title: string,
  kinds: readonly Entry['kind'][],
  node?: Node,
  nodes?: readonly Node[],
  versions = false,
): Promise<void> {
  const meant = targetsOf(parts, node, nodes);
  if (meant.length > 0 && !meant.some((target) => target instanceof EntryNode)) {
    throw new StorageError('unsupported', 'Select objects, folders or buckets to delete.');
  }
  const targets = await entryTargets(parts, title, kinds, node, nodes);
  const byCredential = Map.groupBy(targets, ({ credential }) => credential);
  for (const [credential, entries] of byCredential) await removeFrom(parts, credential, entries, versions);
}

async function removeFrom(
  parts: Parts,
  credential: CredentialNode,
  nodes: readonly EntryNode[],
  versions: boolean,
): Promise<void> {
  await using lease = await parts.sessions.open(credential.id);
  const { capabilities, label } = lease.provider;
  if (!capabilities.has('remove')) throw new StorageError('unsupported', `Nothing can be deleted there: ${label}`);
  if (versions && !capabilities.has('versions')) {
    throw new StorageError('unsupported', `There are no versions to delete: ${label}`);
  }
  // The rows were listed with another state of the credential: the same names may stand for other objects now.
  if (lease.record.revision !== credential.record.revision) {
    await parts.store.refresh();
    throw new StorageError('changed', 'The credential was changed meanwhile. Look again before you delete.');
  }
  await planAndRun(parts, lease, nodes, versions);
}

async function planAndRun(parts: Parts, lease: Lease, nodes: readonly EntryNode[], versions: boolean): Promise<void> {
  let removal: Removal | undefined;
  try {
    removal = await planFor(parts, lease, nodes, versions);
  } catch (error) {
    const goOn = (next: Lease) => planAndRun(parts, next, nodes, versions);
    if (!isExpired(error) || !(await goOnRenewed(parts, lease, goOn))) throw error;
    return;
  }
  if (!removal) return;
  const canRule = lease.provider.capabilities.has('lifecycle');
  const byRule = await chooseRule(parts.dialogs, ruleQuestion(removal.plan, canRule, offersRuleFrom()));
  if (byRule !== false) await discardRemoval(removal);
  if (byRule && nodes[0]) return await applyLifecycleRule(parts, nodes[0]);
  if (byRule !== false) return;
  const confirmed = await confirm(parts.dialogs, removal, nodes, lease.provider.capabilities.has('removeTree'));
  if (!confirmed) return await discardRemoval(removal);
  await runAndTell(parts, lease, confirmed, nodes);
}

/** A filter narrows what a row shows, and not what is in it. */
function withFilters(confirmation: Confirmation, nodes: readonly EntryNode[]): Confirmation {
  if (confirmation.kind === 'none' || nodes.every(({ filter }) => filter === '')) return confirmation;
  return {
    ...confirmation,
    detail: ["The filter doesn't narrow this: all that is in it is meant.", ...confirmation.detail],
  };
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
export async function planFor(
  parts: Parts,
  lease: Lease,
  nodes: readonly EntryNode[],
  versions: boolean,
): Promise<Removal | undefined> {
  try {
    return await parts.dialogs.progress('Looking for what would be deleted', (report, signal) =>
      planRemoval({
        ...plannable(lease),
        credential: plannedCredential(lease),
        selection: nodes.map(({ entry }) => (versions ? withoutVersion(entry) : entry)),
        versions,
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

/** Of a row that is one of several versions, the object itself is meant. */
function withoutVersion({ version: _, locks: __, ...object }: Entry): Entry {
  return object;
}

/** The removal as it was confirmed; undefined when it was not. */
async function confirm(
  dialogs: Dialogs,
  removal: Removal,
  nodes: readonly EntryNode[],
  canWhole: boolean,
): Promise<Removal | undefined> {
  const bypass = await chooseBypass(dialogs, confirmationFor(removal.plan, caps()));
  if (bypass === undefined) return undefined;
  const listed = bypass ? await bypassLocks(removal) : removal;
  const whole = await chooseWhole(dialogs, wholeQuestion(removal.plan, canWhole));
  if (whole === undefined) return undefined;
  const chosen = whole ? await deleteWhole(listed) : listed;
  const question = withFilters(confirmationFor(chosen.plan, caps()), nodes);
  return (await isConfirmed(dialogs, question)) ? chosen : undefined;
}

/** Runs a removal that was interrupted to its end, and tells of it as of any other. */
export async function goOnWith(parts: Parts, lease: Lease, removal: Removal): Promise<void> {
  await runAndTell(parts, lease, removal, [], 0, true);
  await refreshCredential(parts, lease);
}

/** Tries again what failed in a removal of which nothing but its folder is known; it is asked again when the credential was changed. */
export async function retryKept(parts: Parts, removal: Removal): Promise<void> {
  const { credential } = removal.plan;
  await using lease = await parts.sessions.open(credential.id);
  assertOrigin(lease, credential.origin);
  const again = await retryFailed(removal);
  const same = lease.record.revision === credential.revision;
  if (!same && !(await isConfirmed(parts.dialogs, confirmationFor(again.plan, caps()))))
    return await discardRemoval(again);
  await runAndTell(parts, lease, again, []);
  await refreshCredential(parts, lease);
}

async function refreshCredential({ tree }: Parts, { record }: Lease): Promise<void> {
  for (const node of await tree.credentials()) if (node.id === record.id) tree.refresh(node);
}

/** @param before how many were deleted with keys that have expired since */
async function runAndTell(
  parts: Parts,
  lease: Lease,
  removal: Removal,
  nodes: readonly EntryNode[],
  before = 0,
  resume?: true,
): Promise<void> {
  try {
    const report = await run(parts, lease, removal, resume);
    const { credential, selection } = removal.plan;
    const what = formatNames(selection.map(({ path }) => path));
    parts.log.info(`Removal ${removal.plan.id} in ${credential.name} of ${what}: ${summaryOf(report)}`);
    if (await metExpiry(removal, report)) {
      const done = before + report.results.deleted;
      const goOn = async (renewed: Lease) => runAndTell(parts, renewed, await retryFailed(removal), nodes, done);
      if (await goOnRenewed(parts, lease, goOn)) return;
    }
    await tell(parts, { removal, report, nodes, confirmed: lease, before });
  } finally {
    await refreshAround(parts, nodes);
  }
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

function run({ dialogs }: Parts, lease: Lease, removal: Removal, resume?: true): Promise<RemovalReport> {
  const { counts } = removal.plan;
  const total = totalOf(counts);
  const what =
    total === counts.objects ? formatCounted(total, 'object', 'objects') : formatCounted(total, 'item', 'items');
  return dialogs.progress(`Deleting ${what}`, (report, signal) =>
    running.run({
      ...runnable(lease),
      removal,
      signal,
      onProgress: progressTeller(report),
      ...(resume ? { resume } : {}),
    }),
  );
}

/** Said without waiting for an answer, so that the command has ended by then. After the report was shown, it is said again. */
async function tell(parts: Parts, told: Told, shown = false): Promise<void> {
  const { removal, report } = told;
  const sentence = await closingSentence(told);
  void parts.dialogs
    .notify(isClean(report) ? 'info' : 'warning', sentence, [...buttonsFor(report, shown), ...unsureButtons(report)])
    .then(async (answer) => {
      if (answer === 'Check Again') await checkKept(parts, removal);
      if (answer === 'Show Report') {
        await parts.reports.show(removal);
        if (!isClean(report)) await tell(parts, told, true);
      }
      if (answer === 'Save Report…') await saveReport(parts, removal, report);
      if (answer === 'Retry Failed') await retry(parts, told, false);
      if (answer === 'Delete the Rest…') await retry(parts, told, true);
    })
    .catch((error: unknown) => tellFailure(parts, error));
}

/** Where the server's answer never came, looking again tells. */
function unsureButtons({ fateUnknown }: RemovalReport): readonly string[] {
  return fateUnknown > 0 ? ['Check Again'] : [];
}

/** What came out, and why the first of those that are still there are. */
async function closingSentence({ removal, report, before }: Told): Promise<string> {
  const { stopped } = report;
  const earlier = before > 0 && `Before the new keys: ${formatCount(before)} deleted`;
  if (stopped?.kind === 'cancelled') return joinSentences('Cancelled', summaryOf(report), earlier);
  if (isClean(report)) return joinSentences(summaryOf(report), earlier);
  return joinSentences(summaryOf(report), earlier, stopped?.sentence ?? (await firstReason(removal)));
}

async function firstReason(removal: Removal): Promise<string | undefined> {
  for await (const { error } of readOutcomes(removal)) if (error) return error.sentence;
  return undefined;
}

/**
 * Only what was confirmed and is still there is tried again, and only where it was confirmed. It is asked again after a
 * cancel, and once the credential was changed: with another account the same names may stand for other objects.
 */
async function retry(parts: Parts, { removal, nodes, confirmed }: Told, asks: boolean): Promise<void> {
  await using lease = await parts.sessions.open(removal.plan.credential.id);
  assertOrigin(lease, confirmed.provider.origin(confirmed.record.settings));
  const again = await retryFailed(removal);
  if (asks || lease.record.revision !== confirmed.record.revision) {
    if (!(await isConfirmed(parts.dialogs, confirmationFor(again.plan, caps())))) return await discardRemoval(again);
  }
  await runAndTell(parts, lease, again, nodes);
}

function assertOrigin({ provider, record }: Lease, origin: string | undefined): void {
  if (provider.origin(record.settings) === origin) return;
  throw new StorageError('changed', 'The credential is for another server now. Delete again from the tree.');
}

async function saveReport({ dialogs }: Parts, removal: Removal, report: RemovalReport): Promise<void> {
  const target = await dialogs.chooseTarget('Save Report', `removal-${removal.plan.id}.csv`);
  if (!target) return;
  const text = target.path.endsWith('.csv') ? csvReport(removal) : textReport(removal, report);
  await writeText(target, text);
}

/** Asks the server again for the listings that the removal changed, and for no other. */
async function refreshAround({ tree }: Parts, nodes: readonly EntryNode[]): Promise<void> {
  const around = new Set(nodes.map((node) => (node.entry.kind === 'container' ? node : node.parent)));
  const shown = new Set<ListedNode>();
  for (const node of around) {
    shown.add(await nearestShown(node));
    for (const twin of tree.twinsOf(node)) shown.add(twin);
  }
  for (const node of shown) tree.refresh(node);
}

/** A folder that is only the beginning of names is gone with its last object: then the listing above has changed too. */
async function nearestShown(node: ListedNode): Promise<ListedNode> {
  if (node.kind !== 'entry' || node.entry.kind !== 'folder' || node.opened) return node;
  if (node.credential.provider.folders.real) return node;
  node.forget();
  const { entries, error } = await node.listing.load();
  return entries.length === 0 && !error && node.filter === '' ? await nearestShown(node.parent) : node;
}

function countsText({ objects, bytes, uploads, locked }: RemovalCounts): string {
  return [
    formatCounted(objects, 'object', 'objects'),
    formatBytes(bytes),
    ...(uploads > 0 ? [formatCounted(uploads, 'unfinished upload', 'unfinished uploads')] : []),
    ...(locked > 0 ? [`${formatCount(locked)} locked`] : []),
  ].join(' · ');
}
