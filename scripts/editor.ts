import { type ChildProcess, spawn } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { downloadAndUnzipVSCode } from '@vscode/test-electron';
import { endChild, findCommand } from '../test/servers/serverProcess.ts';
import { cacheFolder, installExtension, startCodeServer, windowUrl } from './codeServer.ts';
import { packageExtension } from './package.ts';
import { build, root } from './run.ts';

export interface EditorOptions {
  /** The folder that the window shows. */
  readonly workspace: string;
  /** Settings, state and extensions: a person's own VS Code is left alone. */
  readonly dataFolder: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A VS Code that shows the extension. */
export interface OpenEditor {
  /** The address to open in a browser, for a VS Code that has no window of its own. */
  readonly url?: string;
  /** Settles when the person closes it. */
  readonly closed: Promise<unknown>;
  stop(): Promise<void>;
}

/** Builds the extension and opens the first VS Code there is with it: VSCODE_EXECUTABLE, `code` on the PATH, a downloaded one, or else code-server in the browser. */
export async function openEditor(options: EditorOptions): Promise<OpenEditor> {
  const executable = process.env.VSCODE_EXECUTABLE || (hasDisplay() && (findCommand('code') ?? (await download())));
  return executable ? openDesktop(executable, options) : openInBrowser(options);
}

async function download(): Promise<string | undefined> {
  try {
    return await downloadAndUnzipVSCode({ cachePath: path.join(path.dirname(cacheFolder()), 'vscode') });
  } catch (error) {
    console.log(`VS Code could not be downloaded, so code-server takes its place: ${String(error)}`);
    return undefined;
  }
}

async function openDesktop(executable: string, { workspace, dataFolder, env }: EditorOptions): Promise<OpenEditor> {
  await build();
  const child = spawn(
    executable,
    [
      workspace,
      '--wait',
      '--new-window',
      '--disable-workspace-trust',
      '--skip-welcome',
      '--skip-release-notes',
      `--user-data-dir=${dataFolder}`,
      `--extensions-dir=${path.join(dataFolder, 'extensions')}`,
      `--extensionDevelopmentPath=${root}`,
      ...(os.userInfo().uid === 0 ? ['--no-sandbox'] : []),
    ],
    { stdio: 'ignore', env: { ...process.env, ...env } },
  );
  return { closed: ended(child), stop: () => endChild(child) };
}

async function openInBrowser({ workspace, dataFolder, env }: EditorOptions): Promise<OpenEditor> {
  await installExtension(await packageExtension(), dataFolder);
  const server = await startCodeServer({ dataFolder, env });
  const url = windowUrl(server.port, workspace);
  if (hasDisplay() && findCommand('xdg-open')) spawn('xdg-open', [url], { stdio: 'ignore', detached: true }).unref();
  return { url, closed: ended(server.process), stop: server.stop };
}

function ended(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
}

function hasDisplay(): boolean {
  return process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
}
