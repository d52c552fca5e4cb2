import { rm } from 'node:fs/promises';
import path from 'node:path';
import { StorageError, toStorageError } from '../core/errors.ts';
import { identityOf } from '../core/storageClient.ts';
import { formatCount } from '../core/text.ts';
import { Findings } from './findings.ts';
import { createFolderStack } from './folderStack.ts';
import { type KeptRemoval, keptRemovals } from './keptRemovals.ts';
import { writeManifest } from './manifest.ts';
import { readOutcomes } from './outcomeLog.ts';
import { inPages } from './pages.ts';
import type { EntryOutcome, ManifestEntry, PlannedCredential, Removal, RemovalPlan } from './removal.ts';
import { createRemovalFolder, keepPlan, manifestFile } from './removalFolder.ts';
import { doneIn } from './report.ts';

/**
 * A run that brings back what a removal has deleted and what no undo has brought back yet. It lists nothing: its manifest is
 * made of the removal's journal. Of what the removal never heard, it takes what may have been deleted, with the moments
 * between which that was. Leaves nothing behind when it fails.
 */
export async function planUndo(removal: Removal, credential: PlannedCredential): Promise<Removal> {
  const storage = storageOf(removal);
  const all = await keptRemovals(storage);
  const kept = all.find(({ removal: { plan } }) => plan.id === removal.plan.id);
  if (!kept || leftToUndo(kept, all) === 0) throw nothingLeft();
  const { id, folder } = await createRemovalFolder(storage);
  try {
    const found = new Findings();
    const unsure = { count: 0 };
    const entries = counted(comingBack(kept, all, folder), found, unsure);
    const manifest = await writeManifest(manifestFile(folder), inPages(entries));
    if (manifest.entries === 0) throw nothingLeft();
    const { whole: _, bypass: __, retryOf: ___, undo: ____, unconditional: _____, ...rest } = removal.plan;
    const plan: RemovalPlan = {
      ...rest,
      id,
      credential,
      undoes: removal.plan.id,
      counts: found.counts(),
      repeatable: true,
      notices: unsure.count > 0 ? [unsureText(unsure.count)] : [],
      plannedAt: Date.now(),
      manifest,
    };
    return await keepPlan(folder, plan);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw toStorageError(error);
  }
}

/** How many things a removal that has ended has deleted that can be brought back and are not back yet; none while an undo of it has no end. */
export function leftToUndo({ removal, report }: KeptRemoval, all: readonly KeptRemoval[]): number {
  if (!report || !isUndoable(removal.plan)) return 0;
  const undos = undosOf(removal, all);
  if (undos.some(({ state }) => state !== 'ended')) return 0;
  const last = lastOf(undos);
  return last ? leftOf(last, undos) : doneIn(report) + report.fateUnknown + (report.foundGone ?? 0);
}

/** Whether a removal that has ended has deleted anything that can be brought back and is not back yet. */
export async function canUndo(removal: Removal): Promise<boolean> {
  if (!isUndoable(removal.plan)) return false;
  const all = await keptRemovals(storageOf(removal));
  return all.some((kept) => kept.removal.plan.id === removal.plan.id && leftToUndo(kept, all) > 0);
}

function storageOf({ folder }: Removal): string {
  return path.resolve(folder, '../..');
}

/** Whether anything that a plan deletes can be brought back by this extension, as far as is known. A version that was meant by itself is gone for good. */
export function isUndoable({ undo, undoes, mode, recovery, counts }: RemovalPlan): boolean {
  const ordinary = counts.objects - counts.versions - counts.markers + counts.folders;
  const keeps = mode === 'recoverable' && recovery.recoverable !== 'no';
  return undo === true && undoes === undefined && keeps && ordinary > 0;
}

/** The undos of a removal, the newest first. */
function undosOf({ plan }: Removal, all: readonly KeptRemoval[]): readonly KeptRemoval[] {
  return all.filter(({ removal }) => removal.plan.undoes === plan.id);
}

/** The one that had everything in it that was left then; those before it no longer count. */
function lastOf(undos: readonly KeptRemoval[]): KeptRemoval | undefined {
  return undos.find(({ removal }) => removal.plan.retryOf === undefined);
}

/** The undo that tried again what failed in another. */
function retryOf({ removal: { plan } }: KeptRemoval, undos: readonly KeptRemoval[]): KeptRemoval | undefined {
  return undos.find(({ removal }) => removal.plan.retryOf === plan.id);
}

function leftOf(undo: KeptRemoval, undos: readonly KeptRemoval[]): number {
  if (!undo.report) return undo.removal.plan.manifest.entries;
  const { changed, denied, failed, 'not-attempted': rest } = undo.report.results;
  const again = retryOf(undo, undos);
  return changed + denied + (again ? leftOf(again, undos) : failed + rest);
}

async function* comingBack(
  kept: KeptRemoval,
  all: readonly KeptRemoval[],
  folder: string,
): AsyncGenerator<ManifestEntry> {
  const undos = undosOf(kept.removal, all);
  const last = lastOf(undos);
  if (!last) return yield* deletedBy(kept, folder);
  for await (const { entry, back } of fatesIn(last, undos)) if (!back) yield entry;
}

/** What a removal has deleted: folders first and the outermost before what was in it, as the other way around it deleted them. */
async function* deletedBy(kept: KeptRemoval, folder: string): AsyncGenerator<ManifestEntry> {
  const { folders: has } = kept.removal.plan.counts;
  if (has > 0) {
    const folders = createFolderStack(folder);
    for await (const entry of deletedIn(kept)) if (entry.kind === 'folder') await folders.push(entry);
    yield* folders.drain();
  }
  for await (const entry of deletedIn(kept)) if (entry.kind === 'object') yield entry;
}

async function* deletedIn({ removal, report }: KeptRemoval): AsyncGenerator<ManifestEntry> {
  const { plannedAt } = removal.plan;
  const ended = report ? report.startedAt + report.elapsed : Date.now();
  for await (const outcome of readOutcomes(removal)) {
    const { trace } = outcome;
    const { within, ...entry } = outcome.entry;
    if (entry.version !== undefined) continue;
    if (outcome.result === 'deleted') yield { ...entry, ...(trace === undefined ? {} : { trace }) };
    else if (isUnsure(outcome)) yield { ...entry, within: [within?.[0] ?? plannedAt, outcome.lookedAt ?? ended] };
  }
}

/** Whether it may have been deleted without an answer: found gone after an interruption, never heard of again, or not come to in a retry. */
function isUnsure({ entry, result, lookedAt, fateUnknown }: EntryOutcome): boolean {
  if (result === 'not-attempted') return entry.within !== undefined;
  return (result === 'already-gone' && lookedAt !== undefined) || (result === 'failed' && fateUnknown);
}

interface BackOrNot {
  readonly entry: ManifestEntry;
  readonly back: boolean;
}

/** Whether each entry of an undo is back, with what a retry of it has done: that has in its manifest what failed, in the same order. */
async function* fatesIn(undo: KeptRemoval, undos: readonly KeptRemoval[]): AsyncGenerator<BackOrNot> {
  const retry = retryOf(undo, undos);
  const again = retry && fatesIn(retry, undos);
  try {
    for await (const { entry, result } of readOutcomes(undo.removal)) {
      const tried = result === 'failed' || result === 'not-attempted' ? (await again?.next())?.value : undefined;
      const same = tried && identityOf(tried.entry) === identityOf(entry);
      yield { entry, back: same ? tried.back : result === 'restored' || result === 'already-there' };
    }
  } finally {
    await again?.return(undefined);
  }
}

async function* counted(
  entries: AsyncIterable<ManifestEntry>,
  found: Findings,
  unsure: { count: number },
): AsyncGenerator<ManifestEntry> {
  for await (const entry of entries) {
    found.add(entry);
    if (entry.within) unsure.count++;
    yield entry;
  }
}

function unsureText(count: number): string {
  return `Deleted without an answer, so they come back only where it shows that this removal deleted them: ${formatCount(count)}`;
}

function nothingLeft(): StorageError {
  return new StorageError('unsupported', 'There is nothing left of this removal to bring back.');
}
