import { randomUUID } from 'node:crypto';
import { StorageError } from '../core/errors.ts';
import type { Entry } from '../core/storageClient.ts';
import { formatCount, formatCounted, joinSentences } from '../core/text.ts';
import { planText, skippedText } from '../removal/artifactReport.ts';
import { searchArtifacts } from '../removal/artifactSearch.ts';
import { type Artifact, type ArtifactRow, resolveLines, type UrlLine } from '../removal/artifacts.ts';
import { confirmationForAll } from '../removal/confirm.ts';
import { bypassLocks, planRemoval } from '../removal/plan.ts';
import type { Share } from '../removal/shares.ts';
import type { Option } from '../ui/dialogs.ts';
import { textDocuments } from '../ui/textDocuments.ts';
import { discardAll, runAndTell } from './artifactJob.ts';
import { caps } from './caps.ts';
import { Leases } from './leases.ts';
import type { Handler, Parts } from './parts.ts';
import { chooseBypass, isConfirmed } from './removalDialogs.ts';
import { type Addition, addCredentialFor, additionsFor, resolverFor } from './resolving.ts';
import { plannedCredential, runnable } from './runnable.ts';
import { pickCredential } from './targets.ts';
import { chooseLines } from './urlLines.ts';

const title = 'Delete Artifacts by URL';

/** Up to so many objects are looked up before anything is asked; above, only if the person wants it. */
const lookedUp = 100;

/** Deletes the objects that a list of URLs names: resolve, look, ask once for all, run, and say what became of each URL. */
export const deleteByUrl: Handler = async (parts) => {
  if ((await parts.tree.credentials()).length === 0) return void (await pickCredential(parts, title));
  const lines = await chooseLines(parts, title);
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
      : `${formatCount(unresolved.length)} of ${formatCounted(rows.length, 'URL', 'URLs')} ${unresolved.length === 1 ? 'is' : 'are'} unresolved`;
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
        const lease = await leases.open(record);
        const share = runnable(lease);
        const request = { ...share, credential: plannedCredential(lease), folder: storage, signal };
        shares.push({ ...share, removal: await planRemoval({ ...request, selection: byContainer(mine) }) });
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
function byContainer(artifacts: readonly Artifact[]): readonly Entry[] {
  return [...Map.groupBy(artifacts, ({ entry }) => entry.container).values()].flat().map(({ entry }) => entry);
}

/** The shares as they were confirmed, all of them with one answer; undefined when they were not. */
async function confirm(
  { dialogs }: Parts,
  shares: readonly Share[],
  rows: readonly ArtifactRow[],
): Promise<readonly Share[] | undefined> {
  const plansOf = (each: readonly Share[]) => each.map(({ removal }) => removal.plan);
  const bypass = await chooseBypass(dialogs, confirmationForAll(plansOf(shares), caps()));
  if (bypass === undefined) return undefined;
  const chosen = bypass ? await Promise.all(shares.map(withBypass)) : shares;
  const question = confirmationForAll(plansOf(chosen), caps());
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
