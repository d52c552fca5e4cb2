import { expect, it } from 'vitest';
import type { Entry, StorageClient } from '../../src/core/storageClient.ts';
import { methodNames, placeOf } from '../../src/core/storageClient.ts';
import { call, collect, contractSuite, listAll } from './contractSuite.ts';

await contractSuite('listing', ['walk', 'stat', 'read', 'recovery'], (contract) => {
  const { provider, server, ofObjects, overHttp } = contract;
  const names = (prefix: string, count: number) =>
    Array.from({ length: count }, (_, n) => `${prefix}${String(n).padStart(4, '0')}`);

  async function walkNames(client: StorageClient, container: string, prefix?: string, folder?: string) {
    const at = folder === undefined ? contract.place(container) : placeOf(contract.folderEntry(container, folder));
    const walk = client.walk?.(at ?? expect.unreachable(), prefix === undefined ? {} : { prefix }, call());
    const pages = await collect(walk ?? expect.unreachable());
    return contract.namesOf(
      container,
      pages.flatMap(({ entries }) => entries),
    );
  }

  it('has the methods that the provider declares, and no others', async () => {
    const client = await contract.open();
    const methods = methodNames.filter((name) => typeof client[name] === 'function');
    expect(methods).toEqual(methodNames.filter((name) => provider.capabilities.has(name)));
  });

  ofObjects('lists containers, and only the one that a credential is for', async () => {
    const container = await contract.fill(['a']);
    const all = await listAll(await contract.open(), { kind: 'root' });
    expect(all.find(({ id }) => id === container)).toMatchObject({ kind: 'container', name: container });
    const only = await listAll(await contract.open(server.changes.only(container)), { kind: 'root' });
    expect(only.map(({ id }) => id)).toEqual([container]);
  });

  it('lists folders and objects of one level, with their facts', async () => {
    const container = await contract.fill(['top.txt', 'folder/one.txt', 'folder/two.txt', 'folder/deep/three.txt']);
    const client = await contract.open();
    const top = await listAll(client, contract.place(container));
    expect(top.map(identified)).toEqual([
      identified(contract.folderEntry(container, 'folder/')),
      identified(contract.target(container, 'top.txt').entry),
    ]);
    const inside = await listAll(client, placeOf(contract.folderEntry(container, 'folder/')) ?? expect.unreachable());
    expect(inside.map(({ kind, name }) => [kind, name])).toEqual([
      ['folder', 'deep'],
      ['object', 'one.txt'],
      ['object', 'two.txt'],
    ]);
    expect(contract.namesOf(container, inside)).toEqual(['folder/one.txt', 'folder/two.txt']);
    expect(top[1]).toMatchObject({ size: 1 });
    if (!contract.isTree) expect(top[1]).toMatchObject({ container, tag: expect.stringMatching(/./) });
    expect(Math.abs(Date.now() - (top[1]?.modified ?? 0))).toBeLessThan(600_000);
  });

  it('lists 1,105 objects page by page, each once', async () => {
    const ids = names('object-', 1105);
    const container = await contract.fill(ids);
    const client = await contract.open();
    const first = await client.list(contract.place(container), {}, call());
    expect(first.cursor).toBeDefined();
    expect(contract.namesOf(container, await listAll(client, contract.place(container)))).toEqual(ids);
    const small = await client.list(contract.place(container), { limit: 7 }, call());
    expect(contract.namesOf(container, small.entries)).toEqual(ids.slice(0, 7));
    const next = await client.list(contract.place(container), { limit: 7, cursor: small.cursor ?? '' }, call());
    expect(contract.namesOf(container, next.entries)).toEqual(ids.slice(7, 14));
    expect((await walkNames(client, container)).toSorted()).toEqual(ids);
    expect((await walkNames(client, container, 'object-110')).toSorted()).toEqual(ids.slice(1100));
  });

  it.runIf(provider.capabilities.has('ranges'))('begins behind any key, in the order of bytes', async () => {
    const ids = ['a b', 'a+b', 'a/1', 'a/é', 'a/\uffee', 'a/\u{10000}', 'b', 'c/1', 'c/10'];
    const container = await contract.fill([...ids, ...names('d', 1005)]);
    const client = await contract.open();
    const behind = async (after: string, prefix = '') => {
      const pages = client.walk?.(contract.place(container), { after, prefix }, call()) ?? expect.unreachable();
      return (await collect(pages)).flatMap(({ entries }) => entries).map(({ id }) => id);
    };
    expect(await behind('a/', 'a')).toEqual(ids.slice(2, 6));
    expect(await behind('a/\uffee', 'a')).toEqual(ids.slice(5, 6));
    expect(await behind('bb')).toEqual([...ids.slice(7), ...names('d', 1005)]);
    expect(await behind('c/1', 'c')).toEqual(['c/10']);
    expect(await behind('d0002')).toEqual(names('d', 1005).slice(3));
    expect(await behind('e')).toEqual([]);
  });

  ofObjects('filters by prefix at the server, at the top and in a folder', async () => {
    const container = await contract.fill([...names('a/x', 3), ...names('a/y', 2), ...names('b', 2), 'a b+c%']);
    const proxy = await contract.proxy();
    const client = await contract.open({}, proxy.endpoint);
    const filtered = await listAll(client, { kind: 'folder', container, id: 'a/' }, 'y');
    expect(filtered.map(({ id }) => id)).toEqual(names('a/y', 2));
    expect((await listAll(client, contract.place(container), 'a b+')).map(({ id }) => id)).toEqual(['a b+c%']);
    expect(await listAll(client, contract.place(container), 'none')).toEqual([]);
    expect(proxy.requests).toHaveLength(3);
  });

  it.runIf(contract.isTree)('filters by the beginning of names', async () => {
    const container = await contract.fill([...names('a/x', 3), ...names('a/y', 2), 'ab', 'b']);
    const client = await contract.open();
    const inside = placeOf(contract.folderEntry(container, 'a/')) ?? expect.unreachable();
    expect(contract.namesOf(container, await listAll(client, inside, 'y'))).toEqual(names('a/y', 2));
    expect((await listAll(client, contract.place(container), 'a')).map(({ name }) => name)).toEqual(['a', 'ab']);
    expect(await listAll(client, contract.place(container), 'none')).toEqual([]);
  });

  ofObjects('does not take a folder for another whose name begins the same', async () => {
    const container = await contract.fill(['run/1', 'run-2/1', 'run/', 'running']);
    const client = await contract.open();
    expect(await walkNames(client, container, undefined, 'run/')).toEqual(['run/', 'run/1']);
  });

  it('lists an empty container, and says when one is gone', async () => {
    const container = await contract.fill([]);
    const client = await contract.open();
    expect(await listAll(client, contract.place(container))).toEqual([]);
    await server.removeContainer(container);
    expect((await contract.failureOf(listAll(client, contract.place(container)))).kind).toBe('not-found');
    expect((await contract.failureOf(walkNames(client, container))).kind).toBe('not-found');
  });

  it('reads, describes and misses objects', async () => {
    const container = await contract.fill([]);
    await server.put(container, 'folder/käse & co.txt', 'content');
    const client = await contract.open();
    const { entry } = contract.target(container, 'folder/käse & co.txt');
    expect(Buffer.from(await client.read(entry, { limit: 100 }, call())).toString()).toBe('content');
    expect(await client.stat(entry, call())).toMatchObject({ id: entry.id, size: 7 });
    expect((await contract.failureOf(client.read(entry, { limit: 3 }, call()))).kind).toBe('unsupported');
    const { entry: absent } = contract.target(container, 'absent');
    expect((await contract.failureOf(client.stat(absent, call()))).kind).toBe('not-found');
    expect((await contract.failureOf(client.read(absent, { limit: 9 }, call()))).kind).toBe('not-found');
    expect(await client.recovery(contract.place(container), call())).toMatchObject({
      recoverable: server.recoverable ?? 'no',
    });
  });

  it('tells a stranger that it may not list', async () => {
    const container = await contract.fill(['a']);
    const stranger = await contract.open(await server.strangerTo(container));
    expect((await contract.failureOf(listAll(stranger, contract.place(container)))).kind).toBe('forbidden');
    expect((await contract.failureOf(walkNames(stranger, container))).kind).toBe('forbidden');
  });

  overHttp('ends at once when it is cancelled, before and during a call', async () => {
    const container = await contract.fill(['a']);
    const proxy = await contract.proxy();
    const client = await contract.open({}, proxy.endpoint);
    const place = contract.place(container);
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

function identified({ kind, container, id, name, path }: Entry) {
  return { kind, container, id, name, path };
}
