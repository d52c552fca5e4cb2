import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { parseDraft } from '../../src/core/drafts.ts';
import type { Draft } from '../../src/core/fields.ts';
import type { Deleted, Entry, StorageClient } from '../../src/core/storageClient.ts';
import s3 from '../../src/providers/s3/provider.ts';
import { runRemoval, runUndo } from '../../src/removal/engine.ts';
import { readOutcomes } from '../../src/removal/outcomeLog.ts';
import { planRemoval } from '../../src/removal/plan.ts';
import { planUndo } from '../../src/removal/undo.ts';
import { type FaultProxy, startFaultProxy } from '../servers/faultProxy.ts';
import { awsEnvironment, missingPeer } from '../servers/peers.ts';
import { runCommand, temporaryFolder } from '../servers/serverProcess.ts';
import { isSendable, oddKeys } from '../support/oddKeys.ts';
import type { RgwAccess } from '../support/rgwGlobal.ts';
import { VersionedBuckets } from '../support/versionedBuckets.ts';
import { call, collect, containerPlace, direct, inParallel } from './contractSuite.ts';

const missing = await missingPeer('aws', 'awscli');
const rgw = inject('rgw');
if ('unavailable' in rgw) it.skip(`undo: ${rgw.unavailable}`);
else describe('undo on Ceph RGW', () => suite(rgw));

function suite(access: RgwAccess): void {
  const buckets = new VersionedBuckets(access);
  const opened: AsyncDisposable[] = [];
  let client: Required<StorageClient>;
  let proxy: FaultProxy;

  async function open(change: Draft = {}) {
    const { accessKeyId, secretAccessKey } = access;
    const draft = { service: 'ceph', endpoint: proxy.endpoint, accessKeyId, secretAccessKey, pathStyle: true };
    const made = await s3.open({ ...parseDraft(s3.fields, { ...draft, ...change }), network: direct });
    opened.push(made);
    return made as Required<StorageClient>;
  }

  beforeAll(async () => {
    proxy = await startFaultProxy({ target: access.endpoint });
    client = await open();
  });

  afterEach(() => proxy.reset());

  afterAll(async () => {
    for (const each of opened) await each[Symbol.asyncDispose]();
    await proxy.stop();
  });

  const current = async (bucket: string) =>
    (await collect(client.walk(containerPlace(bucket), {}, call()))).flatMap(({ entries }) => entries);

  /** Key and etag of all that is there, as the AWS CLI lists it. */
  async function judged(bucket: string): Promise<Map<string, string>> {
    const args = ['list-objects-v2', '--bucket', bucket, '--endpoint-url', access.endpoint, '--output', 'json'];
    const { Contents = [] } = JSON.parse((await runCommand('aws', ['s3api', ...args], awsEnvironment(access))) || '{}');
    return new Map(Contents.map(({ Key, ETag }: { Key: string; ETag: string }) => [Key, ETag]));
  }

  /** Deletes and gives what an undo gets. */
  async function deleted(bucket: string, keys: readonly string[]): Promise<Deleted[]> {
    const entries = (await current(bucket)).filter(({ id }) => keys.includes(id));
    const outcomes = await client.remove(
      entries.map((entry) => ({ entry, mode: 'recoverable' as const })),
      call(),
    );
    return outcomes.map(({ target: { entry }, trace }) => ({ entry, ...(trace ? { trace } : {}) }));
  }

  const undelete = async (batch: readonly Deleted[]) =>
    (await client.undelete(batch, call())).map(({ deleted: { entry }, result, error }) => [
      entry.id,
      result,
      ...(error ? [error.kind] : []),
    ]);

  it.skipIf(missing)(
    'brings back 1,200 objects of all names, and nothing of what came since',
    { timeout: 120_000 },
    async () => {
      const bucket = await buckets.create('versioned');
      const odd = oddKeys.filter(isSendable);
      const plain = Array.from({ length: 1200 }, (_, n) => `data/${String(n).padStart(4, '0')}`);
      let count = 0;
      await inParallel([...odd, ...plain], 16, async (key) => {
        // Some names this client can't put: those that are refused are not there.
        await buckets.put(bucket, key, `body of ${key}`).then(
          () => count++,
          (error: unknown) => expect(plain, String(error)).not.toContain(key),
        );
      });
      expect(count).toBeGreaterThan(1255);
      const before = await judged(bucket);
      expect(before.size).toBe(count);

      const storage = await temporaryFolder('undo');
      const common = { client, provider: s3, signal: new AbortController().signal };
      const credential = { id: 'c', name: 'RGW' };
      const selection: Entry[] = [{ kind: 'container', id: bucket, name: bucket, path: bucket }];
      const removal = await planRemoval({ ...common, credential, selection, folder: storage.path });
      expect(removal.plan).toMatchObject({ undo: true, recovery: { recoverable: 'yes' } });
      expect((await runRemoval({ ...common, removal })).results.deleted).toBe(count);
      expect(await judged(bucket)).toEqual(new Map());
      const traces = (await collect(readOutcomes(removal))).map(({ trace }) => trace);
      expect(new Set(traces).size, 'each has a marker of its own').toBe(count);

      const [newer, again, same] = [plain.slice(0, 20), plain.slice(20, 25), plain.slice(25, 28)];
      const lost = plain.slice(28, 31);
      for (const key of newer) await buckets.put(bucket, key, 'newer');
      for (const key of again) {
        await buckets.put(bucket, key, 'newer');
        await buckets.mark(bucket, key);
      }
      for (const key of same) await buckets.put(bucket, key, `body of ${key}`);
      const versions = (await collect(client.walk(containerPlace(bucket), { versions: true }, call()))).flatMap(
        ({ entries }) => entries,
      );
      const gone = versions.filter(({ id, version }) => lost.includes(id) && !version?.marker);
      await client.remove(
        gone.map((entry) => ({ entry, mode: 'permanent' as const })),
        call(),
      );

      proxy.reset();
      const undo = await planUndo(removal, credential);
      const report = await runUndo({ ...common, removal: undo });
      expect(report.results).toEqual({
        restored: count - 20 - 5 - 3 - 3,
        'already-there': 3,
        changed: 25,
        denied: 0,
        failed: 3,
        'not-attempted': 0,
      });
      const lists = proxy.requests.filter(({ method }) => method === 'GET').length;
      expect(lists, 'it looks page by page, not object by object').toBeLessThan(60);
      expect(proxy.requests.filter(({ method }) => method === 'PUT' || method === 'HEAD')).toEqual([]);
      const after = await judged(bucket);
      for (const key of newer) expect(after.get(key)).not.toBe(before.get(key));
      for (const key of newer) after.set(key, before.get(key) ?? '');
      for (const key of [...again, ...lost]) {
        expect(after.has(key)).toBe(false);
        after.set(key, before.get(key) ?? '');
      }
      expect(after).toEqual(before);
      const reasons = new Map(
        (await collect(readOutcomes(undo))).map(({ entry, error }) => [entry.id, error?.sentence]),
      );
      expect(reasons.get(newer[0] ?? '')).toMatch(/^Something newer stands there, which is kept: /);
      expect(reasons.get(again[0] ?? '')).toMatch(/^It came back and was deleted again since: /);
      expect(reasons.get(lost[0] ?? '')).toMatch(/^There is nothing left to bring back: /);

      const rest = await planUndo(removal, credential);
      expect(rest.plan.manifest.entries, 'undone again, it has what is not back yet').toBe(28);
      await storage.remove();
    },
  );

  it('takes away the one marker that the deletion has made, and finds it done the second time', async () => {
    const bucket = await buckets.create('versioned');
    await buckets.put(bucket, 'a', 'old');
    const id = await buckets.put(bucket, 'a', 'new');
    const batch = await deleted(bucket, ['a']);
    expect(await undelete(batch)).toEqual([['a', 'restored']]);
    proxy.reset();
    expect(await undelete(batch)).toEqual([['a', 'already-there']]);
    expect(proxy.requests.every(({ method }) => method === 'GET')).toBe(true);
    expect((await buckets.versions(bucket)).filter((line) => line.endsWith('!'))).toEqual([]);
    expect(await buckets.versions(bucket)).toContain(`a#${id}`);
  });

  it('brings back no older version in place of the one that was deleted', async () => {
    const bucket = await buckets.create('versioned');
    await buckets.put(bucket, 'a', 'old');
    const id = await buckets.put(bucket, 'a', 'new');
    const batch = await deleted(bucket, ['a']);
    await client.remove(
      [{ entry: { ...(batch[0]?.entry as Entry), version: { id, latest: false, marker: false } }, mode: 'permanent' }],
      call(),
    );
    expect(await undelete(batch)).toEqual([['a', 'failed', 'not-found']]);
    expect(await current(bucket)).toEqual([]);
  });

  it('without the name of the marker it believes only one that was made meanwhile', async () => {
    const bucket = await buckets.create('versioned');
    for (const key of ['a', 'b', 'c']) await buckets.put(bucket, key);
    const before = Date.now();
    const entries = (await deleted(bucket, ['a', 'b', 'c'])).map(({ entry }) => entry);
    const [a, b, c] = entries as [Entry, Entry, Entry];
    const batch: Deleted[] = [
      { entry: a },
      { entry: b, within: [before + 60_000, before + 70_000] },
      { entry: c, within: [before, Date.now() + 5_000] },
    ];
    expect(await undelete(batch)).toEqual([
      ['a', 'failed', 'unsupported'],
      ['b', 'failed', 'unsupported'],
      ['c', 'restored'],
    ]);
    expect((await current(bucket)).map(({ id }) => id)).toEqual(['c']);
  });

  it('finds what lies far apart, among many versions and between other keys', async () => {
    const bucket = await buckets.create('versioned');
    const keys = Array.from({ length: 60 }, (_, n) => `k${String(n).padStart(3, '0')}`);
    await inParallel(keys, 16, async (key) => {
      for (const body of ['1', '2', '3']) await buckets.put(bucket, key, body);
    });
    const meant = keys.filter((_, n) => n % 2 === 0);
    const batch = await deleted(bucket, meant);
    expect(batch).toHaveLength(30);
    proxy.reset();
    expect(new Set((await undelete(batch.toReversed())).map(([, result]) => result))).toEqual(new Set(['restored']));
    const asked = proxy.requests.filter(({ method }) => method === 'GET');
    expect(asked.every(({ target }) => target.includes('prefix=k0'))).toBe(true);
    expect(asked.length).toBeLessThan(10);
    expect((await current(bucket)).map(({ id }) => id)).toEqual(keys);
  });

  it('finds what stands close together in two places, with much between them, by pages', async () => {
    const bucket = await buckets.create('versioned');
    const numbered = (start: string, count: number) => Array.from({ length: count }, (_, n) => `${start}${1000 + n}`);
    const meant = [...numbered('a', 60), ...numbered('z', 60)];
    await inParallel([...meant, ...numbered('m', 1100)], 16, async (key) => void (await buckets.put(bucket, key, 'x')));
    const batch = await deleted(bucket, meant);
    proxy.reset();
    expect(new Set((await undelete(batch)).map(([, result]) => result))).toEqual(new Set(['restored']));
    expect(proxy.requests.filter(({ method }) => method === 'GET').length).toBeLessThan(20);
    expect(await current(bucket)).toHaveLength(1220);
  });

  it('of a bucket whose versioning is suspended no marker is taken away, whose id may be that of what is written next', async () => {
    const bucket = await buckets.create('versioned');
    await buckets.put(bucket, 'kept');
    await buckets.suspend(bucket);
    await buckets.put(bucket, 'lost');
    const batch = await deleted(bucket, ['kept', 'lost']);
    expect(await undelete(batch)).toEqual([
      ['kept', 'failed', 'unsupported'],
      ['lost', 'failed', 'not-found'],
    ]);
  });

  it('believes nothing to be there again that does not count as current', async () => {
    const bucket = await buckets.create('versioned');
    await buckets.put(bucket, 'a');
    const batch = await deleted(bucket, ['a']);
    const body = (original: Buffer) => Buffer.from(original.toString().replaceAll('DeleteMarker>', 'Ignored>'));
    const when = ({ target }: { readonly target: string }) => target.includes('versions');
    proxy.addRule({ when, fault: { kind: 'replace-body', body } });
    expect(await undelete(batch)).toEqual([['a', 'failed', 'unsupported']]);
    expect(proxy.deletions().filter(({ body: text }) => text?.includes('<VersionId>'))).toEqual([]);
    proxy.reset();
    expect(await current(bucket)).toEqual([]);
  });

  it('keys that may not list versions are told so, and nothing is taken away', async () => {
    const bucket = await buckets.create('versioned');
    await buckets.put(bucket, 'a');
    const batch = await deleted(bucket, ['a']);
    proxy.addRule({ when: ({ target }) => target.includes('versions'), fault: { kind: 'status', status: 403 } });
    await expect(client.undelete(batch, call())).rejects.toMatchObject({ kind: 'forbidden' });
    proxy.reset();
    expect(await undelete(batch)).toEqual([['a', 'restored']]);
  });

  it.each([
    ['an answer that never came hides nothing: it is back', { kind: 'reset-after' }, 'already-there'],
    ['what was never asked is still gone', { kind: 'reset-before' }, 'failed'],
    ['an answer that lies is not believed', { kind: 'status', status: 200, body: lie('a') }, 'failed'],
  ] as const)('%s', async (_, fault, result) => {
    const bucket = await buckets.create('versioned');
    for (const key of ['a', 'b']) await buckets.put(bucket, key);
    const batch = await deleted(bucket, ['a', 'b']);
    proxy.addRule({ when: ({ method }) => method === 'POST', fault });
    const results = await undelete(batch);
    proxy.reset();
    expect(results.map(([id, found]) => [id, found])).toEqual([
      ['a', result],
      ['b', result],
    ]);
    const there = (await current(bucket)).map(({ id }) => id);
    expect(there).toEqual(result === 'failed' ? [] : ['a', 'b']);
  });
}

/** What a server writes that claims to have deleted. */
function lie(key: string): string {
  return `<?xml version="1.0"?><DeleteResult><Deleted><Key>${key}</Key></Deleted></DeleteResult>`;
}
