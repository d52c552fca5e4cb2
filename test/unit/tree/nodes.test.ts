import { expect, test } from 'vitest';
import type { Provider } from '../../../src/core/provider.ts';
import type { Entry, ListQuery, Place } from '../../../src/core/storageClient.ts';
import { CredentialNode, EntryNode, isListed } from '../../../src/tree/nodes.ts';

const record = {
  schema: 1,
  id: 'one',
  revision: 'r',
  provider: 'p',
  name: 'One',
  settings: {},
  secretNames: [],
} as const;

function credentialNode(asked: { at: Place; query: ListQuery }[] = []): CredentialNode {
  return new CredentialNode(record, {} as Provider, async (at, query) => {
    asked.push({ at, query });
    return { entries: [] };
  });
}

function entryNode(entry: Entry, parent: CredentialNode | EntryNode = credentialNode(), opened = false): EntryNode {
  return new EntryNode(entry, parent, async () => ({ entries: [] }), opened);
}

const container: Entry = { kind: 'container', id: 'box', name: 'box', path: 'box' };
const object = (id: string, version?: string): Entry => ({
  kind: 'object',
  container: 'box',
  id,
  name: id,
  path: `box/${id}`,
  ...(version === undefined ? {} : { version: { id: version, latest: true, marker: false } }),
});

test('no two things share a row, however alike their names are', () => {
  const box = entryNode(container);
  const entries = [
    object('a'),
    object('a/'),
    object('a', 'v1'),
    object('a', 'v2'),
    { ...object('a/'), kind: 'folder' } as const,
    object('a","b'),
    object('["a"]'),
    container,
  ];
  const ids = entries.map((entry) => entryNode(entry, box).id);
  expect(new Set(ids).size).toBe(entries.length);
});

test('what was opened by its path has a row of its own beside the listed one', () => {
  const parent = credentialNode();
  expect(entryNode(container, parent, true).id).not.toBe(entryNode(container, parent).id);
});

test('a row knows its place and its credential, however deep it lies', () => {
  const credential = credentialNode();
  const box = entryNode(container, credential);
  const folder = entryNode({ kind: 'folder', container: 'box', id: 'a//b/', name: 'b', path: 'box/a//b/' }, box);
  const file = entryNode(object('a//b/c'), folder);
  expect(box.place).toEqual({ kind: 'container', id: 'box' });
  expect(folder.place).toEqual({ kind: 'folder', container: 'box', id: 'a//b/' });
  expect(file.place).toBeUndefined();
  expect(file.credential).toBe(credential);
  expect([credential, box, file].map(isListed)).toEqual([true, true, true]);
});

test('a listing is kept until it is forgotten or filtered, and then asks again', async () => {
  const asked: { at: Place; query: ListQuery }[] = [];
  const node = credentialNode(asked);
  await node.listing.load();
  await node.listing.load();
  expect(asked).toEqual([{ at: { kind: 'root' }, query: {} }]);
  node.forget();
  await node.listing.load();
  node.filter = 'b';
  await node.listing.load();
  expect(asked.slice(1).map(({ query }) => query)).toEqual([{}, { prefix: 'b' }]);
});
