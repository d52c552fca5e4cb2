import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { orphanGrace, sweepOrphans } from '../../../src/credentials/sweep.ts';
import { MemorySecrets, openKeeping, temporaryFolder } from './keeping.ts';

const start = 1_000_000_000_000;

test('an orphan is noted first and deleted a day later; nothing else is touched and nothing read', async () => {
  await using folder = await temporaryFolder();
  const secrets = new MemorySecrets();
  const keeping = await openKeeping(folder.path, secrets);
  const { id } = await keeping.credentials.save(draft('Kept'));
  await keeping.vault.store({ id, secretRef: 'abandoned' }, 'toy.example', { password: 'x' });
  await keeping.vault.store({ id: 'removed', secretRef: 'r1' }, 'toy.example', { password: 'x' });
  secrets.values.set('credential/otherstore/removed/r1', 'x');
  secrets.values.set('something else', 'x');
  const keys = [...secrets.values.keys()];
  secrets.reads.length = 0;

  expect(await sweepOrphans({ ...keeping, now: () => start })).toBe(0);
  expect(await sweepOrphans({ ...keeping, now: () => start + orphanGrace - 1 })).toBe(0);
  expect([...secrets.values.keys()]).toEqual(keys);
  expect(JSON.parse(await readFile(path.join(folder.path, 'orphans.json'), 'utf8'))).toEqual({
    [`${id}/abandoned`]: start,
    'removed/r1': start,
  });

  expect(await sweepOrphans({ ...keeping, now: () => start + orphanGrace })).toBe(2);
  expect([...secrets.values.keys()]).toEqual(
    keys.filter((key) => !/abandoned|\/removed\//.test(key) || /other/.test(key)),
  );
  expect(secrets.reads).toEqual([]);
  keeping.store[Symbol.dispose]();
});

test('what a damaged or newer record may name stays', async () => {
  await using folder = await temporaryFolder();
  const keeping = await openKeeping(folder.path, new MemorySecrets());
  const damaged = await keeping.credentials.save(draft('Damaged'));
  const newer = await keeping.credentials.save(draft('Newer'));
  await writeFile(keeping.store.fileOf(damaged.id), 'torn');
  await writeFile(keeping.store.fileOf(newer.id), '{"schema":2}');
  await sweepOrphans({ ...keeping, now: () => start });
  expect(await sweepOrphans({ ...keeping, now: () => start + 2 * orphanGrace })).toBe(0);
  expect(await keeping.vault.places()).toHaveLength(2);
  keeping.store[Symbol.dispose]();
});

test('damaged notes and a clock that was set back only lengthen the day', async () => {
  await using folder = await temporaryFolder();
  const keeping = await openKeeping(folder.path, new MemorySecrets());
  await keeping.vault.store({ id: 'removed', secretRef: 'r1' }, 'toy.example', { password: 'x' });
  await sweepOrphans({ ...keeping, now: () => start });
  await writeFile(path.join(folder.path, 'orphans.json'), '{"removed/r1":');
  expect(await sweepOrphans({ ...keeping, now: () => start + orphanGrace })).toBe(0);
  expect(await sweepOrphans({ ...keeping, now: () => start })).toBe(0);
  expect(await sweepOrphans({ ...keeping, now: () => start + orphanGrace - 1 })).toBe(0);
  expect(await sweepOrphans({ ...keeping, now: () => start + orphanGrace })).toBe(1);
  keeping.store[Symbol.dispose]();
});

test('records that can not be listed stop the sweep', async () => {
  await using folder = await temporaryFolder();
  const keeping = await openKeeping(folder.path, new MemorySecrets());
  await keeping.vault.store({ id: 'removed', secretRef: 'r1' }, 'toy.example', { password: 'x' });
  keeping.store.list = () => Promise.reject(new Error('no folder'));
  await expect(sweepOrphans(keeping)).rejects.toThrow('no folder');
  expect(await keeping.vault.places()).toHaveLength(1);
  keeping.store[Symbol.dispose]();
});

function draft(name: string) {
  return { provider: 'toy', name, settings: { host: 'toy.example' }, secrets: { password: 'pa55word' }, keep: [] };
}
