import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { createRedactor } from '../../../src/core/redaction.ts';
import type { CredentialRecord } from '../../../src/credentials/record.ts';
import { type SecretStore, SecretVault } from '../../../src/credentials/secretVault.ts';
import { MemorySecrets } from './keeping.ts';

const origin = 'https://s3.example';
const record: CredentialRecord = {
  schema: 1,
  revision: 'r2',
  id: 'a',
  provider: 'toy',
  name: 'Toy',
  settings: {},
  secretNames: ['password'],
  secretRef: 'r1',
};
const place = { id: 'a', secretRef: 'r1' };
const key = 'credential/store/a/r1';

test('a secret is read as it was stored, under a key that names store, credential and revision', async () => {
  const { secrets, vault } = newVault();
  await vault.store(place, origin, { password: 'pa55word' });
  expect(secrets.values).toEqual(new Map([[key, JSON.stringify({ origin, values: { password: 'pa55word' } })]]));
  expect(await vault.read(record, origin)).toEqual({ kind: 'open', values: { password: 'pa55word' } });
});

test('large secrets survive whole', async () => {
  const { vault } = newVault();
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 4096,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const values = { password: privateKey, token: JSON.stringify({ account: 'x'.repeat(16 * 1024) }) };
  await vault.store(place, origin, values);
  expect(await vault.read({ ...record, secretNames: ['password', 'token'] }, origin)).toEqual({ kind: 'open', values });
});

test('a secret that was entered for another origin is never given out', async () => {
  const { vault } = newVault();
  await vault.store(place, origin, { password: 'pa55word' });
  for (const other of ['https://evil.example', 'http://s3.example', '']) {
    expect(await vault.read(record, other)).toEqual({ kind: 'locked', reason: 'other-origin' });
  }
});

test.each([
  ['missing', undefined],
  ['unreadable', ''],
  ['unreadable', 'garbage'],
  ['unreadable', '{"origin":"https://s3.example"}'],
  ['unreadable', '{"origin":"https://s3.example","values":{"password":1}}'],
  ['incomplete', '{"origin":"https://s3.example","values":{"token":"t"}}'],
])('a keyring that answers so is locked: %s %s', async (reason, answer) => {
  const { secrets, vault } = newVault();
  secrets.getInstead = () => answer;
  expect(await vault.read(record, origin)).toEqual({ kind: 'locked', reason });
});

test('a keyring that throws is locked', async () => {
  const { secrets, vault } = newVault();
  secrets.getInstead = () => {
    throw new Error('no keyring');
  };
  expect(await vault.read(record, origin)).toEqual({ kind: 'locked', reason: 'unreadable' });
});

test('a record that names secrets without a reference is locked, one without secrets is open; neither asks the keyring', async () => {
  const { secrets, vault } = newVault();
  const { secretRef: _, ...withoutRef } = record;
  expect(await vault.read(withoutRef, origin)).toEqual({ kind: 'locked', reason: 'missing' });
  expect(await vault.read({ ...withoutRef, secretNames: [] }, origin)).toEqual({ kind: 'open', values: {} });
  expect(secrets.reads).toEqual([]);
});

test('only what the record names is given out', async () => {
  const { vault } = newVault();
  await vault.store(place, origin, { password: 'pa55word', token: 'left over' });
  expect(await vault.read(record, origin)).toEqual({ kind: 'open', values: { password: 'pa55word' } });
});

test.each<[string, Partial<SecretStore>]>([
  ['forgets', { get: async () => undefined }],
  ['garbles', { get: async () => 'something else' }],
  ['refuses to write', { store: () => Promise.reject(new Error('read only')) }],
  ['refuses to read', { get: () => Promise.reject(new Error('locked')) }],
])('a keyring that %s is found out while saving', async (_what, faults) => {
  const secrets = Object.assign(new MemorySecrets(), faults);
  const vault = new SecretVault(secrets, async () => 'store', createRedactor());
  const storing = vault.store(place, origin, { password: 'pa55word' });
  await expect(storing).rejects.toThrow('The keyring did not keep the secret, so nothing was saved.');
});

test('secrets that passed through are masked from then on, also one for another origin', async () => {
  const { redactor, vault, secrets } = newVault();
  await vault.store(place, origin, { password: 'stored-value' });
  secrets.values.set(key, JSON.stringify({ origin: 'other', values: { password: 'found-value' } }));
  await vault.read(record, origin);
  expect(redactor.redact('stored-value found-value')).not.toMatch(/stored|found/);
});

test('which secrets are lost is known without reading one', async () => {
  const { secrets, vault } = newVault();
  secrets.values.set(key, 'anything');
  const lost = { ...record, id: 'b' };
  const none = { ...record, id: 'c', secretNames: [] };
  expect(await vault.missing([record, lost, none])).toEqual(new Set(['b']));
  expect(secrets.reads).toEqual([]);
});

test('only places of this store are listed', async () => {
  const { secrets, vault } = newVault();
  for (const other of ['credential/other/a/r1', 'credential/store/a', 'credential/store/a/r1/x', 'else']) {
    secrets.values.set(other, '');
  }
  secrets.values.set(key, '');
  expect(await vault.places()).toEqual([place]);
});

function newVault() {
  const secrets = new MemorySecrets();
  const redactor = createRedactor();
  return { secrets, redactor, vault: new SecretVault(secrets, async () => 'store', redactor) };
}
