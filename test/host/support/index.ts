import { readdirSync } from 'node:fs';
import path from 'node:path';
import Mocha from 'mocha';
import { LinesReporter } from './linesReporter.ts';

/** Runs every bundled suite beside this file; VS Code calls it and ends when it settles. */
export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: 'bdd', timeout: 120_000, reporter: LinesReporter });
  for (const file of readdirSync(__dirname).sort()) {
    if (file.endsWith('.test.cjs')) mocha.addFile(path.join(__dirname, file));
  }
  await mocha.loadFilesAsync();
  const failures = await new Promise<number>((resolve) => mocha.run(resolve));
  if (failures > 0) throw new Error(`${failures} failed`);
}
