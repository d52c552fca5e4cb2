import { expect, it } from 'vitest';
import type { Place, Target } from '../../src/core/storageClient.ts';
import { newDraft, withFieldValue } from '../../src/form/draft.ts';
import { planRemoval } from '../../src/removal/plan.ts';
import type { Fault, RecordedRequest } from '../servers/faultProxy.ts';
import { temporaryFolder } from '../servers/serverProcess.ts';
import { accountSas, containerSas } from '../support/azureSas.ts';
import type { AzureContractServer } from './azureBlob.server.ts';
import { call, collect, containerPlace, listAll, providerSuite, targetOf } from './contractSuite.ts';

await providerSuite('azureBlob', 'what Azure alone has', ['remove', 'walk', 'read', 'stat'], (contract) => {
  const { provider } = contract;
  const server = contract.server as AzureContractServer;
  const { judge } = server;
  const { access } = judge;
  const snapshot = (container: string, id: string) =>
    judge.demand({ method: 'PUT', container, id, query: { comp: 'snapshot' } });
  const lease = (container: string, id?: string) =>
    judge.demand({
      ...{ method: 'PUT', container },
      ...(id === undefined ? { query: { comp: 'lease', restype: 'container' } } : { id, query: { comp: 'lease' } }),
      headers: { 'x-ms-lease-action': 'acquire', 'x-ms-lease-duration': '-1' },
    });
  const bySas = (sasToken: string, container = '') => {
    const { accountKey: _, ...draft } = server.draft(server.origin);
    return { ...draft, accountKey: '', signIn: 'sas', sasToken, container };
  };
  async function behindProxy(ids: readonly string[], fault?: Fault, when = (_: RecordedRequest) => true) {
    const container = await contract.fill(ids);
    const proxy = await contract.proxy();
    if (fault) proxy.addRule({ when, fault });
    return { container, proxy, client: await contract.open({}, proxy.endpoint) };
  }

  it('deletes snapshots with their object, alone and among others, and the plan counts them', async () => {
    const container = await contract.fill(['a', 'b', 'c']);
    for (const id of ['a', 'a', 'b']) {
      await snapshot(container, id);
      // Two snapshots of one moment are one.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const client = await contract.open();
    const [page] = await collect(client.walk(containerPlace(container), {}, call()));
    expect(page?.entries.map(({ id, snapshots }) => [id, snapshots])).toEqual([
      ['a', 2],
      ['b', 1],
      ['c', undefined],
    ]);
    const folder = await temporaryFolder('azure-plan');
    const selection = [{ kind: 'container', id: container, name: container, path: container }] as const;
    const credential = { id: 'contract', name: 'Contract' };
    const { plan } = await planRemoval({
      ...{ client, provider, credential, selection },
      ...{ folder: folder.path, signal: call().signal },
    });
    await folder.remove();
    expect(plan.counts.objects).toBe(3);
    expect(plan.notices).toEqual(['Snapshots that go with their objects: 3']);
    expect((await listAll(client, containerPlace(container))).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(await contract.remove(client, container, ['a', 'c'])).toMatchObject([
      { result: 'deleted' },
      { result: 'deleted' },
    ]);
    expect(await contract.remove(client, container, ['b'])).toMatchObject([{ result: 'deleted' }]);
    expect(await judge.names(container, 'snapshots')).toEqual([]);
  });

  it('says that a leased object is locked, in a listing and when it is deleted, and leaves it', async () => {
    const container = await contract.fill(['a', 'held', 'z']);
    await lease(container, 'held');
    const client = await contract.open();
    const locks = (await listAll(client, containerPlace(container))).map(({ id, locks }) => [id, locks]);
    expect(locks).toEqual([
      ['a', undefined],
      ['held', [{ kind: 'lease' }]],
      ['z', undefined],
    ]);
    const { entry } = targetOf(container, 'held');
    expect(await client.stat(entry, call())).toMatchObject({ locks: [{ kind: 'lease' }] });
    expect(await client.properties(entry, call())).toContainEqual({
      title: 'Lock',
      rows: [['Lease', 'leased, infinite']],
    });
    expect(await contract.remove(client, container, ['a', 'held', 'z'])).toMatchObject([
      { result: 'deleted' },
      { result: 'locked', kind: 'locked' },
      { result: 'deleted' },
    ]);
    expect(await contract.remove(client, container, ['held'])).toMatchObject([{ result: 'locked', kind: 'locked' }]);
    expect(await server.ids(container)).toEqual(['held']);
  });

  it.each([
    ['BlobImmutableDueToPolicy', 409, 'locked'],
    ['AuthorizationPermissionMismatch', 403, 'denied'],
    ['InternalError', 500, 'failed'],
    ['ContainerBeingDeleted', 409, 'failed'],
    ['NeverHeardOf', 409, 'failed'],
  ])('takes %s for what it is, alone and in a batch', async (code, status, result) => {
    const body = `<Error><Code>${code}</Code><Message>Of the service</Message></Error>`;
    const headers = { 'x-ms-error-code': code, 'x-ms-request-id': 'r' };
    const alone = await behindProxy(['a'], { kind: 'status', status, headers, body });
    expect(await contract.remove(alone.client, alone.container, ['a'])).toMatchObject([{ result }]);
    const replies = [reply(0, 202), reply(1, status, code)];
    const both = await behindProxy(['a', 'b'], batchAnswer(replies));
    expect(await contract.remove(both.client, both.container, ['a', 'b'])).toMatchObject([
      { result: 'deleted' },
      { result },
    ]);
  });

  it.each<[string, readonly string[], readonly string[]]>([
    [
      'in another order',
      [reply(2, 202), reply(0, 404, 'BlobNotFound'), reply(1, 202)],
      ['already-gone', 'deleted', 'deleted'],
    ],
    ['with one missing', [reply(0, 202), reply(2, 202)], ['deleted', 'failed', 'deleted']],
    [
      'with one twice',
      [reply(0, 202), reply(1, 202), reply(1, 403, 'X'), reply(2, 202)],
      ['deleted', 'failed', 'deleted'],
    ],
    [
      'with numbers that were not asked',
      [reply(7, 202), reply(0, 202), reply(1, 202)],
      ['deleted', 'deleted', 'failed'],
    ],
    ['without numbers', [part([], 202), part([], 202), part([], 202)], ['failed', 'failed', 'failed']],
    ['with a success that is none', [reply(0, 200), reply(1, 204), reply(2, 202)], ['failed', 'failed', 'deleted']],
    ['with nothing', [], ['failed', 'failed', 'failed']],
    [
      'with a container that is gone',
      [0, 1, 2].map((id) => reply(id, 404, 'ContainerNotFound')),
      ['failed', 'failed', 'failed'],
    ],
  ])('believes the replies to a batch by their numbers alone: %s', async (_, replies, results) => {
    const { container, client } = await behindProxy(['a', 'b', 'c'], batchAnswer(replies));
    const outcomes = await contract.remove(client, container, ['a', 'b', 'c']);
    expect(outcomes.map(({ result }) => result)).toEqual(results);
  });

  it('gives the reason of the one reply that speaks of the whole batch', async () => {
    const { container, client } = await behindProxy(['a', 'b'], batchAnswer([part([], 403, 'AuthenticationFailed')]));
    expect(await contract.remove(client, container, ['a', 'b'])).toMatchObject([
      { result: 'failed', kind: 'unauthenticated' },
      { result: 'failed', kind: 'unauthenticated' },
    ]);
  });

  it.each([
    [400, 'InvalidInput'],
    [409, 'FeatureNotSupportedForAccount'],
    [501, 'NotImplemented'],
  ])('deletes one by one where the server takes no batches, and asks no second time: %i %s', async (status, code) => {
    const fault: Fault = { kind: 'status', status, headers: { 'x-ms-error-code': code, 'x-ms-request-id': 'r' } };
    const { container, proxy, client } = await behindProxy(['a', 'b', 'c', 'd'], fault, isBatch);
    for (const ids of [
      ['a', 'b'],
      ['c', 'd'],
    ]) {
      const outcomes = await contract.remove(client, container, ids);
      expect(outcomes.map(({ result }) => result)).toEqual(['deleted', 'deleted']);
    }
    expect(proxy.requests.filter(isBatch)).toHaveLength(1);
    expect(await server.ids(container)).toEqual([]);
  });

  it('calls what is gone already gone, though its tag can no longer match', async () => {
    const container = await contract.fill(['here', 'overwritten']);
    const client = await contract.open();
    const target = (id: string): Target => ({ ...targetOf(container, id), ifTag: '"0x1234"' });
    for (const ids of [['gone', 'here', 'gone too'], ['gone']]) {
      const outcomes = await client.remove(ids.map(target), call());
      const expected = ids.map((id) => (id === 'here' ? 'changed' : 'already-gone'));
      expect(outcomes.map(({ result }) => result)).toEqual(expected);
    }
    expect(await server.ids(container)).toEqual(['here', 'overwritten']);
  });

  // Azurite keeps dots apart, where the service folds them; what it does with a backslash, the service does too.
  it.each([
    ['a/../b', 'b'],
    ['./here', 'here'],
    ['a\\b', 'a/b'],
  ])('never takes %j for %j', async (odd, folded) => {
    const { container, proxy, client } = await behindProxy([folded]);
    if (!odd.includes('\\')) await judge.put(container, odd, 'x');
    const before = await server.ids(container);
    const { entry } = targetOf(container, odd);
    expect(await contract.remove(client, container, [odd])).toMatchObject([{ result: 'failed', kind: 'unsupported' }]);
    expect(await contract.remove(client, container, [odd, 'absent'])).toMatchObject([
      { result: 'failed', kind: 'unsupported' },
      { result: 'already-gone' },
    ]);
    const others = [client.stat(entry, call()), client.read(entry, { limit: 9 }, call())];
    for (const other of [...others, client.share(entry, { seconds: 60 }, call()), client.properties(entry, call())]) {
      expect((await contract.failureOf(other)).kind).toBe('unsupported');
    }
    expect(proxy.requests.flatMap(server.deletedBy)).toEqual(['absent']);
    expect(await server.ids(container)).toEqual(before);
    expect((await listAll(client, containerPlace(container))).length).toBeGreaterThan(0);
  });

  it('makes a link that opens one object, until it ends', async () => {
    const id = "a//b (1)+ü & 'c'?#.txt";
    const container = await contract.fill([]);
    await server.put(container, id, 'shared');
    const client = await contract.open();
    const { entry } = targetOf(container, id);
    const { url, expires } = await client.share(entry, { seconds: 3600 }, call());
    expect(expires).toBeGreaterThan(Date.now() + 3_599_000);
    expect(await judge.fetch(url)).toMatchObject({ status: 200, body: 'shared' });
    expect((await judge.fetch(url, 'DELETE')).status).toBe(403);
    expect((await judge.fetch(url.replace(/%3F%23/, '%3F'))).status).toBe(403);
    const short = await client.share(entry, { seconds: 1 }, call());
    await expect.poll(async () => (await judge.fetch(short.url)).status, { timeout: 20_000 }).toBe(403);
    for (const seconds of [0, 0.5, 31_536_001]) {
      expect((await contract.failureOf(client.share(entry, { seconds }, call()))).kind).toBe('unsupported');
    }
    const token = await contract.open(bySas(accountSas(access, { permissions: 'rwdl' })));
    const refused = await contract.failureOf(token.share(entry, { seconds: 60 }, call()));
    expect(refused).toMatchObject({ kind: 'unsupported', message: expect.stringMatching(/account key/) });
  });

  it('does with the token of a container what the token allows, batches too', async () => {
    const container = await contract.fill(['a', 'b', 'c']);
    const proxy = await contract.proxy();
    const open = (permissions: string) => {
      const draft = bySas(containerSas(access, container, permissions), container);
      return contract.open({ ...draft, endpoint: `${proxy.endpoint}/${access.account}` });
    };
    const reader = await open('rl');
    const verification = await contract.verify(reader);
    expect(verification.works).toBe(true);
    expect(verification.steps.at(-1)).toMatchObject({ stage: 'delete', status: 'denied' });
    expect(verification.steps.find(({ stage }) => stage === 'sign-in')?.expires).toBeGreaterThan(Date.now());
    expect((await reader.recovery(containerPlace(container), call())).recoverable).toBe('unknown');
    for (const { result } of await contract.remove(reader, container, ['a', 'b'])) expect(result).toBe('denied');
    expect(await contract.remove(reader, container, ['a'])).toMatchObject([{ result: 'denied' }]);
    const deleter = await open('rdl');
    expect((await contract.verify(deleter)).steps.at(-1)).toMatchObject({ stage: 'delete', status: 'ok' });
    proxy.reset();
    expect(await contract.remove(deleter, container, ['a', 'b'])).toMatchObject([
      { result: 'deleted' },
      { result: 'deleted' },
    ]);
    expect(proxy.requests.filter(isBatch)).toHaveLength(1);
    expect(await server.ids(container)).toEqual(['c']);
  });

  it('says that a token has expired, and not that it is wrong', async () => {
    const container = await contract.fill(['a']);
    const old = await contract.open(bySas(accountSas(access, { permissions: 'rl', minutes: -5 }), container));
    const verification = await contract.verify(old);
    expect(verification.steps.find(({ status }) => status === 'failed')).toMatchObject({
      ...{ stage: 'sign-in', kind: 'expired' },
      hint: expect.any(String),
    });
  });

  it('opens with what a connection string fills into the form, and keeps it nowhere', async () => {
    const container = await contract.fill(['a']);
    const endpoint = `${server.origin}/${access.account}`;
    const key = `DefaultEndpointsProtocol=http;AccountName=${access.account};AccountKey=${access.accountKey};BlobEndpoint=${endpoint};`;
    const sas = `BlobEndpoint=${endpoint}/;SharedAccessSignature=?${accountSas(access, { permissions: 'rl' })}`;
    for (const text of [key, sas]) {
      const filled = withFieldValue(newDraft(provider, 'Azure'), 'connectionString', text);
      expect(filled.entered).not.toHaveProperty('connectionString');
      expect(Object.keys(filled.entered)).toEqual([text === key ? 'accountKey' : 'sasToken']);
      const { accountKey: _, endpoint: __, account: ___, ...trust } = server.draft(server.origin);
      const client = await provider.open({
        settings: { ...filled.values, ...trust },
        secrets: filled.entered,
        network: { proxyFor: () => undefined, certificates: [] },
      });
      expect((await listAll(client, containerPlace(container))).map(({ id }) => id)).toEqual(['a']);
      await client[Symbol.asyncDispose]();
    }
  });

  it('tells what GetServiceProperties says of soft delete', async () => {
    const answer = (policy: string): Fault => ({
      ...{ kind: 'status', status: 200, headers: { 'x-ms-request-id': 'r' } },
      body: `<?xml version="1.0" encoding="utf-8"?><StorageServiceProperties>${policy}</StorageServiceProperties>`,
    });
    const on = '<DeleteRetentionPolicy><Enabled>true</Enabled><Days>7</Days></DeleteRetentionPolicy>';
    const kept = await behindProxy([], answer(on));
    expect(await kept.client.recovery(containerPlace(kept.container), call())).toEqual({
      recoverable: 'yes',
      because: 'Soft delete keeps what is deleted for 7 days.',
    });
    const off = await behindProxy([], answer(on.replace('true', 'false')));
    expect((await off.client.recovery(containerPlace(off.container), call())).recoverable).toBe('no');
  });

  it('makes a container, and never takes one that is there for a new one', async () => {
    const client = await contract.open();
    const name = `made-${process.pid}-${Date.now().toString(36)}`;
    expect(await client.createContainer(name, {}, call())).toMatchObject({ kind: 'container', id: name });
    expect(await server.ids(name)).toEqual([]);
    const again = await contract.failureOf(client.createContainer(name, {}, call()));
    expect(again.kind).toBe('already-exists');
    await client.removeContainer({ kind: 'container', id: name, name, path: name }, call());
    expect((await contract.failureOf(listAll(client, containerPlace(name)))).kind).toBe('not-found');
  });

  it('deletes no container that holds anything, and sends nothing to find out', async () => {
    const holding: (readonly [string, (container: string) => Promise<unknown>])[] = [
      ['an object', (container) => server.put(container, 'a')],
      ['an object in a folder', (container) => server.put(container, 'a/b/c')],
      [
        'an upload that was never finished',
        (container) =>
          judge.demand({
            ...{ method: 'PUT', container, id: 'half', body: 'x' },
            query: { comp: 'block', blockid: Buffer.from('1').toString('base64') },
          }),
      ],
    ];
    for (const [what, fill] of holding) {
      const { container, proxy, client } = await behindProxy([]);
      await fill(container);
      const removal = client.removeContainer({ kind: 'container', id: container, name: '', path: '' }, call());
      expect((await contract.failureOf(removal)).kind, what).toBe('not-empty');
      expect(proxy.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
      expect((await judge.ask({ method: 'GET', container, query: { restype: 'container' } })).status).toBe(200);
    }
  });

  it('deletes no container when it can not be told whether it is empty', async () => {
    const faults: readonly Fault[] = [
      { kind: 'status', status: 200, body: '<html>Sign in</html>' },
      { kind: 'status', status: 403 },
      { kind: 'replace-body', body: (page) => page.subarray(0, page.length - 40) },
    ];
    for (const fault of faults) {
      const { container, proxy, client } = await behindProxy([], fault, ({ method }) => method === 'GET');
      const removal = client.removeContainer({ kind: 'container', id: container, name: '', path: '' }, call());
      await contract.failureOf(removal);
      expect(proxy.requests.filter(({ method }) => method === 'DELETE')).toEqual([]);
    }
  });

  it('stays within the container and the folder that a credential is for', async () => {
    const container = await contract.fill(['in/a', 'in/b', 'out/c', 'inside']);
    const client = await contract.open({ container, subfolder: 'in' });
    const [start] = await listAll(client, { kind: 'root' });
    expect(start).toMatchObject({ kind: 'folder', container, id: 'in/' });
    const place: Place = { kind: 'folder', container, id: 'in/' };
    expect((await listAll(client, place)).map(({ name }) => name)).toEqual(['a', 'b']);
    expect(await contract.remove(client, container, ['out/c', 'inside', 'in/a'])).toMatchObject([
      { result: 'failed', kind: 'forbidden' },
      { result: 'failed', kind: 'forbidden' },
      { result: 'deleted' },
    ]);
    for (const attempt of [
      client.createContainer('another', {}, call()),
      client.removeContainer({ kind: 'container', id: container, name: container, path: container }, call()),
    ]) {
      expect((await contract.failureOf(attempt)).kind).toBe('forbidden');
    }
    expect(await server.ids(container)).toEqual(['in/b', 'inside', 'out/c']);
  });

  it('says what is known of a container and of an object', async () => {
    const container = await contract.fill([]);
    const headers = { 'x-ms-blob-type': 'BlockBlob', 'x-ms-meta-color': 'blue', 'x-ms-blob-cache-control': 'no-store' };
    await judge.demand({ method: 'PUT', container, id: 'a', headers, body: 'content' });
    const client = await contract.open();
    const ofObject = await client.properties(targetOf(container, 'a').entry, call());
    const rows = Object.fromEntries(ofObject.flatMap((group) => group.rows));
    expect(rows).toMatchObject({ Key: 'a', Size: '7 bytes', color: 'blue', 'Cache-Control': 'no-store' });
    const entry = { kind: 'container', id: container, name: container, path: container } as const;
    const [ofContainer] = await client.properties(entry, call());
    expect(Object.fromEntries(ofContainer?.rows ?? [])).toMatchObject({ Name: container, 'Public access': 'none' });
    const { kind } = await contract.failureOf(client.properties(targetOf(container, 'absent').entry, call()));
    expect(kind).toBe('not-found');
  });

  it('takes a web page for no word on the key', async () => {
    for (const status of [200, 403, 404]) {
      const { client } = await behindProxy([], { kind: 'status', status, body: '<html>No</html>' });
      const verification = await contract.verify(client);
      const failed = verification.steps.find((step) => step.status === 'failed');
      expect(failed).toMatchObject({ stage: 'sign-in', kind: 'unexpected' });
    }
  });
});

function isBatch({ method, target }: RecordedRequest): boolean {
  return method === 'POST' && target.includes('comp=batch');
}

function reply(id: number, status: number, code?: string): string {
  return part([`Content-ID: ${id}`], status, code);
}

function part(head: readonly string[], status: number, code?: string): string {
  const said = code === undefined ? [] : [`x-ms-error-code: ${code}`];
  return [
    ...['--answer', 'Content-Type: application/http', ...head, ''],
    ...[`HTTP/1.1 ${status} Said`, ...said, 'x-ms-request-id: r', '', ''],
  ].join('\r\n');
}

function batchAnswer(replies: readonly string[]): Fault {
  return {
    ...{ kind: 'status', status: 202 },
    headers: { 'content-type': 'multipart/mixed; boundary=answer', 'x-ms-request-id': 'r' },
    body: `${replies.join('')}--answer--\r\n`,
  };
}
