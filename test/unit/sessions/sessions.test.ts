import { readFile, writeFile } from 'node:fs/promises';
import { expect, test, vi } from 'vitest';
import { Sessions } from '../../../src/sessions/sessions.ts';
import { MemorySecrets, network, type Opening, openKeeping, temporaryFolder } from '../credentials/keeping.ts';

const draft = {
  provider: 'toy',
  name: 'Toy',
  settings: { host: 'old.example' },
  secrets: { password: 'old-password' },
  keep: [],
};

test('concurrent opens share one client and one read of the keyring', async () => {
  await using at = await start();
  const leases = await Promise.all([1, 2, 3].map(() => at.sessions.open(at.id)));
  expect(new Set(leases.map(({ client }) => client)).size).toBe(1);
  expect(at.secrets.reads).toHaveLength(1);
  expect(at.openings).toEqual([{ host: 'old.example', password: 'old-password', closed: false }]);
  expect(leases[0]).toMatchObject({ provider: at.provider, record: { id: at.id } });
});

test('a client stays open between uses and is closed when it was idle for long', async () => {
  await using at = await start({ idle: 1 });
  const first = await at.sessions.open(at.id);
  const second = await at.sessions.open(at.id);
  await first[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose]();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(at.openings[0]?.closed).toBe(false);
  await second[Symbol.asyncDispose]();
  await vi.waitFor(() => expect(at.openings[0]?.closed).toBe(true));
  await at.sessions.open(at.id);
  expect(at.openings).toHaveLength(2);
});

test('a use within the idle time gets the same client', async () => {
  await using at = await start();
  const first = await at.sessions.open(at.id);
  await first[Symbol.asyncDispose]();
  await at.sessions.open(at.id);
  expect(at.openings).toHaveLength(1);
});

test('an edit ends the client when its last lease ends; a new lease gets a new one at once', async () => {
  await using at = await start();
  const before = await at.sessions.open(at.id);
  const alsoBefore = await at.sessions.open(at.id);
  await edit(at);
  const after = await at.sessions.open(at.id);
  expect(after.client).not.toBe(before.client);
  expect(at.openings).toEqual([
    { host: 'old.example', password: 'old-password', closed: false },
    { host: 'new.example', password: 'new-password', closed: false },
  ]);
  await before[Symbol.asyncDispose]();
  expect(at.openings[0]?.closed).toBe(false);
  await alsoBefore[Symbol.asyncDispose]();
  expect(at.openings.map(({ closed }) => closed)).toEqual([true, false]);
});

test('an idle client is closed when another window edits or removes its credential', async () => {
  await using at = await start();
  const other = await openKeeping(at.folder, at.secrets);
  await (await at.sessions.open(at.id))[Symbol.asyncDispose]();
  await edit({ ...other, id: at.id });
  await vi.waitFor(() => expect(at.openings[0]?.closed).toBe(true));
  await (await at.sessions.open(at.id))[Symbol.asyncDispose]();
  await other.credentials.remove(at.id);
  await vi.waitFor(() => expect(at.openings[1]?.closed).toBe(true));
  await expect(at.sessions.open(at.id)).rejects.toMatchObject({ kind: 'not-found' });
  other.store[Symbol.dispose]();
});

test('a host changed in the file by hand opens no client and sends the secret nowhere', async () => {
  await using at = await start();
  const file = at.store.fileOf(at.id);
  await writeFile(file, (await readFile(file, 'utf8')).replace('old.example', 'evil.example'));
  await expect(at.sessions.open(at.id)).rejects.toMatchObject({ reason: 'other-origin' });
  expect(at.openings).toEqual([]);
});

test('a locked secret fails every open until it is entered again', async () => {
  await using at = await start();
  at.secrets.getInstead = () => undefined;
  const results = await Promise.allSettled([at.sessions.open(at.id), at.sessions.open(at.id)]);
  for (const result of results) expect(result).toMatchObject({ status: 'rejected', reason: { reason: 'missing' } });
  expect(at.openings).toEqual([]);
  at.secrets.getInstead = undefined;
  await edit(at);
  expect((await at.sessions.open(at.id)).record.settings).toEqual({ host: 'new.example' });
});

test('retiring all makes the next use open anew', async () => {
  await using at = await start();
  await (await at.sessions.open(at.id))[Symbol.asyncDispose]();
  at.sessions.retire();
  await at.sessions.open(at.id);
  expect(at.openings.map(({ closed }) => closed)).toEqual([true, false]);
});

test('closing the sessions closes every client once, also those in use', async () => {
  await using at = await start();
  const lease = await at.sessions.open(at.id);
  await at.sessions[Symbol.asyncDispose]();
  expect(at.openings[0]?.closed).toBe(true);
  const [opening] = at.openings;
  if (opening) opening.closed = false;
  await lease[Symbol.asyncDispose]();
  expect(opening?.closed).toBe(false);
});

test('a client that can not be closed is reported', async () => {
  await using at = await start();
  const lease = await at.sessions.open(at.id);
  lease.client[Symbol.asyncDispose] = () => Promise.reject(new Error('stuck'));
  at.sessions.retire(at.id);
  await lease[Symbol.asyncDispose]();
  expect(at.reports).toEqual([new Error('stuck')]);
});

async function edit({ store, credentials, id }: Pick<Started, 'store' | 'credentials'> & { id: string }) {
  const found = await store.get(id);
  const basedOn = found?.kind === 'readable' ? found.record.revision : '';
  const changes = { settings: { host: 'new.example' }, secrets: { password: 'new-password' } };
  await credentials.save({ ...draft, ...changes, id, basedOn });
}

type Started = Awaited<ReturnType<typeof start>>;

async function start(options: { idle?: number } = {}) {
  const folder = await temporaryFolder();
  const secrets = new MemorySecrets();
  const openings: Opening[] = [];
  const keeping = await openKeeping(folder.path, secrets, undefined, openings);
  const { id } = await keeping.credentials.save(draft);
  secrets.reads.length = 0;
  const sessions = new Sessions({ ...keeping, surroundings: { network }, patience: 1, ...options });
  return {
    ...keeping,
    id,
    secrets,
    openings,
    sessions,
    [Symbol.asyncDispose]: async () => {
      await sessions[Symbol.asyncDispose]();
      keeping.store[Symbol.dispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
