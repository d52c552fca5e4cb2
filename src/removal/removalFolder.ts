import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { makeFolder, readJson, writeJson } from './files.ts';
import type { Removal, RemovalPlan, RemovalReport, UndoReport } from './removal.ts';

/** Makes `<storage>/removals/<id>`; ids sort by time. */
export async function createRemovalFolder(storage: string): Promise<{ id: string; folder: string }> {
  const id = `${new Date().toISOString().replace(/[:.]/g, '-')}-${randomBytes(4).toString('hex')}`;
  const folder = path.join(removalsFolder(storage), id);
  await makeFolder(folder);
  return { id, folder };
}

/** The plan's file comes last: where it stands, the manifest is whole. */
export async function keepPlan(folder: string, plan: RemovalPlan): Promise<Removal> {
  await writeJson(planFile(folder), plan);
  return { folder, plan };
}

export function removalsFolder(storage: string): string {
  return path.join(storage, 'removals');
}

export function manifestFile(folder: string): string {
  return path.join(folder, 'manifest.jsonl.gz');
}

function planFile(folder: string): string {
  return path.join(folder, 'plan.json');
}

/** The removal that a folder holds; undefined when its planning never finished. */
export async function openRemoval(folder: string): Promise<Removal | undefined> {
  const plan = (await readJson(planFile(folder))) as RemovalPlan | undefined;
  return plan && { folder, plan };
}

/** The report of a removal that was run to its end, or to where it was stopped. */
export async function readReport(folder: string): Promise<RemovalReport | UndoReport | undefined> {
  return (await readJson(reportFile(folder))) as RemovalReport | UndoReport | undefined;
}

export function outcomesFile(folder: string): string {
  return path.join(folder, 'outcomes.jsonl');
}

/** Where whoever runs a removal says so. */
export function lockFolder(folder: string): string {
  return path.join(folder, 'running');
}

export function reportFile(folder: string): string {
  return path.join(folder, 'report.json');
}

/** What was found when a removal was checked again. */
export function checkFile(folder: string): string {
  return path.join(folder, 'check.json');
}

/** One byte for each entry of the manifest: what was found of it then. */
export function findingsFile(folder: string): string {
  return path.join(folder, 'check.bin');
}
