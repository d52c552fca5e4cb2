import { readFileSync } from 'node:fs';
import path from 'node:path';
import { runInExtensionHost } from '../scripts/extensionHost.ts';
import { build } from '../scripts/run.ts';
import { temporaryFolder } from '../test/servers/serverProcess.ts';
import type { Activation } from './activationProbe.ts';

const budget = 25;

/** The quickest of several activations after start-up, each in a VS Code started anew, by VS Code's own figures. */
export async function measureActivation(rounds = 5): Promise<Activation> {
  await build();
  const measured: Activation[] = [];
  for (let round = 0; round < rounds; round++) measured.push(await measureOnce());
  const [best] = measured.sort((a, b) => a.load + a.activate - (b.load + b.activate));
  if (!best) throw new Error('Nothing was measured');
  return best;
}

async function measureOnce(): Promise<Activation> {
  const folder = await temporaryFolder('storage-credentials-bench');
  const report = path.join(folder.path, 'activation.json');
  try {
    const dataFolder = path.join(folder.path, 'data');
    const env = { STORAGE_CREDENTIALS_PROBE: report };
    if (!(await runInExtensionHost({ entry: 'bench/activationProbe.ts', dataFolder, env }))) {
      throw new Error('The activation could not be measured');
    }
    return JSON.parse(readFileSync(report, 'utf8'));
  } finally {
    await folder.remove();
  }
}

if (import.meta.main) {
  const { load, activate } = await measureActivation();
  console.log(
    `Activation, best of 5: load ${load} ms + activate ${activate} ms = ${load + activate} ms (${budget} at most)`,
  );
  process.exitCode = load + activate > budget ? 1 : 0;
}
