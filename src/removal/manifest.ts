import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline as join } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { StorageError } from '../core/errors.ts';
import type { ManifestEntry, ManifestSeal } from './removal.ts';

/** About how many characters go through the compressor at once. */
const chunkLength = 65_536;

/**
 * Writes entries, which come some at a time, into a new compressed file: one line of JSON each. Its seal is their number and
 * a checksum of the file and of it. The file is on disk, whole, when this returns. Memory doesn't grow with the entries.
 */
export async function writeManifest(
  file: string,
  pages: AsyncIterable<readonly ManifestEntry[]>,
): Promise<ManifestSeal> {
  const hash = createHash('sha256');
  let entries = 0;
  async function* chunks(): AsyncGenerator<string> {
    let chunk = '';
    for await (const page of pages) {
      for (const entry of page) {
        chunk += `${lineOf(entry)}\n`;
        if (chunk.length < chunkLength) continue;
        yield chunk;
        chunk = '';
      }
      entries += page.length;
    }
    if (chunk !== '') yield chunk;
  }
  const target = createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true });
  await pipeline(chunks, createGzip({ level: 1 }), hashedInto(hash), target);
  return { entries, sha256: sealedWith(entries, hash) };
}

/** Compares a manifest with the seal that it got when it was written. Fails with 'unexpected' when anything in it is missing, damaged or changed: then nothing in it may be used. */
export async function checkManifest(file: string, seal: ManifestSeal, signal: AbortSignal): Promise<void> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file)) {
      if (signal.aborted) return;
      hash.update(chunk as Buffer);
    }
  } catch (error) {
    throw damaged(file, error);
  }
  if (sealedWith(seal.entries, hash) !== seal.sha256) throw damaged(file);
}

/** The entries, in the order in which they were written; fails with 'unexpected' at the end of a file that isn't what its seal says. */
export async function* readManifest(file: string, seal: ManifestSeal): AsyncGenerator<ManifestEntry> {
  for await (const page of readManifestPages(file, seal)) yield* page;
}

/** The same, some at a time. */
export async function* readManifestPages(file: string, seal: ManifestSeal): AsyncGenerator<readonly ManifestEntry[]> {
  const hash = createHash('sha256');
  let entries = 0;
  for await (const lines of linesOf(file, hash)) {
    entries += lines.length;
    yield lines.map((line) => entryOf(line, file));
  }
  if (entries !== seal.entries || sealedWith(entries, hash) !== seal.sha256) throw damaged(file);
}

/** JSON writes a lone surrogate as its code, so that every id survives UTF-8. What an id says already is left out. */
export function lineOf(entry: ManifestEntry): string {
  const { kind, container, id, size, modified, tag, version, segmented, trace, within } = entry;
  const name = entry.name === id ? undefined : entry.name;
  const path = entry.path === pathOf(container, id) ? undefined : entry.path;
  return JSON.stringify({ kind, container, id, name, path, size, modified, tag, version, segmented, trace, within });
}

export function entryOf(line: string, file: string): ManifestEntry {
  const written: Partial<ManifestEntry> = JSON.parse(line);
  const { kind, container, id, name = id, path } = written;
  if (!kind || !kinds.has(kind) || typeof id !== 'string' || typeof name !== 'string' || id === '') throw damaged(file);
  return Object.assign(written, { kind, id, name, path: path ?? pathOf(container, id) });
}

const kinds: ReadonlySet<unknown> = new Set(['object', 'folder', 'upload'] satisfies ManifestEntry['kind'][]);

/** Where most things stand. */
function pathOf(container: string | undefined, id: string): string {
  return container === undefined ? id : `${container}/${id}`;
}

/** The lines of a compressed file, some at a time; a last line that wasn't finished is damage. */
async function* linesOf(file: string, hash: Hash): AsyncGenerator<string[]> {
  const text = createGunzip({ chunkSize: chunkLength }).setEncoding('utf8');
  let rest = '';
  try {
    join(createReadStream(file), hashedInto(hash), text, (error) => error && text.destroy(error));
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

/** The number is part of what is sealed, so that neither can be taken for another's. */
function sealedWith(entries: number, hash: Hash): string {
  return hash.update(`${entries}`).digest('hex');
}

function hashedInto(hash: Hash): (chunks: AsyncIterable<Buffer>) => AsyncGenerator<Buffer> {
  return async function* hashed(chunks) {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  };
}

function damaged(file: string, cause?: unknown): StorageError {
  return new StorageError('unexpected', 'The list of what was confirmed is damaged, so it is not used.', {
    hint: 'Select again what to delete.',
    detail: cause === undefined ? file : `${file}: ${cause}`,
    ...(cause === undefined ? {} : { cause }),
  });
}
