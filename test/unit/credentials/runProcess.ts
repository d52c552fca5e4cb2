import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Task } from './credentialProcess.ts';

const program = fileURLToPath(new URL('credentialProcess.ts', import.meta.url));

/** Runs a task in a process of its own; `answer` is what it printed last, `killed` whether it died of a signal. */
export async function runProcess(task: Task): Promise<{ readonly answer: unknown; readonly killed: boolean }> {
  const child = spawn(process.execPath, [program, JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
  const [out, err, { code, signal }] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (code !== 0 && signal !== 'SIGKILL') throw new Error(`The process failed: ${err}`);
  return { answer: JSON.parse(out), killed: signal === 'SIGKILL' };
}
