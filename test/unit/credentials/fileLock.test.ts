import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, unlink, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { withLock } from '../../../src/credentials/fileLock.ts';
import { type Files, realFiles } from '../../../src/credentials/files.ts';
import { temporaryFolder } from './keeping.ts';

const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 12);
const minute = 60_000;

test('work under one folder never overlaps', async () => {
  await using folder = await temporaryFolder();
  let running = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
  };
  await Promise.all(Array.from({ length: 20 }, () => withLock(realFiles, folder.path, work)));
  expect(most).toBe(1);
  expect(await readdir(folder.path)).toEqual([]);
});

test('a lock is given back when the work fails', async () => {
  await using folder = await temporaryFolder();
  const failing = withLock(realFiles, folder.path, () => Promise.reject(new Error('no')));
  await expect(failing).rejects.toThrow('no');
  expect(await readdir(folder.path)).toEqual([]);
});

test('a lock whose owner is dead is cleared away', async () => {
  await using folder = await temporaryFolder();
  const dead = spawnSync(process.execPath, ['--version']).pid;
  await writeFile(path.join(folder.path, `${dead}.${host}.abc.lock`), '');
  expect(await withLock(realFiles, folder.path, async () => 'done')).toBe('done');
  expect(await readdir(folder.path)).toEqual([]);
});

test.each([
  ['on another machine', `1.otherhost.abc.lock`],
  ['whose number another process has got', `${process.pid}.${host}.abc.lock`],
])('an old lock of an owner %s is cleared away', async (_where, name) => {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, name);
  await writeFile(file, '');
  const old = new Date(Date.now() - minute);
  await utimes(file, old, old);
  expect(await withLock(realFiles, folder.path, async () => 'done')).toBe('done');
});

test('a young lock of a living owner is waited for', async () => {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, '1.otherhost.abc.lock');
  await writeFile(file, '');
  let attempts = 0;
  const done: string[] = [];
  const thirdAttempt = Promise.withResolvers<void>();
  const files: Files = {
    ...realFiles,
    open: (...args) => {
      if (++attempts === 3) thirdAttempt.resolve();
      return realFiles.open(...args);
    },
  };
  const waiting = withLock(files, folder.path, async () => void done.push('work'));
  await thirdAttempt.promise;
  expect(done).toEqual([]);
  await unlink(file);
  await waiting;
  expect(done).toEqual(['work']);
});

test('work that lost its lock is told before it commits', async () => {
  await using folder = await temporaryFolder();
  const late = withLock(realFiles, folder.path, async (assertHeld) => {
    for (const name of await readdir(folder.path)) await unlink(path.join(folder.path, name));
    await assertHeld();
  });
  await expect(late).rejects.toMatchObject({ kind: 'timed-out' });
});
