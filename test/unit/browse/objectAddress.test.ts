import { expect, test } from 'vitest';
import { addressToDocument, documentToAddress, fileNameOf } from '../../../src/browse/objectAddress.ts';
import type { Entry } from '../../../src/core/storageClient.ts';
import { oddKeys } from '../../support/oddKeys.ts';

function objectOf(id: string): Entry {
  return { kind: 'object', container: 'b', id, name: id.split('/').at(-1) ?? '', path: `b/${id}` };
}

test('every odd key comes back from its document, whose path a normalising editor leaves alone', () => {
  const keys = oddKeys.filter((key) => key.isWellFormed());
  expect(keys.length).toBeGreaterThan(50);
  for (const id of keys) {
    const document = addressToDocument({ credentialId: 'c', entry: objectOf(id) });
    const [, container, name = '', ...more] = document.path.split('/');
    expect([container, more], id).toEqual(['b', []]);
    expect(['', '.', '..']).not.toContain(name);
    expect(document.query).toMatch(/^[\w-]+$/);
    expect(documentToAddress(document)?.entry, id).toMatchObject({ container: 'b', id });
  }
});

test('keeps credential and version', () => {
  const entry: Entry = { ...objectOf('k'), version: { id: 'v1', latest: true, marker: false } };
  const found = documentToAddress(addressToDocument({ credentialId: 'c', entry }));
  expect(found).toMatchObject({ credentialId: 'c', entry: { version: { id: 'v1' } } });
});

test('a document of another making is none', () => {
  for (const query of ['', 'x', 'eyJhIjoxfQ', 'bm90IGpzb24']) {
    expect(documentToAddress({ path: '/b/name', query })).toBeUndefined();
  }
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
