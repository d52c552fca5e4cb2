import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline as join } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { StorageError } from '../core/errors.ts';
import type { ManifestEntry, ManifestSeal } from './removal.ts';

/** About how many characters go through the compressor at once. */
const chunkLength = 65_536;

/**
 * Writes entries into a new compressed file: one line of JSON each, then a trailer with their number and checksum.
 * The file is on disk, whole, when this returns. Memory doesn't grow with the entries.
 */
export async function writeManifest(file: string, entries: AsyncIterable<ManifestEntry>): Promise<ManifestSeal> {
  const hash = createHash('sha256');
  let seal: ManifestSeal = { entries: 0, sha256: '' };
  async function* chunks(): AsyncGenerator<string> {
    let count = 0;
    let chunk = '';
    for await (const entry of entries) {
      chunk += `${lineOf(entry)}\n`;
      count++;
      if (chunk.length < chunkLength) continue;
      hash.update(chunk);
      yield chunk;
      chunk = '';
    }
    seal = { entries: count, sha256: hash.update(chunk).digest('hex') };
    yield `${chunk}${trailerOf(seal)}\n`;
  }
  await pipeline(chunks, createGzip({ level: 1 }), createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true }));
  return seal;
}

/**
 * Reads a manifest from beginning to end and compares it with the seal that it got when it was written.
 * Fails with 'unexpected' when anything in it is missing, damaged or changed: then nothing in it may be used.
 */
export async function checkManifest(file: string, seal: ManifestSeal, signal: AbortSignal): Promise<void> {
  for await (const _ of sealedLines(file, seal)) if (signal.aborted) return;
}

/** The entries, in the order in which they were written; fails with 'unexpected' at the end of a file that isn't what its seal says. */
export async function* readManifest(file: string, seal: ManifestSeal): AsyncGenerator<ManifestEntry> {
  for await (const lines of sealedLines(file, seal)) for (const line of lines) yield entryOf(line, file);
}

/** JSON writes a lone surrogate as its code, so that every id survives UTF-8. */
export function lineOf(entry: ManifestEntry): string {
  const { kind, container, id, name, path, size, modified, tag, version, segmented, trace, within } = entry;
  return JSON.stringify({ kind, container, id, name, path, size, modified, tag, version, segmented, trace, within });
}

export function entryOf(line: string, file: string): ManifestEntry {
  const entry: Partial<ManifestEntry> = JSON.parse(line);
  if (kinds.has(entry.kind) && typeof entry.id === 'string' && entry.id !== '') {
    return entry as ManifestEntry;
  }
  throw damaged(file);
}

const kinds: ReadonlySet<unknown> = new Set(['object', 'folder', 'upload'] satisfies ManifestEntry['kind'][]);

function trailerOf({ entries, sha256 }: ManifestSeal): string {
  return JSON.stringify({ end: { entries, sha256 } });
}

/** All lines but the trailer, some at a time; the trailer and the seal are compared at the end. */
async function* sealedLines(file: string, seal: ManifestSeal): AsyncGenerator<readonly string[]> {
  const hash = createHash('sha256');
  let entries = 0;
  let held: readonly string[] = [];
  for await (const lines of linesOf(file)) {
    const ready = [...held, ...lines.slice(0, -1)];
    held = lines.slice(-1);
    if (ready.length > 0) hash.update(`${ready.join('\n')}\n`);
    entries += ready.length;
    yield ready;
  }
  const found = trailerOf({ entries, sha256: hash.digest('hex') });
  if (held[0] !== found || found !== trailerOf(seal)) throw damaged(file);
}

/** The complete lines of a compressed file, some at a time; a last line that wasn't finished is damage. */
async function* linesOf(file: string): AsyncGenerator<string[]> {
  const text = createGunzip({ chunkSize: chunkLength }).setEncoding('utf8');
  let rest = '';
  try {
    join(createReadStream(file), text, (error) => error && text.destroy(error));
    for await (const chunk of text) {
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() ?? '';
      if (lines.length > 0) yield lines;
    }
  } catch (error) {
    throw damaged(file, error);
  }
  if (rest !== '') throw damaged(file);
}

function damaged(file: string, cause?: unknown): StorageError {
  return new StorageError('unexpected', 'The list of what was confirmed is damaged, so it is not used.', {
    hint: 'Select again what to delete.',
    detail: cause === undefined ? file : `${file}: ${cause}`,
    ...(cause === undefined ? {} : { cause }),
  });
}
