import { expect, it, onTestFinished } from 'vitest';
import { parseDraft } from '../../src/core/drafts.ts';
import type { Draft } from '../../src/core/fields.ts';
import type { Deleted, Entry, Restoration, StorageClient } from '../../src/core/storageClient.ts';
import provider from '../../src/providers/azureBlob/provider.ts';
import { type AzureSimulator, startAzureSimulator } from '../servers/azure/simulator.ts';
import type { Protection } from '../servers/azure/store.ts';
import { type FaultProxy, startFaultProxy } from '../servers/faultProxy.ts';
import { missingPeer, rcloneAzureEnvironment } from '../servers/peers.ts';
import { runCommand } from '../servers/serverProcess.ts';
import { AzureJudge } from '../support/azureJudge.ts';
import { accountSas } from '../support/azureSas.ts';
import { oddKeys } from '../support/oddKeys.ts';
import { call, collect, containerPlace, direct, targetOf } from './contractSuite.ts';

const missing = await missingPeer('rclone');
const place = containerPlace('box');

/** A simulator of one test's own with a container, and a client behind a proxy that counts and breaks. */
async function start(protection: Partial<Protection>) {
  const azure = await startAzureSimulator(protection);
  const box = azure.createContainer('box');
  const proxy = await startFaultProxy({ target: azure.origin });
  onTestFinished(async () => {
    await proxy.stop();
    await azure.stop();
  });
  return { azure, box, proxy, judge: new AzureJudge(azure), client: await open(azure, proxy) };
}

async function open(azure: AzureSimulator, proxy: FaultProxy, change: Draft = {}): Promise<Required<StorageClient>> {
  const endpoint = `${proxy.endpoint}/${azure.account}`;
  const draft = { account: azure.account, accountKey: azure.accountKey, endpoint, ...change };
  const { settings, secrets } = parseDraft(provider.fields, draft);
  const client = (await provider.open({ settings, secrets, network: direct })) as Required<StorageClient>;
  onTestFinished(() => client[Symbol.asyncDispose]());
  return client;
}

async function everything(client: Required<StorageClient>): Promise<Entry[]> {
  return (await collect(client.walk(place, {}, call()))).flatMap(({ entries }) => entries);
}

async function deleteAll(client: Required<StorageClient>): Promise<Deleted[]> {
  const entries = await everything(client);
  const targets = entries.map((entry) => ({ entry, mode: 'recoverable' as const, ifTag: entry.tag ?? '' }));
  const outcomes = await client.remove(targets, call());
  expect(new Set(outcomes.map(({ result }) => result))).toEqual(new Set(['deleted']));
  return entries.map((entry) => ({ entry }));
}

const told = (restorations: readonly Restoration[]) =>
  restorations.map(({ deleted, result, error }) => [deleted.entry.id, result, error?.kind]);

const changes = (proxy: FaultProxy) => proxy.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD');

const names = oddKeys.filter(
  (name) =>
    name.isWellFormed() && !name.includes('\\') && !name.split('/').some((part) => part === '.' || part === '..'),
);

it.skipIf(missing).each([
  ['soft delete', { softDelete: 7 }],
  ['versions', { versioning: true }],
  ['both', { softDelete: 7, versioning: true }],
])('brings back byte for byte what %s kept, and keeps what came since: judged by rclone', async (_, protection) => {
  const { azure, box, proxy, judge, client } = await start(protection);
  for (const name of names) box.put(name, `content of ${name}`);
  const deleted = await deleteAll(client);
  expect(box.names()).toEqual([]);
  await judge.put('box', 'a b', 'newer');

  const first = await client.undelete(deleted, call());
  expect(first.map(({ deleted: { entry } }) => entry)).toEqual(deleted.map(({ entry }) => entry));
  expect(told(first).filter(([, result]) => result !== 'restored')).toEqual([['a b', 'changed', 'changed']]);
  for (const name of names) {
    expect(box.live(name)?.content.toString(), name).toBe(name === 'a b' ? 'newer' : `content of ${name}`);
  }
  proxy.reset();
  const before = names.map((name) => box.live(name));
  const again = await client.undelete(deleted, call());
  expect(told(again).filter(([, result]) => result !== 'already-there')).toEqual([['a b', 'changed', 'changed']]);
  expect([changes(proxy), names.map((name) => box.live(name))]).toEqual([[], before]);

  const sas = accountSas(azure, { permissions: 'rwdl' });
  const environment = rcloneAzureEnvironment(`${azure.origin}/${azure.account}/box?${sas}`);
  const judged = ['cat', 'peer:box', '--include', '/a b', '--include', '/emoji*'];
  expect(await runCommand('rclone', judged, environment)).toBe('newercontent of emoji \u{1f600}');
});

it('brings back by SAS token too, and the snapshots with their blob', async () => {
  const { azure, box, proxy } = await start({ softDelete: 7 });
  box.put('a', 'content');
  box.snapshot('a');
  const sasToken = accountSas(azure, { permissions: 'rwdl' });
  const client = await open(azure, proxy, { signIn: 'sas', accountKey: '', sasToken });
  const deleted = await deleteAll(client);
  expect(told(await client.undelete(deleted, call()))).toEqual([['a', 'restored', undefined]]);
  expect((await everything(client)).map(({ snapshots }) => snapshots)).toEqual([1]);

  azure.protection.versioning = true;
  box.put('v', 'a version');
  const versioned = (await deleteAll(client)).filter(({ entry }) => entry.id === 'v');
  expect(told(await client.undelete(versioned, call()))).toEqual([['v', 'restored', undefined]]);
  expect(box.live('v')?.content.toString()).toBe('a version');
});

it('takes the version that was planned, and no blob that came later', async () => {
  const { box, client } = await start({ versioning: true });
  box.put('a', 'first');
  box.put('a', 'planned');
  const deleted = await deleteAll(client);
  box.put('a', 'later');
  box.delete('a');
  expect(told(await client.undelete(deleted, call()))).toEqual([['a', 'restored', undefined]]);
  expect(box.live('a')?.content.toString()).toBe('planned');
  box.put('a', 'planned');
  expect(told(await client.undelete(deleted, call()))).toEqual([['a', 'changed', 'changed']]);
  box.delete('a');
  box.slot('a').kept = [];
  expect(told(await client.undelete(deleted, call()))).toEqual([['a', 'failed', 'not-found']]);
});

it('undeletes no blob that was deleted after it under the same name', async () => {
  const { azure, box, proxy, client } = await start({ softDelete: 7 });
  box.put('a', 'planned');
  const deleted = await deleteAll(client);
  box.put('a', 'later');
  box.delete('a');
  proxy.reset();
  const [restoration] = await client.undelete(deleted, call());
  expect([restoration?.result, restoration?.error?.hint]).toEqual(['changed', expect.stringContaining('snapshot')]);
  expect([changes(proxy), box.names()]).toEqual([[], []]);
  azure.protection.softDelete = 0;
  box.slot('a').kept = [];
  expect(told(await client.undelete(deleted, call()))).toEqual([['a', 'failed', 'not-found']]);
});

it.each([
  ['undeleted', { softDelete: 7 }, 200],
  ['copied', { versioning: true }, 202],
])('calls nothing restored that no look shows: %s', async (_, protection, status) => {
  const { box, proxy, client } = await start(protection);
  for (const name of ['a', 'b', 'c']) box.put(name, name);
  const deleted = await deleteAll(client);
  const one = async (name: string) =>
    told(
      await client.undelete(
        deleted.filter(({ entry }) => entry.id === name),
        call(),
      ),
    )[0];
  const isPut = ({ method }: { method: string }) => method === 'PUT';
  const headers = { 'x-ms-request-id': 'r', 'x-ms-copy-id': 'c', 'x-ms-copy-status': 'success' };
  proxy.addRule({ when: isPut, fault: { kind: 'status', status, headers } });
  expect(await one('a')).toEqual(['a', 'failed', 'unexpected']);
  proxy.reset();
  proxy.addRule({ when: isPut, fault: { kind: 'reset-after' } });
  expect(await one('b')).toEqual(['b', 'restored', undefined]);
  proxy.reset();
  const denied = { 'x-ms-request-id': 'r', 'x-ms-error-code': 'AuthorizationPermissionMismatch' };
  proxy.addRule({ when: isPut, fault: { kind: 'status', status: 403, headers: denied } });
  expect(await one('c')).toEqual(['c', 'denied', 'forbidden']);
  expect(box.names()).toEqual(['b']);
});

it('says of an archived version that it must be restored first, and leaves nothing behind', async () => {
  const { box, client } = await start({ versioning: true });
  box.put('cold', 'x', { tier: 'Archive' });
  const [restoration] = await client.undelete(await deleteAll(client), call());
  expect([restoration?.result, restoration?.error?.kind]).toEqual(['failed', 'unsupported']);
  expect(restoration?.error?.message).toContain('archived');
  expect(box.names()).toEqual([]);
});

it('overwrites nothing that came between the look and the copy', async () => {
  const { box, proxy, client } = await start({ versioning: true });
  box.put('a', 'planned');
  const deleted = await deleteAll(client);
  const asked = client.undelete(deleted, call());
  // Comes when the versions are listed: after the first look.
  proxy.addRule({
    when: ({ target }) => {
      if (target.includes('comp=list') && !box.live('a')) box.put('a', 'newer');
      return false;
    },
    fault: { kind: 'reset-before' },
  });
  expect(told(await asked)).toEqual([['a', 'changed', 'changed']]);
  expect(box.live('a')?.content.toString()).toBe('newer');
  expect(changes(proxy).map(({ method }) => method)).toContain('PUT');
});

it('refuses before any call what can not be told', async () => {
  const { azure, proxy } = await start({ softDelete: 7 });
  const client = await open(azure, proxy, { container: 'box', subfolder: 'mine' });
  const { entry } = targetOf('box', 'mine/a');
  const odd: Entry[] = [
    entry,
    { ...entry, tag: '"t"', version: { id: 'v', latest: false, marker: false } },
    { ...entry, tag: '"t"', id: 'mine/a\\b' },
    { ...entry, tag: '"t"', id: 'other' },
  ];
  const restorations = await client.undelete(
    odd.map((each) => ({ entry: each })),
    call(),
  );
  expect(restorations.map(({ error }) => error?.kind)).toEqual([...Array(3).fill('unsupported'), 'forbidden']);
  expect(proxy.requests).toEqual([]);
});

it('brings back files and folders of a hierarchical account, and never where something is', async () => {
  const { box, proxy, client } = await start({ softDelete: 7, hierarchical: true });
  for (const name of ['dir/a b', 'dir/deep/c', 'dir/d#?%', 'e', 'taken']) box.put(name, `content of ${name}`);
  const entries = await everything(client);
  expect(entries.filter(({ kind }) => kind === 'folder').map(({ id }) => id)).toEqual(['dir/', 'dir/deep/']);
  const files = entries.filter(({ kind }) => kind === 'object');
  const targets = files.map((entry) => ({ entry, mode: 'recoverable' as const, ifTag: entry.tag ?? '' }));
  expect(new Set((await client.remove(targets, call())).map(({ result }) => result))).toEqual(new Set(['deleted']));
  box.put('e', 'again');
  box.delete('e');
  box.put('taken', 'newer');
  const deleted = files.map((entry) => ({ entry }));
  const first = told(await client.undelete(deleted, call()));
  expect(first.filter(([, result]) => result !== 'restored')).toEqual([['taken', 'changed', 'changed']]);
  for (const { id } of files) {
    expect(box.live(id)?.content.toString()).toBe(id === 'taken' ? 'newer' : `content of ${id}`);
  }
  proxy.reset();
  const again = told(await client.undelete(deleted, call()));
  expect(again.filter(([, result]) => result !== 'already-there')).toEqual([['taken', 'changed', 'changed']]);
  expect(changes(proxy)).toEqual([]);

  const dir = entries.find(({ id }) => id === 'dir/') ?? expect.unreachable();
  box.deleteTree('dir');
  expect(box.names()).toEqual(['e', 'taken']);
  // What is in a folder that is deleted comes back with it alone.
  const inside = files.find(({ id }) => id === 'dir/deep/c') ?? expect.unreachable();
  expect(told(await client.undelete([{ entry: inside }], call()))).toEqual([['dir/deep/c', 'failed', 'not-found']]);
  expect(told(await client.undelete([{ entry: dir }], call()))).toEqual([['dir/', 'restored', undefined]]);
  expect(box.live('dir/deep/c')?.content.toString()).toBe('content of dir/deep/c');
  expect(told(await client.undelete([{ entry: dir }, { entry: inside }], call()))).toEqual([
    ['dir/', 'already-there', undefined],
    ['dir/deep/c', 'already-there', undefined],
  ]);
});

it('says of a folder of a flat account that there is none to bring back', async () => {
  const { client } = await start({ softDelete: 7 });
  const folder: Entry = { kind: 'folder', container: 'box', id: 'f/', name: 'f', path: 'box/f/' };
  expect(told(await client.undelete([{ entry: folder }], call()))).toEqual([['f/', 'failed', 'unsupported']]);
});

it('says for how long it can be undone', async () => {
  const { azure, box, client } = await start({ softDelete: 7 });
  const recovery = () => client.recovery(place, call());
  expect(await recovery()).toEqual({ recoverable: 'yes', because: 'Soft delete keeps what is deleted for 7 days.' });
  azure.protection.softDelete = 0;
  expect(await recovery()).toMatchObject({ recoverable: 'no' });
  azure.protection.versioning = true;
  box.put('a', 'x');
  expect(await recovery()).toMatchObject({ recoverable: 'unknown', because: expect.stringContaining('versioning') });
});
