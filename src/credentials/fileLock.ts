import { createHash } from 'node:crypto';
import { utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StorageError } from '../core/errors.ts';
import { type Files, isMissing, newWord, removeIfThere } from './files.ts';

/** Milliseconds after which a lock counts as left behind even if a process with its owner's number runs. */
const staleAfter = 30_000;
/** Milliseconds that a lock is waited for. */
const patience = 20_000;

/**
 * Runs `work` while no other process runs work under the same folder.
 *
 * Each contender puts a file of its own name there and holds the lock when it then sees no other's; else it takes its
 * file back and tries again. Names are never used twice, so clearing away the file of a dead owner can't hit a living one.
 * @param work gets a function that throws when the lock was lost (the machine slept): to be called right before a commit.
 */
export async function withLock<T>(
  files: Files,
  folder: string,
  work: (assertHeld: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const own = await acquire(files, folder);
  try {
    return await work(() => assertThere(files, own));
  } finally {
    await removeIfThere(files, own);
  }
}

/** How often whoever holds a lock for long says that it still does, in milliseconds. */
const heartbeat = staleAfter / 3;

/** A lock that is held until it is given back. */
export interface Held extends AsyncDisposable {
  /** Aborted when it was lost: the machine slept, and another process took it over. */
  readonly lost: AbortSignal;
}

/** Holds the lock under a folder for as long as it takes; undefined when another process has it. */
export async function tryHold(files: Files, folder: string): Promise<Held | undefined> {
  await files.mkdir(folder, { recursive: true });
  // Two that try at the same moment both step back.
  for (let attempt = 0; attempt < 4; attempt++) {
    const own = newLock(folder);
    if (await isFirst(files, folder, own)) return keepAlive(files, own);
    if (await isLocked(files, folder)) return undefined;
    await sleep(1 + Math.random() * 50);
  }
  return undefined;
}

/** Whether a living process holds the lock under a folder. */
export async function isLocked(files: Files, folder: string): Promise<boolean> {
  const names = await files.readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const held = await Promise.all(names.map((name) => isHeld(files, path.join(folder, name), Date.now())));
  return held.includes(true);
}

function keepAlive(files: Files, own: string): Held {
  const lost = new AbortController();
  const beat = setInterval(() => {
    const now = new Date();
    void utimes(own, now, now).catch((error: unknown) => {
      clearInterval(beat);
      lost.abort(error);
    });
  }, heartbeat);
  beat.unref();
  return {
    lost: lost.signal,
    async [Symbol.asyncDispose]() {
      clearInterval(beat);
      await removeIfThere(files, own);
    },
  };
}

function newLock(folder: string): string {
  return path.join(folder, `${process.pid}.${host}.${newWord()}.lock`);
}

async function acquire(files: Files, folder: string): Promise<string> {
  const deadline = performance.now() + patience;
  await files.mkdir(folder, { recursive: true });
  for (let attempt = 0; ; attempt++) {
    const own = newLock(folder);
    if (await isFirst(files, folder, own)) return own;
    if (performance.now() > deadline) {
      throw new StorageError('timed-out', 'Another window has been saving for too long.', {
        hint: 'Try again in half a minute.',
      });
    }
    await sleep(1 + Math.random() * Math.min(50, 2 ** attempt));
  }
}

async function isFirst(files: Files, folder: string, own: string): Promise<boolean> {
  let first = false;
  try {
    await (await files.open(own, 'wx', 0o600)).close();
    // Both times come from the file system that holds the locks: clocks of two machines need not agree.
    const now = (await files.stat(own)).mtimeMs;
    const others = (await files.readdir(folder)).map((name) => path.join(folder, name)).filter((file) => file !== own);
    const held = await Promise.all(others.map((file) => isHeld(files, file, now)));
    first = !held.includes(true);
    return first;
  } finally {
    if (!first) await removeIfThere(files, own);
  }
}

async function isHeld(files: Files, file: string, now: number): Promise<boolean> {
  const [pid, ownerHost] = path.basename(file).split('.');
  if ((ownerHost === host && !isRunning(Number(pid))) || (await isStale(files, file, now))) {
    await removeIfThere(files, file);
    return false;
  }
  return true;
}

async function isStale(files: Files, file: string, now: number): Promise<boolean> {
  try {
    return now - (await files.stat(file)).mtimeMs > staleAfter;
  } catch (error) {
    if (isMissing(error)) return true;
    throw error;
  }
}

async function assertThere(files: Files, own: string): Promise<void> {
  try {
    await files.stat(own);
  } catch (error) {
    throw new StorageError('timed-out', 'Saving took too long.', { hint: 'Try again.', cause: error });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, as another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 12);
