import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { StorageError } from '../core/errors.ts';
import { isLocked } from '../credentials/fileLock.ts';
import { realFiles } from '../credentials/files.ts';
import { type CheckReport, readCheck } from './checkAgain.ts';
import { isMissing } from './files.ts';
import { readCoverage } from './outcomeLog.ts';
import type { Removal, RemovalReport, UndoReport } from './removal.ts';
import { lockFolder, openRemoval, readReport, removalsFolder } from './removalFolder.ts';

/** A removal that was confirmed and begun, and how it stands. */
export interface KeptRemoval {
  readonly removal: Removal;
  /** 'interrupted': it was begun, has no end, and nobody runs it. */
  readonly state: 'running' | 'interrupted' | 'ended';
  /** Present when it has ended. */
  readonly report?: RemovalReport | UndoReport;
  /** How many of its entries have their outcome on disk, of one that has not ended. */
  readonly done: number;
  /** What was found when it was last checked again. */
  readonly check?: CheckReport;
}

/** Every removal that is kept on disk, of this window and of others, the newest first. What was only planned is none. */
export async function keptRemovals(storage: string): Promise<readonly KeptRemoval[]> {
  const kept = await Promise.all((await namesIn(removalsFolder(storage))).map((name) => keptIn(storage, name)));
  return kept.filter((each) => each !== undefined);
}

/** The removals of a credential that have no end yet: they need it. */
export async function unfinishedOf(storage: string, credentialId: string): Promise<readonly KeptRemoval[]> {
  const kept = await keptRemovals(storage);
  return kept.filter(({ removal, state }) => state !== 'ended' && removal.plan.credential.id === credentialId);
}

/** Forgets a removal, its report included; nothing is deleted in the cloud. Fails while it runs. */
export async function forgetRemoval({ folder }: Removal): Promise<void> {
  if (await isLocked(realFiles, lockFolder(folder))) {
    throw new StorageError('unsupported', 'This removal is running.', { hint: 'Cancel it first.' });
  }
  await rm(folder, { recursive: true, force: true });
}

async function keptIn(storage: string, name: string): Promise<KeptRemoval | undefined> {
  const folder = path.join(removalsFolder(storage), name);
  const removal = await openRemoval(folder);
  const report = removal && (await readReport(folder));
  if (report) {
    const check = await readCheck(removal);
    return { removal, state: 'ended', report, done: removal.plan.manifest.entries, ...(check ? { check } : {}) };
  }
  const coverage = removal && (await readCoverage(folder));
  if (!removal || !coverage) return undefined;
  const done = coverage.reduce((sum, { entries }) => sum + entries, 0);
  return { removal, state: (await isLocked(realFiles, lockFolder(folder))) ? 'running' : 'interrupted', done };
}

/** Names sort by time. */
async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).toSorted().reverse();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
