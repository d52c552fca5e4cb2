import { spawn } from 'node:child_process';
import path from 'node:path';

/** The folder of the checkout. */
export const root = path.dirname(import.meta.dirname);

/** A PATH on which `node` is the Node that runs this script: tools and shims ask for it by name. */
export const nodePath = [path.dirname(process.execPath), process.env.PATH].join(path.delimiter);

/** Runs a command in the checkout, its output shown, and gives back its exit code. */
export function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, PATH: nodePath, ...env },
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(signal ? 1 : (code ?? 1)));
  });
}

/** Runs a tool of node_modules on the Node that runs this script. */
export function runTool(name: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<number> {
  return run(path.join(root, 'node_modules/.bin', name), args, env);
}

/** Builds the extension and its page into dist, without a word unless something is wrong. */
export async function build(): Promise<void> {
  const exitCode = await run(process.execPath, ['esbuild.mjs', '--quiet']);
  if (exitCode !== 0) throw new Error(`The build failed with exit code ${exitCode}`);
}
