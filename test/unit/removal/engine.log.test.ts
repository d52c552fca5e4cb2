import { expect, test, vi } from 'vitest';
import type { OutcomeLog } from '../../../src/removal/outcomeLog.ts';
import { readReport } from '../../../src/removal/removalFolder.ts';
import { container, facts, fakeClient, keyspace, objects, plan, run } from './fakeStorage.ts';

const log = vi.hoisted(() => ({ takes: 0, taken: 0, closed: 0 }));

vi.mock('../../../src/removal/outcomeLog.ts', async (original) => ({
  ...(await original<object>()),
  createOutcomeLog: async (): Promise<OutcomeLog> => ({
    async append() {
      if (log.taken++ >= log.takes) throw new Error('ENOSPC: no space left on device');
    },
    async close() {
      log.closed++;
    },
  }),
}));

const full = { kind: 'unexpected', message: 'The removal stopped, since what it did could not be written to disk.' };

test('where results can no longer be written, nothing more is sent and no report claims an end', async () => {
  Object.assign(log, { takes: 3, taken: 0, closed: 0 });
  const client = fakeClient({ pages: keyspace(objects(100)) });
  const removal = await plan(client, [container]);
  await expect(run(client, removal, { provider: facts({ batch: 1 }) })).rejects.toMatchObject(full);
  expect(client.calls.length).toBeLessThanOrEqual(8);
  expect(log.closed).toBe(1);
  expect(await readReport(removal.folder)).toBeUndefined();
});

test('nor does one where only the rest could not be written', async () => {
  Object.assign(log, { takes: 0, taken: 0, closed: 0 });
  const client = fakeClient({ pages: keyspace(objects(100)) });
  const removal = await plan(client, [container]);
  await expect(run(client, removal, { signal: AbortSignal.abort() })).rejects.toMatchObject(full);
  expect(client.calls).toEqual([]);
  expect(log.closed).toBe(1);
});
