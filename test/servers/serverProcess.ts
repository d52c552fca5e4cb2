import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, rmSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What is left to do when this process ends; one listener, however many servers there are. */
const atExit = new Set<() => void>();
process.once('exit', () => {
  for (const end of atExit) end();
});

/** A server can't be started on this machine; the message says what it needs, so that a suite can skip with it. */
export class ServerUnavailable extends Error {
  override readonly name = 'ServerUnavailable';
}

/** A child process that ends with `stop()`, and at the latest when this process ends. */
export interface ServerProcess {
  readonly pid: number;
  /** Throws with the end of the log when the process has ended by itself. */
  assertRunning(): Promise<void>;
  stop(): Promise<void>;
}

/** Makes sure that the commands exist, installing their Debian packages when this is Debian and the user is root. */
export async function requireCommands(server: string, commands: readonly string[], packages: readonly string[]) {
  const missing = () => commands.filter((command) => findCommand(command) === undefined);
  if (missing().length === 0) return;
  const needs = `${server} needs the Debian packages ${packages.join(', ')} (missing commands: ${missing().join(', ')})`;
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) throw new ServerUnavailable(needs);
  if (!(await install(packages)) || missing().length > 0) throw new ServerUnavailable(needs);
}

async function install(packages: readonly string[]): Promise<boolean> {
  const aptGet = (...args: string[]) =>
    run('apt-get', ['-o', 'DPkg::Lock::Timeout=180', ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      maxBuffer: 64 * 1024 * 1024,
    }).then(
      () => true,
      () => false,
    );
  const installNow = () => aptGet('install', '-y', '--no-install-recommends', ...packages);
  return (await installNow()) || ((await aptGet('update')) && (await installNow()));
}

/** The full path of a command on PATH or among the system's commands. */
export function findCommand(command: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.map((folder) => resolve(folder, command)).find((path) => existsSync(path));
}

/** Runs a command to its end and gives its standard output; throws with its standard error. */
export async function runCommand(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return new Promise<string>((resolve, reject) => {
    const options = { env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 };
    execFile(findCommand(command) ?? command, args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${command} ${args[0] ?? ''} ended with ${error.code}: ${stderr.slice(0, 2000)}`));
    });
  });
}

/** The same for a command that is told something it must not be told by its arguments. */
export async function runWithInput(command: string, args: readonly string[], input: string): Promise<string> {
  const child = spawn(findCommand(command) ?? command, args, { stdio: 'pipe' });
  const [said, complained]: Buffer[][] = [[], []];
  child.stdout.on('data', (data: Buffer) => said?.push(data));
  child.stderr.on('data', (data: Buffer) => complained?.push(data));
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${Buffer.concat(complained ?? []).toString()}`);
  return Buffer.concat(said ?? []).toString();
}

/** Whether something listens on a port of 127.0.0.1. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('error', () => end(false));
    socket.once('connect', () => end(true));
  });
}

/** Starts a long-running command, its output going to `logFile`. */
export function startProcess(
  command: string,
  args: readonly string[],
  options: { logFile: string; env?: NodeJS.ProcessEnv; cwd?: string },
): ServerProcess {
  const [file, fileArgs] = endWithParent(findCommand(command) ?? command, args);
  const child = spawn(file, fileArgs, {
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = createWriteStream(options.logFile, { flags: 'a' });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  let failure: Error | undefined;
  child.on('error', (error) => {
    failure = error;
  });
  const killNow = () => child.kill('SIGKILL');
  atExit.add(killNow);

  return {
    pid: child.pid ?? 0,
    async assertRunning() {
      if (failure !== undefined) throw failure;
      if (!hasEnded(child)) return;
      const text = await readFile(options.logFile, 'utf8');
      throw new Error(`${command} ended with ${child.exitCode ?? child.signalCode}: ${text.slice(-2000)}`);
    },
    async stop() {
      atExit.delete(killNow);
      await endChild(child);
      // What it has forked may live on for a moment, and write.
      child.stdout.unpipe(log);
      child.stderr.unpipe(log);
      log.end();
    },
  };
}

/** Starts a command that listens on a port of 127.0.0.1 and waits until it does; gives what ends it and removes its folder. */
export async function startListening(
  command: string,
  args: readonly string[],
  {
    port,
    folder,
    env = {},
  }: { port: number; folder: { path: string; remove(): Promise<void> }; env?: NodeJS.ProcessEnv },
): Promise<() => Promise<void>> {
  const server = startProcess(command, args, { logFile: join(folder.path, `${command}.log`), env });
  const stop = async () => {
    await server.stop();
    await folder.remove();
  };
  try {
    await waitUntil(`${command} to answer`, 20_000, async () => {
      await server.assertRunning();
      return await isListening(port);
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

/** Ends a child: politely first, after three seconds by force. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), 3000);
  await ended;
  clearTimeout(force);
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

// A parent that is killed runs no exit handler; on Linux the kernel can tell the child instead.
function endWithParent(file: string, args: readonly string[]): [string, string[]] {
  const setpriv = process.platform === 'linux' ? findCommand('setpriv') : undefined;
  return setpriv === undefined ? [file, [...args]] : [setpriv, ['--pdeathsig', 'KILL', file, ...args]];
}

/** A fresh folder under the system's temporary folder or another; `remove()` deletes it, the end of this process too. */
export async function temporaryFolder(
  name: string,
  parent: string = tmpdir(),
): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(parent, `${name}-`));
  const removeNow = () => rmSync(path, { recursive: true, force: true });
  atExit.add(removeNow);
  return {
    path,
    async remove() {
      atExit.delete(removeNow);
      await rm(path, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Ports of 127.0.0.1 that nobody listened on a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => portOf(server.address()));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** The port of a listening server's address. */
export function portOf(address: ReturnType<ReturnType<typeof createServer>['address']>): number {
  if (address === null || typeof address === 'string') throw new Error('The server does not listen on a port');
  return address.port;
}

/** Calls `check` until it gives true; throws after `timeoutMs` with what was waited for. */
export async function waitUntil(what: string, timeoutMs: number, check: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain for: ${what}`);
    await sleep(50);
  }
}
