import { expect, test } from 'vitest';
import { planCsv, planJson } from '../../../src/removal/preview.ts';
import { collect, container, fakeClient, keyspace, object, plan } from './fakeStorage.ts';

test('a preview names everything that would go, and nothing is deleted', async () => {
  const entries = [object('a,b', { tag: '"1"' }), object('=c', { version: { id: 'v', latest: true, marker: false } })];
  const client = fakeClient({ pages: keyspace(entries) });
  const removal = await plan(client, [container]);
  expect((await collect(planCsv(removal))).join('')).toBe(
    ['kind,container,id,version,bytes,tag', 'object,photos,"a,b",,10,"""1"""', "object,photos,'=c,v,10,", ''].join(
      '\r\n',
    ),
  );
  const json = JSON.parse((await collect(planJson(removal))).join(''));
  expect(json).toMatchObject({
    plan: { credential: 'Production', selection: ['photos'], counts: { objects: 2 } },
    entries: [
      { kind: 'object', container: 'photos', id: 'a,b', size: 10, tag: '"1"' },
      { id: '=c', version: 'v' },
    ],
  });
  expect(client.calls).toEqual([]);
});
