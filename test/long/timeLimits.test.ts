import { expect, it } from 'vitest';
import { call, containerPlace, contractSuite, listAll, targetOf } from '../contract/contractSuite.ts';

const second = 1000;

// A server that takes a request and never answers: each call must end by itself.
await contractSuite('silence', ['read', 'remove'], (contract) => {
  async function behindSilence() {
    const container = await contract.fill(['a', 'b']);
    const proxy = await contract.proxy();
    proxy.addRule({ when: () => true, fault: { kind: 'never-answer' } });
    return { container, proxy, client: await contract.open({}, proxy.endpoint) };
  }

  it('ends a verification within its 30 seconds', { timeout: 40 * second }, async () => {
    const { client } = await behindSilence();
    const { steps } = await contract.verify(client);
    expect(steps.find(({ status }) => status === 'failed')).toMatchObject({ kind: 'timed-out' });
  });

  it('ends a removal within 60 seconds, knowing nothing of it', { timeout: 70 * second }, async () => {
    const { container, client, proxy } = await behindSilence();
    for (const { result, kind } of await contract.remove(client, container, ['a', 'b'])) {
      expect([result, kind]).toEqual(['failed', 'timed-out']);
    }
    expect(proxy.deletions()).toHaveLength(1);
  });

  it('ends a listing and a read after their attempts', async () => {
    const { container, client } = await behindSilence();
    const [listed, read] = await Promise.all([
      contract.failureOf(listAll(client, containerPlace(container))),
      contract.failureOf(client.read(targetOf(container, 'a').entry, { limit: 9 }, call())),
    ]);
    expect([listed.kind, read.kind]).toEqual(['timed-out', 'timed-out']);
  });

  it('ends a listing whose body stands still in the middle', async () => {
    const container = await contract.fill(['a']);
    const proxy = await contract.proxy();
    proxy.addRule({ when: () => true, fault: { kind: 'stall-body', afterBytes: 40 } });
    const client = await contract.open({}, proxy.endpoint);
    const failure = await contract.failureOf(listAll(client, containerPlace(container)));
    expect(['timed-out', 'unreachable', 'unexpected']).toContain(failure.kind);
  });
});
