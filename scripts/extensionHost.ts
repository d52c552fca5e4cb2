import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { runTests } from '@vscode/test-electron';
import esbuild from 'esbuild';
import { nodePath, root } from './run.ts';

/** Code to run inside VS Code, beside the extension. */
export interface HostedCode {
  /** Exports `run()`, which VS Code calls; it ends when the promise settles. */
  readonly entry: string;
  /** Bundled beside the entry, for it to load. */
  readonly files?: readonly string[];
  /** Settings, state and secrets; a second run finds what the first left. */
  readonly dataFolder: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs code in the extension host of a VS Code (VSCODE_EXECUTABLE, code-server on Linux, a downloaded one elsewhere) and says whether it came to a good end. */
export async function runInExtensionHost({ entry, files = [], dataFolder, env = {} }: HostedCode): Promise<boolean> {
  const outdir = path.join(root, 'out/host', path.dirname(path.relative(root, files[0] ?? entry)));
  await bundle(entry, files, outdir);
  const workspace = path.join(dataFolder, 'workspace');
  mkdirSync(workspace, { recursive: true });
  try {
    await runTests({
      ...vscodeExecutable(),
      extensionDevelopmentPath: root,
      extensionTestsPath: path.join(outdir, 'index.cjs'),
      extensionTestsEnv: { PATH: nodePath, ...env },
      launchArgs: [
        workspace,
        `--user-data-dir=${path.join(dataFolder, 'user')}`,
        `--extensions-dir=${path.join(dataFolder, 'user/extensions')}`,
      ],
    });
    return true;
  } catch (error) {
    console.error(String(error));
    return false;
  }
}

function vscodeExecutable(): { vscodeExecutablePath?: string } {
  const executable = process.env.VSCODE_EXECUTABLE;
  if (executable) return { vscodeExecutablePath: executable };
  return process.platform === 'linux' ? { vscodeExecutablePath: path.join(root, 'scripts/codeServerShim.ts') } : {};
}

/** VS Code loads the code by require, and the package is of type module: hence .cjs. */
async function bundle(entry: string, files: readonly string[], outdir: string): Promise<void> {
  rmSync(outdir, { recursive: true, force: true });
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: [{ in: entry, out: 'index' }, ...files.map((file) => ({ in: file, out: path.basename(file, '.ts') }))],
    outdir,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node22',
    packages: 'external',
    external: ['vscode'],
    sourcemap: 'inline',
    logLevel: 'warning',
  });
}
