import { afterAll, describe, expect, it } from 'vitest';
import type { Deleted, Entry, Place, Restoration, StorageClient, Target } from '../../src/core/storageClient.ts';
import { runRemoval } from '../../src/removal/engine.ts';
import { planRemoval } from '../../src/removal/plan.ts';
import type { RecordedRequest } from '../servers/faultProxy.ts';
import { missingPeer } from '../servers/peers.ts';
import { freePorts, runCommand, temporaryFolder, waitUntil } from '../servers/serverProcess.ts';
import { type AuthFilters, startSwiftProxy, tempAuth } from '../servers/swift.ts';
import { oddKeys } from '../support/oddKeys.ts';
import { byBytes, call, collect, containerPlace, listAll, providerSuite, targetOf } from './contractSuite.ts';
import type { SwiftContractServer } from './swift.server.ts';

await providerSuite('swift', 'OpenStack Swift', ['walk', 'remove', 'properties'], (contract) => {
  const server = contract.server as SwiftContractServer;
  const { judge, account } = server;
  const writes = ({ method }: RecordedRequest) => method !== 'GET' && method !== 'HEAD';
  const walk = async (client: StorageClient, at: Place, query: { versions?: boolean; id?: string } = {}) =>
    (await collect(client.walk?.(at, query, call()) ?? expect.unreachable())).flatMap(({ entries }) => entries);
  const targets = (entries: readonly Entry[]): Target[] => entries.map((entry) => ({ entry, mode: 'recoverable' }));
  const rowsOf = async (client: Required<StorageClient>, entry: Entry) =>
    Object.fromEntries((await client.properties(entry, call())).flatMap(({ rows }) => rows));

  describe('a container', () => {
    const entryOf = (id: string): Entry => ({ kind: 'container', id, name: id, path: id });

    it('is made, once, and deleted when it is empty', async () => {
      const client = await contract.open();
      const name = `made ü ${process.pid} ${Date.now()}?#%`;
      expect(await client.createContainer(name, {}, call())).toMatchObject({ kind: 'container', id: name });
      const again = client.createContainer(name, {}, call());
      expect(await contract.failureOf(again)).toMatchObject({ kind: 'already-exists' });
      expect((await listAll(client, { kind: 'root' })).map(({ id }) => id)).toContain(name);
      await judge.put(name, 'a');
      const full = client.removeContainer(entryOf(name), call());
      expect(await contract.failureOf(full)).toMatchObject({ kind: 'not-empty' });
      await judge.demand({ method: 'DELETE', container: name, id: 'a' });
      await client.removeContainer(entryOf(name), call());
      const gone = client.removeContainer(entryOf(name), call());
      expect(await contract.failureOf(gone)).toMatchObject({ kind: 'not-found' });
    });

    it('has properties, and keeps what signs links to itself', async () => {
      const container = await contract.fill(['a', 'b']);
      const headers = { 'x-container-meta-temp-url-key': 'a-key-of-links', 'x-container-meta-team': 'alpha' };
      await judge.demand({ method: 'POST', container, headers });
      const client = await contract.open();
      const rows = await rowsOf(client, entryOf(container));
      expect(rows).toMatchObject({ Name: container, Objects: '2', Size: '2 bytes', Versioning: 'off', team: 'alpha' });
      expect(JSON.stringify(rows)).not.toContain('a-key-of-links');
    });
  });

  describe('large objects', () => {
    async function fillLarge() {
      const container = await server.createContainer();
      const segments = await server.createContainer();
      for (const name of ['1', '2', 'other']) await judge.put(segments, name, 'part');
      const manifest = ['1', '2'].map((name) => ({ path: `/${segments}/${name}` }));
      const query = { 'multipart-manifest': 'put' };
      await judge.demand({ method: 'PUT', container, id: 'static', query, body: JSON.stringify(manifest) });
      await judge.put(container, 'dynamic', '', { 'x-object-manifest': `${segments}/o` });
      await judge.put(container, 'small');
      return { container, segments };
    }

    it('are told from others, and the plan says that segments go with them', async () => {
      const { container } = await fillLarge();
      const client = await contract.open();
      const entries = await walk(client, containerPlace(container));
      expect(entries.map(({ id, size, segmented }) => [id, size, segmented])).toEqual([
        ['dynamic', 0, undefined],
        ['small', 1, undefined],
        ['static', 8, true],
      ]);
      expect(await client.stat(targetOf(container, 'static').entry, call())).toMatchObject({
        segmented: true,
        size: 8,
      });
      const rows = await rowsOf(client, targetOf(container, 'static').entry);
      expect(rows).toMatchObject({ Kind: 'static', Segments: '2', 'When it is deleted': 'its segments go with it' });
      expect(await rowsOf(client, targetOf(container, 'dynamic').entry)).toMatchObject({
        Kind: 'dynamic',
        'When it is deleted': 'its segments stay',
      });
    });

    it('go with their segments through plan and run, and with nothing else', async () => {
      const { container, segments } = await fillLarge();
      const client = await contract.open();
      const { provider } = contract;
      const folder = await temporaryFolder('removals');
      const { signal } = new AbortController();
      const selection: Entry[] = [{ kind: 'container', id: container, name: container, path: container }];
      const credential = { id: 'contract', name: 'Contract' };
      const removal = await planRemoval({ client, provider, credential, selection, folder: folder.path, signal });
      expect(removal.plan.notices).toEqual([
        'Large objects whose segments go with them: 1',
        `Large objects that go without their segments: 1. What stays begins with: ${segments}/o`,
      ]);
      const report = await runRemoval({ client, provider, removal, signal });
      expect(report.results).toMatchObject({ deleted: 3, failed: 0 });
      expect(await judge.names(container)).toEqual([]);
      expect(await judge.names(segments)).toEqual(['other']);
      await folder.remove();
    });

    it('that go without their segments are told from empty ones, links and folders, by one question about each', async () => {
      const { container, segments } = await fillLarge();
      await judge.put(container, 'empty', '');
      await judge.put(container, 'folder/', '', { 'content-type': 'application/directory' });
      await judge.put(container, 'link', '', { 'x-symlink-target': `${container}/dynamic` });
      await judge.put(container, 'odd', '', { 'x-object-manifest': `${segments}/%C3%BC%25%3F` });
      const proxy = await contract.proxy();
      const heads = () => proxy.requests.filter(({ method }) => method === 'HEAD');
      const client = await contract.open({}, proxy.endpoint);
      const entries = await walk(client, containerPlace(container));
      expect(entries.flatMap(({ id, segmentsAt }) => (segmentsAt ? [[id, segmentsAt]] : []))).toEqual([
        ['dynamic', { container: segments, prefix: 'o' }],
        ['odd', { container: segments, prefix: 'ü%?' }],
      ]);
      expect(heads()).toHaveLength(3);
      const { entries: shown } = await client.list(containerPlace(container), {}, call());
      expect(heads()).toHaveLength(3);
      expect(shown).toHaveLength(7);
      const dynamic = shown.filter(({ id }) => id === 'dynamic');
      const noticesOf = async (...selection: Entry[]) => {
        const folder = await temporaryFolder('removals');
        const { signal } = new AbortController();
        const credential = { id: 'contract', name: 'Contract' };
        const { provider } = contract;
        const removal = await planRemoval({ client, provider, credential, selection, folder: folder.path, signal });
        await folder.remove();
        return removal.plan.notices;
      };
      const stays = `Large objects that go without their segments: 1. What stays begins with: ${segments}/o`;
      expect(await noticesOf(...dynamic)).toEqual([stays]);
      const whole: Entry = { kind: 'container', id: segments, name: segments, path: segments };
      expect(await noticesOf(...dynamic, whole)).toEqual([]);
    });

    it('that are gone or no longer large are not called deleted', async () => {
      const { container, segments } = await fillLarge();
      const client = await contract.open();
      const large = (await walk(client, containerPlace(container))).filter(({ segmented }) => segmented);
      await judge.put(container, 'static', 'small now');
      expect(await client.remove(targets(large), call())).toMatchObject([{ result: 'failed' }]);
      expect(await judge.names(container)).toContain('static');
      await judge.demand({ method: 'DELETE', container, id: 'static' });
      expect(await client.remove(targets(large), call())).toMatchObject([{ result: 'already-gone' }]);
      expect(await judge.names(segments)).toEqual(['1', '2', 'other']);
    });

    it('whose segments are gone already are deleted all the same', async () => {
      const { container, segments } = await fillLarge();
      const client = await contract.open();
      const large = (await walk(client, containerPlace(container))).filter(({ segmented }) => segmented);
      await judge.demand({ method: 'DELETE', container: segments, id: '1' });
      expect(await client.remove(targets(large), call())).toMatchObject([{ result: 'deleted' }]);
      expect(await judge.names(segments)).toEqual(['other']);
    });

    it('leave their segments where versions are kept, which need them', async () => {
      const { container, segments } = await fillLarge();
      await judge.demand({ method: 'POST', container, headers: { 'x-versions-enabled': 'true' } });
      const client = await contract.open();
      const entries = await walk(client, containerPlace(container));
      expect(entries.filter(({ segmented }) => segmented)).toEqual([]);
      expect(await client.remove(targets(entries), call())).toMatchObject(entries.map(() => ({ result: 'deleted' })));
      expect(await judge.names(segments)).toEqual(['1', '2', 'other']);
    });
  });

  describe('versions', () => {
    async function versioned() {
      const container = await server.createContainer();
      await judge.demand({ method: 'POST', container, headers: { 'x-versions-enabled': 'true' } });
      return container;
    }

    it('are listed newest first beside markers, deleted one by one, and brought back', async () => {
      const container = await versioned();
      for (const body of ['1', '22']) await judge.put(container, 'a', body);
      await judge.demand({ method: 'DELETE', container, id: 'a' });
      await judge.put(container, 'folder/b');
      const client = await contract.open();
      const top = (await client.list(containerPlace(container), { versions: true }, call())).entries;
      const all = await walk(client, containerPlace(container), { versions: true });
      const facts = ({ id, size, version }: Entry) => [id, size, version?.latest, version?.marker];
      expect(all.map(facts)).toEqual([
        ['a', undefined, true, true],
        ['a', 2, false, false],
        ['a', 1, false, false],
        ['folder/b', 1, true, false],
      ]);
      expect(top.map(({ kind, id }) => `${kind} ${id}`)).toEqual([
        ...['object a', 'object a', 'object a', 'folder folder/'],
      ]);
      const [marker, second, first] = all;
      if (!marker || !second || !first) expect.unreachable();
      expect(Buffer.from(await client.read(first, { limit: 9 }, call())).toString()).toBe('1');
      expect(await client.stat(second, call())).toMatchObject({ size: 2, version: second.version });

      await client.restore(marker, call());
      expect((await judge.demand({ container, id: 'a' })).text).toBe('22');
      expect((await walk(client, containerPlace(container), { versions: true, id: 'a' })).map(facts)).toEqual([
        ['a', 2, true, false],
        ['a', 1, false, false],
      ]);
      expect(await client.remove(targets([first]), call())).toMatchObject([{ result: 'deleted' }]);
      expect(await client.remove(targets([first]), call())).toMatchObject([{ result: 'already-gone' }]);
      expect((await judge.demand({ container, id: 'a' })).text).toBe('22');
    });

    it('of odd names are each deleted exactly, page by page', async () => {
      const container = await versioned();
      // The longest has no room for what Swift adds to the name of a version.
      const names = oddKeys.filter((name) => name.isWellFormed() && !name.includes('\0') && name.length < 1000);
      for (const name of names) {
        await judge.put(container, name);
        await judge.put(container, name);
      }
      const client = await contract.open();
      const all = await walk(client, containerPlace(container), { versions: true });
      expect(byBytes(all.map(({ id }) => id))).toEqual(byBytes([...names, ...names]));
      const paged: Entry[] = [];
      let cursor: string | undefined;
      do {
        const query = { versions: true, limit: 7, ...(cursor === undefined ? {} : { cursor }) };
        const page = await client.list({ kind: 'folder', container, id: 'a/' }, query, call());
        paged.push(...page.entries);
        cursor = page.cursor;
      } while (cursor !== undefined);
      const inside = names.filter((name) => name.startsWith('a/') && !name.slice(2).includes('/'));
      expect(byBytes(paged.filter(({ kind }) => kind === 'object').map(({ id }) => id))).toEqual(
        byBytes([...inside, ...inside]),
      );
      const old = all.filter(({ version }) => !version?.latest);
      expect((await client.remove(targets(old), call())).filter(({ result }) => result !== 'deleted')).toEqual([]);
      expect(byBytes(await judge.names(container, { versions: 'true' }))).toEqual(byBytes(names));
    });

    it('keep the probe of a verification away, which would leave a marker', async () => {
      const container = await versioned();
      const proxy = await contract.proxy();
      const verification = await contract.verify(await contract.open({ container }, proxy.endpoint));
      expect(verification.steps.at(-1)).toMatchObject({ stage: 'delete', status: 'unknown' });
      expect(proxy.requests.filter(writes)).toEqual([]);
    });

    const told = (restorations: readonly Restoration[]) =>
      restorations.map(({ deleted, result, error }) => [deleted.entry.id, result, error?.kind]);
    async function deleteAll(client: Required<StorageClient>, container: string): Promise<Deleted[]> {
      const entries = await walk(client, containerPlace(container));
      const outcomes = await client.remove(
        entries.map((entry) => ({ entry, mode: 'recoverable' as const })),
        call(),
      );
      expect(outcomes.filter(({ result }) => result !== 'deleted')).toEqual([]);
      return outcomes.map(({ target, trace }) => ({ entry: target.entry, ...(trace === undefined ? {} : { trace }) }));
    }
    async function withHistory() {
      const [container, archive] = [await server.createContainer(), await server.createContainer()];
      await judge.demand({ method: 'POST', container, headers: { 'x-history-location': archive } });
      return container;
    }

    it.each([
      ['versions', versioned],
      ['an archive', withHistory],
    ])('are brought back byte for byte from %s, and what came since is kept', async (_, make) => {
      const container = await make();
      // Some are deleted one by one, the others together.
      const names = ['a b+c%20d', 'a/b', '<&>"\'', 'emoji \u{1f600}', '//', 'trailing/', 'newer', 'x'.repeat(300)];
      for (const name of names) await judge.put(container, name, `content of ${name}`);
      const client = await contract.open();
      expect(await client.recovery(containerPlace(container), call())).toMatchObject({ recoverable: 'yes' });
      const deleted = await deleteAll(client, container);
      expect(await judge.names(container)).toEqual([]);
      await judge.put(container, 'newer', 'came since');
      const first = await client.undelete(deleted, call());
      expect(first.map(({ deleted: { entry } }) => entry)).toEqual(deleted.map(({ entry }) => entry));
      expect(told(first).filter(([, result]) => result !== 'restored')).toEqual([['newer', 'changed', 'changed']]);
      for (const name of names) {
        const { text } = await judge.demand({ container, id: name });
        expect(text).toBe(name === 'newer' ? 'came since' : `content of ${name}`);
      }
      const again = await client.undelete(deleted, call());
      expect(told(again).filter(([, result]) => result !== 'already-there')).toEqual([['newer', 'changed', 'changed']]);
      expect(byBytes(await judge.names(container))).toEqual(byBytes(names));
    });

    it('are brought back only as they were planned, without their markers', async () => {
      const container = await versioned();
      for (const name of ['overwritten', 'purged', 'twice', 'well']) await judge.put(container, name, 'planned');
      const client = await contract.open();
      const planned = await walk(client, containerPlace(container));
      await judge.put(container, 'overwritten', 'after the plan');
      const deleted = (await deleteAll(client, container)).map(({ trace }, index) => {
        const entry = planned[index] ?? expect.unreachable();
        return trace === undefined ? { entry } : { entry, trace };
      });
      await judge.demand({ method: 'DELETE', container, id: 'twice' }).catch(() => undefined);
      const purged = await walk(client, containerPlace(container), { versions: true, id: 'purged' });
      await client.remove(targets(purged), call());
      expect(told(await client.undelete(deleted, call()))).toEqual([
        ['overwritten', 'changed', 'changed'],
        ['purged', 'failed', 'not-found'],
        ['twice', 'restored', undefined],
        ['well', 'restored', undefined],
      ]);
      const left = await walk(client, containerPlace(container), { versions: true });
      expect(left.filter(({ id }) => id === 'twice' || id === 'well').map(({ version }) => version?.marker)).toEqual([
        false,
        false,
      ]);
      expect(byBytes(await judge.names(container))).toEqual(['twice', 'well']);
    });

    it('stay current when they came between the look and the change', async () => {
      const container = await versioned();
      await judge.put(container, 'a', 'planned');
      const proxy = await contract.proxy();
      const client = await contract.open({}, proxy.endpoint);
      const deleted = await deleteAll(client, container);
      let newer: Promise<void> | undefined;
      const held = new Promise<void>((resolve) => {
        proxy.addRule({
          when: ({ method, target }) => {
            if (method === 'GET' && target.includes('versions=true') && !newer) {
              newer = judge.put(container, 'a', 'newer');
              resolve();
            }
            return false;
          },
          fault: { kind: 'reset-before' },
        });
      });
      const [restoration] = await client.undelete(deleted, call());
      await held;
      await newer;
      expect(restoration?.result).toBe('changed');
      expect((await judge.demand({ container, id: 'a' })).text).toBe('newer');
    });

    it('say that they were not kept where the container keeps none', async () => {
      const container = await contract.fill(['a']);
      const client = await contract.open();
      const deleted = await deleteAll(client, container);
      expect(told(await client.undelete(deleted, call()))).toEqual([['a', 'failed', 'unsupported']]);
    });

    it('say whether what is deleted can be brought back', async () => {
      const client = await contract.open();
      const [enabled, archive] = [await versioned(), await server.createContainer()];
      const history = await server.createContainer();
      await judge.demand({ method: 'POST', container: history, headers: { 'x-history-location': archive } });
      const stack = await server.createContainer();
      await judge.demand({ method: 'POST', container: stack, headers: { 'x-versions-location': archive } });
      const words = async (name: string) => (await client.recovery(containerPlace(name), call())).recoverable;
      expect([await words(enabled), await words(history), await words(stack), await words(archive)]).toEqual([
        ...['yes', 'yes', 'unknown', 'no'],
      ]);
    });
  });

  describe('links', () => {
    const key = 'a-key-that-signs-links';
    const keyHeader = (value: string) => ({ 'x-account-meta-temp-url-key': value });
    const share = async (client: Required<StorageClient>, container: string, id: string) =>
      client.share(targetOf(container, id).entry, { seconds: 600 }, call());

    it('say how to go on where nothing signs them, and set nothing', async () => {
      const container = await contract.fill(['a']);
      await judge.demand({ method: 'POST', headers: keyHeader('') });
      const proxy = await contract.proxy();
      const client = await contract.open({}, proxy.endpoint);
      const failure = await contract.failureOf(share(client, container, 'a'));
      expect(failure).toMatchObject({ kind: 'unsupported', hint: expect.stringMatching(/Temp-URL-Key/) });
      expect(proxy.requests.filter(writes)).toEqual([]);
    });

    it.each(['account', 'container'])('open each name with a key of the %s', async (where) => {
      const { container, stored } = await contract.fillWithOddKeys();
      if (where === 'account') await judge.demand({ method: 'POST', headers: keyHeader(key) });
      else {
        await judge.demand({ method: 'POST', headers: keyHeader('') });
        const headers = { 'x-container-meta-temp-url-key': key };
        await judge.demand({ method: 'POST', container, headers });
      }
      const client = await contract.open();
      let opened = 0;
      for (const id of stored) {
        const dots = id.split('/').some((part) => part === '.' || part === '..');
        if (dots || /^\/+$/.test(id)) {
          expect(await contract.failureOf(share(client, container, id))).toMatchObject({ kind: 'unsupported' });
          continue;
        }
        const { url, expires } = await share(client, container, id);
        expect(url).not.toContain(key);
        expect(expires).toBeGreaterThan(Date.now() + 590_000);
        const answer = await fetch(url);
        expect([id, answer.status, await answer.text()]).toEqual([id, 200, 'x']);
        opened++;
      }
      expect(opened).toBeGreaterThan(45);
      await judge.demand({ method: 'POST', headers: keyHeader('') });
    });
  });

  describe('bulk deletion', () => {
    const names = Array.from({ length: 60 }, (_, n) => `k${n}`);

    it('names what was refused, and believes nothing that does not add up', async () => {
      const container = await contract.fill(['a', 'b', 'c']);
      const proxy = await contract.proxy();
      const client = await contract.open({}, proxy.endpoint);
      const say = (report: object) =>
        proxy.addRule({
          when: ({ method }) => method === 'POST',
          fault: { kind: 'status', status: 200, body: JSON.stringify(report) },
        });
      const report = { 'Response Status': '400 Bad Request', 'Response Body': '' };
      const path = (id: string) => `/${container}/${id}`;
      const cases: readonly [object, readonly string[]][] = [
        [
          { 'Number Deleted': 2, 'Number Not Found': 0, Errors: [[path('b'), '403 Forbidden']] },
          ['deleted', 'denied', 'deleted'],
        ],
        [
          { 'Number Deleted': 1, 'Number Not Found': 1, Errors: [[path('b'), '409 Conflict']] },
          ['already-gone', 'failed', 'deleted'],
        ],
        [
          { 'Number Deleted': 1, 'Number Not Found': 0, Errors: [[path('b'), '403 Forbidden']] },
          ['failed', 'denied', 'failed'],
        ],
        [
          { 'Number Deleted': 2, 'Number Not Found': 0, Errors: [[path('z'), '403 Forbidden']] },
          ['failed', 'failed', 'failed'],
        ],
        [
          { 'Number Deleted': 3, 'Number Not Found': 0, Errors: [[path('b'), '403 Forbidden']] },
          ['failed', 'denied', 'failed'],
        ],
        [{ 'Number Deleted': 3, 'Number Not Found': 0 }, ['failed', 'failed', 'failed']],
        [{ 'Number Deleted': 0, 'Number Not Found': 0, Errors: [] }, ['failed', 'failed', 'failed']],
      ];
      for (const [said, results] of cases) {
        proxy.reset();
        say({ ...report, ...said });
        const outcomes = await contract.remove(client, container, ['a', 'b', 'c']);
        expect(
          outcomes.map(({ result }) => result),
          JSON.stringify(said),
        ).toEqual(results);
      }
      expect(await server.ids(container)).toEqual(['a', 'b', 'c']);
    });

    describe('at a server that', () => {
      const running: { stop(): Promise<void> }[] = [];
      afterAll(() => Promise.all(running.map((each) => each.stop())));

      async function proxyWith(filters: AuthFilters) {
        const [port = 0] = await freePorts(1);
        const { access } = server;
        const auth = { ...tempAuth(access), ...filters };
        running.push(await startSwiftProxy({ folder: access.folder, memcached: access.memcached, port, auth }));
        const endpoint = `http://127.0.0.1:${port}`;
        await waitUntil('the proxy to answer', 60_000, () =>
          fetch(`${endpoint}/info`).then(
            ({ ok }) => ok,
            () => false,
          ),
        );
        return contract.proxy({ target: endpoint });
      }

      it('takes fewer at once goes in smaller lists', async () => {
        const proxy = await proxyWith({ bulk: 'use = egg:swift#bulk\nmax_deletes_per_request = 25' });
        const container = await contract.fill(names);
        const client = await contract.open({}, proxy.endpoint);
        const outcomes = await contract.remove(client, container, names);
        expect(outcomes.filter(({ result }) => result !== 'deleted')).toEqual([]);
        expect(await server.ids(container)).toEqual([]);
        expect(proxy.requests.map(({ method, target }) => `${method} ${target}`)).toEqual([
          `POST ${account}?bulk-delete`,
          'GET /info',
          ...Array.from({ length: 3 }, () => `POST ${account}?bulk-delete`),
        ]);
      });

      it('takes no lists goes one by one', async () => {
        const proxy = await proxyWith({ bulk: 'use = egg:swift#healthcheck' });
        const container = await contract.fill(names);
        const client = await contract.open({}, proxy.endpoint);
        for (const some of [names.slice(0, 20), names.slice(20)]) {
          const outcomes = await contract.remove(client, container, some);
          expect(outcomes.filter(({ result }) => result !== 'deleted')).toEqual([]);
        }
        expect(await server.ids(container)).toEqual([]);
        expect(proxy.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
        expect(contract.deletions(proxy).filter(({ method }) => method === 'DELETE')).toHaveLength(names.length);
      });
    });
  });

  describe('a second client', () => {
    it('lists the same odd names', async ({ skip }) => {
      const missing = await missingPeer('swift', 'python3-swiftclient');
      if (missing) skip(missing);
      const printable = oddKeys.filter((name) => name.isWellFormed() && !/[\p{Cc}\u2028\u2029]/u.test(name));
      const container = await contract.fill(printable);
      const { access } = server;
      const environment = {
        ST_AUTH: `${access.endpoint}/auth/v1.0`,
        ST_USER: access.user.accessKeyId,
        ST_KEY: access.user.secretAccessKey,
      };
      const output = await runCommand('swift', ['list', container], environment);
      const ours = await walk(await contract.open(), containerPlace(container));
      expect(byBytes(ours.map(({ id }) => id))).toEqual(byBytes(output.split('\n').slice(0, -1)));
      expect(ours).toHaveLength(printable.length);
    });
  });
});
