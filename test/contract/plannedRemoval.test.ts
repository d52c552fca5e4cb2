import { afterAll, expect, it } from 'vitest';
import type { Entry } from '../../src/core/storageClient.ts';
import { checkAgain } from '../../src/removal/checkAgain.ts';
import { runRemoval } from '../../src/removal/engine.ts';
import { readOutcomes } from '../../src/removal/outcomeLog.ts';
import { planRemoval } from '../../src/removal/plan.ts';
import type { Removal } from '../../src/removal/removal.ts';
import { retryFailed } from '../../src/removal/retry.ts';
import { temporaryFolder } from '../servers/serverProcess.ts';
import { byBytes, type Contract, collect, contractSuite, listAll } from './contractSuite.ts';

await contractSuite('planned removal', ['walk', 'remove'], (contract) => {
  const { provider, server, ofObjects, overHttp } = contract;
  const storage = temporaryFolder('removals');
  afterAll(async () => (await storage).remove());
  type Client = Awaited<ReturnType<Contract['open']>>;

  async function plan(client: Client, selection: readonly Entry[], signal = new AbortController().signal) {
    const credential = { id: 'contract', name: 'Contract' };
    return planRemoval({ client, provider, credential, selection, folder: (await storage).path, signal });
  }

  /** A folder that is real goes too, when it is empty. */
  const folders = contract.isTree ? 1 : 0;

  const run = (client: Client, removal: Removal, signal = new AbortController().signal) =>
    runRemoval({ client, provider, removal, signal });

  it('deletes what was planned and leaves what came later', async () => {
    const container = await contract.fill(['keep', 'run/1', 'run/2', 'run/deep/3', 'run-2/1']);
    const client = await contract.open();
    const removal = await plan(client, [contract.folderEntry(container, 'run/')]);
    expect(removal.plan.counts).toMatchObject({ objects: 3, bytes: 3 });
    await server.put(container, 'run/late');
    const report = await run(client, removal);
    expect(report.results).toMatchObject({ deleted: 3 + folders, failed: folders, 'not-attempted': 0 });
    expect(await server.ids(container)).toEqual(['keep', 'run-2/1', 'run/late']);
  });

  it('finds out afterwards what is gone and what is there again, and deletes nothing for it', async () => {
    const container = await contract.fill(['keep', 'run/1', 'run/2', 'single']);
    const client = await contract.open();
    const folder = contract.folderEntry(container, 'run/');
    const [single] = (await listAll(client, contract.place(container))).filter(({ name }) => name === 'single');
    const removal = await plan(client, [folder, single ?? expect.unreachable()]);
    await run(client, removal);
    const check = async () => {
      const { signal } = new AbortController();
      return await checkAgain({ client, provider, removal, signal });
    };
    expect(await check()).toMatchObject({ verdicts: { gone: 3 + folders }, others: 0 });
    for (const id of ['run/1', 'run/late', 'single']) await server.put(container, id);
    const { verdicts, others } = await check();
    expect(verdicts).toMatchObject({ gone: 1, unknown: 0 });
    expect(verdicts.back + verdicts.newer).toBe(2 + folders);
    expect(others).toBe(1);
    expect(await server.ids(container)).toEqual(['keep', 'run/1', 'run/late', 'single']);
  });

  it.runIf(contract.isTree)('empties a folder of 1,105 files in 25 folders, and takes the folders too', async () => {
    const container = await contract.fill(Array.from({ length: 1105 }, (_, n) => `f${n % 25}/object-${n}`));
    const client = await contract.open();
    const report = await run(client, await plan(client, [contract.containerEntry(container)]));
    expect(report.results).toMatchObject({ deleted: 1131, failed: 0 });
    expect(await server.ids(container)).toEqual([]);
  });

  ofObjects('empties a container of 1,105 objects in pages and batches, listing it once', async () => {
    const ids = Array.from({ length: 1105 }, (_, n) => `object-${n}`);
    const container = await contract.fill(ids);
    const proxy = await contract.proxy();
    const client = await contract.open({}, proxy.endpoint);
    const removal = await plan(client, [contract.containerEntry(container)]);
    expect(contract.deletions(proxy)).toEqual([]);
    const listings = proxy.requests.length;
    const report = await run(client, removal);
    const { batch } = provider.limits;
    expect(report.results.deleted).toBe(1105);
    const batches = Array.from({ length: Math.ceil(1105 / batch) }, (_, n) => Math.min(batch, 1105 - n * batch));
    const conditional = provider.capabilities.has('conditional');
    const expected = batches.map((size) => server.requestsPerBatch?.(size, conditional) ?? 1);
    expect(proxy.requests.length - listings).toBe(expected.reduce((sum, count) => sum + count, 0));
    expect(await server.ids(container)).toEqual([]);
  });

  it.runIf(server.refuseDeletion)('adds up when one is refused, and names it', async () => {
    const container = await contract.fill(['a', 'b', 'c']);
    await server.refuseDeletion?.(container, ['b']);
    const client = await contract.open();
    const removal = await plan(client, [contract.containerEntry(container)]);
    const report = await run(client, removal);
    expect(report.results).toMatchObject({ deleted: 2, denied: 1, failed: folders });
    const refused = (await collect(readOutcomes(removal))).filter(({ result }) => result === 'denied');
    expect(
      contract.namesOf(
        container,
        refused.map(({ entry }) => entry),
      ),
    ).toEqual(['b']);
    contract.expectNoSecret(refused);
    expect(await server.ids(container)).toEqual(['b']);
  });

  overHttp('deletes in a second try what failed in the first, and nothing that came since', async () => {
    const container = await contract.fill(['a', 'b']);
    const proxy = await contract.proxy();
    const client = await contract.open({}, proxy.endpoint);
    const removal = await plan(client, [contract.containerEntry(container)]);
    proxy.addRule({ when: () => true, fault: { kind: 'status', status: 500 } });
    expect((await run(client, removal)).results).toMatchObject({ deleted: 0, failed: 2 + folders });
    proxy.reset();
    await server.put(container, 'new');
    expect((await run(client, await retryFailed(removal))).results).toMatchObject({ deleted: 2, failed: folders });
    expect(await server.ids(container)).toEqual(['new']);
  });

  overHttp('survives a bad moment: nothing extra is gone, what is left is named', async () => {
    const ids = Array.from({ length: 1100 }, (_, n) => `k/${String(n).padStart(4, '0')}`);
    const container = await contract.fill([...ids, 'other']);
    const proxy = await contract.proxy();
    const client = await contract.open({}, proxy.endpoint);
    const removal = await plan(client, [contract.folderEntry(container, 'k/')]);
    proxy.addRule({ when: (_request, n) => n === 0, fault: { kind: 'reset-after' } });
    proxy.addRule({ when: (_request, n) => n === 0, fault: { kind: 'status', status: 503 } });
    const report = await run(client, removal);
    const left = new Set(await server.ids(container));
    const outcomes = await collect(readOutcomes(removal));
    expect(outcomes).toHaveLength(1100 + folders);
    for (const { entry, result } of outcomes) {
      if (result !== 'deleted' && result !== 'already-gone') continue;
      for (const name of contract.namesOf(container, [entry])) expect(left.has(name)).toBe(false);
    }
    const said = new Set(
      contract.namesOf(
        container,
        outcomes.map(({ entry }) => entry),
      ),
    );
    expect([...left].filter((id) => !said.has(id))).toEqual(['other']);
    expect(Object.values(report.results).reduce((sum, count) => sum + count, 0)).toBe(1100 + folders);
  });

  overHttp('stops when it is cancelled, and says how far it came', async () => {
    const container = await contract.fill(Array.from({ length: 300 }, (_, n) => `k/${n}`));
    const proxy = await contract.proxy();
    const client = await contract.open({}, proxy.endpoint);
    const removal = await plan(client, [contract.containerEntry(container)]);
    const controller = new AbortController();
    controller.abort();
    const sent = proxy.requests.length;
    const report = await run(client, removal, controller.signal);
    expect(proxy.requests).toHaveLength(sent);
    // The container and the folder in it.
    expect(report.results['not-attempted']).toBe(300 + 2 * folders);
    expect(report.stopped?.kind).toBe('cancelled');
  });

  it('deletes nothing when the keys were withdrawn, and says why', async () => {
    const container = await contract.fill(['a', 'b']);
    const removal = await plan(await contract.open(), [contract.containerEntry(container)]);
    const report = await run(await contract.open(server.changes.wrongSecret), removal);
    expect(report.results).toMatchObject({ deleted: 0, failed: 2, 'not-attempted': folders });
    const kinds = (await collect(readOutcomes(removal))).map(({ error }) => error?.kind);
    expect(new Set(kinds)).toEqual(new Set(['unauthenticated']));
    contract.expectNoSecret(report);
    expect(await server.ids(container)).toEqual(['a', 'b']);
  });

  it('carries odd names through the manifest unchanged', async () => {
    const { container, stored } = await contract.fillWithOddKeys();
    await server.put(container, 'bystander');
    const client = await contract.open();
    const removal = await plan(
      client,
      stored.map((key) => contract.target(container, key).entry),
    );
    const report = await run(client, removal);
    expect(report.results.deleted).toBe(stored.length);
    const names = (await collect(readOutcomes(removal))).map(({ entry }) => entry);
    expect(byBytes(contract.namesOf(container, names))).toEqual(byBytes(stored));
    expect(await server.ids(container)).toEqual(['bystander']);
  });

  it('plans nothing when it may not list', async () => {
    const container = await contract.fill(['a']);
    const stranger = await contract.open(await server.strangerTo(container));
    expect((await contract.failureOf(plan(stranger, [contract.containerEntry(container)]))).kind).toBe('forbidden');
  });
});
