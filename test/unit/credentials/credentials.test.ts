import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { CredentialEdit } from '../../../src/credentials/credentials.ts';
import { type Files, realFiles } from '../../../src/credentials/files.ts';
import { isLocked } from '../../../src/credentials/secretVault.ts';
import { unlockCredential } from '../../../src/credentials/unlock.ts';
import { MemorySecrets, openKeeping, temporaryFolder } from './keeping.ts';

const draft: CredentialEdit = {
  provider: 'toy',
  name: 'Toy',
  settings: { host: 'old.example' },
  secrets: { password: 'pa55word', token: 't0ken-value' },
  keep: [],
};

test('a saved credential is unlocked with what was entered, and no secret stands in its file', async () => {
  await using at = await start();
  const record = await at.credentials.save(draft);
  expect(record).toMatchObject({ schema: 1, name: 'Toy', secretNames: ['password', 'token'] });
  expect(record.secretRef).toBe(record.revision);
  const { secrets } = await unlockCredential(at, record.id);
  expect(secrets).toEqual(draft.secrets);
  const file = await readFile(at.store.fileOf(record.id), 'utf8');
  for (const value of Object.values(draft.secrets)) expect(file).not.toContain(value);
  expect(at.redactor.redact('pa55word')).not.toContain('pa55word');
});

test('a credential without secrets leaves the keyring alone', async () => {
  await using at = await start();
  const record = await at.credentials.save({ ...draft, secrets: {} });
  expect(record.secretRef).toBeUndefined();
  expect((await unlockCredential(at, record.id)).secrets).toEqual({});
  expect([...at.secrets.values.keys(), ...at.secrets.reads]).toEqual([]);
});

test('an edit that keeps every secret does not touch the keyring, even while it is locked', async () => {
  await using at = await start();
  const { id, revision, secretRef } = await at.credentials.save(draft);
  at.secrets.reads.length = 0;
  at.secrets.getInstead = () => {
    throw new Error('locked');
  };
  const edit = { ...draft, id, basedOn: revision, name: 'Renamed', secrets: {}, keep: ['password', 'token'] };
  expect(await at.credentials.save(edit)).toMatchObject({ name: 'Renamed', secretRef });
  expect(at.secrets.reads).toEqual([]);
});

test('a secret entered anew replaces the old one, kept ones go along, the rest is cleared', async () => {
  await using at = await start();
  const first = await at.credentials.save(draft);
  const edit = { ...draft, id: first.id, secrets: { password: 'new-password' } };
  const second = await at.credentials.save({ ...edit, basedOn: first.revision, keep: ['token'] });
  expect((await unlockCredential(at, first.id)).secrets).toEqual({ password: 'new-password', token: 't0ken-value' });
  const third = await at.credentials.save({ ...edit, basedOn: second.revision, secrets: {}, keep: ['token'] });
  expect((await unlockCredential(at, first.id)).secrets).toEqual({ token: 't0ken-value' });
  expect([...at.secrets.values.keys()]).toHaveLength(1);
  const last = await at.credentials.save({ ...edit, basedOn: third.revision, secrets: {} });
  expect(last).toMatchObject({ secretNames: [] });
  expect(last.secretRef).toBeUndefined();
  expect(at.secrets.values.size).toBe(0);
});

test('a stored secret is not kept for another server or another provider', async () => {
  await using at = await start();
  const { id, revision } = await at.credentials.save(draft);
  const kept = { ...draft, id, basedOn: revision, secrets: {}, keep: ['password', 'token'] };
  const moved = { ...kept, settings: { host: 'new.example' } };
  await expect(at.credentials.save(moved)).rejects.toMatchObject({
    kind: 'invalid-settings',
    message: 'The secret must be entered again, because it was entered for another server.',
  });
  await expect(
    at.credentials.save({ ...moved, secrets: { password: 'new-password' }, keep: ['token'] }),
  ).rejects.toMatchObject({ kind: 'invalid-settings' });
  expect(await at.store.get(id)).toMatchObject({ record: { revision, settings: { host: 'old.example' } } });
  const entered = await at.credentials.save({ ...moved, secrets: { password: 'new-password' }, keep: [] });
  expect((await unlockCredential(at, id)).secrets).toEqual({ password: 'new-password' });
  expect(entered.secretNames).toEqual(['password']);
});

test('a host that was changed in the file by hand locks the secret, and a save can not carry it over', async () => {
  await using at = await start();
  const record = await at.credentials.save(draft);
  await at.store.save({ ...record, revision: 'byhand', settings: { host: 'evil.example' } }, record.revision);
  const unlocking = unlockCredential(at, record.id, { patience: 0 });
  await expect(unlocking).rejects.toMatchObject({ kind: 'unauthenticated', reason: 'other-origin' });
  const edit = { ...draft, id: record.id, basedOn: 'byhand', settings: { host: 'evil.example' } };
  await expect(
    at.credentials.save({ ...edit, secrets: { token: 'new-token' }, keep: ['password'] }),
  ).rejects.toMatchObject({ reason: 'other-origin' });
  await at.credentials.save({ ...edit, secrets: {}, keep: ['password', 'token'] });
  await expect(unlockCredential(at, record.id, { patience: 0 })).rejects.toMatchObject({ reason: 'other-origin' });
});

test('a draft for another server gets no stored secret, whatever the record says by now', async () => {
  await using at = await start();
  const { id } = await at.credentials.save(draft);
  expect((await unlockCredential(at, id, { origin: 'old.example' })).secrets).toEqual(draft.secrets);
  await expect(unlockCredential(at, id, { origin: 'draft.example' })).rejects.toMatchObject({ reason: 'other-origin' });
});

test('a save based on an older revision is refused and takes its new secret back', async () => {
  await using at = await start();
  const first = await at.credentials.save(draft);
  const edit = { ...draft, id: first.id, basedOn: first.revision };
  const results = await Promise.allSettled([
    at.credentials.save({ ...edit, secrets: { password: 'one' } }),
    at.credentials.save({ ...edit, secrets: { password: 'two' } }),
  ]);
  const [lost] = results.filter((result) => result.status === 'rejected');
  expect(lost?.reason).toMatchObject({ kind: 'changed', message: 'This credential was changed in another window.' });
  expect(at.secrets.values.size).toBe(1);
  const winner = results[0].status === 'fulfilled' ? 'one' : 'two';
  expect((await unlockCredential(at, first.id)).secrets).toEqual({ password: winner });
  await expect(at.credentials.save(edit)).rejects.toMatchObject({ kind: 'changed' });
});

test('a keyring that keeps nothing saves nothing', async () => {
  await using at = await start();
  at.secrets.getInstead = () => undefined;
  await expect(at.credentials.save(draft)).rejects.toThrow('The keyring did not keep the secret');
  expect(await at.store.list()).toEqual([]);
  expect(at.secrets.values.size).toBe(0);
});

test('a secret is not taken back when the record was written after all', async () => {
  await using at = await start({
    ...realFiles,
    rename: async (...args) => {
      await realFiles.rename(...args);
      if (String(args[1]).includes('credentials')) throw new Error('interrupted');
    },
  });
  await expect(at.credentials.save(draft)).rejects.toThrow('interrupted');
  const [found] = await at.store.list();
  expect((await unlockCredential(at, found?.id ?? '')).secrets).toEqual(draft.secrets);
});

test('an old secret that can not be deleted is reported, and the save holds', async () => {
  await using at = await start();
  const { id, revision } = await at.credentials.save(draft);
  at.secrets.delete = () => Promise.reject(new Error('busy'));
  await at.credentials.save({ ...draft, id, basedOn: revision, secrets: { password: 'new-password' } });
  expect((await unlockCredential(at, id)).secrets).toEqual({ password: 'new-password' });
  expect(at.reports).toEqual([new Error('busy')]);
});

test('a name in use, an empty name and an unknown provider are refused', async () => {
  await using at = await start();
  await at.credentials.save(draft);
  await expect(at.credentials.save({ ...draft, name: ' toy ' })).rejects.toMatchObject({ kind: 'already-exists' });
  await expect(at.credentials.save({ ...draft, name: '  ' })).rejects.toMatchObject({ kind: 'invalid-settings' });
  await expect(at.credentials.save({ ...draft, provider: 'gone' })).rejects.toMatchObject({ kind: 'unsupported' });
  expect(at.secrets.values.size).toBe(1);
});

test('a duplicate has a free name and secrets of its own', async () => {
  await using at = await start();
  const { id } = await at.credentials.save(draft);
  const copy = await at.credentials.duplicate(id);
  expect(copy).toMatchObject({ name: 'Toy (2)', settings: draft.settings });
  await at.credentials.remove(id);
  expect((await unlockCredential(at, copy.id)).secrets).toEqual(draft.secrets);
});

test('a locked credential can not be duplicated, and the error says so to the program', async () => {
  await using at = await start();
  const { id } = await at.credentials.save(draft);
  at.secrets.getInstead = () => 'garbage';
  const error = await at.credentials.duplicate(id).catch((error: unknown) => error);
  expect(isLocked(error) && error.reason).toBe('unreadable');
  expect(isLocked(new Error('else'))).toBe(false);
});

test('a removal takes the record, then its secrets, and no one else', async () => {
  await using at = await start();
  const { id, revision } = await at.credentials.save(draft);
  const other = await at.credentials.save({ ...draft, name: 'Other' });
  await expect(at.credentials.remove(id, 'older')).rejects.toMatchObject({ kind: 'changed' });
  await at.credentials.remove(id, revision);
  expect((await at.store.list()).map((found) => found.id)).toEqual([other.id]);
  expect((await at.vault.places()).map((place) => place.id)).toEqual([other.id]);
});

test('a secret that lags behind its record is looked for twice', async () => {
  await using at = await start();
  const { id } = await at.credentials.save(draft);
  const late = [...at.secrets.values.values()];
  at.secrets.reads.length = 0;
  at.secrets.getInstead = () => (at.secrets.reads.length === 1 ? undefined : late[0]);
  expect((await unlockCredential(at, id, { patience: 1 })).secrets).toEqual(draft.secrets);
  at.secrets.getInstead = () => undefined;
  await expect(unlockCredential(at, id, { patience: 1 })).rejects.toMatchObject({ reason: 'missing' });
  expect(await at.store.get(id)).toMatchObject({ kind: 'readable' });
});

test('what can not be unlocked says why in one sentence', async () => {
  await using at = await start();
  const record = await at.credentials.save({ ...draft, secrets: {} });
  await at.store.save({ ...record, revision: 'r2', provider: 'future' }, record.revision);
  await expect(unlockCredential(at, record.id)).rejects.toMatchObject({
    kind: 'unsupported',
    message: "This version of Storage Credentials doesn't know the provider: future",
  });
  await expect(unlockCredential(at, 'nobody')).rejects.toMatchObject({ kind: 'not-found' });
});

async function start(files?: Files) {
  const folder = await temporaryFolder();
  const secrets = new MemorySecrets();
  const keeping = await openKeeping(path.join(folder.path, 'store'), secrets, files);
  return {
    ...keeping,
    secrets,
    [Symbol.asyncDispose]: async () => {
      keeping.store[Symbol.dispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
