import { rm } from 'node:fs/promises';
import path from 'node:path';
import { StorageError, toStorageError } from '../core/errors.ts';
import { Findings } from './findings.ts';
import { writeManifest } from './manifest.ts';
import { readOutcomes } from './outcomeLog.ts';
import { inPages } from './pages.ts';
import type { ManifestEntry, Removal } from './removal.ts';
import { createRemovalFolder, keepPlan, manifestFile, readReport } from './removalFolder.ts';

/** A new removal of exactly what failed or was not attempted in one that has ended; it lists nothing and was confirmed with it. */
export async function retryFailed(removal: Removal): Promise<Removal> {
  const report = await readReport(removal.folder);
  if (!report) throw new StorageError('unsupported', 'This removal has not ended yet.');
  const { id, folder } = await createRemovalFolder(path.resolve(removal.folder, '../..'));
  try {
    const { whole: _, ...rest } = removal.plan;
    const found = new Findings();
    const manifest = await writeManifest(
      manifestFile(folder),
      inPages(leftOver(removal, found, report.startedAt + report.elapsed)),
    );
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

/** What may have been deleted without an answer says so: it is looked at before it is asked for again. */
async function* leftOver(removal: Removal, found: Findings, ended: number): AsyncGenerator<ManifestEntry> {
  const { undoes, plannedAt } = removal.plan;
  for await (const { entry, result, fateUnknown } of readOutcomes(removal)) {
    if (result !== 'failed' && result !== 'not-attempted') continue;
    found.add(entry);
    const unsure = fateUnknown && undoes === undefined;
    yield unsure ? { ...entry, within: [entry.within?.[0] ?? plannedAt, ended] } : entry;
  }
}
