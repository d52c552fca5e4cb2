import { randomBytes } from 'node:crypto';
import * as nodeFiles from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The calls of node:fs/promises that the store makes. */
export type Files = Pick<typeof nodeFiles, 'mkdir' | 'open' | 'readdir' | 'readFile' | 'rename' | 'stat' | 'unlink'>;

export const realFiles: Files = nodeFiles;

/** Random, fit for file names and revisions. */
export function newWord(): string {
  return randomBytes(12).toString('hex');
}

/** A name for a file in the making; `isTemporary` knows it. */
export function temporaryName(name: string): string {
  return `.${name}.${newWord()}.tmp`;
}

export function isTemporary(name: string): boolean {
  return name.startsWith('.') && name.endsWith('.tmp');
}

/**
 * Replaces a file so that at any moment, and after a power cut, either the old or the new content is there.
 * @param beforeCommit is awaited when all is written but the old content still stands; if it throws, nothing has changed.
 */
export async function writeDurably(
  files: Files,
  file: string,
  text: string,
  beforeCommit: () => Promise<void> = async () => undefined,
): Promise<void> {
  const folder = path.dirname(file);
  const temporary = path.join(folder, temporaryName(path.basename(file)));
  try {
    const handle = await files.open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await beforeCommit();
    await replace(files, temporary, file);
  } catch (error) {
    await removeIfThere(files, temporary);
    throw error;
  }
  await syncFolder(files, folder);
}

/** The content of a file; undefined when there is none. */
export async function readIfThere(files: Files, file: string): Promise<string | undefined> {
  try {
    return await files.readFile(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Whether there was a file to remove. */
export async function removeIfThere(files: Files, file: string): Promise<boolean> {
  try {
    await files.unlink(file);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Makes the names in a folder outlast a power cut. Windows has no such call. */
export async function syncFolder(files: Files, folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await files.open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

/** On Windows a file that a virus scanner or another window is reading can't be replaced for a moment. */
async function replace(files: Files, from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await files.rename(from, to);
    } catch (error) {
      if (attempt === 6 || !['EPERM', 'EACCES', 'EBUSY'].includes(codeOf(error) ?? '')) throw error;
      await sleep(10 * 2 ** attempt);
    }
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
