import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type Changes, CredentialStore } from '../../../src/credentials/credentialStore.ts';
import { type Files, newWord, realFiles } from '../../../src/credentials/files.ts';
import { type CredentialRecord, recordLimit } from '../../../src/credentials/record.ts';
import { temporaryFolder } from './keeping.ts';

test('a record is there after another window opens the store', async () => {
  await using folder = await temporaryFolder();
  using store = await CredentialStore.open(folder.path);
  const record = newRecord('a', 'Amazon S3');
  await store.save(record, undefined);
  using other = await CredentialStore.open(folder.path);
  expect(await other.get('a')).toEqual({ kind: 'readable', id: 'a', record });
  expect(await other.list()).toEqual([{ kind: 'readable', id: 'a', record }]);
});

test('of two edits of one record the second is refused and the first stays', async () => {
  await using folder = await temporaryFolder();
  using one = await CredentialStore.open(folder.path);
  using other = await CredentialStore.open(folder.path);
  const record = newRecord('a', 'Amazon S3');
  await one.save(record, undefined);
  const first = { ...record, revision: newWord(), name: 'First' };
  await one.save(first, record.revision);
  const second = other.save({ ...record, revision: newWord(), name: 'Second' }, record.revision);
  await expect(second).rejects.toMatchObject({
    kind: 'changed',
    message: 'This credential was changed in another window.',
  });
  expect(await other.get('a')).toMatchObject({ record: first });
});

test('edits of one record at the same moment: exactly one gets through', async () => {
  await using folder = await temporaryFolder();
  using store = await CredentialStore.open(folder.path);
  const record = newRecord('a', 'Amazon S3');
  await store.save(record, undefined);
  const edits = Array.from({ length: 8 }, (_, n) => ({ ...record, revision: newWord(), name: `Edit ${n}` }));
  const results = await Promise.allSettled(edits.map((edit) => store.save(edit, record.revision)));
  expect(results.filter(({ status }) => status === 'fulfilled').length).toBe(1);
});

test('an edit or a removal of what is gone or was changed is refused', async () => {
  await using folder = await temporaryFolder();
  using store = await CredentialStore.open(folder.path);
  const record = newRecord('a', 'Amazon S3');
  await store.save(record, undefined);
  await expect(store.save({ ...record, revision: newWord() }, undefined)).rejects.toMatchObject({ kind: 'changed' });
  await expect(store.remove('a', 'older')).rejects.toMatchObject({ kind: 'changed' });
  await store.remove('a', record.revision);
  await store.remove('a');
  await expect(store.save({ ...record, revision: newWord() }, record.revision)).rejects.toMatchObject({
    kind: 'changed',
    message: 'This credential was removed meanwhile.',
  });
  expect(await store.list()).toEqual([]);
});

test.each([
  ['damaged', '{"schema":1,'],
  ['damaged', ''],
  ['damaged', 'x'.repeat(recordLimit + 1)],
  ['newer', '{"schema":2,"revision":"r"}'],
])('a %s file is shown, kept byte for byte, and can be removed by its id', async (kind, text) => {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, 'credentials', 'a.json');
  await mkdir(path.dirname(file));
  await writeFile(file, text);
  using store = await CredentialStore.open(folder.path);
  expect(await store.list()).toMatchObject([{ kind, id: 'a' }]);
  for (const basedOn of [undefined, 'r']) {
    await expect(store.save(newRecord('a', 'New'), basedOn)).rejects.toMatchObject({ kind: 'invalid-settings' });
  }
  await expect(store.remove('a', 'r')).rejects.toMatchObject({ kind: 'invalid-settings' });
  expect(await readFile(file, 'utf8')).toBe(text);
  await store.remove('a');
  expect(await store.list()).toEqual([]);
});

test('one file that can not be read leaves the others readable', async () => {
  await using folder = await temporaryFolder();
  await mkdir(path.join(folder.path, 'credentials', 'broken.json'), { recursive: true });
  const reports: unknown[] = [];
  using store = await CredentialStore.open(folder.path, { report: (error) => reports.push(error) });
  await store.save(newRecord('a', 'Amazon S3'), undefined);
  expect(await store.list()).toMatchObject([
    { kind: 'readable', id: 'a' },
    { kind: 'damaged', id: 'broken' },
  ]);
  expect(reports.length).toBeGreaterThan(0);
});

test('an id that leads out of the folder finds nothing', async () => {
  await using folder = await temporaryFolder();
  await writeFile(path.join(folder.path, 'outside.json'), JSON.stringify(newRecord('outside', 'Outside')));
  using store = await CredentialStore.open(folder.path);
  for (const id of ['../outside', '', '..', '.hidden']) {
    await expect(store.get(id)).rejects.toMatchObject({ kind: 'not-found' });
    await expect(store.remove(id)).rejects.toMatchObject({ kind: 'not-found' });
  }
});

test('a name in use is refused however it is capitalised, and the next free one proposed', async () => {
  await using folder = await temporaryFolder();
  using store = await CredentialStore.open(folder.path);
  expect(await store.proposeName('Amazon S3')).toBe('Amazon S3');
  const record = newRecord('a', 'Amazon S3');
  await store.save(record, undefined);
  expect(await store.nameInUse(' amazon s3 ')).toBe(true);
  expect(await store.nameInUse('amazon s3', 'a')).toBe(false);
  expect(await store.proposeName('Amazon S3')).toBe('Amazon S3 (2)');
  await expect(store.save(newRecord('b', 'AMAZON S3'), undefined)).rejects.toMatchObject({ kind: 'already-exists' });
  await store.save(newRecord('b', 'amazon s3 (2)'), undefined);
  expect(await store.proposeName('Amazon S3')).toBe('Amazon S3 (3)');
  expect(await store.proposeName('Amazon S3 (2)')).toBe('Amazon S3 (3)');
  await store.save({ ...record, revision: newWord(), name: 'AMAZON S3' }, record.revision);
});

test('two windows that add the same name at once: one is refused', async () => {
  await using folder = await temporaryFolder();
  using one = await CredentialStore.open(folder.path);
  using other = await CredentialStore.open(folder.path);
  const results = await Promise.allSettled([
    one.save(newRecord('a', 'Amazon S3'), undefined),
    other.save(newRecord('b', 'Amazon S3'), undefined),
  ]);
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

test('a watcher hears of each change once, whichever window made it', async () => {
  await using folder = await temporaryFolder();
  using store = await CredentialStore.open(folder.path, { settle: 5 });
  using other = await CredentialStore.open(folder.path);
  const heard = new Heard();
  store.watch(heard.take);
  const record = newRecord('a', 'Amazon S3');
  await other.save(record, undefined);
  await heard.next({ added: ['a'], changed: [], removed: [] });
  await store.save({ ...record, revision: newWord() }, record.revision);
  await heard.next({ added: [], changed: ['a'], removed: [] });
  await other.remove('a');
  await heard.next({ added: [], changed: [], removed: ['a'] });
  await store.refresh();
  expect(heard.left).toEqual([]);
});

test('a listener that is disposed hears no more, and one that throws keeps nothing from the others', async () => {
  await using folder = await temporaryFolder();
  const reports: unknown[] = [];
  using store = await CredentialStore.open(folder.path, { report: (error) => reports.push(error) });
  const heard: Changes[] = [];
  store.watch(() => {
    throw new Error('careless');
  });
  const disposed = store.watch(() => heard.push({ added: ['never'], changed: [], removed: [] }));
  store.watch((changes) => heard.push(changes));
  disposed[Symbol.dispose]();
  await store.save(newRecord('a', 'Amazon S3'), undefined);
  expect(heard).toEqual([{ added: ['a'], changed: [], removed: [] }]);
  expect(reports).toEqual([new Error('careless')]);
});

test('a folder that vanishes is reported and the credentials seen before are not taken for removed', async () => {
  await using folder = await temporaryFolder();
  const reports: unknown[] = [];
  using store = await CredentialStore.open(folder.path, { report: (error) => reports.push(error) });
  await store.save(newRecord('a', 'Amazon S3'), undefined);
  const heard: Changes[] = [];
  store.watch((changes) => heard.push(changes));
  await rm(path.join(folder.path, 'credentials'), { recursive: true });
  await expect(store.list()).rejects.toThrow('ENOENT');
  await store.refresh();
  expect(heard).toEqual([]);
  expect(reports).toMatchObject([{ code: 'ENOENT' }]);
});

test('a failed write leaves the old record and no file behind', async () => {
  await using folder = await temporaryFolder();
  let full = false;
  const files: Files = {
    ...realFiles,
    rename: async (...args) => {
      if (full) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      await realFiles.rename(...args);
    },
  };
  using store = await CredentialStore.open(folder.path, { files });
  const record = newRecord('a', 'Amazon S3');
  await store.save(record, undefined);
  full = true;
  await expect(store.save({ ...record, revision: newWord() }, record.revision)).rejects.toThrow('no space');
  expect(await store.get('a')).toMatchObject({ record });
  expect(await readdir(path.join(folder.path, 'credentials'))).toEqual(['a.json']);
  expect(await readdir(path.join(folder.path, 'locks'))).toEqual([]);
});

test('a file that is held open for a moment is replaced when it is let go', async () => {
  await using folder = await temporaryFolder();
  let held = 3;
  const files: Files = {
    ...realFiles,
    rename: async (...args) => {
      if (held-- > 0) throw Object.assign(new Error('busy'), { code: 'EPERM' });
      await realFiles.rename(...args);
    },
  };
  using store = await CredentialStore.open(folder.path, { files });
  await store.save(newRecord('a', 'Amazon S3'), undefined);
  expect(await store.get('a')).toMatchObject({ kind: 'readable' });
});

test('a folder that could not be made at first is made when it is needed', async () => {
  await using folder = await temporaryFolder();
  const at = path.join(folder.path, 'store');
  await writeFile(at, 'in the way');
  const reported: unknown[] = [];
  using store = new CredentialStore(at, { report: (error) => reported.push(error) });
  await expect(store.list()).rejects.toThrow();
  await rm(at);
  await store.save(newRecord('a', 'Amazon S3'), undefined);
  expect(await store.list()).toMatchObject([{ id: 'a', kind: 'readable' }]);
  expect(reported).toHaveLength(1);
});

class Heard {
  readonly left: Changes[] = [];
  #waiting: (() => void) | undefined;

  readonly take = (changes: Changes): void => {
    this.left.push(changes);
    this.#waiting?.();
  };

  async next(wanted: Changes): Promise<void> {
    if (this.left.length === 0) await new Promise<void>((resolve) => (this.#waiting = resolve));
    expect(this.left.shift()).toEqual(wanted);
  }
}

function newRecord(id: string, name: string): CredentialRecord {
  return { schema: 1, revision: newWord(), id, provider: 'toy', name, settings: {}, secretNames: [] };
}
