import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findCommand, temporaryFolder } from '../test/servers/serverProcess.ts';

/** What one run of a command cost. */
export interface Cost {
  readonly wallSeconds: number;
  /** User and system time together. */
  readonly cpuSeconds: number;
  readonly peakMiB: number;
  /** The command's standard output. */
  readonly output: string;
  /** Of the wall time, the work without the start of the process, where the command tells it. */
  readonly workSeconds?: number;
  /** Of that, the deletion without its plan. */
  readonly runSeconds?: number;
}

/** Runs a command under GNU time and gives what it cost; throws with its last words when it fails. */
export async function measureCommand(
  command: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; input?: string } = {},
): Promise<Cost> {
  const folder = await temporaryFolder('measure');
  const report = join(folder.path, 'cost');
  const timed = ['-q', '-f', '%e %U %S %M', '-o', report, findCommand(command) ?? command, ...args];
  const child = spawn(findCommand('time') ?? 'time', timed, {
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  // The command is a child of `time`: both end with this process by their group.
  const endNow = () => process.kill(-(child.pid ?? process.pid), 'SIGKILL');
  process.once('exit', endNow);
  child.stdin.end(options.input ?? '');
  const [output, complaint, [code]] = await Promise.all([
    readText(child.stdout),
    readText(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  process.off('exit', endNow);
  const costs = await readFile(report, 'utf8');
  await folder.remove();
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${complaint.slice(-1000)}`);
  const [wall = 0, user = 0, system = 0, peakKiB = 0] = costs.trim().split(' ').map(Number);
  return { wallSeconds: wall, cpuSeconds: user + system, peakMiB: peakKiB / 1024, output };
}

async function readText(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
