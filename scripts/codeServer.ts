import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { requireCommands } from '../test/servers/serverProcess.ts';

/** The code-server release that is VS Code of the same number. */
export const codeServerVersion = '4.139.1';

/** Where code-server is on this machine, with the Node it runs on. */
export interface Installation {
  readonly node: string;
  readonly entry: string;
}

/** A code-server that listens on this machine's loopback. */
export interface RunningCodeServer {
  readonly port: number;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

export interface StartOptions {
  /** Holds settings, logs and state; made when missing. */
  readonly dataFolder: string;
  /** 0 takes any free port. Secrets survive a restart only on the same port. */
  readonly port?: number;
  /** User settings on top of those that keep the window quiet. An existing settings file is left as it is. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Lets a page run an extension's test suite; never shows notifications then. */
  readonly smokeTestDriver?: boolean;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Settings that keep a test window free of what isn't under test. */
export const quietSettings = {
  'chat.disableAIFeatures': true,
  'extensions.ignoreRecommendations': true,
  'git.enabled': false,
  'remote.autoForwardPorts': false,
  'security.workspace.trust.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'window.autoDetectColorScheme': false,
  'window.autoDetectHighContrast': false,
  'workbench.colorTheme': 'Dark Modern',
  'workbench.editor.useModal': 'off',
  'workbench.enableExperiments': false,
  'workbench.reduceMotion': 'on',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
};

/** Installs code-server into the cache folder unless it is there, and says where. About 35 s and 810 MB the first time. */
export async function installCodeServer(): Promise<Installation> {
  const target = cacheFolder();
  if (!existsSync(path.join(target, 'stamp'))) {
    await requireCommands('code-server', ['g++', 'make', 'python3'], ['g++', 'make', 'python3']);
    console.log(`Installing code-server ${codeServerVersion}: ${target}`);
    const draft = `${target}.${process.pid}`;
    mkdirSync(draft, { recursive: true });
    try {
      installInto(draft);
      writeFileSync(path.join(draft, 'stamp'), new Date().toISOString());
      moveIntoPlace(draft, target);
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  }
  return installation(target);
}

/** Starts code-server on loopback, without a login, and resolves once it listens. It ends with this process at the latest. */
export async function startCodeServer(options: StartOptions): Promise<RunningCodeServer> {
  const { node, entry } = await installCodeServer();
  writeSettings(options);
  const args = [entry, ...serverArguments(options)];
  if (options.smokeTestDriver) args.push('--vscode-option', 'enable-smoke-test-driver');
  const child = spawn(node, args, {
    env: { ...serverEnvironment(options.dataFolder), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const kill = () => signalGroup(child, 'SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  return { port: await listeningPort(child), process: child, stop: () => stopProcess(child) };
}

/** Installs a packaged extension for the code-server that will use this data folder. */
export async function installExtension(vsix: string, dataFolder: string): Promise<void> {
  const { node, entry } = await installCodeServer();
  const args = [entry, '--install-extension', vsix, ...folderArguments(dataFolder)];
  const { status, stdout, stderr } = spawnSync(node, args, { encoding: 'utf8', env: serverEnvironment(dataFolder) });
  if (status !== 0) throw new Error(`Installing ${vsix} failed: ${stdout}${stderr}`);
}

/** The page of a code-server that opens a folder. 'localhost' is a secure context, which webviews need. */
export function windowUrl(port: number, folder: string, query: Record<string, string> = {}): string {
  return `http://localhost:${port}/?${new URLSearchParams({ folder, ...query })}`;
}

/** Where this version of code-server is kept: outside the checkout, so that every clone shares it. */
export function cacheFolder(): string {
  const caches = process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache');
  return path.join(caches, 'storage-credentials', `code-server-${codeServerVersion}-${process.arch}`);
}

function installation(folder: string): Installation {
  return {
    node: path.join(nodePackage(folder), 'bin/node'),
    entry: path.join(folder, 'server/node_modules/code-server/out/node/entry.js'),
  };
}

function nodePackage(folder: string): string {
  return path.join(folder, 'node/node_modules', `node-linux-${process.arch}`);
}

function installInto(folder: string): void {
  if (process.platform !== 'linux') {
    throw new Error('code-server is set up on Linux alone. Set VSCODE_EXECUTABLE to the path of a VS Code.');
  }
  const npm = (cwd: string, ...args: string[]) => runNpm(folder, cwd, args);
  npm(folder, 'install', '--prefix', path.join(folder, 'node'), '--no-save', `node-linux-${process.arch}@24`);
  const server = path.join(folder, 'server');
  npm(folder, 'install', '--prefix', server, '--no-save', '--ignore-scripts', `code-server@${codeServerVersion}`);
  const vscode = path.join(server, 'node_modules/code-server/lib/vscode');
  npm(vscode, 'install', '--omit=dev', '--ignore-scripts');
  npm(path.join(vscode, 'extensions'), 'install', '--omit=dev', '--ignore-scripts');
  npm(vscode, 'rebuild', '@vscode/spdlog', '@vscode/native-watchdog');
  for (const [link, script] of [
    ['bin/remote-cli/code-server', 'code-linux.sh'],
    ['bin/helpers/browser.sh', 'browser-linux.sh'],
  ] as const) {
    const file = path.join(vscode, link);
    if (!existsSync(file)) symlinkSync(script, file);
  }
}

/** Native modules must be built by, and against the headers of, the Node that will load them. */
function runNpm(folder: string, cwd: string, args: readonly string[]): void {
  const node = nodePackage(folder);
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    npm_config_nodedir: node,
    PATH: [path.join(node, 'bin'), process.env.PATH].join(path.delimiter),
  };
  // Settings of the npm that runs this script speak of the project, not of the folder installed into.
  for (const name of Object.keys(env)) if (/^npm_(package|lifecycle|config_local_prefix)/.test(name)) delete env[name];
  const { status, stdout, stderr } = spawnSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd,
    env,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed: ${stdout}${stderr}`);
}

/** Another process may have installed the same meanwhile: then its copy stays. */
function moveIntoPlace(draft: string, target: string): void {
  if (existsSync(path.join(target, 'stamp'))) return;
  rmSync(target, { recursive: true, force: true });
  renameSync(draft, target);
}

function folderArguments(dataFolder: string): string[] {
  return [
    '--config',
    path.join(dataFolder, 'config.yaml'),
    '--user-data-dir',
    dataFolder,
    '--extensions-dir',
    path.join(dataFolder, 'extensions'),
  ];
}

function serverArguments({ port = 0, dataFolder }: StartOptions): string[] {
  return [
    '--bind-addr',
    `127.0.0.1:${port}`,
    '--auth',
    'none',
    '--disable-telemetry',
    '--disable-update-check',
    '--disable-workspace-trust',
    '--disable-getting-started-override',
    '--ignore-last-opened',
    ...folderArguments(dataFolder),
  ];
}

/** code-server takes a PORT of the environment for its own, before its arguments. */
function serverEnvironment(dataFolder: string): NodeJS.ProcessEnv {
  const { PORT: _, ...environment } = process.env;
  return {
    ...environment,
    EXTENSIONS_GALLERY: '{"serviceUrl":""}',
    XDG_CONFIG_HOME: path.join(dataFolder, 'xdg/config'),
    XDG_DATA_HOME: path.join(dataFolder, 'xdg/data'),
    XDG_CACHE_HOME: path.join(dataFolder, 'xdg/cache'),
  };
}

function writeSettings({ dataFolder, settings }: StartOptions): void {
  const file = path.join(dataFolder, 'User/settings.json');
  mkdirSync(path.dirname(file), { recursive: true });
  if (existsSync(file)) return;
  writeFileSync(file, JSON.stringify({ ...quietSettings, ...settings }, undefined, 2));
  writeFileSync(path.join(dataFolder, 'config.yaml'), '');
}

function listeningPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let output = '';
    const read = (chunk: Buffer) => {
      output += chunk;
      const port = /HTTP server listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(output)?.[1];
      if (port) resolve(Number(port));
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`code-server ended with exit code ${code}: ${output}`)));
  });
}

function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const kill = setTimeout(() => signalGroup(child, 'SIGKILL'), 5000);
    child.once('exit', () => {
      clearTimeout(kill);
      resolve();
    });
    signalGroup(child, 'SIGTERM');
  });
}

/** The server runs its extension hosts and watchers as children: they end with it. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null) return;
  process.kill(-child.pid, signal);
}
