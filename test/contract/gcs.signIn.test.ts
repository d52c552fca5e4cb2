import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Draft } from '../../src/core/fields.ts';
import { concludeVerification } from '../../src/core/verification.ts';
import { type Certificates, createCertificates } from '../servers/certificates.ts';
import { type ConnectProxy, startConnectProxy } from '../servers/connectProxy.ts';
import { type GcsSimulator, startGcs } from '../servers/gcs/simulator.ts';
import { temporaryFolder } from '../servers/serverProcess.ts';
import { call, collect, containerPlace, listAll, targetOf } from './contractSuite.ts';
import { failure, GcsBench, objectOf, openDraft, results } from './gcs.support.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

describe("Google's own addresses", () => {
  let certificates: Certificates;
  let gcs: GcsSimulator;
  let proxy: ConnectProxy;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;

  beforeAll(async () => {
    certificates = await createCertificates(['storage.googleapis.com', 'oauth2.googleapis.com']);
    gcs = await startGcs({ tls: certificates.server });
    const port = Number(new URL(gcs.tlsEndpoint ?? '').port);
    proxy = await startConnectProxy({
      standIns: { 'storage.googleapis.com:443': port, 'oauth2.googleapis.com:443': port },
    });
    folder = await temporaryFolder('gcs');
    gcs.store.createBucket('b', gcs.project);
    gcs.store.put('b', 'folder/ä +%.txt', 'content');
  });
  afterAll(async () => {
    await proxy.stop();
    await gcs.stop();
    await certificates.remove();
    await folder.remove();
  });

  const open = (draft: Draft) =>
    openDraft(draft, {
      proxyFor: () => new URL(proxy.url),
      certificates: [readFileSync(certificates.caFile, 'utf8')],
    });
  const googleKey = () => ({ ...gcs.addAccount('owner'), token_uri: 'https://oauth2.googleapis.com/token' });

  async function writeDefault(content: object): Promise<void> {
    const file = path.join(folder.path, 'credentials.json');
    await writeFile(file, JSON.stringify(content), { mode: 0o600 });
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', file);
  }

  it('are where an empty endpoint leads, for tokens too, through the proxy', async () => {
    await using client = await open({ serviceAccountKey: JSON.stringify(googleKey()) });
    const verification = concludeVerification(await collect(client.verify(containerPlace('b'), call())), 0);
    expect(verification.steps.map(({ stage, status }) => [stage, status])).toEqual(
      ['reach', 'tls', 'sign-in', 'list', 'delete'].map((stage) => [stage, 'ok']),
    );
    expect((await listAll(client, { kind: 'root' })).map(({ id }) => id)).toEqual(['b']);
    expect(new Set(proxy.requests)).toEqual(
      new Set(['CONNECT storage.googleapis.com:443', 'CONNECT oauth2.googleapis.com:443']),
    );
  });

  it('give links that are signed for them, open the object and end in time', async () => {
    await using client = await open({ serviceAccountKey: JSON.stringify(googleKey()) });
    const tokens = gcs.tokens.issued;
    const requests = gcs.requests.length;
    const { url, expires } = await client.share(objectOf('b', 'folder/ä +%.txt'), { seconds: 600 }, call());
    expect(url).toMatch(/^https:\/\/storage\.googleapis\.com\/b\/folder\/%C3%A4%20%2B%25\.txt\?X-Goog-Algorithm=/);
    expect([gcs.tokens.issued, gcs.requests.length]).toEqual([tokens, requests]);
    expect(Math.abs(expires - Date.now() - 600_000)).toBeLessThan(5000);
    expect(await getAt(gcs.endpoint, url)).toEqual([200, 'content']);
    expect(await getAt(gcs.endpoint, url.replace('%C3%A4', 'a'))).toEqual([403, expect.any(String)]);
    vi.useFakeTimers({ toFake: ['Date'], now: expires + 1000 });
    expect(await getAt(gcs.endpoint, url)).toEqual([400, expect.stringContaining('ExpiredToken')]);
  });

  it('take the key file that the machine names, which can sign links too', async () => {
    await writeDefault(googleKey());
    await using client = await open({ applicationDefault: true });
    expect((await listAll(client, containerPlace('b'))).map(({ id }) => id)).toEqual(['folder/']);
    expect((await listAll(client, { kind: 'root' })).map(({ id }) => id)).toEqual(['b']);
    expect((await client.share(objectOf('b', 'x'), { seconds: 60 }, call())).url).toContain('X-Goog-Signature=');
  });

  it('take what a person signed in with, who can list and delete but sign no link', async () => {
    const account = { email: 'person@example.com', publicKey: gcs.tokens.accounts[0]?.publicKey, may: () => true };
    const user = { clientId: 'client', clientSecret: 'client-secret', refreshToken: 'refresh-token' };
    gcs.tokens.users.push({ ...user, account: account as never });
    const file = {
      type: 'authorized_user',
      client_id: user.clientId,
      client_secret: user.clientSecret,
      refresh_token: user.refreshToken,
    };
    await writeDefault(file);
    await using client = await open({ applicationDefault: true, project: gcs.project });
    gcs.store.put('b', 'mine');
    expect(results(await client.remove([targetOf('b', 'mine')], call()))).toEqual([['mine', 'deleted']]);
    expect((await listAll(client, { kind: 'root' })).map(({ id }) => id)).toEqual(['b']);
    expect(await failure(client.share(objectOf('b', 'x'), { seconds: 60 }, call()))).toMatchObject({
      kind: 'unsupported',
      hint: expect.stringContaining('service account key'),
    });
    await writeDefault({ ...file, refresh_token: 'revoked' });
    await using expired = await open({ applicationDefault: true });
    expect(await failure(expired.list(containerPlace('b'), {}, call()))).toMatchObject({ kind: 'expired' });
    await using nameless = await open({ applicationDefault: true });
    expect(await failure(nameless.list({ kind: 'root' }, {}, call()))).toMatchObject({ kind: 'invalid-settings' });
  });

  it('say that the machine has nothing to sign in with', async () => {
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', path.join(folder.path, 'absent.json'));
    await using client = await open({ applicationDefault: true });
    const { steps } = concludeVerification(await collect(client.verify({ kind: 'root' }, call())), 0);
    expect(steps.find(({ status }) => status === 'failed')).toMatchObject({
      stage: 'sign-in',
      kind: 'unauthenticated',
      hint: expect.stringContaining('gcloud auth application-default login'),
    });
  });
});

describe('a key', () => {
  it('whose signed request would go to a stranger is not used at all', async () => {
    await using bench = await GcsBench.start();
    await using stranger = await GcsBench.start();
    const key = {
      ...bench.key,
      token_uri: `${stranger.gcs.endpoint.replace('127.0.0.1', 'tokens.example.com')}/token`,
    };
    const client = await bench.open({ serviceAccountKey: JSON.stringify(key) });
    expect(await failure(client.list(containerPlace('b'), {}, call()))).toMatchObject({ kind: 'invalid-settings' });
    const elsewhere = { serviceAccountKey: JSON.stringify(bench.key), endpoint: 'https://storage.example.com' };
    const outside = await bench.open(elsewhere);
    expect(await failure(outside.list(containerPlace('b'), {}, call()))).toMatchObject({ kind: 'invalid-settings' });
    expect(bench.gcs.tokens.issued).toBe(0);
  });

  it('is told from a clock that is wrong', async () => {
    await using bench = await GcsBench.start();
    const client = await bench.open();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
    bench.gcs.tokens.now = () => Date.now() - 3_600_000;
    const refused = await failure(client.list(containerPlace('b'), {}, call()));
    expect(refused).toMatchObject({ kind: 'unauthenticated', hint: "Set this machine's clock." });
  });

  it('is not followed where the token endpoint redirects', async () => {
    await using bench = await GcsBench.start();
    const key = { ...bench.key, token_uri: `${bench.proxy.endpoint}/token` };
    bench.proxy.addRule({
      when: ({ target }) => target === '/token',
      fault: { kind: 'redirect', status: 307, location: `${bench.gcs.endpoint}/token` },
    });
    const client = await bench.open({ serviceAccountKey: JSON.stringify(key) });
    await failure(client.list(containerPlace('b'), {}, call()));
    expect(bench.gcs.tokens.issued).toBe(0);
  });

  it('that may not list buckets is good for the one that is named', async () => {
    await using bench = await GcsBench.start();
    bench.gcs.store.createBucket('b', bench.gcs.project);
    const may = (permission: string) =>
      permission !== 'storage.buckets.list' && permission !== 'storage.objects.delete';
    const serviceAccountKey = JSON.stringify(bench.gcs.addAccount('limited', may));
    const verify = async (change: Draft) => {
      const client = await bench.open({ serviceAccountKey, ...change });
      return concludeVerification(await collect(client.verify({ kind: 'root' }, call())), 0);
    };
    const all = await verify({});
    expect(all.steps.find(({ status }) => status === 'failed')).toMatchObject({
      stage: 'list',
      kind: 'forbidden',
      hint: 'Enter the name of the bucket they are for.',
    });
    const one = await verify({ bucket: 'b' });
    expect(one.works).toBe(true);
    expect(one.steps.at(-1)).toMatchObject({ stage: 'delete', status: 'denied' });
    expect((await verify({ bucket: 'b', subfolder: 'mine' })).steps.at(-1)).toMatchObject({ status: 'unknown' });
    expect(bench.proxy.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD')).toEqual([]);
  });

  it('for something that is no Cloud Storage is not called wrong', async () => {
    await using bench = await GcsBench.start();
    bench.proxy.addRule({
      when: ({ method }) => method === 'GET',
      fault: { kind: 'status', status: 403, body: '<html/>' },
    });
    const client = await bench.open({ bucket: 'b' });
    const { steps } = concludeVerification(await collect(client.verify({ kind: 'root' }, call())), 0);
    expect(steps.find(({ status }) => status === 'failed')).toMatchObject({ stage: 'sign-in', kind: 'unexpected' });
  });
});

/** Opens a link at the server that stands in for its host. */
async function getAt(endpoint: string, link: string): Promise<[number | undefined, string]> {
  const [, host = '', target = ''] = /^https:\/\/([^/]+)(.*)$/.exec(link) ?? [];
  const { hostname, port } = new URL(endpoint);
  const request = http.get({ hostname, port, path: target, headers: { host } });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return [response.statusCode, Buffer.concat(chunks).toString('utf8')];
}
