import { describe, expect, it } from 'vitest';
import { listPage } from '../../../demo/listing.ts';
import { type ByteKey, fromByteKey, ObjectStore, type StoredObject, toByteKey } from '../../../demo/objectStore.ts';

const object: StoredObject = {
  body: Buffer.from('x'),
  etag: '9dd4e461268c8034f5c8564e155c67a6',
  modified: new Date(0),
  contentType: 'text/plain',
  metadata: {},
};

function storeOf(keys: Iterable<string>): ObjectStore {
  const store = new ObjectStore();
  for (const key of keys) store.put(toByteKey(key), object);
  return store;
}

function listAll(store: ObjectStore, prefix: string, delimiter: string, maxKeys: number) {
  const found: string[] = [];
  let after: ByteKey | undefined = toByteKey('');
  let pages = 0;
  while (after !== undefined) {
    const page = listPage(store, { prefix: toByteKey(prefix), delimiter: toByteKey(delimiter), after, maxKeys });
    const count = page.objects.length + page.commonPrefixes.length;
    expect(count).toBeLessThanOrEqual(maxKeys);
    if (page.next !== undefined) expect(count).toBe(maxKeys);
    found.push(...[...page.objects.map(({ key }) => key), ...page.commonPrefixes].sort().map(fromByteKey));
    after = page.next;
    pages++;
  }
  return { found, pages };
}

// A small deterministic generator, so that a failure can be repeated.
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe('ObjectStore', () => {
  it('keeps the order of UTF-8 bytes, not of UTF-16 units', () => {
    const store = storeOf(['\u{1F600}', '\uFFFD', 'é', 'z', 'Z', '']);
    expect(listAll(store, '', '', 1000).found).toEqual(['', 'Z', 'z', 'é', '\uFFFD', '\u{1F600}']);
  });

  it('agrees with a plain sorted set after 20,000 random puts and deletes', () => {
    const random = createRandom(7);
    const store = new ObjectStore();
    const model = new Set<string>();
    for (let step = 0; step < 20_000; step++) {
      const key = toByteKey(`k${random(6000)}`);
      if (random(3) === 0) expect(store.delete(key)).toBe(model.delete(key));
      else {
        store.put(key, object);
        model.add(key);
      }
    }
    expect(store.size).toBe(model.size);
    expect(listAll(store, '', '', 777).found).toEqual([...model].sort());
    for (const key of model) expect(store.delete(key as ByteKey)).toBe(true);
    expect(store.size).toBe(0);
    expect([...store.from(toByteKey(''))]).toEqual([]);
  });

  it('lists pages of any size like a filter over all keys would', () => {
    const random = createRandom(11);
    const parts = ['a', 'b', 'a-', 'ä', '/', '//', ' ', '%2F', '\u{1F600}'];
    const keys = new Set<string>();
    for (let n = 0; n < 3000; n++) {
      keys.add(Array.from({ length: 1 + random(6) }, () => parts[random(parts.length)]).join(''));
    }
    const store = storeOf(keys);
    const sorted = [...keys].map(toByteKey).sort().map(fromByteKey);
    for (const prefix of ['', 'a', 'a/', '/', 'b//', 'none']) {
      const within = sorted.filter((key) => key.startsWith(prefix));
      const groups = within.map((key) => {
        const at = key.indexOf('/', prefix.length);
        return at < 0 ? key : key.slice(0, at + 1);
      });
      for (const maxKeys of [1, 2, 7, 1000]) {
        expect(listAll(store, prefix, '', maxKeys).found).toEqual(within);
        expect(listAll(store, prefix, '/', maxKeys).found).toEqual([...new Set(groups)]);
      }
    }
  });

  it('jumps over a folder of 100,000 keys instead of walking it', () => {
    const store = new ObjectStore();
    for (let n = 0; n < 100_000; n++) store.put(`folder/${n}` as ByteKey, object);
    store.put('z' as ByteKey, object);
    let seeks = 0;
    const counting = new Proxy(store, {
      get(target, name) {
        if (name === 'seek') seeks++;
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
    expect(listAll(counting, '', '/', 1000).found).toEqual(['folder/', 'z']);
    expect(seeks).toBeLessThan(5);
  });
});
