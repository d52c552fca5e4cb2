import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Metafile } from 'esbuild';
import { addCounts, type Counts, noCounts } from '../counts.ts';
import { importViolations } from '../importRules.ts';
import { packageExtension, packageProblems } from '../package.ts';
import { writeRegistry } from '../registry.mjs';
import { root, runTool } from '../run.ts';

/** Compiler, linter, build and import rules: each check counts as one test. */
export async function runChecks(): Promise<Counts> {
  writeRegistry(root);
  const checks: readonly [name: string, check: () => Promise<boolean>][] = [
    ['types', async () => (await runTool('tsc', ['--noEmit'])) === 0],
    ['lint and format', async () => (await runTool('biome', ['check', '.'])) === 0],
    ['package', async () => report(await packageExtension().then(packageProblems))],
    ['import rules', async () => report(importViolations(metafile('metafile.json'), metafile('webview.json')))],
  ];
  let total = noCounts;
  for (const [name, check] of checks) total = addCounts(total, await countCheck(name, check));
  return total;
}

async function countCheck(name: string, check: () => Promise<boolean>): Promise<Counts> {
  const good = await check().catch((error) => report([String(error)]));
  console.log(`  ${good ? '✓' : '✗'} ${name}`);
  return good ? { ...noCounts, passed: 1 } : { ...noCounts, failed: 1, remarks: [`✗ ${name}`] };
}

function report(sentences: readonly string[]): boolean {
  for (const sentence of sentences) console.error(`    ${sentence}`);
  return sentences.length === 0;
}

function metafile(name: string): Metafile {
  return JSON.parse(readFileSync(path.join(root, 'out', name), 'utf8'));
}
