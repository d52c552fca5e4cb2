import { randomUUID } from 'node:crypto';
import { commands, type TextEditor, window, workspace } from 'vscode';
import { StorageError } from '../core/errors.ts';
import { formatCount, formatCounted, joinSentences } from '../core/text.ts';
import {
  artifactCsv,
  artifactReportText,
  jobReport,
  outcomesOfRows,
  planText,
  skippedText,
} from '../removal/artifactReport.ts';
import { searchArtifacts } from '../removal/artifactSearch.ts';
import {
  type Artifact,
  type ArtifactRow,
  linesOf,
  linesOfInput,
  resolveLines,
  type UrlLine,
} from '../removal/artifacts.ts';
import { confirmationForAll } from '../removal/confirm.ts';
import { bypassLocks, discardRemoval, planRemoval } from '../removal/plan.ts';
import type { Removal } from '../removal/removal.ts';
import { canRetry, summaryOf } from '../removal/report.ts';
import { retryFailed } from '../removal/retry.ts';
import { type EndedShare, joinReports, outcomesOf, runShares, type Share } from '../removal/shares.ts';
import type { Option } from '../ui/dialogs.ts';
import { textDocuments, textScheme } from '../ui/textDocuments.ts';
import { Leases } from './leases.ts';
import type { Handler, Parts } from './parts.ts';
import {
  buttonsFor,
  chooseBypass,
  isClean,
  isConfirmed,
  progressTeller,
  tellFailure,
  writeText,
} from './removalDialogs.ts';
import { type Addition, addCredentialFor, additionsFor, resolverFor } from './resolving.ts';
import { pickCredential } from './targets.ts';

const title = 'Delete Artifacts by URL';

/** Up to so many objects are looked up before anything is asked; above, only if the person wants it. */
const lookedUp = 100;

/** What was confirmed, and all that was done about it so far. */
interface Job {
  readonly rows: readonly ArtifactRow[];
  /** Every attempt, the first one first. */
  readonly removals: readonly Removal[];
  /** How the last attempt of each share ended. */
  readonly ended: readonly EndedShare[];
  /** By credential, as it was when it was confirmed. */
  readonly confirmed: ReadonlyMap<string, { readonly revision: string; readonly origin: string }>;
}

/** Deletes the objects that a list of URLs names: resolve, look, ask once for all, run, and say what became of each URL. */
export const deleteByUrl: Handler = async (parts) => {
  if ((await parts.tree.credentials()).length === 0) return void (await pickCredential(parts, title));
  const lines = await chooseLines(parts);
  if (!lines) return;
  if (lines.length === 0) return void parts.dialogs.notify('info', 'There is no URL in it.');
  await using leases = new Leases(parts.sessions);
  const rows = await decide(parts, leases, lines);
  const planned = rows && (await planShares(parts, leases, artifactsIn(rows)));
  if (!rows || !planned) return;
  const shares = await confirm(parts, planned, rows);
  if (!shares) return await discardAll(planned);
  const confirmed = new Map<string, { revision: string; origin: string }>();
  for (const { record, provider } of new Set(artifactsIn(rows).map(({ reading }) => reading.credential))) {
    confirmed.set(record.id, { revision: record.revision, origin: provider.origin(record.settings) });
  }
  await runAndTell(parts, { rows, removals: [], ended: [], confirmed }, shares);
};

type Source = { readonly lines: readonly UrlLine[] } | 'input' | 'document';

/** Undefined when it was closed, or when there is a new document to paste into first. */
async function chooseLines(parts: Parts): Promise<readonly UrlLine[] | undefined> {
  const source = await parts.dialogs.pick<Source>(title, [
    ...textsOf(window.activeTextEditor),
    { label: 'Type or Paste…', description: 'One URL or several', value: 'input' },
    {
      label: 'Paste into a New Document…',
      description: 'One URL per line, thousands of them if need be',
      value: 'document',
    },
  ]);
  if (source === 'document') await openDocument(parts);
  if (source === undefined || source === 'document') return undefined;
  if (source !== 'input') return source.lines;
  const typed = await parts.dialogs.ask({
    title,
    prompt: 'The URLs of what is to be deleted, such as s3://bucket/key. What would happen is shown first.',
  });
  return typed === undefined ? undefined : linesOfInput(typed);
}

function textsOf(editor: TextEditor | undefined): readonly Option<Source>[] {
  if (!editor || editor.document.uri.scheme === textScheme || editor.document.uri.scheme === 'output') return [];
  const { document, selections } = editor;
  const selected = selections.flatMap((part) => linesOf(document.getText(part), part.start.line + 1));
  const all = linesOf(document.getText());
  const option = (label: string, lines: readonly UrlLine[]) => ({
    label,
    description: formatCounted(lines.length, 'line', 'lines'),
    value: { lines },
  });
  return [
    ...(selected.length > 0 ? [option('Selected Text', selected)] : []),
    ...(all.length > 0 ? [option(`Open File: ${document.fileName.split(/[\\/]/).at(-1)}`, all)] : []),
  ];
}

async function openDocument(parts: Parts): Promise<void> {
  const document = await workspace.openTextDocument({ language: 'plaintext', content: '' });
  await window.showTextDocument(document);
  void parts.dialogs
    .notify('info', 'Paste one URL per line, then go on.', ['Continue'])
    .then(async (answer) => {
      if (answer !== 'Continue') return;
      await window.showTextDocument(document);
      await commands.executeCommand('storageCredentials.deleteByUrl');
    })
    .catch((error: unknown) => tellFailure(parts, error));
}

/** Shows what would happen until the person goes on with it; undefined when they don't. */
async function decide(
  parts: Parts,
  leases: Leases,
  lines: readonly UrlLine[],
): Promise<readonly ArtifactRow[] | undefined> {
  let sizes = false;
  for (;;) {
    const rows = await look(parts, leases, lines, sizes);
    // Another document each time: one that is open already shows its old text for a moment, and this is what is agreed to.
    await textDocuments(parts.own).show(randomUUID(), title, planText(rows));
    const step = await askStep(parts, rows);
    if (step === 'go') return rows;
    if (step === undefined) return undefined;
    if (step === 'sizes') sizes = true;
    else await addAndWait(parts, step);
  }
}

async function look(
  parts: Parts,
  leases: Leases,
  lines: readonly UrlLine[],
  sizes: boolean,
): Promise<readonly ArtifactRow[]> {
  const rows = resolveLines(lines, { resolve: await resolverFor(parts), redact: parts.redactor.redact });
  const all = sizes || artifactsIn(rows).length <= lookedUp;
  return await parts.dialogs.progress('Looking for what would be deleted', (report, signal) =>
    searchArtifacts({
      rows,
      all,
      signal,
      open: ({ credential }) => leases.open(credential.record),
      onProgress: (done, total) => report(`${formatCount(done)} of ${formatCount(total)}`),
    }),
  );
}

function artifactsIn(rows: readonly ArtifactRow[]): readonly Artifact[] {
  return rows.flatMap(({ fate }) => (fate.kind === 'delete' ? [fate.artifact] : []));
}

type Step = 'go' | 'sizes' | Addition;

/** What to do about what isn't resolved or not looked up; where there is neither, the confirmation comes next. */
async function askStep({ dialogs }: Parts, rows: readonly ArtifactRow[]): Promise<Step | undefined> {
  const artifacts = artifactsIn(rows);
  const unresolved = rows.filter(({ fate }) => fate.kind === 'unresolved');
  const unseen = artifacts.filter(({ found, note }) => !found && note === undefined).length;
  if (unresolved.length === 0 && artifacts.length === 0) {
    void dialogs.notify('info', joinSentences('Nothing to delete', `Skipped: ${skippedText(rows)}`));
    return undefined;
  }
  if (unresolved.length === 0 && unseen === 0) return 'go';
  const objects = formatCounted(artifacts.length, 'object', 'objects');
  const left =
    unresolved.length === 0 ? 'Their sizes are not known.' : `Left out: ${formatCount(unresolved.length)} unresolved`;
  const go: Option<Step> = { label: `Go On with ${objects}…`, description: left, value: 'go' };
  const look: Option<Step> = {
    label: 'Look Up Sizes',
    description: `One request for each object: ${formatCount(artifacts.length)}`,
    value: 'sizes',
  };
  const additions = unresolved.flatMap(({ url, rewritten, fate }) =>
    fate.kind === 'unresolved' ? (fate.wanted ?? []).map((wanted) => ({ ...wanted, url: rewritten ?? url })) : [],
  );
  const question =
    unresolved.length === 0
      ? `${title}: ${objects}`
      : `${formatCount(unresolved.length)} of ${formatCounted(rows.length, 'URL is', 'URLs are')} unresolved`;
  return await dialogs.pick<Step>(question, [
    ...(artifacts.length > 0 ? [go] : []),
    ...(unseen > 0 ? [look] : []),
    ...additionsFor(additions),
  ]);
}

/** The form stays open as long as it takes; closing the notification goes back to the question. */
async function addAndWait(parts: Parts, addition: Addition): Promise<void> {
  await addCredentialFor(parts, addition);
  await parts.dialogs.progress('Waiting for the credential to be saved', async (_, signal) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    using _watching = parts.store.watch(({ added, changed }) => added.length + changed.length > 0 && resolve());
    signal.addEventListener('abort', () => resolve(), { once: true });
    if (signal.aborted) resolve();
    await promise;
  });
}

/** One plan for each credential; undefined when it was cancelled. Nothing is left of them then, or when one fails. */
async function planShares(
  { dialogs, storage }: Parts,
  leases: Leases,
  artifacts: readonly Artifact[],
): Promise<readonly Share[] | undefined> {
  const shares: Share[] = [];
  const byCredential = Map.groupBy(artifacts, ({ reading }) => reading.credential.record);
  try {
    await dialogs.progress('Getting ready to delete', async (_, signal) => {
      for (const [record, mine] of byCredential) {
        const { client, provider } = await leases.open(record);
        const request = { client, provider, credential: record, folder: storage, signal };
        shares.push({ client, provider, removal: await planRemoval({ ...request, selection: byContainer(mine) }) });
      }
    });
    return shares;
  } catch (error) {
    await discardAll(shares);
    if (error instanceof StorageError && error.kind === 'cancelled') return undefined;
    throw error;
  }
}

/** What lies in one container goes in one batch. */
function byContainer(artifacts: readonly Artifact[]) {
  return [...Map.groupBy(artifacts, ({ entry }) => entry.container).values()].flat().map(({ entry }) => entry);
}

async function discardAll(shares: readonly Share[]): Promise<void> {
  for (const { removal } of shares) await discardRemoval(removal);
}

/** The shares as they were confirmed, all of them with one answer; undefined when they were not. */
async function confirm(
  { dialogs }: Parts,
  shares: readonly Share[],
  rows: readonly ArtifactRow[],
): Promise<readonly Share[] | undefined> {
  const plansOf = (each: readonly Share[]) => each.map(({ removal }) => removal.plan);
  const bypass = await chooseBypass(dialogs, confirmationForAll(plansOf(shares)));
  if (bypass === undefined) return undefined;
  const chosen = bypass ? await Promise.all(shares.map(withBypass)) : shares;
  const question = confirmationForAll(plansOf(chosen));
  const skipped = skippedText(rows);
  const asked =
    question.kind === 'none' || skipped === ''
      ? question
      : { ...question, detail: [...question.detail, `Skipped: ${skipped}`] };
  return (await isConfirmed(dialogs, asked)) ? chosen : undefined;
}

async function withBypass(share: Share): Promise<Share> {
  return share.removal.plan.counts.bypassable > 0 ? { ...share, removal: await bypassLocks(share.removal) } : share;
}

async function runAndTell(parts: Parts, before: Job, shares: readonly Share[]): Promise<void> {
  const total = shares.reduce((sum, { removal }) => sum + removal.plan.manifest.entries, 0);
  const what = formatCounted(total, 'object', 'objects');
  const ended = await parts.dialogs.progress(`Deleting ${what}`, (report, signal) =>
    runShares(shares, signal, progressTeller(report)),
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
  const buttons = [...new Set([...buttonsFor(report, shown), 'Save Report…'])];
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
    })
    .catch((error: unknown) => tellFailure(parts, error));
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
  for (const [removal, { client, provider }] of open) {
    again.push({ client, provider, removal: await retryFailed(removal) });
  }
  const plans = again.map(({ removal }) => removal.plan);
  if ((asks || changed) && !(await isConfirmed(parts.dialogs, confirmationForAll(plans))))
    return await discardAll(again);
  await runAndTell(parts, job, again);
}
