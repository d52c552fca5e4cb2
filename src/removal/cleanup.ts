import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { isMissing } from './files.ts';
import { outcomesFile, removalsFolder, reportFile } from './removalFolder.ts';

const day = 86_400_000;

/**
 * Deletes the folders of removals that ended, or were never begun, so many days ago; gives back how many.
 * One that began and has no report is unfinished and stays, however old.
 */
export async function cleanRemovals(storage: string, days: number, now = Date.now()): Promise<number> {
  let cleaned = 0;
  for (const folder of await foldersIn(removalsFolder(storage))) {
    const ended = await changedAt(reportFile(folder));
    if (ended === undefined && (await changedAt(outcomesFile(folder))) !== undefined) continue;
    const lastTouched = ended ?? (await changedAt(folder)) ?? now;
    if (now - lastTouched < Math.max(1, days) * day) continue;
    await rm(folder, { recursive: true, force: true });
    cleaned++;
  }
  return cleaned;
}

async function foldersIn(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => path.join(folder, entry.name));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function changedAt(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).mtimeMs;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
