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
}
