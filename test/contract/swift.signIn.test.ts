import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { parseDraft } from '../../src/core/drafts.ts';
import { StorageError } from '../../src/core/errors.ts';
import type { Draft } from '../../src/core/fields.ts';
import type { StorageClient } from '../../src/core/storageClient.ts';
import { concludeVerification } from '../../src/core/verification.ts';
import provider from '../../src/providers/swift/provider.ts';
import { type Certificates, createCertificates } from '../servers/certificates.ts';
import { type FaultProxy, startFaultProxy } from '../servers/faultProxy.ts';
import { type Identity2, startIdentity2 } from '../servers/identity2.ts';
import { type Keystone, startKeystone } from '../servers/keystone.ts';
import { missingPeer, rcloneSwiftEnvironment } from '../servers/peers.ts';
import { runCommand, ServerUnavailable } from '../servers/serverProcess.ts';
import { flushMemcached } from '../support/memcached.ts';
import { oddKeys } from '../support/oddKeys.ts';
import type { SwiftAccess } from '../support/swiftGlobal.ts';
import { SwiftJudge, tempAuthToken } from '../support/swiftJudge.ts';
import { byBytes, call, collect, containerPlace, direct, listAll, targetOf } from './contractSuite.ts';

const opened: (AsyncDisposable | FaultProxy)[] = [];

afterEach(async () => {
  for (const each of opened.splice(0)) await ('stop' in each ? each.stop() : each[Symbol.asyncDispose]());
});

const learned: string[] = [];

async function open(draft: Draft): Promise<Required<StorageClient>> {
  const { settings, secrets, issues } = parseDraft(provider.fields, draft);
  expect(issues.filter(({ severity }) => severity === 'error')).toEqual([]);
  const client = await provider.open({ settings, secrets, network: direct, learn: (some) => learned.push(...some) });
  opened.push(client);
  return client as Required<StorageClient>;
}

async function proxyOf(target: string): Promise<FaultProxy> {
  const proxy = await startFaultProxy({ target });
  opened.push(proxy);
  return proxy;
}

async function failureOf(attempt: Promise<unknown>): Promise<StorageError> {
  const error = await attempt.then(
    () => expect.unreachable('It should have failed'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StorageError);
  return error as StorageError;
}

const namesAt = async (draft: Draft) => (await listAll(await open(draft), { kind: 'root' })).map(({ name }) => name);

const swift = inject('swift');
if ('unavailable' in swift) it.skip(`signing in to OpenStack Swift: ${swift.unavailable}`);
else {
  describe('version 1, TempAuth', () => version1(swift));
  describe('version 2, simulated', () => version2(swift));
  describe('version 3, Keystone', () => version3(swift));
}

function version1(swift: SwiftAccess): void {
  const { endpoint, user, account } = swift;
  const authUrl = `${endpoint}/auth/v1.0`;
  const good: Draft = { user: user.accessKeyId, key: user.secretAccessKey, authUrl };
  const judge = new SwiftJudge(endpoint, account, () => tempAuthToken(endpoint, user));

  beforeAll(() => judge.demand({ method: 'PUT', container: 'signed-in' }).then(() => undefined));
  afterAll(() => judge.clear('signed-in'));

  it.each([
    ['by itself', {}],
    ['where it was chosen', { authVersion: '1' }],
    ['by a Storage URL that was entered', { storageUrl: `${endpoint}${account}/` }],
  ])('is found %s', async (_, change) => {
    expect(await namesAt({ ...good, ...change })).toContain('signed-in');
  });

  it('needs no sign-in with a token and a Storage URL, and tells when that is used up', async () => {
    const authToken = await tempAuthToken(endpoint, user);
    const draft = { authToken, storageUrl: `${endpoint}${account}` };
    expect(await namesAt(draft)).toContain('signed-in');
    const client = await open({ ...draft, authToken: 'AUTH_tk00000000000000000000000000000000' });
    expect(await failureOf(listAll(client, { kind: 'root' }))).toMatchObject({ kind: 'expired' });
    const steps = await collect(client.verify({ kind: 'root' }, call()));
    expect(concludeVerification(steps, 0).steps.find(({ status }) => status === 'failed')).toMatchObject({
      stage: 'sign-in',
      kind: 'expired',
    });
  });

  it('says what is missing', async () => {
    const nothing = await open({ storageUrl: `${endpoint}${account}` });
    expect(await failureOf(listAll(nothing, { kind: 'root' }))).toMatchObject({ kind: 'invalid-settings' });
    const token = await open({ ...good, authToken: 'only' });
    expect((await failureOf(listAll(token, { kind: 'root' }))).message).toMatch(/Storage URL/);
  });

  it('says that another version was meant, and that no identity service answers', async () => {
    const third = await open({ ...good, authVersion: '3' });
    expect((await failureOf(listAll(third, { kind: 'root' }))).kind).toMatch(/invalid-settings|unauthenticated/);
    const proxy = await proxyOf(endpoint);
    proxy.addRule({ when: () => true, fault: { kind: 'status', status: 200, body: '<html>Welcome</html>' } });
    const stranger = await open({ ...good, authUrl: `${proxy.endpoint}/auth/v1.0` });
    expect(await failureOf(listAll(stranger, { kind: 'root' }))).toMatchObject({
      kind: 'unexpected',
      message: expect.stringMatching(/no identity service/),
    });
  });

  it('signs in again once when the tokens were forgotten, however many calls are under way', async () => {
    const proxy = await proxyOf(endpoint);
    const draft = { ...good, authUrl: `${proxy.endpoint}/auth/v1.0`, storageUrl: `${proxy.endpoint}${account}` };
    const client = await open(draft);
    const signIns = () => proxy.requests.filter(({ target }) => target.startsWith('/auth/')).length;
    await listAll(client, { kind: 'root' });
    expect(signIns()).toBe(1);
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) await judge.put('signed-in', name);
    await flushMemcached(swift.memcached);
    await Promise.all(Array.from({ length: 6 }, () => listAll(client, containerPlace('signed-in'))));
    expect(signIns()).toBe(2);

    // A bulk deletion is refused name by name.
    await flushMemcached(swift.memcached);
    const batches = [
      ['a', 'b'],
      ['e', 'f'],
    ].map((ids) => ids.map((id) => targetOf('signed-in', id)));
    for (const outcomes of await Promise.all(batches.map((targets) => client.remove(targets, call())))) {
      expect(outcomes.map(({ result }) => result)).toEqual(['deleted', 'deleted']);
    }
    expect(signIns()).toBe(3);
    await flushMemcached(swift.memcached);
    expect((await client.remove([targetOf('signed-in', 'c')], call())).map(({ result }) => result)).toEqual([
      'deleted',
    ]);
    expect(await judge.names('signed-in')).toEqual(['d']);
  });

  it('gives up when the new token is refused too', async () => {
    const proxy = await proxyOf(endpoint);
    const client = await open({ ...good, storageUrl: `${proxy.endpoint}${account}` });
    proxy.addRule({ when: () => true, fault: { kind: 'status', status: 401, headers: { 'x-trans-id': 'tx' } } });
    expect(await failureOf(listAll(client, { kind: 'root' }))).toMatchObject({ kind: 'unauthenticated' });
    expect(proxy.requests).toHaveLength(2);
  });

  it('has every token masked', async () => {
    learned.length = 0;
    await namesAt(good);
    expect(learned).toContain(await tempAuthToken(endpoint, user));
  });

  it('does not follow an encrypted sign-in to a storage that is not, unless that was entered', async () => {
    const certificates: Certificates = await createCertificates();
    // The server names the address by which it was asked, and believes that it is plain.
    const front = await startFaultProxy({ target: endpoint, tls: certificates.server });
    opened.push(front);
    const draft = { ...good, authUrl: `${front.endpoint}/auth/v1.0`, verifyCertificate: false };
    const failure = await failureOf(listAll(await open(draft), { kind: 'root' }));
    expect(failure).toMatchObject({ kind: 'untrusted-server', hint: expect.stringMatching(/Storage URL/) });
    expect(await namesAt({ ...draft, storageUrl: `${endpoint}${account}` })).toContain('signed-in');
    await certificates.remove();
  });
}

function version2(swift: SwiftAccess): void {
  const tenant = { id: '0123456789abcdef0123456789abcdef', name: 'alpha' };
  const apiKey = 'k'.repeat(32);
  const judge = new SwiftJudge(swift.endpoint, swift.account, () => tempAuthToken(swift.endpoint, swift.user));
  let identity: Identity2;
  let good: Draft;

  beforeAll(async () => {
    identity = await startIdentity2(swift, { user: 'owner', password: 'short', apiKey, tenant });
    good = { user: 'owner', key: 'short', authUrl: identity.authUrl, tenantName: tenant.name, region: 'two' };
    await judge.demand({ method: 'PUT', container: 'of-version-2' });
  });
  afterAll(async () => {
    await judge.clear('of-version-2');
    await identity.stop();
  });

  const asked = () => identity.asked.map((auth) => Object.keys(auth)[0]);

  it.each<[string, () => Draft, readonly string[]]>([
    ['a password', () => ({}), ['passwordCredentials']],
    ['the tenant by its ID', () => ({ tenantName: '', tenantId: tenant.id }), ['passwordCredentials']],
    ['an API key, tried first where it is long', () => ({ key: apiKey }), ['RAX-KSKEY:apiKeyCredentials']],
    ['a token', () => ({ authToken: 'unscoped' }), ['token']],
    [
      'a URL without a version',
      () => ({ authVersion: '2', authUrl: identity.authUrl.replace('/v2.0', '/') }),
      ['passwordCredentials'],
    ],
    ['an internal endpoint', () => ({ endpointType: 'internal' }), ['passwordCredentials']],
  ])('takes %s', async (_, change, forms) => {
    const before = identity.asked.length;
    expect(await namesAt({ ...good, ...change() })).toContain('of-version-2');
    expect(asked().slice(before)).toEqual(forms);
  });

  it('tries the other form where the first does not let in', async () => {
    const long = 'p'.repeat(40);
    const service = await startIdentity2(swift, { user: 'owner', password: long, tenant });
    const client = await open({ ...good, authUrl: service.authUrl, key: long });
    expect((await listAll(client, { kind: 'root' })).length).toBeGreaterThan(0);
    expect(service.asked.map((auth) => Object.keys(auth)[0])).toEqual([
      'RAX-KSKEY:apiKeyCredentials',
      'passwordCredentials',
    ]);
    await service.stop();
  });

  it.each<[string, Draft, string, RegExp]>([
    ['a wrong password', { key: 'wrong' }, 'unauthenticated', /does not let in/],
    ['no tenant', { tenantName: '' }, 'invalid-settings', /names no object storage/],
    ['a region that there is not', { region: 'three' }, 'invalid-settings', /three/],
    ['an endpoint type that it has not', { region: 'one', endpointType: 'internal' }, 'invalid-settings', /internal/],
    ['an endpoint where nothing answers', { region: '' }, 'unreachable', /Nothing answers/],
  ])('explains %s', async (_, change, kind, sentence) => {
    const failure = await failureOf(listAll(await open({ ...good, ...change }), { kind: 'root' }));
    expect(failure).toMatchObject({ kind, message: expect.stringMatching(sentence) });
  });

  it('names the regions that there are', async () => {
    const failure = await failureOf(listAll(await open({ ...good, region: 'three' }), { kind: 'root' }));
    expect(failure.hint).toBe('Regions that have one: one, two');
  });

  it('is simulated so that rclone can use it', async ({ skip }) => {
    const missing = await missingPeer('rclone');
    if (missing) skip(missing);
    await judge.put('of-version-2', 'judged', 'content');
    const login = { user: 'owner', key: 'short', auth: identity.authUrl };
    const environment = rcloneSwiftEnvironment(login, { tenant: tenant.name, region: 'two' });
    expect(await runCommand('rclone', ['lsf', 'peer:of-version-2'], environment)).toBe('judged\n');
    expect(await runCommand('rclone', ['cat', 'peer:of-version-2/judged'], environment)).toBe('content');
    await runCommand('rclone', ['deletefile', 'peer:of-version-2/judged'], environment);
    expect(await judge.names('of-version-2')).toEqual([]);
  });
}

function version3(swift: SwiftAccess): void {
  let keystone: Keystone | undefined;
  let unavailable = '';

  beforeAll(async () => {
    keystone = await startKeystone(swift).catch((error: unknown) => {
      if (!(error instanceof ServerUnavailable)) throw error;
      unavailable = error.message;
      return undefined;
    });
  }, 300_000);
  afterAll(() => keystone?.stop());

  const test = (name: string, run: (parts: { keystone: Keystone; judge: SwiftJudge; good: Draft }) => Promise<void>) =>
    it(name, async ({ skip }) => {
      if (!keystone) return skip(unavailable);
      const running = keystone;
      const judge = new SwiftJudge(running.endpoint, running.account, () => running.token());
      const { user, authUrl, project } = running;
      const good = { user: user.name, key: user.password, authUrl, authVersion: '3', tenantName: project.name };
      await judge.demand({ method: 'PUT', container: 'mine' });
      try {
        await run({ keystone: running, judge, good });
      } finally {
        await judge.clear('mine');
      }
    });

  test('takes a password, the user and the project by name or ID, in words and by itself', async ({
    good,
    keystone,
  }) => {
    const { user, project, authUrl } = keystone;
    for (const change of [
      {},
      { authVersion: 'auto' },
      { user: '', userId: user.id },
      { tenantName: '', tenantId: project.id },
      { userDomain: 'Default', tenantDomain: 'default' },
      { authUrl: authUrl.replace('/v3', '') },
      { authUrl: `${authUrl}/` },
      { region: keystone.region, endpointType: 'internal' },
    ]) {
      expect(await namesAt({ ...good, ...change }), JSON.stringify(change)).toEqual(['mine']);
    }
  });

  test('takes an application credential by ID and by name', async ({ keystone }) => {
    const { applicationCredential, authUrl, user } = keystone;
    const given = { authUrl, authVersion: '3', applicationCredentialSecret: applicationCredential.secret };
    expect(await namesAt({ ...given, applicationCredentialId: applicationCredential.id })).toEqual(['mine']);
    const named = { ...given, applicationCredentialName: applicationCredential.name };
    expect(await namesAt({ ...named, user: user.name })).toEqual(['mine']);
    expect(await namesAt({ ...named, userId: user.id })).toEqual(['mine']);
    const wrong = await open({
      ...given,
      applicationCredentialId: applicationCredential.id,
      applicationCredentialSecret: 'no',
    });
    expect(await failureOf(listAll(wrong, { kind: 'root' }))).toMatchObject({ kind: 'unauthenticated' });
  });

  test('takes a token, for the project that was named', async ({ good, keystone }) => {
    const authToken = await keystone.token();
    expect(await namesAt({ ...good, user: '', key: '', authToken })).toEqual(['mine']);
  });

  test('explains what is wrong', async ({ good, keystone }) => {
    const cases: readonly [Draft, string, RegExp][] = [
      [{ key: 'wrong' }, 'unauthenticated', /does not let in/],
      [{ user: 'nobody' }, 'unauthenticated', /does not let in/],
      [{ tenantName: 'beta' }, 'unauthenticated', /does not let in/],
      [{ userDomain: 'elsewhere' }, 'unauthenticated', /does not let in/],
      [{ tenantName: '' }, 'invalid-settings', /names no object storage/],
      [{ region: 'Mars' }, 'invalid-settings', /Mars/],
      [{ authVersion: '2' }, 'invalid-settings', /version 2/],
      [{ user: '', key: '' }, 'invalid-settings', /nothing to sign in with/],
    ];
    for (const [change, kind, message] of cases) {
      const failure = await failureOf(listAll(await open({ ...good, ...change }), { kind: 'root' }));
      expect(failure, JSON.stringify(change)).toMatchObject({ kind, message: expect.stringMatching(message) });
    }
    const region = await open({ ...good, region: 'Mars' });
    expect((await failureOf(listAll(region, { kind: 'root' }))).hint).toMatch(keystone.region);
  });

  test('verifies, stage by stage', async ({ good }) => {
    const client = await open({ ...good, container: 'mine' });
    const { works, steps } = concludeVerification(await collect(client.verify({ kind: 'root' }, call())), 0);
    expect(works).toBe(true);
    expect(steps.map(({ stage, status }) => `${stage} ${status}`)).toEqual([
      ...['reach ok', 'tls unknown', 'sign-in ok', 'list ok', 'delete ok'],
    ]);
  });

  test('lists and deletes, and nothing else', async ({ good, judge }) => {
    const names = oddKeys.filter((name) => name.isWellFormed() && !name.includes('\0'));
    for (const name of names) await judge.put('mine', name);
    await judge.put('mine', 'bystander');
    const client = await open(good);
    const pages = await collect(client.walk(containerPlace('mine'), {}, call()));
    const listed = pages.flatMap(({ entries }) => entries.map(({ id }) => id));
    expect(byBytes(listed)).toEqual(byBytes([...names, 'bystander']));
    const outcomes = await client.remove(
      names.map((name) => targetOf('mine', name)),
      call(),
    );
    expect(outcomes.filter(({ result }) => result !== 'deleted')).toEqual([]);
    expect(await judge.names('mine')).toEqual(['bystander']);
  });

  test('tells a stranger no', async ({ good, keystone, judge }) => {
    await judge.put('mine', 'a');
    await judge.put('mine', 'b');
    const { name, password } = keystone.stranger;
    const client = await open({ ...good, user: name, key: password });
    expect(await failureOf(listAll(client, containerPlace('mine')))).toMatchObject({ kind: 'forbidden' });
    const outcomes = await client.remove([targetOf('mine', 'a'), targetOf('mine', 'b')], call());
    expect(outcomes.map(({ result }) => result)).toEqual(['denied', 'denied']);
    expect(await judge.names('mine')).toEqual(['a', 'b']);
  });

  test('goes on when its token was revoked', async ({ good, keystone, judge }) => {
    await judge.put('mine', 'a');
    await judge.put('mine', 'b');
    learned.length = 0;
    const client = await open(good);
    await listAll(client, containerPlace('mine'));
    await keystone.revoke(learned[0] ?? '');
    await flushMemcached(swift.memcached);
    const outcomes = await client.remove([targetOf('mine', 'a'), targetOf('mine', 'b')], call());
    expect(outcomes.map(({ result }) => result)).toEqual(['deleted', 'deleted']);
    expect(new Set(learned).size).toBe(2);
  });
}
