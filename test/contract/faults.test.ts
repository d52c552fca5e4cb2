import { expect, it } from 'vitest';
import type { Fault } from '../servers/faultProxy.ts';
import { call, collect, contractSuite, listAll } from './contractSuite.ts';

await contractSuite(
  'bad days',
  ['walk', 'read', 'remove'],
  (contract) => {
    const { server } = contract;

    async function behindProxy(ids: readonly string[]) {
      const container = await contract.fill(ids);
      const proxy = await contract.proxy();
      const client = await contract.open({}, proxy.endpoint);
      await listAll(client, contract.place(container));
      proxy.reset();
      return { container, proxy, client };
    }

    const { slowDown } = server.faults;
    const cut: Fault = { kind: 'cut-body', afterBytes: 150 };
    const truncated: Fault = { kind: 'replace-body', body: (original) => original.subarray(0, original.length >> 1) };

    it.each<[string, Fault]>([
      ['a 503', slowDown],
      ['a 500 without a body', { kind: 'status', status: 500 }],
      ['a reset before the request was taken', { kind: 'reset-before' }],
      ['a reset after it', { kind: 'reset-after' }],
      ['a body that is cut in the middle', cut],
      ['a body that ends early but says it is whole', truncated],
    ])('lists all the same after %s', async (_, fault) => {
      const { container, proxy, client } = await behindProxy(['a', 'b', 'c']);
      proxy.addRule({ when: (_request, n) => n === 0, fault });
      expect(contract.namesOf(container, await listAll(client, contract.place(container)))).toEqual(['a', 'b', 'c']);
      expect(proxy.requests.length).toBeGreaterThan(1);
    });

    it.each<[string, Fault, readonly string[]]>([
      ['503', slowDown, ['rate-limited']],
      ['500', { kind: 'status', status: 500 }, ['unexpected']],
      ['reset', { kind: 'reset-before' }, ['unreachable']],
      ['cut body', cut, ['unreachable', 'unexpected']],
      ['early end', truncated, ['unexpected']],
      ['login page', { kind: 'status', status: 200, body: '<html><body>Sign in</body></html>' }, ['unexpected']],
      ['empty answer', { kind: 'status', status: 200 }, ['unexpected']],
    ])('fails rather than list less when every answer is bad: %s', async (_, fault, kinds) => {
      const { container, proxy, client } = await behindProxy(['a', 'b', 'c']);
      proxy.addRule({ when: () => true, fault });
      const listed = await contract.failureOf(listAll(client, contract.place(container)));
      expect(kinds).toContain(listed.kind);
      expect(listed.message).not.toBe('');
      const walked = collect(client.walk(contract.place(container), {}, call()));
      expect(kinds).toContain((await contract.failureOf(walked)).kind);
    });

    it.each<[string, Fault, readonly string[]]>([
      ['503', slowDown, ['rate-limited']],
      ['500', { kind: 'status', status: 500 }, ['unexpected']],
      ['reset before', { kind: 'reset-before' }, ['unreachable']],
      ['redirect', { kind: 'redirect', status: 307, location: 'http://127.0.0.1:9/' }, ['invalid-settings']],
      ['login page', { kind: 'status', status: 200, body: '<html><body>Sign in</body></html>' }, ['unexpected']],
      ['forbidden without a body', { kind: 'status', status: 403 }, ['forbidden']],
    ])('calls nothing deleted that was not: %s', async (_, fault, kinds) => {
      const { container, proxy, client } = await behindProxy(['a', 'b']);
      proxy.addRule({ when: () => true, fault });
      for (const ids of [['a', 'b'], ['a']]) {
        for (const { result, kind } of await contract.remove(client, container, ids)) {
          expect(['failed', 'denied']).toContain(result);
          expect(kinds).toContain(kind);
        }
      }
      expect(contract.deletions(proxy)).toHaveLength(contract.requestsFor(2) + contract.requestsFor(1));
      expect(await server.ids(container)).toEqual(['a', 'b']);
    });

    const lost: readonly [string, Fault][] = [
      ['reset after', { kind: 'reset-after' }],
      ['cut body', { kind: 'cut-body', afterBytes: 60 }],
      ['early end', truncated],
    ];
    it.each(server.bodiless ? lost.slice(0, 1) : lost)(
      'does not claim to know what became of a batch whose answer was lost: %s',
      async (_, fault) => {
        const { container, proxy, client } = await behindProxy(['a', 'b']);
        proxy.addRule({ when: () => true, fault });
        for (const { result } of await contract.remove(client, container, ['a', 'b'])) expect(result).toBe('failed');
        expect(contract.deletions(proxy)).toHaveLength(contract.requestsFor(2));
      },
    );

    it('fails when an object arrives cut off', async () => {
      const container = await contract.fill([]);
      await server.put(container, 'long', 'x'.repeat(5000));
      const proxy = await contract.proxy();
      const client = await contract.open({}, proxy.endpoint);
      proxy.addRule({ when: () => true, fault: { kind: 'cut-body', afterBytes: 1000 } });
      const read = client.read(contract.target(container, 'long').entry, { limit: 10_000 }, call());
      const failure = await contract.failureOf(read);
      expect(['unreachable', 'unexpected']).toContain(failure.kind);
      expect(failure.message).not.toBe('');
    });

    it('sends no credential where a redirect points', async () => {
      const { container, proxy, client } = await behindProxy(['a']);
      const elsewhere = await contract.proxy();
      proxy.addRule({
        when: () => true,
        fault: { kind: 'redirect', status: 307, location: `${elsewhere.endpoint}/${container}/` },
      });
      await contract.failureOf(listAll(client, contract.place(container)));
      await contract.failureOf(client.read(contract.target(container, 'a').entry, { limit: 9 }, call()));
      await contract.remove(client, container, ['a']);
      const authorized = elsewhere.requests.filter(({ headers }) =>
        headers.some(({ name }) => name.toLowerCase() === 'authorization'),
      );
      expect(authorized).toEqual([]);
      expect(contract.deletions(elsewhere)).toEqual([]);
    });

    it('stops at a server that repeats itself', async () => {
      const container = await contract.fill(Array.from({ length: 5 }, (_, n) => `k${n}`));
      const proxy = await contract.proxy();
      const client = await contract.open({}, proxy.endpoint);
      const first = await client.list(contract.place(container), { limit: 2 }, call());
      const again = await client.list(contract.place(container), { limit: 2 }, call());
      expect(again.entries).toEqual(first.entries);
      let page: Buffer = Buffer.alloc(0);
      proxy.addRule({
        when: () => true,
        fault: {
          kind: 'replace-body',
          body: (original) => {
            if (page.length === 0) page = server.faults.endless(original);
            return page;
          },
        },
      });
      const walked = collect(client.walk(contract.place(container), {}, call()));
      expect((await contract.failureOf(walked)).kind).toBe('unexpected');
      expect(proxy.requests.length).toBeLessThan(12);
    });
  },
  (_provider, server) => !server.opaque,
);
