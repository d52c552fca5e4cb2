import { expect, it } from 'vitest';
import { type Entry, type Place, placeOf, type StorageClient } from '../../src/core/storageClient.ts';
import { startConnectProxy } from '../servers/connectProxy.ts';
import { isSendable, oddKeys } from '../support/oddKeys.ts';
import { byBytes, call, collect, contractSuite, listAll } from './contractSuite.ts';

await contractSuite('odd names', ['walk', 'stat', 'read', 'remove'], (contract) => {
  const { server, overHttp } = contract;

  it('lists each as it is, flat and folder by folder', async () => {
    const { container, stored } = await contract.fillWithOddKeys();
    const client = await contract.open();
    const pages = await collect(client.walk(contract.place(container), {}, call()));
    const walked = contract.namesOf(
      container,
      pages.flatMap(({ entries }) => entries),
    );
    expect(byBytes(walked)).toEqual(byBytes(stored));
    const browsed = contract.namesOf(container, await browse(client, contract.place(container)));
    expect(byBytes(browsed)).toEqual(byBytes(stored));
  });

  overHttp('deletes each one alone, by the exact request and no other', async () => {
    const { container, stored } = await contract.fillWithOddKeys();
    const proxy = await contract.proxy();
    const client = await contract.open({}, proxy.endpoint);
    await listAll(client, contract.place(container));
    proxy.reset();
    const left = new Set(stored);
    for (const key of oddKeys) {
      const [outcome] = await contract.remove(client, container, [key]);
      const sent = contract.lines(proxy);
      proxy.reset();
      if (!isSendable(key) || server.refused?.has(key)) {
        expect([outcome?.result, outcome?.kind, sent]).toEqual(['failed', 'unsupported', []]);
        continue;
      }
      expect(sent, `requests for ${JSON.stringify(key)}`).toEqual([contract.lineFor('delete', container, key)]);
      if (!left.delete(key)) continue;
      expect(outcome?.result, JSON.stringify(key)).toBe('deleted');
      expect(byBytes(await server.ids(container))).toEqual(byBytes([...left]));
    }
    expect(left.size).toBe(0);
  });

  overHttp('deletes all in one batch, naming each exactly once', async () => {
    const { container, stored } = await contract.fillWithOddKeys();
    await server.put(container, 'bystander');
    const proxy = await contract.proxy();
    const client = await contract.open({}, proxy.endpoint);
    await listAll(client, contract.place(container));
    const outcomes = await contract.remove(client, container, stored);
    expect(outcomes.filter(({ result }) => result !== 'deleted')).toEqual([]);
    expect(byBytes(proxy.requests.flatMap(server.deletedBy))).toEqual(byBytes(stored));
    expect(await server.ids(container)).toEqual(['bystander']);
  });

  overHttp('reads and describes each by the exact request', async () => {
    const { container, stored } = await contract.fillWithOddKeys();
    const proxy = await contract.proxy();
    const client = await contract.open({}, proxy.endpoint);
    await listAll(client, contract.place(container));
    proxy.reset();
    for (const key of stored) {
      const { entry } = contract.target(container, key);
      await client.read(entry, { limit: 10 }, call());
      expect(await client.stat(entry, call())).toMatchObject({ id: entry.id, size: 1 });
      expect(contract.lines(proxy)).toEqual([
        contract.lineFor('read', container, key),
        contract.lineFor('describe', container, key),
      ]);
      proxy.reset();
    }
  });

  overHttp('reaches each through a proxy as it is, and never past the proxy', async () => {
    const { container, stored } = await contract.fillWithOddKeys();
    const front = await contract.proxy();
    const proxy = await startConnectProxy();
    const network = contract.network(new URL(proxy.url));
    const client = await contract.open({}, front.endpoint, network);
    await listAll(client, contract.place(container));
    front.reset();
    for (const key of stored) await client.stat(contract.target(container, key).entry, call());
    expect(contract.lines(front)).toEqual(stored.map((key) => contract.lineFor('describe', container, key)));
    const outcomes = await contract.remove(client, container, stored);
    expect(outcomes.filter(({ result }) => result !== 'deleted')).toEqual([]);
    const signIns = server.signInOrigin === undefined ? '' : `CONNECT ${new URL(server.signInOrigin).host}`;
    const tunnels = proxy.requests.filter((request) => request !== signIns);
    expect(new Set(tunnels)).toEqual(new Set([`CONNECT ${new URL(front.endpoint).host}`]));
    expect(front.connections()).toBe(tunnels.length);
    expect(await server.ids(container)).toEqual([]);
    await proxy.stop();
  });

  it('deletes each one, and only that one', async () => {
    const { container, stored } = await contract.fillWithOddKeys();
    const client = await contract.open();
    const left = new Set(stored);
    for (const key of oddKeys) {
      const [outcome] = await contract.remove(client, container, [key]);
      if (!isSendable(key) || server.refused?.has(key)) {
        expect([outcome?.result, outcome?.kind], JSON.stringify(key)).toEqual(['failed', 'unsupported']);
      } else if (left.delete(key)) {
        expect(outcome?.result, JSON.stringify(key)).toBe('deleted');
      }
    }
    expect(left.size).toBe(0);
    expect(await server.ids(container)).toEqual([]);
  });

  it('reads and describes each', async () => {
    const { container, stored } = await contract.fillWithOddKeys();
    const client = await contract.open();
    for (const key of stored) {
      const { entry } = contract.target(container, key);
      expect(Buffer.from(await client.read(entry, { limit: 10 }, call())).toString()).toBe('x');
      expect(await client.stat(entry, call())).toMatchObject({ id: entry.id, size: 1 });
    }
  });

  overHttp('never takes an empty name for the container', async () => {
    const container = await contract.fill(['a']);
    const proxy = await contract.proxy();
    const client = await contract.open({}, proxy.endpoint);
    expect(await contract.remove(client, container, [''])).toMatchObject([{ result: 'failed', kind: 'unsupported' }]);
    expect(await contract.remove(client, '', ['a'])).toMatchObject([{ result: 'failed' }]);
    expect(proxy.requests).toEqual([]);
    expect(await server.ids(container)).toEqual(['a']);
  });
});

async function browse(client: StorageClient, at: Place): Promise<Entry[]> {
  const found: Entry[] = [];
  for (const entry of await listAll(client, at)) {
    const place = placeOf(entry);
    if (place === undefined) found.push(entry);
    else found.push(...(await browse(client, place)));
  }
  return found;
}
