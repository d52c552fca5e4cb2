import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { parseDraft } from '../../src/core/drafts.ts';
import type { Draft } from '../../src/core/fields.ts';
import type { Entry, ListQuery, Place, StorageClient, Target } from '../../src/core/storageClient.ts';
import s3 from '../../src/providers/s3/provider.ts';
import { type FaultProxy, startFaultProxy } from '../servers/faultProxy.ts';
import { isSendable, oddKeys } from '../support/oddKeys.ts';
import type { RgwAccess } from '../support/rgwGlobal.ts';
import { VersionedBuckets } from '../support/versionedBuckets.ts';
import { byBytes, call, collect, containerPlace, direct, inParallel } from './contractSuite.ts';

const rgw = inject('rgw');
if ('unavailable' in rgw) it.skip(`versions, locks and uploads: ${rgw.unavailable}`);
else describe('versions, locks and uploads on Ceph RGW', () => suite(rgw));

function suite(access: RgwAccess): void {
  const buckets = new VersionedBuckets(access);
  const opened: AsyncDisposable[] = [];
  let client: Required<StorageClient>;
  let proxy: FaultProxy;

  async function open(endpoint: string, change: Draft = {}) {
    const { accessKeyId, secretAccessKey } = access;
    const draft = { service: 'ceph', endpoint, accessKeyId, secretAccessKey, pathStyle: true, ...change };
    const made = await s3.open({ ...parseDraft(s3.fields, draft), network: direct });
    opened.push(made);
    return made as Required<StorageClient>;
  }

  beforeAll(async () => {
    proxy = await startFaultProxy({ target: access.endpoint });
    client = await open(proxy.endpoint);
  });

  afterAll(async () => {
    for (const each of opened) await each[Symbol.asyncDispose]();
    await proxy.stop();
  });

  const versions = async (at: Place, more: ListQuery = {}) => {
    const entries: Entry[] = [];
    let cursor: string | undefined;
    do {
      const page = await client.list(at, { ...more, versions: true, ...(cursor ? { cursor } : {}) }, call());
      entries.push(...page.entries);
      cursor = page.cursor;
    } while (cursor !== undefined);
    return entries;
  };

  const walk = async (at: Place, query: { id?: string } = {}) =>
    (await collect(client.walk(at, { ...query, versions: true }, call()))).flatMap(({ entries }) => entries);

  const remove = async (entries: readonly Entry[], more: Partial<Target> = {}) =>
    await client.remove(
      entries.map((entry): Target => ({ entry, mode: 'permanent', ...more })),
      call(),
    );

  const written = ({ id, version }: Entry) => `${id}#${version?.id}${version?.marker ? '!' : ''}`;

  describe('versions', () => {
    it('are listed newest first beside markers, level by level', async () => {
      const bucket = await buckets.create('versioned');
      const [first, second] = [await buckets.put(bucket, 'a', '1'), await buckets.put(bucket, 'a', '22')];
      const marker = await buckets.mark(bucket, 'a');
      const kept = await buckets.put(bucket, 'b');
      const inside = await buckets.put(bucket, 'folder/c');
      const insideMarker = await buckets.mark(bucket, 'folder/c');
      const top = await versions(containerPlace(bucket));
      expect(top.map(({ kind }) => kind)).toEqual(['folder', 'object', 'object', 'object', 'object']);
      expect(top.slice(1).map(({ id, size, version }) => ({ id, size, version }))).toEqual([
        { id: 'a', size: undefined, version: { id: marker, latest: true, marker: true } },
        { id: 'a', size: 2, version: { id: second, latest: false, marker: false } },
        { id: 'a', size: 1, version: { id: first, latest: false, marker: false } },
        { id: 'b', size: 1, version: { id: kept, latest: true, marker: false } },
      ]);
      const below = await versions({ kind: 'folder', container: bucket, id: 'folder/' });
      expect(below.map(({ name, version }) => [name, version?.id])).toEqual([
        ['c', insideMarker],
        ['c', inside],
      ]);
      expect((await walk(containerPlace(bucket))).map(written).sort()).toEqual(await buckets.versions(bucket));
      expect((await walk(containerPlace(bucket), { id: 'a' })).map(written)).toHaveLength(3);
      expect(await client.list(containerPlace(bucket), {}, call())).toMatchObject({ entries: [{ id: 'b' }] });
    });

    it('of a bucket without versioning are called null, and can be deleted so', async () => {
      const bucket = await buckets.create('plain');
      await buckets.put(bucket, 'a');
      await buckets.put(bucket, 'b');
      const found = await versions(containerPlace(bucket));
      expect(found.map(({ id, version }) => [id, version])).toEqual([
        ['a', { id: 'null', latest: true, marker: false }],
        ['b', { id: 'null', latest: true, marker: false }],
      ]);
      expect((await remove(found)).map(({ result }) => result)).toEqual(['deleted', 'deleted']);
      expect(await buckets.versions(bucket)).toEqual([]);
    });

    it('are listed page by page, each once, with and without folders', async () => {
      const bucket = await buckets.create('versioned');
      const keys = Array.from({ length: 9 }, (_, n) => `${n % 2 ? 'in/' : ''}k${n}`);
      for (const key of keys) for (const body of ['1', '2']) await buckets.put(bucket, key, body);
      for (const key of keys.slice(0, 3)) await buckets.mark(bucket, key);
      const all = await buckets.versions(bucket);
      for (const limit of [1, 2, 3, 5]) {
        const found = await versions(containerPlace(bucket), { limit });
        expect(found.filter(({ kind }) => kind === 'folder').map(({ id }) => id)).toEqual(['in/']);
        expect(
          found
            .filter(({ kind }) => kind === 'object')
            .map(written)
            .sort(),
        ).toEqual(all.filter((line) => !line.startsWith('in/')));
      }
      const prefixed = await versions(containerPlace(bucket), { prefix: 'k2' });
      expect(prefixed.map(({ id }) => id)).toEqual(['k2', 'k2', 'k2']);
    });

    it('go one by one: the others stay, and what was before counts again', async () => {
      const bucket = await buckets.create('versioned');
      const first = await buckets.put(bucket, 'a', '1');
      await buckets.put(bucket, 'a', '22');
      await buckets.put(bucket, 'ab', 'other');
      const [newest] = (await versions(containerPlace(bucket))).filter(({ id }) => id === 'a');
      expect((await remove([newest as Entry])).map(({ result }) => result)).toEqual(['deleted']);
      expect(await versions(containerPlace(bucket))).toMatchObject([
        { id: 'a', version: { id: first, latest: true } },
        { id: 'ab' },
      ]);
    });

    it('all go together, markers too, and again is already gone', async () => {
      const bucket = await buckets.create('versioned');
      for (const key of ['a', 'b']) for (const body of ['1', '2']) await buckets.put(bucket, key, body);
      await buckets.mark(bucket, 'a');
      const all = await walk(containerPlace(bucket));
      expect((await remove(all)).map(({ result }) => result)).toEqual(Array(5).fill('deleted'));
      expect(await buckets.versions(bucket)).toEqual([]);
      for (const { result, error } of await remove(all)) {
        expect(['deleted', 'already-gone']).toContain(result);
        expect(error).toBeUndefined();
      }
      expect(await buckets.versions(bucket)).toEqual([]);
    });

    it('stay when only what is current is deleted: a marker stands before them, and undelete takes it away', async () => {
      const bucket = await buckets.create('versioned');
      const id = await buckets.put(bucket, 'a', 'content');
      const [current] = (await client.list(containerPlace(bucket), {}, call())).entries;
      await remove([current as Entry], { mode: 'recoverable' });
      const [marker, kept] = await versions(containerPlace(bucket));
      expect(marker?.version).toMatchObject({ latest: true, marker: true });
      expect(kept?.version).toEqual({ id, latest: false, marker: false });
      await client.restore(marker as Entry, call());
      expect((await versions(containerPlace(bucket))).map(written)).toEqual([`a#${id}`]);
      expect((await client.list(containerPlace(bucket), {}, call())).entries).toMatchObject([{ id: 'a', size: 7 }]);
    });

    it('are never deleted by undelete, whatever the row said', async () => {
      const bucket = await buckets.create('versioned');
      const id = await buckets.put(bucket, 'a');
      const [version] = await versions(containerPlace(bucket));
      const forged = { ...(version as Entry), version: { id, latest: true, marker: true } };
      const gone = { ...forged, version: { ...forged.version, id: 'goneGoneGoneGoneGoneGoneGoneGone' } };
      proxy.reset();
      for (const [entry, kind] of [
        [version, 'unsupported'],
        [forged, 'unsupported'],
        [gone, 'not-found'],
      ] as const) {
        await expect(client.restore(entry as Entry, call())).rejects.toMatchObject({ kind });
      }
      expect(proxy.requests.filter(({ method }) => method === 'DELETE')).toEqual([]);
      expect(await buckets.versions(bucket)).toEqual([`a#${id}`]);
    });

    it('of odd keys are listed, counted in pages and deleted exactly', async () => {
      const bucket = await buckets.create('versioned');
      const stored: string[] = [];
      await inParallel(oddKeys.filter(isSendable), 8, async (key) => {
        await buckets.put(bucket, key).then(
          () => stored.push(key),
          (error: unknown) => expect(error).toBeInstanceOf(Error),
        );
      });
      expect(stored.length).toBeGreaterThanOrEqual(60);
      for (const key of stored) await buckets.put(bucket, key, '22');
      const twice = byBytes(stored).flatMap((key) => [key, key]);
      const all = await walk(containerPlace(bucket));
      expect(all.map(({ id }) => id)).toEqual(twice);
      expect(new Set(all.map(({ version }) => version?.id)).size).toBe(all.length);
      const paged: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await client.list(
          containerPlace(bucket),
          { versions: true, limit: 3, ...(cursor ? { cursor } : {}) },
          call(),
        );
        paged.push(...page.entries.filter(({ kind }) => kind === 'object').map(({ id }) => id));
        cursor = page.cursor;
      } while (cursor !== undefined);
      expect(paged).toEqual(twice.filter((key) => !key.includes('/')));
      const current = all.filter(({ version }) => version?.latest);
      expect(current).toHaveLength(stored.length);
      expect((await remove(current)).map(({ result }) => result)).toEqual(stored.map(() => 'deleted'));
      const left = await walk(containerPlace(bucket));
      expect(left.map(({ id, size }) => [id, size])).toEqual(byBytes(stored).map((key) => [key, 1]));
    });
  });

  describe('Object Lock', () => {
    const until = new Date(Math.ceil(Date.now() / 1000) * 1000 + 3_600_000);
    const date = until.toISOString().replace('.000Z', 'Z');

    async function lockedBucket() {
      const bucket = await buckets.create('locking');
      const ids: Record<string, string> = {};
      for (const key of ['governed', 'complied', 'held', 'free']) ids[key] = await buckets.put(bucket, key);
      await buckets.retain(bucket, 'governed', ids.governed ?? '', 'GOVERNANCE', until);
      await buckets.retain(bucket, 'complied', ids.complied ?? '', 'COMPLIANCE', new Date(until.getTime()));
      await buckets.hold(bucket, 'held', ids.held ?? '');
      return { bucket, ids };
    }

    const governed = { kind: 'retention', bypassable: true, until: until.getTime() };
    const complied = { kind: 'retention', bypassable: false, until: until.getTime() };

    it('is shown on each version, in a listing, a walk and alone', async () => {
      const { bucket } = await lockedBucket();
      const expected = [
        ['complied', [complied]],
        ['free', undefined],
        ['governed', [governed]],
        ['held', [{ kind: 'legal-hold' }]],
      ];
      const listed = await versions(containerPlace(bucket));
      expect(listed.map(({ id, locks }) => [id, locks])).toEqual(expected);
      expect((await walk(containerPlace(bucket))).map(({ id, locks }) => [id, locks])).toEqual(expected);
      expect(await client.stat(listed[2] as Entry, call())).toMatchObject({
        locks: [governed],
        version: { latest: true },
      });
    });

    it('is told of each refused version, with its date; what is free goes', async () => {
      const { bucket, ids } = await lockedBucket();
      const all = await walk(containerPlace(bucket));
      const outcomes = await remove(all);
      const told = (some: typeof outcomes) =>
        some.map(({ target, result, error }) => [target.entry.id, result, error?.kind, error?.message]);
      const refused = [
        ['complied', 'locked', 'locked', `Locked in compliance mode until ${date}: complied`],
        ['governed', 'locked', 'locked', `Locked in governance mode until ${date}: governed`],
        ['held', 'locked', 'locked', 'Under a legal hold: held'],
      ];
      expect(told(outcomes).filter(([id]) => id !== 'free')).toEqual(refused);
      expect(outcomes.find(({ target }) => target.entry.id === 'free')?.result).toBe('deleted');
      for (const [index, name] of ['complied', 'governed', 'held'].entries()) {
        const alone = await remove(all.filter(({ id }) => id === name));
        expect(told(alone)).toEqual([refused[index]]);
      }
      expect(await buckets.versions(bucket)).toEqual(
        ['complied', 'governed', 'held'].map((key) => `${key}#${ids[key]}`),
      );
    });

    it('is bypassed only where it was chosen, and then only governance', async () => {
      const { bucket, ids } = await lockedBucket();
      const all = await walk(containerPlace(bucket));
      proxy.reset();
      await remove(all);
      const names = () =>
        proxy.requests
          .filter(({ method }) => method === 'POST' || method === 'DELETE')
          .map(({ headers }) =>
            headers.filter(({ name }) => /bypass/i.test(name)).map(({ name }) => name.toLowerCase()),
          );
      expect(names()).toEqual([[]]);
      proxy.reset();
      const outcomes = await remove(
        all.filter(({ id }) => id !== 'free'),
        { bypass: true },
      );
      expect(names()).toEqual([['x-amz-bypass-governance-retention']]);
      expect(outcomes.map(({ target, result }) => [target.entry.id, result])).toEqual([
        ['complied', 'locked'],
        ['governed', 'deleted'],
        ['held', 'locked'],
      ]);
      expect(await buckets.versions(bucket)).toEqual(['complied', 'held'].map((key) => `${key}#${ids[key]}`));
    });

    it('sends what may bypass and what may not in two requests', async () => {
      const bucket = await buckets.create('locking');
      const ids = [await buckets.put(bucket, 'a'), await buckets.put(bucket, 'b')];
      for (const [n, key] of ['a', 'b'].entries()) await buckets.retain(bucket, key, ids[n] ?? '', 'GOVERNANCE', until);
      for (const key of ['c', 'd']) await buckets.put(bucket, key);
      const [a, b, c, d] = (await walk(containerPlace(bucket))) as [Entry, Entry, Entry, Entry];
      proxy.reset();
      const outcomes = await client.remove(
        [
          { entry: a, mode: 'permanent', bypass: true },
          { entry: b, mode: 'permanent' },
          { entry: c, mode: 'permanent', bypass: true },
          { entry: d, mode: 'permanent' },
        ],
        call(),
      );
      expect(outcomes.map(({ result }) => result)).toEqual(['deleted', 'locked', 'deleted', 'deleted']);
      expect(proxy.requests.filter(({ method }) => method === 'POST')).toHaveLength(2);
    });

    it('lets what is current be deleted: a marker stands before the locked version', async () => {
      const { bucket, ids } = await lockedBucket();
      const [current] = (await client.list(containerPlace(bucket), { prefix: 'governed' }, call())).entries;
      expect((await remove([current as Entry], { mode: 'recoverable' })).map(({ result }) => result)).toEqual([
        'deleted',
      ]);
      expect(await buckets.versions(bucket)).toContain(`governed#${ids.governed}`);
    });
  });

  describe('unfinished uploads', () => {
    it('are listed, and aborted one by one; the object of the same key stays', async () => {
      const bucket = await buckets.create('plain');
      await buckets.put(bucket, 'in/a', 'finished');
      for (const key of ['in/a', 'in/a', 'b']) await buckets.beginUpload(bucket, key);
      const listed = await client.uploads(containerPlace(bucket), {}, call());
      expect(listed.entries.map(({ kind, id, name }) => [kind, id, name])).toEqual([
        ['upload', 'b', 'b'],
        ['upload', 'in/a', 'in/a'],
        ['upload', 'in/a', 'in/a'],
      ]);
      const inside = await client.uploads({ kind: 'folder', container: bucket, id: 'in/' }, {}, call());
      expect(inside.entries.map(({ id, name }) => [id, name])).toEqual([
        ['in/a', 'a'],
        ['in/a', 'a'],
      ]);
      proxy.reset();
      expect((await remove(inside.entries.slice(0, 1))).map(({ result }) => result)).toEqual(['deleted']);
      expect(await buckets.uploads(bucket)).toEqual(['b', 'in/a']);
      const rest = [...inside.entries, ...listed.entries.filter(({ id }) => id === 'b')];
      expect((await remove(rest)).map(({ result }) => result)).toEqual(['already-gone', 'deleted', 'deleted']);
      expect(proxy.requests.map(({ method }) => method)).toEqual(Array(4).fill('DELETE'));
      expect(proxy.requests.every(({ target }) => target.includes('uploadId='))).toBe(true);
      expect(await buckets.uploads(bucket)).toEqual([]);
      expect(await buckets.versions(bucket)).toEqual(['in/a#null']);
    });

    it('without their id are left alone, for the object would be deleted', async () => {
      const bucket = await buckets.create('plain');
      await buckets.put(bucket, 'a');
      await buckets.beginUpload(bucket, 'a');
      const [{ version: _, ...bare }] = (await client.uploads(containerPlace(bucket), {}, call())).entries as [Entry];
      proxy.reset();
      const empty = { ...bare, version: { id: '', latest: false, marker: false } };
      for (const entry of [bare, empty, { ...empty, kind: 'object' as const }]) {
        expect(await remove([entry])).toMatchObject([{ result: 'failed', error: { kind: 'unsupported' } }]);
      }
      expect(proxy.requests).toEqual([]);
      expect(await buckets.versions(bucket)).toEqual(['a#null']);
    });

    it('of odd keys are listed page by page and aborted exactly', async () => {
      const bucket = await buckets.create('plain');
      const begun: string[] = [];
      await inParallel(oddKeys.filter(isSendable), 8, async (key) => {
        await buckets.beginUpload(bucket, key).then(
          () => begun.push(key),
          (error: unknown) => expect(error).toBeInstanceOf(Error),
        );
      });
      expect(begun.length).toBeGreaterThanOrEqual(60);
      const found: Entry[] = [];
      let cursor: string | undefined;
      do {
        const page = await client.uploads(containerPlace(bucket), { limit: 7, ...(cursor ? { cursor } : {}) }, call());
        found.push(...page.entries);
        cursor = page.cursor;
      } while (cursor !== undefined);
      expect(byBytes(found.map(({ id }) => id))).toEqual(byBytes(begun));
      expect(new Set((await remove(found)).map(({ result }) => result))).toEqual(new Set(['deleted']));
      expect(await buckets.uploads(bucket)).toEqual([]);
    });
  });
}
