import { expect, it } from 'vitest';
import type { Place, StorageClient } from '../../src/core/storageClient.ts';
import { methodNames } from '../../src/core/storageClient.ts';
import { call, collect, containerPlace, contractSuite, listAll, targetOf } from './contractSuite.ts';

await contractSuite('listing', ['walk', 'stat', 'read', 'recovery'], (contract) => {
  const { provider, server } = contract;
  const names = (prefix: string, count: number) =>
    Array.from({ length: count }, (_, n) => `${prefix}${String(n).padStart(4, '0')}`);

  it('has the methods that the provider declares, and no others', async () => {
    const client = await contract.open();
    const methods = methodNames.filter((name) => typeof client[name] === 'function');
    expect(methods).toEqual(methodNames.filter((name) => provider.capabilities.has(name)));
  });

  it('lists containers, and only the one that a credential is for', async () => {
    const container = await contract.fill(['a']);
    const all = await listAll(await contract.open(), { kind: 'root' });
    expect(all.find(({ id }) => id === container)).toMatchObject({ kind: 'container', name: container });
    const only = await listAll(await contract.open(server.changes.only(container)), { kind: 'root' });
    expect(only.map(({ id }) => id)).toEqual([container]);
  });

  it('lists folders and objects of one level, with their facts', async () => {
    const container = await contract.fill(['top.txt', 'folder/one.txt', 'folder/two.txt', 'folder/deep/three.txt']);
    const client = await contract.open();
    const top = await listAll(client, containerPlace(container));
    expect(top.map(({ kind, id, name, path }) => ({ kind, id, name, path }))).toEqual([
      { kind: 'folder', id: 'folder/', name: 'folder', path: `${container}/folder/` },
      { kind: 'object', id: 'top.txt', name: 'top.txt', path: `${container}/top.txt` },
    ]);
    const inside = await listAll(client, { kind: 'folder', container, id: 'folder/' });
    expect(inside.map(({ id, name }) => [id, name])).toEqual([
      ['folder/deep/', 'deep'],
      ['folder/one.txt', 'one.txt'],
      ['folder/two.txt', 'two.txt'],
    ]);
    expect(top[1]).toMatchObject({ container, size: 1, tag: expect.stringMatching(/./) });
    expect(Math.abs(Date.now() - (top[1]?.modified ?? 0))).toBeLessThan(600_000);
  });

  it('lists 1,105 objects page by page, each once', async () => {
    const ids = names('object-', 1105);
    const container = await contract.fill(ids);
    const client = await contract.open();
    const first = await client.list(containerPlace(container), {}, call());
    expect(first.cursor).toBeDefined();
    expect((await listAll(client, containerPlace(container))).map(({ id }) => id)).toEqual(ids);
    const small = await client.list(containerPlace(container), { limit: 7 }, call());
    expect(small.entries.map(({ id }) => id)).toEqual(ids.slice(0, 7));
    const next = await client.list(containerPlace(container), { limit: 7, cursor: small.cursor ?? '' }, call());
    expect(next.entries.map(({ id }) => id)).toEqual(ids.slice(7, 14));
    expect(await walkIds(client, containerPlace(container))).toEqual(ids);
    expect(await walkIds(client, containerPlace(container), 'object-110')).toEqual(ids.slice(1100));
  });

  it('filters by prefix at the server, at the top and in a folder', async () => {
    const container = await contract.fill([...names('a/x', 3), ...names('a/y', 2), ...names('b', 2), 'a b+c%']);
    const proxy = await contract.proxy();
    const client = await contract.open({}, proxy.endpoint);
    const filtered = await listAll(client, { kind: 'folder', container, id: 'a/' }, 'y');
    expect(filtered.map(({ id }) => id)).toEqual(names('a/y', 2));
    expect((await listAll(client, containerPlace(container), 'a b+')).map(({ id }) => id)).toEqual(['a b+c%']);
    expect(await listAll(client, containerPlace(container), 'none')).toEqual([]);
    expect(proxy.requests).toHaveLength(3);
  });

  it('does not take a folder for another whose name begins the same', async () => {
    const container = await contract.fill(['run/1', 'run-2/1', 'run/', 'running']);
    const client = await contract.open();
    const inside: Place = { kind: 'folder', container, id: 'run/' };
    expect(await walkIds(client, inside)).toEqual(['run/', 'run/1']);
  });

  it('lists an empty container, and says when one is gone', async () => {
    const container = await contract.fill([]);
    const client = await contract.open();
    expect(await listAll(client, containerPlace(container))).toEqual([]);
    await server.removeContainer(container);
    expect((await contract.failureOf(listAll(client, containerPlace(container)))).kind).toBe('not-found');
    expect((await contract.failureOf(walkIds(client, containerPlace(container)))).kind).toBe('not-found');
  });

  it('reads, describes and misses objects', async () => {
    const container = await contract.fill([]);
    await server.put(container, 'folder/käse & co.txt', 'content');
    const client = await contract.open();
    const { entry } = targetOf(container, 'folder/käse & co.txt');
    expect(Buffer.from(await client.read(entry, { limit: 100 }, call())).toString()).toBe('content');
    expect(await client.stat(entry, call())).toMatchObject({ id: entry.id, size: 7 });
    expect((await contract.failureOf(client.read(entry, { limit: 3 }, call()))).kind).toBe('unsupported');
    const { entry: absent } = targetOf(container, 'absent');
    expect((await contract.failureOf(client.stat(absent, call()))).kind).toBe('not-found');
    expect((await contract.failureOf(client.read(absent, { limit: 9 }, call()))).kind).toBe('not-found');
    expect(await client.recovery(containerPlace(container), call())).toMatchObject({ recoverable: 'no' });
  });

  it('tells a stranger that it may not list', async () => {
    const container = await contract.fill(['a']);
    const stranger = await contract.open(await server.strangerTo(container));
    expect((await contract.failureOf(listAll(stranger, containerPlace(container)))).kind).toBe('forbidden');
    expect((await contract.failureOf(walkIds(stranger, containerPlace(container)))).kind).toBe('forbidden');
  });

  it('ends at once when it is cancelled, before and during a call', async () => {
    const container = await contract.fill(['a']);
    const proxy = await contract.proxy();
    const client = await contract.open({}, proxy.endpoint);
    const place = containerPlace(container);
    const before = client.list(place, {}, { signal: AbortSignal.abort() });
    expect((await contract.failureOf(before)).kind).toBe('cancelled');
    expect(proxy.requests).toEqual([]);
    proxy.addRule({
      when: ({ target }) => target.startsWith(server.target(container, '')),
      fault: { kind: 'never-answer' },
    });
    const controller = new AbortController();
    const during = client.list(place, {}, { signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    expect((await contract.failureOf(during)).kind).toBe('cancelled');
    expect(proxy.requests).toHaveLength(1);
  });
});

async function walkIds(client: Required<StorageClient>, at: Place, prefix?: string): Promise<string[]> {
  const walk = client.walk(at, prefix === undefined ? {} : { prefix }, call());
  return (await collect(walk)).flatMap(({ entries }) => entries.map(({ id }) => id));
}
