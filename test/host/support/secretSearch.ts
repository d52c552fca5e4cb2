import { randomBytes } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** Above so many bytes a file is data, and no log, setting or state. */
const largest = 50_000_000;

/** Secrets that are like no other text: each begins and ends with the same random mark, so that a piece of one is found too. */
export class Canaries {
  readonly #mark = `Canary${randomBytes(9).toString('hex')}`;

  /** Holds what encodings write in their own way. */
  make(): string {
    return `${this.#mark}+/${randomBytes(12).toString('base64')}&"${this.#mark}`;
  }

  /** Whether a text holds a canary, in any encoding that leaves a trace of its mark. */
  areIn(content: string | Buffer): boolean {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    return this.forms().some((form) => bytes.includes(form));
  }

  /** The mark as it is, which is also how URLs and JSON hold it, in base64 from each of the three bytes it can start at, in UTF-16 and in hex. */
  forms(): readonly (string | Buffer)[] {
    const mark = Buffer.from(this.#mark);
    const inBase64 = [0, 1, 2].map((offset) => {
      const encoded = Buffer.concat([Buffer.alloc(offset), mark]).toString('base64');
      return encoded.slice(4, -4);
    });
    return [this.#mark, ...inBase64, Buffer.from(this.#mark, 'utf16le'), mark.toString('hex')];
  }

  /** The files below a folder that hold a canary. What is gone by the time it is read holds none. */
  async search(folder: string, since = 0, skip: ReadonlySet<string> = new Set()): Promise<readonly string[]> {
    const found: string[] = [];
    for await (const file of filesBelow(folder, since, skip)) {
      if (this.areIn(await readFile(file).catch(ifThere))) found.push(file);
    }
    return found;
  }
}

async function* filesBelow(folder: string, since: number, skip: ReadonlySet<string>): AsyncGenerator<string> {
  for (const name of await readdir(folder).catch((error) => ifThere(error) && [])) {
    const file = path.join(folder, name);
    const facts = await lstat(file).catch((error) => ifThere(error) && undefined);
    if (facts?.isDirectory() && !skip.has(name)) yield* filesBelow(file, since, skip);
    if (facts?.isFile() && facts.mtimeMs >= since && facts.size <= largest) yield file;
  }
}

function ifThere(error: NodeJS.ErrnoException): Buffer {
  if (error.code !== 'ENOENT' && error.code !== 'EACCES') throw error;
  return Buffer.alloc(0);
}
