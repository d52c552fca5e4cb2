import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { Entry } from '../../../src/core/storageClient.ts';
import { checkManifest, readManifest, writeManifest } from '../../../src/removal/manifest.ts';
import type { ManifestEntry } from '../../../src/removal/removal.ts';
import { collect, object, objects, seededRandom, temporaryFolder } from './fakeStorage.ts';

const never = new AbortController().signal;
const damaged = { kind: 'unexpected', message: 'The list of what was confirmed is damaged, so it is not used.' };

async function* paged(entries: readonly Entry[]): AsyncGenerator<readonly Entry[]> {
  for (let index = 0; index < entries.length; index += 7) yield entries.slice(index, index + 7);
}

async function written(entries: readonly Entry[]) {
  const file = path.join(temporaryFolder(), 'manifest.jsonl.gz');
  return { file, seal: await writeManifest(file, paged(entries)) };
}

test('every id comes back exactly: control characters, lone surrogates, line ends, what looks like a number', async () => {
  const ids = [
    '\ud800',
    '\udc00x',
    'a\nb',
    '\r\n',
    '\0',
    '\u2028',
    '007',
    '1e5',
    'true',
    '__proto__',
    ' ',
    '..',
    '"',
    '\\',
    '😀',
  ];
  const random = seededRandom(7);
  for (let index = 0; index < 2000; index++) {
    ids.push(Array.from({ length: 8 }, () => String.fromCharCode(Math.floor(random() * 0x10000))).join(''));
  }
  const entries = ids.map((id) =>
    object(id, { path: id, name: id, tag: `"${id}"`, version: { id, latest: true, marker: false } }),
  );
  const { file, seal } = await written(entries);
  expect(seal.entries).toBe(ids.length);
  expect(await collect(readManifest(file, seal))).toEqual(entries);
  await checkManifest(file, seal, never);
});

test('names and paths that are not what the id says come back too', async () => {
  const entries = [
    object('a/b', { name: 'b' }),
    object('a/b', { path: 'elsewhere' }),
    object('a/b', { name: 'a/b', path: 'photos/a/b' }),
    { kind: 'folder', id: 'f', name: 'f', path: 'f' } as const,
    { kind: 'folder', id: 'f', name: '', path: '' } as const,
  ];
  const { file, seal } = await written(entries);
  expect(await collect(readManifest(file, seal))).toEqual(entries);
});

test("entries of any mixture come back in their order, and what one has is not the next one's", async () => {
  const random = seededRandom(11);
  const some = <T>(value: T): T | undefined => (random() < 0.5 ? value : undefined);
  const entries = Array.from({ length: 5000 }, (_, index): ManifestEntry => {
    const more = {
      size: some(index),
      modified: some(-index),
      tag: some(''),
      version: some({ id: `${index}`, latest: random() < 0.5, marker: false }),
      segmented: some(true as const),
      trace: some('t'),
      within: some([0, index] as const),
    };
    const known = Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined));
    const id = `k${index}`;
    const kind = random() < 0.01 ? 'upload' : 'object';
    const container = random() < 0.01 ? 'videos' : 'photos';
    return { kind, container, id, name: id, path: `${container}/${id}`, ...known };
  });
  const file = path.join(temporaryFolder(), 'manifest.jsonl.gz');
  async function* atOnce() {
    yield entries;
  }
  const seal = await writeManifest(file, atOnce());
  expect(await collect(readManifest(file, seal))).toEqual(entries);
});

test('an empty manifest is a manifest', async () => {
  const { file, seal } = await written([]);
  await checkManifest(file, seal, never);
  expect(await collect(readManifest(file, seal))).toEqual([]);
});

test('a file cut at any point is refused', async () => {
  const { file, seal } = await written(objects(200));
  const whole = await readFile(file);
  for (let length = 0; length < whole.length; length += 37) {
    await writeFile(file, whole.subarray(0, length));
    await expect(checkManifest(file, seal, never)).rejects.toMatchObject(damaged);
  }
});

test('lines that are missing, changed, added or cut are refused even where the compression is sound', async () => {
  const { file, seal } = await written(objects(20));
  const text = gunzipSync(await readFile(file)).toString();
  const lines = text.split('\n');
  const forgeries = [
    lines.toSpliced(3, 1).join('\n'),
    lines.toSpliced(3, 0, lines[4] ?? '').join('\n'),
    text.replace('k0000007', 'k0000107'),
    lines.slice(0, -2).join('\n').concat('\n'),
    text.slice(0, -1),
    text.concat('{"kind":"object","id":"more"}\n'),
    '',
  ];
  for (const forgery of forgeries) {
    await writeFile(file, gzipSync(forgery));
    await expect(checkManifest(file, seal, never)).rejects.toMatchObject(damaged);
  }
});

test("a number of entries that is not the manifest's is refused before anything in it is used", async () => {
  const { file, seal } = await written(objects(20));
  await expect(checkManifest(file, { ...seal, entries: 19 }, never)).rejects.toMatchObject(damaged);
});

test('a whole manifest of another plan is refused', async () => {
  const one = await written(objects(20));
  const other = await written(objects(20, 'other'));
  await expect(checkManifest(one.file, other.seal, never)).rejects.toMatchObject(damaged);
});

test('a missing manifest is refused, and an existing one never overwritten', async () => {
  const { file, seal } = await written(objects(2));
  await expect(checkManifest(`${file}.gone`, seal, never)).rejects.toMatchObject(damaged);
  await expect(writeManifest(file, paged(objects(3)))).rejects.toMatchObject({ code: 'EEXIST' });
  await checkManifest(file, seal, never);
});

test('an error of the source comes out as it is', async () => {
  async function* failing() {
    yield objects(5000);
    throw new Error('the listing broke');
  }
  await expect(writeManifest(path.join(temporaryFolder(), 'm.gz'), failing())).rejects.toThrow('the listing broke');
});
