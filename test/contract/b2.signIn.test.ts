import { readFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { StorageError } from '../../src/core/errors.ts';
import { concludeVerification } from '../../src/core/verification.ts';
import type { ApplicationKey } from '../servers/b2/keys.ts';
import { startB2 } from '../servers/b2/simulator.ts';
import { createCertificates } from '../servers/certificates.ts';
import { startConnectProxy } from '../servers/connectProxy.ts';
import { B2Bench, bucket, objectOf, openDraft, results, targets, versionsIn } from './b2.support.ts';
import { call, collect, containerPlace, listAll } from './contractSuite.ts';

type Client = Awaited<ReturnType<B2Bench['open']>>;

async function verify(client: Client, at: Parameters<Client['verify']>[0] = { kind: 'root' }) {
  return concludeVerification(await collect(client.verify(at, call())), 0);
}

/** A server that answers every request, and which of them carried what kind of authorization. */
async function listener(answer = '{}', status = 200) {
  const authorizations: (string | undefined)[] = [];
  const server = http.createServer((request, response) => {
    authorizations.push(request.headers.authorization);
    response.writeHead(status, { 'content-type': 'application/json' }).end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, authorizations };
}

describe('a token', () => {
  it('is got once for a client, and told to be masked', async () => {
    await using bench = await B2Bench.start();
    for (const name of ['a', 'b', 'c']) bench.put(name);
    const learned: string[] = [];
    const client = await bench.open(bench.key, {}, { learn: (secrets) => void learned.push(...secrets) });
    await client.remove(targets(['a', 'b', 'c'].map(objectOf), 'recoverable'), call());
    await listAll(client, bucket);
    await client.share(objectOf('a'), { seconds: 60 }, call());
    expect(bench.sent.filter((line) => line.includes('b2_authorize_account'))).toHaveLength(1);
    for (const token of bench.b2.keys.tokens) expect(learned).toContain(token);
    expect(bench.b2.keys.tokens).toHaveLength(2);
  });

  it.each(['expire', 'forget'] as const)(
    'that the server took back is got anew once, and all goes on: %s',
    async (end) => {
      await using bench = await B2Bench.start();
      const names = Array.from({ length: 20 }, (_, n) => `k${n}`);
      for (const name of names) bench.put(name, 'content');
      const client = await bench.open();
      await listAll(client, bucket);
      bench.proxy.reset();
      bench.b2.keys[end]();
      const outcomes = await client.remove(targets(names.slice(1).map(objectOf), 'recoverable'), call());
      expect(new Set(outcomes.map(({ result }) => result))).toEqual(new Set(['deleted']));
      expect(bench.sent.filter((line) => line.includes('b2_authorize_account'))).toHaveLength(1);
      bench.b2.keys[end]();
      expect(Buffer.from(await client.read(objectOf('k0'), { limit: 99 }, call())).toString()).toBe('content');
      bench.b2.keys[end]();
      expect((await listAll(client, bucket)).map(({ id }) => id)).toEqual(['k0']);
    },
  );

  it('that is refused again ends the call', async () => {
    await using bench = await B2Bench.start();
    bench.put('a');
    const client = await bench.open();
    await listAll(client, bucket);
    const body = '{"status":401,"code":"expired_auth_token","message":"Authorization token has expired"}';
    bench.proxy.addRule({
      when: ({ target }) => target.includes('b2_hide_file'),
      fault: { kind: 'status', status: 401, body },
    });
    expect(results(await client.remove(targets([objectOf('a')], 'recoverable'), call()))).toEqual([
      ['a', 'failed', 'unauthenticated'],
    ]);
    expect(bench.sent.filter((line) => line.includes('b2_hide_file'))).toHaveLength(2);
  });

  it('is not asked for again because a key may not do something', async () => {
    await using bench = await B2Bench.start();
    bench.put('a');
    const reader = bench.b2.keys.add({ capabilities: ['listBuckets', 'listFiles'] });
    const client = await bench.open(reader);
    expect(results(await client.remove(targets([objectOf('a')], 'recoverable'), call()))).toEqual([
      ['a', 'denied', 'forbidden'],
    ]);
    expect(bench.sent.filter((line) => line.includes('b2_authorize_account'))).toHaveLength(1);
  });
});

it.each([
  [429, 'too_many_requests'],
  [503, 'service_unavailable'],
])('hears how long the server asks to wait: %i', async (status, code) => {
  await using bench = await B2Bench.start();
  bench.put('a');
  const client = await bench.open();
  await listAll(client, bucket);
  const fault = {
    kind: 'status',
    status,
    body: JSON.stringify({ status, code }),
    headers: { 'retry-after': '7' },
  } as const;
  bench.proxy.addRule({ when: () => true, fault });
  const [outcome] = await client.remove(targets([objectOf('a')], 'recoverable'), call());
  expect(outcome?.error).toMatchObject({ kind: 'rate-limited', retryAfter: 7000, retryable: true });
});

describe('a key', () => {
  const may = async (capabilities: ApplicationKey['capabilities']) => {
    await using bench = await B2Bench.start();
    const verification = await verify(await bench.open(bench.b2.keys.add({ capabilities })), bucket);
    return verification.steps
      .filter(({ stage }) => stage === 'delete')
      .map(({ status, sentence }) => [status, sentence])[0];
  };

  it('says itself whether it may delete', async () => {
    const reading = ['listBuckets', 'listFiles', 'readFiles'] as const;
    expect(await may([...reading, 'writeFiles', 'deleteFiles'])).toEqual(['ok', 'These keys may delete.']);
    expect(await may([...reading, 'writeFiles'])).toEqual(['ok', expect.stringContaining('only hide')]);
    expect(await may([...reading, 'deleteFiles'])).toEqual(['ok', expect.stringContaining('may not hide')]);
    expect(await may(reading)).toEqual(['denied', 'These keys may not delete.']);
  });

  it('that is for some buckets lists those alone, and no call leaves for another', async () => {
    await using bench = await B2Bench.start();
    for (const name of ['second-bucket', 'third-bucket']) bench.b2.store.createBucket(name);
    bench.put('a');
    const client = await bench.open(bench.b2.keys.add({ buckets: ['bucket', 'second-bucket'] }));
    expect((await listAll(client, { kind: 'root' })).map(({ id }) => id)).toEqual(['bucket', 'second-bucket']);
    expect((await listAll(client, bucket)).map(({ id }) => id)).toEqual(['a']);
    const sent = bench.sent.length;
    const other = containerPlace('third-bucket');
    const elsewhere = { ...objectOf('a'), container: 'third-bucket' };
    await expect(listAll(client, other)).rejects.toMatchObject({ kind: 'forbidden' });
    await expect(client.read(elsewhere, { limit: 9 }, call())).rejects.toMatchObject({ kind: 'forbidden' });
    await expect(client.stat(elsewhere, call())).rejects.toMatchObject({ kind: 'forbidden' });
    await expect(client.share(elsewhere, { seconds: 60 }, call())).rejects.toMatchObject({ kind: 'forbidden' });
    expect(results(await client.remove(targets([elsewhere]), call()))).toEqual([['a', 'failed', 'forbidden']]);
    expect(bench.sent).toHaveLength(sent);
    expect((await verify(client)).works).toBe(true);
  });

  it.each(['', 'bucket'])(
    'that is for the beginning of names begins there, and no call leaves for others: %j',
    async (named) => {
      await using bench = await B2Bench.start();
      for (const name of ['mine/1', 'mine/2', 'mine', 'yours/1']) bench.put(name);
      const client = await bench.open(bench.b2.keys.add({ buckets: ['bucket'], namePrefix: 'mine/' }), {
        bucket: named,
      });
      const [start] = await listAll(client, { kind: 'root' });
      expect(start).toMatchObject({ kind: 'folder', container: 'bucket', id: 'mine/', name: 'bucket/mine' });
      const inside = { kind: 'folder', container: 'bucket', id: 'mine/' } as const;
      expect((await listAll(client, inside)).map(({ id }) => id)).toEqual(['mine/1', 'mine/2']);
      expect(await client.stat(objectOf('mine/1'), call())).toMatchObject({ id: 'mine/1' });
      const sent = bench.sent.length;
      await expect(listAll(client, bucket)).rejects.toMatchObject({ kind: 'forbidden' });
      await expect(versionsIn(client)).rejects.toMatchObject({ kind: 'forbidden' });
      const outside = targets(['mine', 'yours/1'].map(objectOf), 'recoverable');
      expect(results(await client.remove(outside, call()))).toEqual([
        ['mine', 'failed', 'forbidden'],
        ['yours/1', 'failed', 'forbidden'],
      ]);
      expect(bench.sent).toHaveLength(sent);
      expect((await verify(client)).works).toBe(true);
    },
  );
});

describe('an application key', () => {
  it('is shown to the endpoint alone, and tokens where the sign-in says', async () => {
    const elsewhere = await listener('{"status":400,"code":"bad_request"}', 400);
    const pointing = await startB2({ apiUrl: elsewhere.endpoint, downloadUrl: elsewhere.endpoint });
    onTestFinished(() => pointing.stop());
    const { keyId, applicationKey } = pointing.keys.add();
    await using client = await openDraft(
      { keyId, applicationKey, endpoint: pointing.endpoint },
      { proxyFor: () => undefined, certificates: [] },
    );
    await expect(listAll(client, bucket)).rejects.toMatchObject({ kind: 'unsupported' });
    expect(pointing.requests).toEqual(['GET /b2api/v4/b2_authorize_account']);
    expect(elsewhere.authorizations.length).toBeGreaterThan(0);
    for (const sent of elsewhere.authorizations) expect(pointing.keys.tokens).toContain(sent);
  });

  it('goes to no place that a redirect points to', async () => {
    await using bench = await B2Bench.start();
    const elsewhere = await listener();
    const location = `${elsewhere.endpoint}/b2api/v4/b2_authorize_account`;
    bench.proxy.addRule({ when: () => true, fault: { kind: 'redirect', status: 307, location } });
    const client = await bench.open();
    await expect(listAll(client, bucket)).rejects.toMatchObject({ kind: 'invalid-settings' });
    expect((await verify(client)).works).toBe(false);
    expect(elsewhere.authorizations).toEqual([]);
  });

  it('is not taken for wrong where a web server answers in place of B2', async () => {
    for (const status of [200, 401, 403, 404]) {
      const stranger = await listener('<html></html>', status);
      await using client = await openDraft(
        { keyId: 'id', applicationKey: 'key', endpoint: stranger.endpoint },
        { proxyFor: () => undefined, certificates: [] },
      );
      const { works, steps } = await verify(client);
      expect(works).toBe(false);
      expect(steps.find((step) => step.status === 'failed')).toMatchObject({ stage: 'sign-in', kind: 'unexpected' });
    }
  });

  it('stands in no error', async () => {
    await using bench = await B2Bench.start();
    const client = await bench.open({ ...bench.key, applicationKey: 'K001wrongWrongWrong' });
    const error = (await listAll(client, bucket).catch((each: unknown) => each)) as StorageError;
    expect(error).toMatchObject({ kind: 'unauthenticated' });
    expect(JSON.stringify([error.message, error.hint, error.detail])).not.toContain('K001wrong');
  });
});

describe("Backblaze's own addresses", () => {
  const hosts = ['api.backblazeb2.com', 'api001.backblazeb2.com', 'f001.backblazeb2.com'];

  async function standIn(urls: { apiUrl: string; downloadUrl: string }) {
    const certificates = await createCertificates(hosts);
    const b2 = await startB2({ tls: certificates.server, ...urls });
    const port = Number(new URL(b2.tlsEndpoint ?? '').port);
    const proxy = await startConnectProxy({ standIns: Object.fromEntries(hosts.map((host) => [`${host}:443`, port])) });
    onTestFinished(async () => {
      await proxy.stop();
      await b2.stop();
      await certificates.remove();
    });
    b2.store.createBucket('bucket');
    const { keyId, applicationKey } = b2.keys.add();
    const network = {
      proxyFor: () => new URL(proxy.url),
      certificates: [readFileSync(certificates.caFile, 'utf8')],
    };
    return { b2, proxy, client: await openDraft({ keyId, applicationKey }, network) };
  }

  it('are where an empty endpoint leads, for calls and content too', async () => {
    const { b2, proxy, client } = await standIn({
      apiUrl: 'https://api001.backblazeb2.com',
      downloadUrl: 'https://f001.backblazeb2.com',
    });
    b2.store.put('bucket', 'folder/ä +%.txt', 'content');
    const { steps } = await verify(client, bucket);
    expect(steps.map(({ status }) => status)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
    const entry = objectOf('folder/ä +%.txt');
    expect(Buffer.from(await client.read(entry, { limit: 99 }, call())).toString()).toBe('content');
    const { url } = await client.share(entry, { seconds: 60 }, call());
    expect(url).toMatch(
      /^https:\/\/f001\.backblazeb2\.com\/file\/bucket\/folder\/%C3%A4%20%2B%25\.txt\?Authorization=3_/,
    );
    expect(new Set(proxy.requests)).toEqual(new Set(hosts.map((host) => `CONNECT ${host}:443`)));
    await client[Symbol.asyncDispose]();
  });

  it.each([
    ['another domain', 'https://api001.backblazeb2.com.example.com'],
    ['the end of another name', 'https://evilbackblazeb2.com'],
    ['no encryption', 'http://api001.backblazeb2.com'],
    ['another port', 'https://api001.backblazeb2.com:8443'],
    ['a user in front', 'https://api001.backblazeb2.com@127.0.0.1'],
    ['a path', 'https://api001.backblazeb2.com/else'],
  ])('get no token where the sign-in points to %s', async (_, apiUrl) => {
    for (const urls of [
      { apiUrl, downloadUrl: 'https://f001.backblazeb2.com' },
      { apiUrl: 'https://api001.backblazeb2.com', downloadUrl: apiUrl },
    ]) {
      const { b2, proxy, client } = await standIn(urls);
      await expect(listAll(client, bucket)).rejects.toMatchObject({ kind: 'untrusted-server' });
      await expect(client.read(objectOf('a'), { limit: 9 }, call())).rejects.toMatchObject({
        kind: 'untrusted-server',
      });
      expect(new Set(proxy.requests)).toEqual(new Set(['CONNECT api.backblazeb2.com:443']));
      expect(new Set(b2.requests)).toEqual(new Set(['GET /b2api/v4/b2_authorize_account']));
      await client[Symbol.asyncDispose]();
    }
  });
});
