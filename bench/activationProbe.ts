import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';

/** What VS Code itself says of an activation, in milliseconds. */
export interface Activation {
  readonly load: number;
  readonly activate: number;
}

const id = 'storage-credentials.storage-credentials';

/** Activates the extension once VS Code has come to rest, and writes what VS Code measured to the file that STORAGE_CREDENTIALS_PROBE names. */
export async function run(): Promise<void> {
  const extension = vscode.extensions.getExtension(id);
  if (!extension) throw new Error(`VS Code has no extension ${id}`);
  if (extension.isActive) throw new Error('The extension was activated while VS Code started');
  await sleep(5000);
  await extension.activate();
  const figures = await readFigures();
  writeFileSync(process.env.STORAGE_CREDENTIALS_PROBE ?? '', JSON.stringify(figures));
}

/** The row of the startup report reads: Extension, Eager, Load Code, Call Activate, Finish Activate, Event, By. */
async function readFigures(): Promise<Activation> {
  await vscode.commands.executeCommand('perfview.show');
  for (let attempt = 0; attempt < 50; attempt++) {
    const report = vscode.workspace.textDocuments.find(({ uri }) => uri.scheme === 'perf')?.getText() ?? '';
    const cells = report
      .split('\n')
      .find((line) => line.startsWith(`| ${id} |`))
      ?.split('|')
      .map((cell) => cell.trim());
    const [load, call, finish] = (cells ?? []).slice(3, 6).map(Number);
    if (load !== undefined && call !== undefined && finish !== undefined) return { load, activate: call + finish };
    await sleep(200);
  }
  throw new Error("VS Code's startup report has no row for the extension");
}
