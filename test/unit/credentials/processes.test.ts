import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { CredentialStore } from '../../../src/credentials/credentialStore.ts';
import type { CredentialEdit } from '../../../src/credentials/credentials.ts';
import { newWord } from '../../../src/credentials/files.ts';
import { orphanGrace, sweepOrphans } from '../../../src/credentials/sweep.ts';
import { unlockCredential } from '../../../src/credentials/unlock.ts';
import type { Task } from './credentialProcess.ts';
import { FileSecrets, openKeeping, temporaryFolder } from './keeping.ts';
import { runProcess } from './runProcess.ts';

const minutes = 60_000;

test('four processes that edit different records 250 times each lose nothing', { timeout: 4 * minutes }, async () => {
  await using folder = await temporaryFolder();
  const groups = await seedCounts(
    folder.path,
    ['a', 'b', 'c', 'd'].map((process) => [`${process}-1`, `${process}-2`]),
  );
  await Promise.all(groups.map((ids) => runProcess({ do: 'count', folder: folder.path, ids, times: 250 })));
  expect(await counts(folder.path)).toEqual(Object.fromEntries(groups.flat().map((id) => [id, 125])));
});

test('four processes that edit one record count every edit once', { timeout: 4 * minutes }, async () => {
  await using folder = await temporaryFolder();
  await seedCounts(folder.path, [['shared']]);
  const task: Task = { do: 'count', folder: folder.path, ids: ['shared'], times: 40 };
  await Promise.all([1, 2, 3, 4].map(() => runProcess(task)));
  expect(await counts(folder.path)).toEqual({ shared: 160 });
});

test('processes that start at once agree on the id of the store', async () => {
  await using folder = await temporaryFolder();
  const answers = await Promise.all(
    [1, 2, 3, 4].map(() => runProcess({ do: 'storeId', folder: path.join(folder.path, 'new') })),
  );
  expect(new Set(answers.map(({ answer }) => answer)).size).toBe(1);
  expect(answers[0]?.answer).toMatch(/^[0-9a-f]{24}$/);
});

test('a watcher hears of an edit by another process', async () => {
  await using folder = await temporaryFolder();
  await seedCounts(folder.path, [['watched']]);
  using store = await CredentialStore.open(folder.path, { settle: 10 });
  const heard = new Promise((resolve) => store.watch(resolve));
  await runProcess({ do: 'count', folder: folder.path, ids: ['watched'], times: 1 });
  expect(await heard).toEqual({ added: [], changed: ['watched'], removed: [] });
});

const oldPair = { host: 'old.example', password: 'old-password' };
const oldDraft: CredentialEdit = {
  provider: 'toy',
  name: 'Toy',
  settings: { host: oldPair.host },
  secrets: { password: oldPair.password },
  keep: [],
};
const newPair = { host: 'new.example', password: 'new-password' };

test('a kill at any write point of an edit leaves the old pair or the new one', { timeout: 4 * minutes }, async () => {
  const { looks: pairs, points } = await killEverywhere('save', async ({ keeping, id, basedOn }) => {
    const { record, secrets } = await unlockCredential(keeping, id, { patience: 1 });
    const pair = { host: record.settings.host, password: secrets.password };
    const again = { id, provider: 'toy', name: 'Again', settings: record.settings, secrets: {}, keep: ['password'] };
    await keeping.credentials.save({ ...again, basedOn: record.revision });
    expect(record.revision === basedOn).toBe(pair.host === oldPair.host);
    return pair;
  });
  for (const pair of pairs) expect([oldPair, newPair]).toContainEqual(pair);
  expect(pairs).toContainEqual(oldPair);
  expect(pairs).toContainEqual(newPair);
  for (const point of ['open', 'writeFile', 'sync', 'close', 'rename', 'unlink', 'store secret', 'delete secret']) {
    expect(points).toContain(point);
  }
});

test('a kill at any write point of a removal leaves all of the credential or nothing', {
  timeout: 4 * minutes,
}, async () => {
  const { looks: left } = await killEverywhere('remove', async ({ keeping, id }) => {
    if (!(await keeping.store.get(id))) return 'gone';
    const { secrets } = await unlockCredential(keeping, id, { patience: 1 });
    return secrets.password;
  });
  expect(new Set(left)).toEqual(new Set([oldPair.password, 'gone']));
});

test('a kill at any write point of the very first save leaves a usable credential or none', {
  timeout: 4 * minutes,
}, async () => {
  const { looks: left } = await killEverywhere('create', async ({ keeping }) => {
    const [found, ...more] = await keeping.store.list();
    expect(more).toEqual([]);
    if (found) return (await unlockCredential(keeping, found.id, { patience: 1 })).secrets.password;
    await keeping.credentials.save({ ...oldDraft, name: 'After all' });
    return 'none';
  });
  expect(new Set(left)).toEqual(new Set([oldPair.password, 'none']));
});

interface Aftermath {
  readonly keeping: Awaited<ReturnType<typeof openKeeping>>;
  readonly id: string;
  readonly basedOn: string;
}

/** Starts the same act again and again, killed one step later each time until it gets through, and looks at what is left. */
async function killEverywhere<T>(act: 'create' | 'save' | 'remove', look: (left: Aftermath) => Promise<T>) {
  const looks: T[] = [];
  const points: unknown[] = [];
  for (let dieAt = 1, killed = true; killed; dieAt++) {
    await using folder = await temporaryFolder();
    const secrets = path.join(folder.path, 'keyring');
    await mkdir(secrets);
    const edit = act === 'create' ? oldDraft : await saveFirst(folder.path, secrets);

    const task = act === 'remove' ? 'remove' : 'save';
    const end = await runProcess({ do: task, folder: folder.path, secrets, edit, dieAt });
    killed = end.killed;
    if (killed) points.push(end.answer);

    const keeping = await openKeeping(folder.path, new FileSecrets(secrets));
    expect((await keeping.store.list()).filter(({ kind }) => kind !== 'readable')).toEqual([]);
    looks.push(await look({ keeping, id: edit.id ?? '', basedOn: edit.basedOn ?? '' }));
    const files = await readdir(path.join(folder.path, 'credentials'));
    expect(files.filter((name) => !/^[0-9a-f-]{36}\.json$/.test(name))).toEqual([]);
    await sweepOrphans(keeping);
    await sweepOrphans({ ...keeping, now: () => Date.now() + orphanGrace });
    expect((await keeping.vault.places()).length).toBe((await keeping.store.list()).length);
    keeping.store[Symbol.dispose]();
  }
  return { looks, points };
}

/** A credential with the old pair, and the edit that gives it the new one. */
async function saveFirst(folder: string, secrets: string): Promise<CredentialEdit> {
  const { credentials, store } = await openKeeping(folder, new FileSecrets(secrets));
  const { id, revision: basedOn } = await credentials.save(oldDraft);
  store[Symbol.dispose]();
  return { ...oldDraft, id, basedOn, settings: { host: newPair.host }, secrets: { password: newPair.password } };
}

async function seedCounts(folder: string, groups: string[][]): Promise<string[][]> {
  await mkdir(path.join(folder, 'credentials'), { recursive: true });
  for (const id of groups.flat()) {
    const settings = { count: 0 };
    const record = { schema: 1, revision: newWord(), id, provider: 'toy', name: id, settings, secretNames: [] };
    await writeFile(path.join(folder, 'credentials', `${id}.json`), JSON.stringify(record));
  }
  return groups;
}

async function counts(folder: string): Promise<Record<string, unknown>> {
  const names = await readdir(path.join(folder, 'credentials'));
  const entries = names.map(async (name) => {
    const { id, settings } = JSON.parse(await readFile(path.join(folder, 'credentials', name), 'utf8'));
    return [id, settings.count] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
