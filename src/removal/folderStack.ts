import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Entry } from '../core/storageClient.ts';
import { entryOf, lineOf } from './manifest.ts';

const spillAt = 1_000;

/** Folders, last in, first out, so that what was found inside another comes before it. What doesn't fit in memory waits in files. */
export interface FolderStack {
  push(entry: Entry): Promise<void>;
  /** Takes every folder off. */
  drain(): AsyncGenerator<Entry>;
}

/** @param folder where the files stand while they are needed. */
export function createFolderStack(folder: string): FolderStack {
  let top: string[] = [];
  let spilled = 0;
  const fileOf = (number: number) => path.join(folder, `folders-${number}.jsonl`);
  return {
    async push(entry) {
      top.push(lineOf(entry));
      if (top.length < spillAt) return;
      await writeFile(fileOf(spilled++), top.join('\n'), { mode: 0o600 });
      top = [];
    },
    async *drain() {
      for (;;) {
        for (const line of top.reverse()) yield entryOf(line, folder);
        if (spilled === 0) return;
        const file = fileOf(--spilled);
        top = (await readFile(file, 'utf8')).split('\n');
        await rm(file);
      }
    },
  };
}
