import { expect, it } from 'vitest';
import type { Entry } from '../../src/core/storageClient.ts';
import { B2Bench, bucket, objectOf, results, targets, versionsIn } from './b2.support.ts';
import { call, listAll } from './contractSuite.ts';

const facts = ({ id, size, version }: Entry) => [id, size, version?.latest, version?.marker];

async function benchOfVersions() {
  const bench = await B2Bench.start();
  bench.put('a', 'first');
  bench.put('a', 'second!');
  bench.put('a/b', 'below');
  bench.put('ab', 'other');
  bench.b2.store.hide('bucket', 'ab');
  bench.put('hidden twice', 'old');
  bench.b2.store.hide('bucket', 'hidden twice');
  bench.put('hidden twice', 'new');
  return bench;
}

const all = [
  ['a', 7, true, false],
  ['a', 5, false, false],
  ['a/b', 5, true, false],
  ['ab', undefined, true, true],
  ['ab', 5, false, false],
  ['hidden twice', 3, true, false],
  ['hidden twice', undefined, false, true],
  ['hidden twice', 3, false, false],
];

it('lists versions and hide markers, the newest first, folder by folder and flat', async () => {
  await using bench = await benchOfVersions();
  const client = await bench.open();
  expect((await versionsIn(client)).map(facts)).toEqual(all);
  const top = await client.list(bucket, { versions: true }, call());
  expect(top.entries.map(({ kind, id }) => [kind, id]).filter(([kind]) => kind === 'folder')).toEqual([
    ['folder', 'a/'],
  ]);
  expect(top.entries).toHaveLength(8);
  expect((await listAll(client, bucket)).map(({ id }) => id)).toEqual(['a', 'a/', 'hidden twice']);
});

it('knows across pages which version is the latest', async () => {
  await using bench = await benchOfVersions();
  const client = await bench.open();
  for (const limit of [1, 2, 3]) {
    const found: Entry[] = [];
    let cursor: string | undefined;
    do {
      const query = { versions: true, limit, ...(cursor === undefined ? {} : { cursor }) };
      const page = await client.list({ kind: 'folder', container: 'bucket', id: 'hidden' }, query, call());
      expect(page.entries.length).toBeLessThanOrEqual(limit);
      found.push(...page.entries);
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(found.map(facts)).toEqual(all.slice(5));
  }
});

it('walks the versions of one object and of none whose name only begins so', async () => {
  await using bench = await benchOfVersions();
  const client = await bench.open();
  expect((await versionsIn(client, 'a')).map(facts)).toEqual(all.slice(0, 2));
  expect(await versionsIn(client, 'absent')).toEqual([]);
});

it('hides without a version, and deletes exactly the version that is named', async () => {
  await using bench = await benchOfVersions();
  const client = await bench.open();
  expect(results(await client.remove(targets([objectOf('a')], 'recoverable'), call()))).toEqual([
    ['a', 'deleted', undefined],
  ]);
  expect(bench.left('a')).toEqual(['hide', 'upload second!', 'upload first']);
  const [marker, second] = await versionsIn(client, 'a');
  expect(results(await client.remove(targets([second as Entry]), call()))).toEqual([['a', 'deleted', undefined]]);
  expect(bench.left('a')).toEqual(['hide', 'upload first']);
  for (const mode of ['permanent', 'recoverable'] as const) {
    const again = await client.remove(targets([second as Entry], mode), call());
    expect(results(again)).toEqual([['a', 'already-gone', undefined]]);
  }
  expect(marker?.version).toMatchObject({ latest: true, marker: true });
  expect(bench.left('a/b')).toEqual(['upload below']);
});

it('takes what is hidden already, and what never was, for gone', async () => {
  await using bench = await benchOfVersions();
  const client = await bench.open();
  const outcomes = await client.remove(targets([objectOf('ab'), objectOf('never')], 'recoverable'), call());
  expect(outcomes.map(({ result }) => result)).toEqual(['already-gone', 'already-gone']);
  expect(bench.left('ab')).toEqual(['hide', 'upload other']);
});

it('deletes every version of exactly one name where that is asked for good', async () => {
  await using bench = await benchOfVersions();
  const client = await bench.open();
  const outcomes = await client.remove(targets([objectOf('a'), objectOf('never')]), call());
  expect(outcomes.map(({ result }) => result)).toEqual(['deleted', 'already-gone']);
  expect(bench.left('a')).toEqual([]);
  expect([bench.left('a/b'), bench.left('ab')]).toEqual([['upload below'], ['hide', 'upload other']]);
});

it('leaves the newest version in its place where an older one is kept', async () => {
  await using bench = await benchOfVersions();
  const client = await bench.open();
  const kept = bench.b2.store.bucket('bucket').versionsOf('a')[1];
  if (kept) kept.legalHold = true;
  const [outcome] = await client.remove(targets([objectOf('a')]), call());
  expect([outcome?.result, bench.left('a')]).toEqual(['denied', ['upload second!', 'upload first']]);
});

it('undeletes by taking the hide marker away, and takes no version for one', async () => {
  await using bench = await benchOfVersions();
  const client = await bench.open();
  const [marker, version] = await versionsIn(client, 'ab');
  const posing = { ...(version as Entry), version: { ...version?.version, latest: true, marker: true } } as Entry;
  await expect(client.restore(version as Entry, call())).rejects.toMatchObject({ kind: 'unsupported' });
  await expect(client.restore(posing, call())).rejects.toMatchObject({ kind: 'unsupported' });
  expect(bench.left('ab')).toEqual(['hide', 'upload other']);
  await client.restore(marker as Entry, call());
  expect(bench.left('ab')).toEqual(['upload other']);
  await expect(client.restore(marker as Entry, call())).rejects.toMatchObject({ kind: 'not-found' });
});

it('reads and describes the version that is named', async () => {
  await using bench = await benchOfVersions();
  const client = await bench.open();
  const [second, first] = (await versionsIn(client, 'a')) as [Entry, Entry];
  expect(Buffer.from(await client.read(first, { limit: 99 }, call())).toString()).toBe('first');
  expect(Buffer.from(await client.read(second, { limit: 99 }, call())).toString()).toBe('second!');
  expect(await client.stat(first, call())).toMatchObject({ size: 5, version: first.version });
  const misnamed = { ...first, id: 'ab' };
  await expect(client.read(misnamed, { limit: 99 }, call())).rejects.toMatchObject({ kind: 'unexpected' });
  await expect(client.stat(misnamed, call())).rejects.toMatchObject({ kind: 'unexpected' });
});

it('believes no content that is said to be of another name', async () => {
  await using bench = await B2Bench.start();
  bench.put('a b+c', 'mine');
  bench.put('other', 'not mine');
  const client = await bench.open();
  expect(Buffer.from(await client.read(objectOf('a b+c'), { limit: 99 }, call())).toString()).toBe('mine');
  const headers = { 'x-bz-file-name': 'other', 'x-bz-file-id': 'i' };
  bench.proxy.addRule({ when: () => true, fault: { kind: 'status', status: 200, body: 'not mine', headers } });
  await expect(client.read(objectOf('a b+c'), { limit: 99 }, call())).rejects.toMatchObject({ kind: 'unexpected' });
});

it('says until when Object Lock keeps a version, and bypasses governance only where that was chosen', async () => {
  await using bench = await B2Bench.start();
  const until = Date.now() + 86_400_000;
  bench.put('held').legalHold = true;
  bench.put('governed').retention = { mode: 'governance', until };
  bench.put('complied').retention = { mode: 'compliance', until };
  bench.put('past').retention = { mode: 'compliance', until: Date.now() - 1000 };
  const client = await bench.open();
  const entries = await versionsIn(client);
  expect(entries.map(({ id, locks }) => [id, locks])).toEqual([
    ['complied', [{ kind: 'retention', bypassable: false, until }]],
    ['governed', [{ kind: 'retention', bypassable: true, until }]],
    ['held', [{ kind: 'legal-hold' }]],
    ['past', undefined],
  ]);
  const outcomes = await client.remove(targets(entries), call());
  expect(results(outcomes)).toEqual([
    ['complied', 'locked', 'locked'],
    ['governed', 'locked', 'locked'],
    ['held', 'locked', 'locked'],
    ['past', 'deleted', undefined],
  ]);
  expect(outcomes[0]?.error?.message).toContain(new Date(until).toISOString().slice(0, 19));
  const bypassing = targets(entries.slice(0, 2)).map((target) => ({ ...target, bypass: true as const }));
  const bypassed = await client.remove(bypassing, call());
  expect(bypassed.map(({ result }) => result)).toEqual(['locked', 'deleted']);
  const hidden = await client.remove(targets([objectOf('held')], 'recoverable'), call());
  expect([hidden[0]?.result, bench.left('held')]).toEqual(['deleted', ['hide', 'upload x']]);
});

it('leaves a refusal a refusal where the key may not read locks', async () => {
  await using bench = await B2Bench.start();
  bench.put('held').legalHold = true;
  const key = bench.b2.keys.add({ capabilities: ['listBuckets', 'listFiles', 'deleteFiles', 'readFiles'] });
  const client = await bench.open(key);
  expect(results(await client.remove(targets(await versionsIn(client)), call()))).toEqual([
    ['held', 'denied', 'forbidden'],
  ]);
});

it('lists what was begun to be uploaded, apart from versions, and cancels it', async () => {
  await using bench = await B2Bench.start();
  bench.put('big', 'whole');
  for (let n = 0; n < 130; n++) bench.b2.store.put('bucket', `part/${n}`, '', { action: 'start' });
  bench.b2.store.put('bucket', 'big', '', { action: 'start' });
  const client = await bench.open();
  expect((await versionsIn(client)).map(facts)).toEqual([['big', 5, true, false]]);
  expect((await listAll(client, bucket)).map(({ id }) => id)).toEqual(['big']);
  const first = await client.uploads(bucket, {}, call());
  const second = await client.uploads(bucket, { cursor: first.cursor ?? '' }, call());
  const uploads = [...first.entries, ...second.entries];
  expect([uploads.length, second.cursor, new Set(uploads.map(({ kind }) => kind))]).toEqual([
    131,
    undefined,
    new Set(['upload']),
  ]);
  const big = uploads.filter(({ id }) => id === 'big');
  expect(results(await client.remove(targets(big), call()))).toEqual([['big', 'deleted', undefined]]);
  expect(bench.left('big')).toEqual(['upload whole']);
  const again = await client.remove(targets(big), call());
  expect(again[0]?.result).toBe('already-gone');
  const inside = await client.uploads({ kind: 'folder', container: 'bucket', id: 'part/12' }, {}, call());
  expect(inside.entries).toHaveLength(11);
});

it.each(['200 without a word', 'another name'])(
  'calls nothing hidden on an answer that is not about it: %s',
  async (answer) => {
    await using bench = await B2Bench.start();
    bench.put('a');
    const client = await bench.open();
    await listAll(client, bucket);
    const body = answer === 'another name' ? '{"fileName":"b","action":"hide","fileId":"i"}' : '{}';
    bench.proxy.addRule({ when: () => true, fault: { kind: 'status', status: 200, body } });
    expect(results(await client.remove(targets([objectOf('a')], 'recoverable'), call()))).toEqual([
      ['a', 'failed', 'unexpected'],
    ]);
  },
);
