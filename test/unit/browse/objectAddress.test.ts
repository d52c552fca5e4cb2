import { expect, test } from 'vitest';
import { addressToPath, fileNameOf, pathToAddress } from '../../../src/browse/objectAddress.ts';
import type { Entry } from '../../../src/core/storageClient.ts';
import { oddKeys } from '../../support/oddKeys.ts';

function objectOf(id: string): Entry {
  return { kind: 'object', container: 'b', id, name: id.split('/').at(-1) ?? '', path: `b/${id}` };
}

test('every odd key comes back from its document path, which a normalising editor leaves alone', () => {
  const keys = oddKeys.filter((key) => key.isWellFormed());
  expect(keys.length).toBeGreaterThan(50);
  for (const id of keys) {
    const path = addressToPath({ credentialId: 'c', entry: objectOf(id) });
    const name = path.split('/')[2] ?? '';
    expect(path.split('/'), id).toHaveLength(3);
    expect(['', '.', '..']).not.toContain(name);
    expect(pathToAddress(path)?.entry, id).toMatchObject({ container: 'b', id });
  }
});

test('keeps credential and version', () => {
  const entry: Entry = { ...objectOf('k'), version: { id: 'v1', latest: true, marker: false } };
  const found = pathToAddress(addressToPath({ credentialId: 'c', entry }));
  expect(found).toMatchObject({ credentialId: 'c', entry: { version: { id: 'v1' } } });
});

test('a path of another making is none', () => {
  for (const path of ['', '/', '/x', '/x/y', '/eyJhIjoxfQ/y', '/bm90IGpzb24/y'])
    expect(pathToAddress(path)).toBeUndefined();
});

test.each([
  ['a/b.txt', 'b.txt'],
  ['..', 'object__'],
  ['', 'object'],
  ['a/', 'a'],
  ['c:\\d', 'c__d'],
  ['x\u202egnp.exe', 'x_u202egnp.exe'],
])('%j is shown as %j', (name, shown) => {
  expect(fileNameOf(name)).toBe(shown);
});
