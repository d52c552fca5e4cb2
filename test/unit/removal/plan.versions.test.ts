import { expect, test } from 'vitest';
import { StorageError } from '../../../src/core/errors.ts';
import type { Entry, Page, Target, WalkQuery } from '../../../src/core/storageClient.ts';
import { readManifest } from '../../../src/removal/manifest.ts';
import { bypassLocks } from '../../../src/removal/plan.ts';
import type { Removal } from '../../../src/removal/removal.ts';
import { manifestFile, openRemoval } from '../../../src/removal/removalFolder.ts';
import { retryFailed } from '../../../src/removal/retry.ts';
import { collect, container, facts, fakeClient, folder, object, plan, run } from './fakeStorage.ts';

function version(id: string, versionId: string, more: Partial<Entry> = {}, marker = false): Entry {
  return object(id, { version: { id: versionId, latest: false, marker }, ...more });
}

function upload(id: string, uploadId: string): Entry {
  const { size: _, ...entry } = version(id, uploadId);
  return { ...entry, kind: 'upload' };
}

const governed = { locks: [{ kind: 'retention', bypassable: true, until: Date.now() + 3_600_000 }] } as const;
const complied = { locks: [{ kind: 'retention', bypassable: false, until: Date.now() + 3_600_000 }] } as const;
const held = { locks: [...governed.locks, { kind: 'legal-hold' }] } as const;

async function listed({ folder: at, plan: { manifest } }: Removal): Promise<string[]> {
  const entries = await collect(readManifest(manifestFile(at), manifest));
  return entries.map((entry) => `${entry.kind} ${entry.id} ${entry.version?.id}`);
}

/** What a walk with versions brings, and without: only what is current. */
function versioned(entries: readonly Entry[]) {
  return (_: unknown, { versions, id }: WalkQuery): Page[] => {
    const meant = entries.filter((entry) => id === undefined || entry.id.startsWith(id));
    return [{ entries: versions ? meant : [] }];
  };
}

test('a plan with versions takes versions, markers and, of a container, unfinished uploads; it can not be undone', async () => {
  const entries = [version('a', '2'), version('a', '1'), version('b', '3', {}, true)];
  const client = fakeClient({
    pages: versioned(entries),
    uploads: async () => ({ entries: [upload('a', 'u1')] }),
    recovery: { recoverable: 'yes', because: 'The bucket keeps versions.' },
  });
  const whole = await plan(client, [container], { versions: true });
  expect(await listed(whole)).toEqual(['object a 2', 'object a 1', 'object b 3', 'upload a u1']);
  expect(whole.plan).toMatchObject({
    mode: 'permanent',
    counts: { objects: 3, versions: 2, markers: 1, uploads: 1, folders: 0, bytes: 30 },
  });
  const inside = fakeClient({
    pages: versioned([version('a/1', '1')]),
    uploads: async () => ({ entries: [upload('a/1', 'u')] }),
  });
  expect((await plan(inside, [folder('a/')], { versions: true })).plan.counts).toMatchObject({
    versions: 1,
    uploads: 0,
  });
});

test('an object that is selected beside the folder in which it is has its versions planned once', async () => {
  const client = fakeClient({ pages: versioned([version('a/1', '2'), version('a/1', '1'), version('a/2', '3')]) });
  const removal = await plan(client, [folder('a/'), object('a/1'), object('a/2')], { versions: true });
  expect(await listed(removal)).toEqual(['object a/1 2', 'object a/1 1', 'object a/2 3']);
  expect(removal.plan.counts.objects).toBe(3);
});

test('a plan of a container counts its unfinished uploads, page by page, without versions too', async () => {
  const client = fakeClient({
    uploads: async (_, { cursor }) =>
      cursor === undefined ? { entries: [upload('a', 'u1')], cursor: 'next' } : { entries: [upload('a', 'u2')] },
  });
  const removal = await plan(client, [container, upload('a', 'u2'), upload('b', 'u3')]);
  expect(await listed(removal)).toEqual(['upload a u1', 'upload a u2', 'upload b u3']);
  expect(removal.plan).toMatchObject({ mode: 'recoverable', counts: { objects: 0, uploads: 3 } });
});

test('uploads that may not be listed are left, and the plan says so; any other failure ends it', async () => {
  const failing = (kind: 'forbidden' | 'unreachable') =>
    fakeClient({
      uploads: async () => {
        throw new StorageError(kind, 'No.');
      },
    });
  const { plan: planned } = await plan(failing('forbidden'), [container]);
  expect(planned.notices).toEqual(["Unfinished uploads stay, since they can't be listed: No."]);
  await expect(plan(failing('unreachable'), [container])).rejects.toMatchObject({ kind: 'unreachable' });
  const none = { ...facts(), capabilities: new Set(['remove', 'walk'] as const) };
  expect((await plan(failing('unreachable'), [container], { provider: none })).plan.counts.uploads).toBe(0);
});

test('an upload from elsewhere ends the plan', async () => {
  const client = fakeClient({ uploads: async () => ({ entries: [{ ...upload('a', 'u1'), container: 'videos' }] }) });
  await expect(plan(client, [container])).rejects.toMatchObject({ kind: 'unexpected' });
});

test('all versions of an object are its own and not those of longer names; one that was selected too is counted once', async () => {
  const client = fakeClient({ pages: versioned([version('a', '2'), version('a', '1'), version('a b', '3')]) });
  const removal = await plan(client, [object('a'), version('a', '1'), version('z', '9')], { versions: true });
  expect(await listed(removal)).toEqual(['object a 2', 'object a 1', 'object z 9']);
  expect(client.walked).toEqual([{ kind: 'container', id: 'photos' }]);
});

test('locks that may be bypassed are counted by themselves', async () => {
  const entries = [
    version('a', '1', governed),
    version('b', '2', complied),
    version('c', '3', held),
    version('d', '4'),
  ];
  const { plan: planned } = await plan(fakeClient({ pages: versioned(entries) }), [container], { versions: true });
  expect(planned.counts).toMatchObject({ objects: 4, locked: 3, bypassable: 1 });
});

test('a lock is bypassed only in a removal for which that was chosen, and in what is retried of it', async () => {
  const client = fakeClient({
    remove: (batch) => batch.map((target: Target) => ({ target, result: 'not-attempted' })),
  });
  const bypassesOf = () => client.calls.flat().map(({ bypass }) => bypass);
  const removal = await plan(client, [version('a', '1', governed), upload('u', '2')]);
  await run(client, removal);
  expect(bypassesOf()).toEqual([undefined, undefined]);
  const other = await bypassLocks(await plan(client, [version('a', '1', governed)]));
  expect(await openRemoval(other.folder)).toEqual(other);
  client.calls.length = 0;
  await run(client, other);
  await run(client, await retryFailed(other));
  expect(bypassesOf()).toEqual([true, true]);
});

test('uploads go in batches of their own', async () => {
  const client = fakeClient();
  const removal = await plan(client, [object('a'), upload('a', 'u1'), upload('b', 'u2'), object('b')]);
  expect((await run(client, removal)).results).toMatchObject({ deleted: 4 });
  expect(client.calls.map((batch) => batch.map(({ entry }) => entry.kind))).toEqual([
    ['object'],
    ['upload', 'upload'],
    ['object'],
  ]);
});
