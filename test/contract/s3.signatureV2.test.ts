import { expect, it } from 'vitest';
import type { Provider } from '../../src/core/provider.ts';
import type { ContractServer } from './contractServer.ts';
import { call, collect, contractSuite } from './contractSuite.ts';

// The memory S3 knows version 4 alone.
const knowsVersion2 = (provider: Provider, { name }: ContractServer) =>
  provider.id === 's3' && (name.startsWith('Ceph') || name.startsWith('OpenStack'));

await contractSuite(
  'Signature Version 2',
  ['remove', 'read', 'recovery'],
  (contract) => {
    const { server } = contract;

    it('lists, reads and deletes odd keys with Signature Version 2', async () => {
      const { container, stored } = await contract.fillWithOddKeys();
      const client = await contract.open({ signaturesV2: true });
      const pages = await collect(client.walk({ kind: 'container', id: container }, {}, call()));
      const entries = pages.flatMap((page) => page.entries);
      expect(entries.map(({ id }) => id).sort()).toEqual([...stored].sort());
      for (const entry of entries) {
        expect(Buffer.from(await client.read(entry, { limit: 10 }, call())).toString()).toBe('x');
      }
      expect(await client.recovery({ kind: 'container', id: container }, call())).toMatchObject({ recoverable: 'no' });
      const outcomes = await contract.remove(client, container, stored);
      expect(outcomes.filter(({ result }) => result !== 'deleted')).toEqual([]);
      expect(await server.ids(container)).toEqual([]);
    });

    it('verifies with Signature Version 2, and tells a wrong secret', async () => {
      const bucket = await contract.fill(['a']);
      expect(await contract.verify(await contract.open({ signaturesV2: true, bucket }))).toMatchObject({ works: true });
      const wrong = await contract.open({ signaturesV2: true, ...server.changes.wrongSecret });
      expect((await contract.failureOf(wrong.list({ kind: 'root' }, {}, call()))).kind).toBe('unauthenticated');
    });
  },
  knowsVersion2,
);
