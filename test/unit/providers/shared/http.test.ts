import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Network } from '../../../../src/core/provider.ts';
import { type VerificationStep, verificationLimits } from '../../../../src/core/verification.ts';
import { connectionError, createAgent, type Trust } from '../../../../src/providers/_shared/http.ts';
import { reachServer } from '../../../../src/providers/_shared/reach.ts';
import { type Certificate, type Certificates, createCertificates } from '../../../servers/certificates.ts';
import { startConnectProxy } from '../../../servers/connectProxy.ts';
import { freePorts, portOf } from '../../../servers/serverProcess.ts';

const trusting: Trust = { verifyCertificate: true, caBundle: '' };
const closing: (() => unknown)[] = [];
let certificates: Certificates;

beforeAll(async () => {
  certificates = await createCertificates();
});
afterAll(() => certificates.remove());
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A server that answers 200 to everything and notes what was asked, as it stood on the wire. */
async function startServer(certificate?: Certificate, options: https.ServerOptions = {}) {
  const targets: string[] = [];
  const answer: http.RequestListener = (request, response) => {
    targets.push(`${request.method} ${request.url}`);
    response.end();
  };
  const server = certificate
    ? https.createServer({ ...(await load(certificate)), ...options }, answer)
    : http.createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: new URL(`${certificate ? 'https' : 'http'}://127.0.0.1:${port}`), targets };
}

async function load({ certFile, keyFile }: Certificate) {
  return { cert: await readFile(certFile), key: await readFile(keyFile) };
}

function direct(): Network {
  return { proxyFor: () => undefined, certificates: [] };
}

function through(proxy: string): Network {
  return { proxyFor: () => new URL(proxy), certificates: [] };
}

async function steps(
  url: URL,
  network: Network,
  trust = trusting,
  signal = AbortSignal.timeout(20_000),
): Promise<VerificationStep[]> {
  const agent = createAgent(url, network, trust);
  closing.push(() => agent.destroy());
  return await Array.fromAsync(reachServer(url, agent, signal));
}

async function failureOf(url: URL, network = direct(), trust = trusting): Promise<VerificationStep | undefined> {
  return (await steps(url, network, trust)).find(({ status }) => status === 'failed');
}

/** Asks for a path exactly, and gives back the status or the error. */
async function ask(url: URL, path: string, network: Network): Promise<number | undefined> {
  const agent = createAgent(url, network, trusting);
  closing.push(() => agent.destroy());
  const request = http.request({ host: url.hostname, port: url.port, path, method: 'DELETE', agent });
  request.end();
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  response.resume();
  return response.statusCode;
}

describe('certificates', () => {
  test('one that is trusted passes', async () => {
    const { url } = await startServer(certificates.server);
    const caBundle = await readFile(certificates.caFile, 'utf8');
    const found = await steps(url, direct(), { verifyCertificate: true, caBundle });
    expect(found.map(({ stage, status }) => [stage, status])).toEqual([
      ['reach', 'ok'],
      ['tls', 'ok'],
    ]);
  });

  test("one of the machine's own passes too", async () => {
    const { url } = await startServer(certificates.server);
    const network: Network = { ...direct(), certificates: [await readFile(certificates.caFile, 'utf8')] };
    expect(await failureOf(url, network)).toBeUndefined();
  });

  test.each([
    ['selfSigned', 'signed by nobody but itself'],
    ['wrongHost', 'is for another name'],
    ['expired', 'has expired'],
    ['server', 'comes from an unknown authority'],
  ] as const)('%s is refused, and said why', async (name, sentence) => {
    const { url, targets } = await startServer(certificates[name]);
    const caBundle = name === 'server' || name === 'selfSigned' ? '' : await readFile(certificates.caFile, 'utf8');
    const failure = await failureOf(url, direct(), { verifyCertificate: true, caBundle });
    expect(failure).toMatchObject({ stage: 'tls', kind: 'untrusted-server' });
    expect(failure?.sentence).toContain(sentence);
    expect(targets).toEqual([]);
  });

  test('none is looked at where that is turned off', async () => {
    const { url } = await startServer(certificates.selfSigned);
    expect(await failureOf(url, direct(), { verifyCertificate: false, caBundle: '' })).toBeUndefined();
  });

  test('TLS older than 1.2 is refused', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const { url } = await startServer(certificates.server, old);
    expect(await failureOf(url, direct(), { verifyCertificate: false, caBundle: '' })).toMatchObject({ stage: 'tls' });
  });
});

describe('reaching a server', () => {
  test('https where http is spoken', async () => {
    const { url } = await startServer();
    url.protocol = 'https:';
    expect(await failureOf(url)).toMatchObject({
      stage: 'tls',
      sentence: expect.stringContaining('does not speak TLS'),
    });
  });

  test('http where https is spoken', async () => {
    const { url } = await startServer(certificates.server);
    const failure = await failureOf(new URL(url.href.replace('https:', 'http:')));
    expect(failure?.hint).toContain('https');
  });

  test('a closed port and an unknown name', async () => {
    const { url } = await startServer();
    for (const close of closing.splice(0)) await close();
    expect(await failureOf(url)).toMatchObject({
      stage: 'reach',
      sentence: `Nothing answers at this address: ${url.host}`,
    });
    expect(await failureOf(new URL('http://nowhere.invalid'))).toMatchObject({ stage: 'reach', kind: 'unreachable' });
  });
});

test('a time limit of the SDK, which has a name and no code, is a server that does not answer', () => {
  const error = Object.assign(new Error('the socket did not establish a connection'), { name: 'TimeoutError' });
  expect(connectionError(error, new URL('http://storage.example'))).toMatchObject({
    kind: 'timed-out',
    retryable: true,
  });
});

describe('a proxy', () => {
  /** A proxy that takes connections and is silent. */
  async function startSilentProxy() {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => server.close());
    const connected = once(server, 'connection').then(([socket]) => closing.push(() => socket.destroy()));
    return { network: through(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), connected };
  }

  test('that never answers is given up when the time to connect is over', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    closing.push(() => vi.useRealTimers());
    const { network, connected } = await startSilentProxy();
    const failure = failureOf(new URL('http://storage.example'), network);
    await connected;
    vi.advanceTimersByTime(verificationLimits.connect);
    expect(await failure).toMatchObject({ stage: 'reach', kind: 'timed-out' });
  });

  test('that never answers is given up at once when the person cancels', async () => {
    const { network, connected } = await startSilentProxy();
    const controller = new AbortController();
    const taken = steps(new URL('http://storage.example'), network, trusting, controller.signal);
    await connected;
    controller.abort();
    expect(await taken).toMatchObject([{ stage: 'reach', status: 'failed', kind: 'cancelled' }]);
  });

  test('carries plain http in a tunnel, the path as it was', async () => {
    const { url, targets } = await startServer();
    const proxy = await startConnectProxy();
    closing.push(proxy.stop);
    expect(await ask(url, '/b/a/../c//%2e%2e', through(proxy.url))).toBe(200);
    expect(targets).toEqual(['DELETE /b/a/../c//%2e%2e']);
    expect(proxy.requests).toEqual([`CONNECT ${url.host}`]);
  });

  test('that does not run, hangs up or has a certificate that is not trusted is blamed itself, not the server', async () => {
    const { url, targets } = await startServer();
    const { url: untrusted } = await startServer(certificates.selfSigned);
    const [closed] = await freePorts(1);
    const rude = net.createServer((socket) => socket.end()).listen(0, '127.0.0.1');
    await once(rude, 'listening');
    closing.push(() => rude.close());
    const addresses = [`http://127.0.0.1:${closed}`, `http://127.0.0.1:${portOf(rude.address())}`, untrusted.href];
    for (const address of addresses) {
      const failure = await failureOf(url, through(address));
      expect(failure).toMatchObject({ stage: 'reach', kind: 'unreachable' });
      expect(failure?.sentence).toBe(`The proxy on the way can't be reached: ${url.host}`);
    }
    expect(targets).toEqual([]);
  });

  test("carries https, with the credential's own CA", async () => {
    const { url } = await startServer(certificates.server);
    const proxy = await startConnectProxy();
    closing.push(proxy.stop);
    const caBundle = await readFile(certificates.caFile, 'utf8');
    expect(await failureOf(url, through(proxy.url), { verifyCertificate: true, caBundle })).toBeUndefined();
    expect(await failureOf(url, through(proxy.url))).toMatchObject({ kind: 'untrusted-server' });
    expect(proxy.requests).toHaveLength(2);
  });

  test.each([[403], [404], [502]])("that answers %i itself is no server's answer", async (refuse) => {
    const { url, targets } = await startServer();
    const proxy = await startConnectProxy({ refuse });
    closing.push(proxy.stop);
    const error = await ask(url, '/b/k', through(proxy.url)).then(
      (status) => status,
      (thrown: unknown) => connectionError(thrown, url),
    );
    expect(error).toMatchObject({ kind: 'unreachable', message: expect.stringContaining('The proxy refuses') });
    expect(targets).toEqual([]);
  });

  test('that asks for a sign-in gets it from its URL, else the sentence says so', async () => {
    const { url, targets } = await startServer();
    const proxy = await startConnectProxy({ credentials: { username: 'u', password: 'p@s' } });
    closing.push(proxy.stop);
    expect(await failureOf(url, through(proxy.url))).toMatchObject({ sentence: expect.stringContaining('sign-in') });
    expect(targets).toEqual([]);
    expect(await ask(url, '/k', through(proxy.url.replace('//', '//u:p%40s@')))).toBe(200);
  });
});
