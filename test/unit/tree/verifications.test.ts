import { expect, test } from 'vitest';
import type { Memento } from 'vscode';
import type { Verification } from '../../../src/core/verification.ts';
import { Verifications } from '../../../src/tree/verifications.ts';

const verification: Verification = { works: true, sentence: 'Good.', steps: [], at: 1 };

function memento(): Memento {
  const values = new Map<string, unknown>();
  return {
    keys: () => [...values.keys()],
    get: <T>(key: string, fallback?: T) => (values.has(key) ? (values.get(key) as T) : fallback),
    update: async (key: string, value: unknown) =>
      void (value === undefined ? values.delete(key) : values.set(key, value)),
  };
}

test('a verification stays with the revision that was verified', async () => {
  const verifications = new Verifications(memento());
  const verified = { id: 'one', revision: 'first' };
  expect(verifications.of(verified)).toBeUndefined();
  await verifications.keep(verified, verification);
  expect(verifications.of(verified)).toEqual(verification);
  expect(verifications.of({ ...verified, revision: 'second' })).toBeUndefined();
  expect(verifications.of({ ...verified, id: 'other' })).toBeUndefined();
});

test('nothing is left of one that is forgotten', async () => {
  const memory = memento();
  const verifications = new Verifications(memory);
  await verifications.keep({ id: 'one', revision: 'first' }, verification);
  await verifications.forget('one');
  expect(memory.keys()).toEqual([]);
});
