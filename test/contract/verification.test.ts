import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { startConnectProxy } from '../servers/connectProxy.ts';
import type { RecordedRequest } from '../servers/faultProxy.ts';
import { freePorts } from '../servers/serverProcess.ts';
import { collect, contractSuite, isReading } from './contractSuite.ts';

await contractSuite('verification', [], (contract) => {
  const { server, overHttp } = contract;
  const absentContainer = contract.isTree ? '/absent-container' : 'absent-container';
  const verifyAt = async (origin: string, change = {}) => contract.verify(await contract.open(change, origin));

  it('finds a good credential good, stage by stage', async () => {
    const verification = await contract.verify(await contract.open());
    expect(verification.works).toBe(true);
    expect(verification.steps.map(({ stage }) => stage)).toEqual(['reach', 'tls', 'sign-in', 'list', 'delete']);
    expect(verification.steps.filter(({ status }) => status === 'failed')).toEqual([]);
  });

  it('finds a credential for one container good', async () => {
    const container = await contract.fill(['a']);
    expect((await contract.verify(await contract.open(server.changes.only(container)))).works).toBe(true);
  });

  overHttp('leaves everything as it is, and asks to delete at most what no object is called', async () => {
    const proxy = await contract.proxy();
    const container = await contract.fill(['a']);
    await verifyAt(proxy.endpoint, server.changes.only(container, proxy.endpoint));
    expect(proxy.requests.length).toBeGreaterThan(0);
    const asked = proxy.requests.filter((request) => !isReading(request));
    expect(asked.filter((request) => !isProbe(request))).toEqual([]);
    expect(asked.length).toBeLessThanOrEqual(1);
    expect(await server.ids(container)).toEqual(['a']);
  });

  it.each([
    ['a wrong secret', server.changes.wrongSecret],
    ['an unknown account', server.changes.unknownAccount],
  ])('says that %s does not sign in', async (_, change) => {
    const verification = await contract.verify(await contract.open(change));
    expect(verification).toMatchObject({ works: false });
    expect(failureIn(verification)).toMatchObject({ stage: 'sign-in', kind: 'unauthenticated' });
    expect(failureIn(verification)?.hint).toBeTruthy();
  });

  it('says that a stranger may not list a container', async () => {
    const container = await contract.fill(['a']);
    const stranger = await contract.open(await server.strangerTo(container));
    expect(failureIn(await contract.verify(stranger))).toMatchObject({ stage: 'list', kind: 'forbidden' });
  });

  it('says that a container is not there', async () => {
    const absent = await contract.open(server.changes.only(absentContainer));
    expect(failureIn(await contract.verify(absent))).toMatchObject({ stage: 'list', kind: 'not-found' });
    expect(failureIn(await contract.verify(await contract.open(), contract.place(absentContainer)))).toMatchObject({
      kind: 'not-found',
    });
  });

  it('says that nothing listens on a closed port', async () => {
    const [port] = await freePorts(1);
    const closed = server.origin.replace(/:\d+$/, `:${port}`);
    expect(failureIn(await verifyAt(closed))).toMatchObject({ stage: 'reach', kind: 'unreachable' });
  });

  it.runIf(!server.opaque && !server.frontCertificate)('says that http and https were mixed up', async () => {
    const [scheme, other] = server.origin.startsWith('https') ? ['https', 'http'] : ['http', 'https'];
    const failure = failureIn(await verifyAt(server.origin.replace(scheme, other)));
    // A server that answers plain http on its https port is reached first.
    expect(['reach', 'tls', 'sign-in']).toContain(failure?.stage);
    expect(['unreachable', 'untrusted-server', 'unexpected']).toContain(failure?.kind);
    expect(`${failure?.sentence} ${failure?.hint}`).toMatch(/https?/);
  });

  overHttp('says that a proxy refuses, and that one asks for a sign-in', async () => {
    for (const options of [{ refuse: 403 }, { credentials: { username: 'user', password: 'right' } }]) {
      const proxy = await startConnectProxy(options);
      const network = contract.network(new URL(proxy.url));
      const verification = await contract.verify(await contract.open({}, server.origin, network));
      expect(failureIn(verification)).toMatchObject({ kind: 'unreachable' });
      expect(failureIn(verification)?.sentence).toMatch(/proxy/);
      expect(proxy.requests.length).toBeGreaterThan(0);
      await proxy.stop();
    }
  });

  overHttp('goes through a proxy, signed in there, and only through it', async () => {
    const proxy = await startConnectProxy({ credentials: { username: 'user', password: 'p@ss:word' } });
    const url = new URL(proxy.url);
    url.username = 'user';
    url.password = encodeURIComponent('p@ss:word');
    const client = await contract.open({}, server.origin, contract.network(url));
    expect((await contract.verify(client)).works).toBe(true);
    expect(proxy.requests.length).toBeGreaterThan(0);
    await proxy.stop();
    expect((await contract.verify(client)).works).toBe(false);
  });

  overHttp('ends when it is cancelled', async () => {
    const proxy = await contract.proxy();
    proxy.addRule({ when: () => true, fault: { kind: 'never-answer' } });
    const client = await contract.open({}, proxy.endpoint);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    const steps = await collect(client.verify({ kind: 'root' }, { signal: controller.signal }));
    expect(steps.at(-1)).toMatchObject({ status: 'failed', kind: 'cancelled' });
  });

  const { badCertificates: bad, caFile } = server;
  if (bad === undefined || caFile === undefined) return;
  describe('certificates', () => {
    const front = (kind: keyof typeof bad) => contract.proxy({ tls: bad[kind] });

    it.each(['selfSigned', 'wrongHost', 'expired'] as const)(
      'refuses one that is %s, before any request',
      async (kind) => {
        const proxy = await front(kind);
        const failure = failureIn(await verifyAt(proxy.endpoint));
        expect(failure).toMatchObject({ stage: 'tls', kind: 'untrusted-server' });
        expect(failure?.hint).toBeTruthy();
        expect(proxy.requests).toEqual([]);
      },
    );

    it('refuses an authority that it was not given', async () => {
      const failure = failureIn(await contract.verify(await contract.open({ caBundle: '' })));
      expect(failure).toMatchObject({ stage: 'tls', kind: 'untrusted-server' });
    });

    it('accepts a self-signed one as CA bundle, and any when told not to check', async () => {
      const proxy = await front('selfSigned');
      const own = server.changes.trust(readFileSync(bad.selfSigned.certFile, 'utf8'));
      expect(failureIn(await verifyAt(proxy.endpoint, own))).toBeUndefined();
      expect((await verifyAt(proxy.endpoint, server.changes.unverified)).works).toBe(true);
    });

    it('accepts an authority that the machine trusts', async () => {
      const network = { proxyFor: () => undefined, certificates: [readFileSync(caFile, 'utf8')] };
      expect((await contract.verify(await contract.open({ caBundle: '' }, server.origin, network))).works).toBe(true);
    });
  });
});

function failureIn({ steps }: { readonly steps: readonly { readonly status: string }[] }) {
  return steps.find(({ status }) => status === 'failed') as
    | { stage: string; kind?: string; sentence: string; hint?: string }
    | undefined;
}

/** A delete of a random name that is asked for only on a condition: there is no such object. */
function isProbe({ method, target, headers }: RecordedRequest): boolean {
  return (
    method === 'DELETE' && /\/[0-9a-f]{32}(\?|$)/.test(target) && headers.some(({ name }) => /^if-match$/i.test(name))
  );
}
