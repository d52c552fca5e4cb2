import { expect, it } from 'vitest';
import { call, collect, contractSuite, isReading, listAll } from './contractSuite.ts';

await contractSuite('removal', ['walk', 'remove', 'recovery'], (contract) => {
  const { provider, server, ofObjects, overHttp } = contract;

  it('deletes what it is told to and nothing else', async () => {
    const container = await contract.fill(['a', 'b/1', 'b/2', 'c']);
    const client = await contract.open();
    const outcomes = await contract.remove(client, container, ['b/2', 'a']);
    expect(outcomes).toEqual([
      { id: 'b/2', result: 'deleted', kind: undefined },
      { id: 'a', result: 'deleted', kind: undefined },
    ]);
    expect(await server.ids(container)).toEqual(['b/1', 'c']);
  });

  it('empties a container of 1,105 objects, batch by batch', async () => {
    const ids = Array.from({ length: 1105 }, (_, n) => `many/${n}`);
    const container = await contract.fill(ids);
    const client = await contract.open();
    const { batch } = provider.limits;
    for await (const page of client.walk(contract.place(container), {}, call())) {
      for (let from = 0; from < page.entries.length; from += batch) {
        const some = contract.namesOf(container, page.entries.slice(from, from + batch));
        if (some.length === 0) continue;
        const outcomes = await contract.remove(client, container, some);
        expect(new Set(outcomes.map(({ result }) => result))).toEqual(new Set(['deleted']));
      }
    }
    expect(await server.ids(container)).toEqual([]);
  });

  overHttp('sends a full batch as one request where the provider has batches', async () => {
    const ids = Array.from({ length: Math.min(provider.limits.batch, 1000) }, (_, n) => `full/${n}`);
    const container = await contract.fill(ids);
    const proxy = await contract.proxy();
    const client = await contract.open({}, proxy.endpoint);
    await listAll(client, contract.place(container), 'none');
    proxy.reset();
    await contract.remove(client, container, ids);
    expect(proxy.requests).toHaveLength(contract.requestsFor(ids.length));
    expect(await server.ids(container)).toEqual([]);
  });

  it.runIf(server.refuseDeletion)('reports the one that is refused and deletes the others', async () => {
    const container = await contract.fill(['a', 'kept', 'z']);
    await server.refuseDeletion?.(container, ['kept']);
    const client = await contract.open();
    expect(await contract.remove(client, container, ['a', 'kept', 'z'])).toEqual([
      { id: 'a', result: 'deleted', kind: undefined },
      { id: 'kept', result: 'denied', kind: 'forbidden' },
      { id: 'z', result: 'deleted', kind: undefined },
    ]);
    expect(await contract.remove(client, container, ['kept'])).toMatchObject([{ result: 'denied' }]);
    expect(await server.ids(container)).toEqual(['kept']);
  });

  it('takes what is already gone for done', async () => {
    const container = await contract.fill(['here']);
    const client = await contract.open();
    for (const ids of [['gone', 'here', 'gone too'], ['gone']]) {
      for (const { result, kind } of await contract.remove(client, container, ids)) {
        expect(['deleted', 'already-gone']).toContain(result);
        expect(kind).toBeUndefined();
      }
    }
    expect(await server.ids(container)).toEqual([]);
  });

  it.runIf(provider.capabilities.has('conditional'))('keeps what changed since, alone and among others', async () => {
    const container = await contract.fill(['a', 'b', 'c', 'd']);
    const client = await contract.open();
    const tags = new Map<string, string | undefined>();
    for await (const { entries } of client.walk(contract.place(container), {}, call())) {
      for (const entry of entries) for (const name of contract.namesOf(container, [entry])) tags.set(name, entry.tag);
    }
    for (const id of ['b', 'd']) await server.put(container, id, 'overwritten');
    const asPlanned = (id: string) => ({
      ...contract.target(container, id),
      ifTag: tags.get(id) ?? expect.unreachable(),
    });
    for (const ids of [['a', 'b', 'c'], ['d']]) {
      const outcomes = await client.remove(ids.map(asPlanned), call());
      const kept = outcomes.filter(({ result }) => result === 'changed').map(({ target }) => target.entry);
      expect(contract.namesOf(container, kept)).toEqual(ids.filter((id) => id === 'b' || id === 'd'));
      expect(outcomes.filter(({ result }) => result === 'deleted')).toHaveLength(ids.length - kept.length);
    }
    expect(await server.ids(container)).toEqual(['b', 'd']);
  });

  it('tells a stranger no, object by object or all at once', async () => {
    const container = await contract.fill(['a', 'b']);
    const stranger = await contract.open(await server.strangerTo(container));
    for (const ids of [['a', 'b'], ['a']]) {
      for (const { result } of await contract.remove(stranger, container, ids)) {
        expect(['denied', 'failed']).toContain(result);
      }
    }
    expect(await server.ids(container)).toEqual(['a', 'b']);
  });

  ofObjects('refuses what lies outside of the container that a credential is for', async () => {
    const [mine, other] = [await contract.fill(['a']), await contract.fill(['a'])];
    const proxy = await contract.proxy();
    const client = await contract.open(server.changes.only(mine), proxy.endpoint);
    expect(await contract.remove(client, other, ['a'])).toMatchObject([{ result: 'failed', kind: 'forbidden' }]);
    expect(proxy.requests).toEqual([]);
    expect(await server.ids(other)).toEqual(['a']);
  });

  ofObjects('says that a container is gone', async () => {
    const container = await contract.fill(['a', 'b']);
    const client = await contract.open();
    await server.removeContainer(container);
    for (const { result, kind } of await contract.remove(client, container, ['a', 'b'])) {
      expect([result, kind]).toEqual(['failed', 'not-found']);
    }
  });

  overHttp('sends nothing when it was cancelled before, and answers at once when cancelled during', async () => {
    const container = await contract.fill(['a', 'b']);
    const proxy = await contract.proxy();
    const client = await contract.open({}, proxy.endpoint);
    const before = await contract.remove(client, container, ['a', 'b'], AbortSignal.abort());
    expect(before.map(({ kind }) => kind)).toEqual(['cancelled', 'cancelled']);
    expect(proxy.requests).toEqual([]);
    // By now it is signed in: that too takes time.
    await listAll(client, { kind: 'root' });
    const earlier = proxy.requests.length;
    proxy.addRule({ when: () => true, fault: { kind: 'never-answer' } });
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    const during = await contract.remove(client, container, ['a', 'b'], controller.signal);
    expect(during.map(({ kind }) => kind)).toEqual(['cancelled', 'cancelled']);
    expect(proxy.requests).toHaveLength(earlier + contract.requestsFor(2));
    expect(await server.ids(container)).toEqual(['a', 'b']);
  });

  overHttp('writes nothing while it plans', async () => {
    const container = await contract.fill(['a', 'b/1']);
    const proxy = await contract.proxy();
    const client = await contract.open({}, proxy.endpoint);
    await collect(client.walk(contract.place(container), {}, call()));
    await client.recovery(contract.place(container), call());
    expect(proxy.requests.filter((request) => !isReading(request))).toEqual([]);
  });
});
