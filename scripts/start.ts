import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type MemoryS3, startMemoryS3 } from '../demo/s3Server.ts';
import { fillSampleData, undeletableSamples } from '../demo/sampleData.ts';
import { temporaryFolder } from '../test/servers/serverProcess.ts';
import { openEditor } from './editor.ts';

/** Shows the extension in a VS Code of its own, beside a demo storage; stays until the window is closed or Ctrl-C is pressed. */
async function main(): Promise<void> {
  const folder = await temporaryFolder('storage-credentials-demo');
  const keys = { accessKeyId: 'DEMOACCESSKEY', secretAccessKey: randomBytes(20).toString('hex') };
  const storage = await startMemoryS3({ credentials: [keys], undeletable: undeletableSamples });
  fillSampleData(storage);
  const workspace = path.join(folder.path, 'workspace');
  mkdirSync(workspace);
  const editor = await openEditor({
    workspace,
    dataFolder: path.join(folder.path, 'data'),
    env: { STORAGE_CREDENTIALS_DEMO: writeDemoCredentials(folder.path, storage, keys) },
  });
  const where = editor.url ?? 'VS Code is open';
  console.log(`Ready: ${where} (demo storage: ${storage.endpoint}; Ctrl-C ends both)`);
  await Promise.race([editor.closed, interrupted()]);
  await editor.stop();
  await storage.stop();
  await folder.remove();
}

/** The extension adds these when it starts. The file is readable by this user alone and goes with the demo. */
function writeDemoCredentials(
  folder: string,
  { endpoint }: MemoryS3,
  { accessKeyId, secretAccessKey }: { accessKeyId: string; secretAccessKey: string },
): string {
  const file = path.join(folder, 'demo.json');
  const demo = {
    provider: 's3',
    name: 'Demo storage',
    settings: { service: 'other', accessKeyId, endpoint, pathStyle: true },
    secrets: { secretAccessKey },
  };
  writeFileSync(file, JSON.stringify({ credentials: [demo] }), { mode: 0o600 });
  return file;
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
}

await main();
