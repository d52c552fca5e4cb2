import { rm } from 'node:fs/promises';
import path from 'node:path';
import { StorageError, toStorageError } from '../core/errors.ts';
import { Findings } from './findings.ts';
import { writeManifest } from './manifest.ts';
import { readOutcomes } from './outcomeLog.ts';
import type { ManifestEntry, Removal } from './removal.ts';
import { createRemovalFolder, keepPlan, manifestFile, readReport } from './removalFolder.ts';

/** A new removal of exactly what failed or was not attempted in one that has ended; it lists nothing and was confirmed with it. */
export async function retryFailed(removal: Removal): Promise<Removal> {
  if (!(await readReport(removal.folder))) throw new StorageError('unsupported', 'This removal has not ended yet.');
  const { id, folder } = await createRemovalFolder(path.resolve(removal.folder, '../..'));
  try {
    const { whole: _, ...rest } = removal.plan;
    const found = new Findings();
    const manifest = await writeManifest(manifestFile(folder), leftOver(removal, found));
    return await keepPlan(folder, {
      ...rest,
      id,
      counts: found.counts(),
      notices: [],
      retryOf: removal.plan.id,
      plannedAt: Date.now(),
      manifest,
    });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw toStorageError(error);
  }
}

async function* leftOver(removal: Removal, found: Findings): AsyncGenerator<ManifestEntry> {
  for await (const { entry, result } of readOutcomes(removal)) {
    if (result !== 'failed' && result !== 'not-attempted') continue;
    found.add(entry);
    yield entry;
  }
}
