import http from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { createFetch } from '../../../../src/providers/_shared/fetch.ts';
import { startFaultProxy } from '../../../servers/faultProxy.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function serve(fault: Parameters<Awaited<ReturnType<typeof startFaultProxy>>['addRule']>[0]['fault']) {
  const proxy = await startFaultProxy({ target: 'http://127.0.0.1:9' });
  proxy.addRule({ when: () => true, fault });
  stops.push(() => proxy.stop());
  const agent = new http.Agent();
  return { proxy, fetch: createFetch(() => agent) };
}

describe('a fetch over our agents', () => {
  test('sends path, headers and body as they are', async () => {
    const { proxy, fetch } = await serve({ kind: 'status', status: 200, body: 'ä' });
    const url = `${proxy.endpoint}/a%2F..%2Fb//c?d=%20+&e`;
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'X-One': '1' },
      body: new URLSearchParams({ a: 'ä' }),
    });
    expect([response.status, await response.text()]).toEqual([200, 'ä']);
    expect(proxy.requests).toMatchObject([{ method: 'POST', target: '/a%2F..%2Fb//c?d=%20+&e', body: 'a=%C3%A4' }]);
    const names = proxy.requests[0]?.headers.map(({ name }) => name.toLowerCase());
    expect(names).toEqual(expect.arrayContaining(['x-one', 'content-type', 'content-length']));
  });

  test('follows no redirect, and takes an answer without a body', async () => {
    const { proxy, fetch } = await serve({ kind: 'redirect', status: 302, location: '/elsewhere' });
    expect((await fetch(proxy.endpoint)).status).toBe(302);
    expect(proxy.requests).toHaveLength(1);
    const { proxy: empty, fetch: again } = await serve({ kind: 'status', status: 204 });
    expect(await (await again(empty.endpoint)).text()).toBe('');
  });

  test('ends when it is aborted, before and during', async () => {
    const { proxy, fetch } = await serve({ kind: 'never-answer' });
    await expect(fetch(proxy.endpoint, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      kind: 'cancelled',
    });
    expect(proxy.requests).toEqual([]);
    await expect(fetch(proxy.endpoint, { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      kind: 'timed-out',
    });
  });

  test('fails when the body ends early', async () => {
    const proxy = await startFaultProxy({ target: await bigServer() });
    stops.push(() => proxy.stop());
    proxy.addRule({ when: () => true, fault: { kind: 'cut-body', afterBytes: 10 } });
    const agent = new http.Agent();
    const response = await createFetch(() => agent)(proxy.endpoint);
    await expect(response.text()).rejects.toThrow();
  });
});

async function bigServer(): Promise<string> {
  const server = http.createServer((_request, response) => response.end('x'.repeat(1000))).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  stops.push(async () => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}
