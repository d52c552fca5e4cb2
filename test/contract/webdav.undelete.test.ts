import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Deleted, Entry, Restoration, StorageClient } from '../../src/core/storageClient.ts';
import { webEntry } from '../../src/providers/_shared/webPaths.ts';
import provider from '../../src/providers/webdav/provider.ts';
import { type FaultProxy, startFaultProxy } from '../servers/faultProxy.ts';
import { missingPeer, rcloneDavEnvironment } from '../servers/peers.ts';
import { type SabreDav, startSabreDav } from '../servers/sabredav.ts';
import { runCommand } from '../servers/serverProcess.ts';
import { oddKeys, unstorableFileNames } from '../support/oddKeys.ts';
import { call, collect, direct } from './contractSuite.ts';

const missing = await missingPeer('rclone');

const told = (restorations: readonly Restoration[]) =>
  restorations.map(({ deleted, result, error }) => [deleted.entry.name, result, error?.kind]);

/** Names that a file on this machine can have, and that this SabreDAV finds again. */
const names = oddKeys.filter(
  (name) => name.isWellFormed() && !unstorableFileNames.has(name) && !/[\ufeff\uffff]/.test(name) && name.length < 200,
);

describe.each([
  ['Nextcloud', 'nextcloud', '/remote.php/dav/files/tester/'],
  ['ownCloud', 'owncloud', '/remote.php/webdav/'],
] as const)('%s', (_, service, place) => {
  let dav: SabreDav;
  let proxy: FaultProxy;
  const opened: StorageClient[] = [];
  beforeAll(async () => {
    dav = await startSabreDav();
    proxy = await startFaultProxy({ target: dav.origin });
  });
  afterAll(async () => {
    await proxy.stop();
    await dav.stop();
  });
  afterEach(async () => {
    proxy.reset();
    for (const client of opened.splice(0)) await client[Symbol.asyncDispose]();
    for (const folder of [dav.files, dav.trash]) {
      for (const name of await readdir(folder)) await rm(path.join(folder, name), { recursive: true });
    }
  });

  const fileOf = (name: string) => path.join(dav.files, name);
  const content = (name: string) => readFile(fileOf(name), 'utf8');
  const exists = (name: string) => stat(fileOf(name)).then(Boolean, () => false);
  async function put(name: string, body = `content of ${name}`) {
    await mkdir(path.dirname(fileOf(name)), { recursive: true });
    await writeFile(fileOf(name), body);
  }
  async function enter(): Promise<Required<StorageClient>> {
    const settings = { url: `${proxy.endpoint}${place}`, service, username: dav.user.name };
    const client = await provider.open({ settings, secrets: { password: dav.user.password }, network: direct });
    opened.push(client);
    return client as Required<StorageClient>;
  }
  async function everything(client: Required<StorageClient>): Promise<Entry[]> {
    const pages = await collect(client.walk({ kind: 'root' }, {}, call()));
    return pages.flatMap(({ entries }) => entries);
  }
  /** Deletes what was planned, files before the folders that they are in, as a run does. */
  async function deleteAll(client: Required<StorageClient>, entries?: readonly Entry[]): Promise<Deleted[]> {
    const planned = (entries ?? (await everything(client))).toReversed();
    const inOrder = [
      ...planned.filter(({ kind }) => kind === 'object'),
      ...planned.filter(({ kind }) => kind === 'folder'),
    ];
    const outcomes = [];
    for (const entry of inOrder) {
      const ifTag = entry.tag === undefined ? {} : { ifTag: entry.tag };
      outcomes.push(...(await client.remove([{ entry, mode: 'recoverable', ...ifTag }], call())));
    }
    expect(outcomes.filter(({ result }) => result !== 'deleted')).toEqual([]);
    return outcomes.map(({ target: { entry }, trace }) => ({ entry, trace: trace ?? expect.unreachable('no trace') }));
  }

  it.skipIf(missing)(
    'gives back files with their folders, byte for byte, and keeps what came since: judged by rclone',
    async () => {
      for (const name of names) await put(`odd/${name}`);
      await put('odd/deep/er/file');
      await mkdir(fileOf('odd/empty'));
      const client = await enter();
      expect(await client.recovery({ kind: 'root' }, call())).toMatchObject({ recoverable: 'yes' });
      const before = await everything(client);
      const deleted = await deleteAll(client);
      expect(await readdir(dav.files)).toEqual([]);
      await put('odd/a b', 'newer');

      const first = await client.undelete(deleted, call());
      expect(first.map(({ deleted: { entry } }) => entry)).toEqual(deleted.map(({ entry }) => entry));
      expect(told(first).filter(([, result]) => result !== 'restored')).toEqual([
        ['a b', 'changed', 'changed'],
        // It stands there for what came since.
        ['odd', 'already-there', undefined],
      ]);
      for (const name of names)
        expect(await content(`odd/${name}`)).toBe(name === 'a b' ? 'newer' : `content of odd/${name}`);
      const facts = ({ id, kind, size, tag }: Entry) => [id, kind, size, tag];
      const after = await everything(client);
      const others = (entries: readonly Entry[]) => entries.filter(({ name }) => name !== 'a b').map(facts);
      expect(others(after)).toEqual(others(before));

      proxy.reset();
      const again = await client.undelete(deleted, call());
      expect(told(again).filter(([, result]) => result !== 'already-there')).toEqual([['a b', 'changed', 'changed']]);
      expect(new Set(proxy.requests.map(({ method }) => method))).toEqual(new Set(['PROPFIND']));

      const environment = await rcloneDavEnvironment({
        url: `${dav.origin}${place}`,
        username: dav.user.name,
        password: dav.user.password,
      });
      expect(await runCommand('rclone', ['cat', 'peer:odd/a b'], environment)).toBe('newer');
      const emoji = 'emoji \u{1f600}';
      expect(await runCommand('rclone', ['cat', `peer:odd/${emoji}`], environment)).toBe(`content of odd/${emoji}`);
    },
  );

  it('takes the item of its own deletion, and tells what it can not tell apart', async () => {
    const client = await enter();
    await put('twice', '1st');
    const [older] = await deleteAll(client);
    // As if that had been an hour ago.
    const [name = ''] = await readdir(dav.trash);
    const [second = ''] = /\d+$/.exec(name) ?? [];
    const earlier = name.replace(second, String(Number(second) - 3600));
    const meta = path.join(path.dirname(dav.trash), 'meta');
    await rename(path.join(dav.trash, name), path.join(dav.trash, earlier));
    await rm(path.join(meta, name));
    await writeFile(path.join(meta, earlier), JSON.stringify({ location: 'twice', deleted: Number(second) - 3600 }));
    await put('twice', '2nd');
    await utimes(fileOf('twice'), new Date(), new Date(Date.now() + 10_000));
    const [newer] = await deleteAll(client);
    const without = ({ entry }: Deleted) => ({ entry });
    expect(told(await client.undelete([without(newer as Deleted)], call()))).toEqual([
      ['twice', 'failed', 'unsupported'],
    ]);
    expect(told(await client.undelete([newer as Deleted], call()))).toEqual([['twice', 'restored', undefined]]);
    expect(await content('twice')).toBe('2nd');
    expect(told(await client.undelete([older as Deleted], call()))).toEqual([['twice', 'changed', 'changed']]);
    expect(await content('twice')).toBe('2nd');
    await rm(fileOf('twice'));
    expect(told(await client.undelete([older as Deleted], call()))).toEqual([['twice', 'failed', 'not-found']]);
    expect(told(await client.undelete([without(older as Deleted)], call()))).toEqual([
      ['twice', 'failed', 'unsupported'],
    ]);
    const unanswered = (...seconds: readonly [number, number]) => ({
      ...without(older as Deleted),
      within: [(Number(second) + seconds[0]) * 1000, (Number(second) + seconds[1]) * 1000] as const,
    });
    expect(told(await client.undelete([unanswered(-3590, 60)], call()))).toEqual([['twice', 'failed', 'not-found']]);
    expect(told(await client.undelete([unanswered(-3605, -3590)], call()))).toEqual([['twice', 'restored', undefined]]);
    expect(await content('twice')).toBe('1st');
  });

  it('brings a folder that went whole back as one, and never onto another of its name', async () => {
    await put('whole/a');
    await put('whole/deep/b');
    const client = await enter();
    const entries = await everything(client);
    const whole = entries.find(({ name }) => name === 'whole') ?? expect.unreachable();
    const [outcome] = await client.removeTree({ entry: whole, mode: 'recoverable' }, call());
    const trace = outcome?.trace ?? expect.unreachable();
    expect(await readdir(dav.files)).toEqual([]);
    const inside = entries.filter(({ kind }) => kind === 'object');
    // What was in it, without a word of how it went, is not pulled out of it.
    const alone = await client.undelete(
      inside.map((entry) => ({ entry })),
      call(),
    );
    expect(new Set(alone.map(({ result, error }) => `${result} ${error?.kind}`))).toEqual(
      new Set(['failed not-found']),
    );
    expect(alone[0]?.error?.message).toContain('deleted whole');

    await put('whole/other', 'came since');
    expect(told(await client.undelete([{ entry: whole, trace }], call()))).toEqual([['whole', 'changed', 'changed']]);
    await rm(fileOf('whole'), { recursive: true });
    const all = [...inside.map((entry) => ({ entry, trace })), { entry: whole, trace }];
    expect(new Set((await client.undelete(all, call())).map(({ result }) => result))).toEqual(new Set(['restored']));
    expect(await content('whole/deep/b')).toBe('content of whole/deep/b');
    const again = await client.undelete(all, call());
    expect(new Set(again.map(({ result }) => result))).toEqual(new Set(['already-there']));
    await writeFile(fileOf('whole/a'), 'changed since, by someone');
    const [changed] = await client.undelete(
      all.filter(({ entry }) => entry.name === 'a'),
      call(),
    );
    expect(changed?.result).toBe('changed');
  });

  it('knows a folder that an earlier batch brought back, also where its id was not learned before', async () => {
    await put('whole/a');
    await put('whole/b');
    const client = await enter();
    const entries = await everything(client);
    const whole = entries.find(({ name }) => name === 'whole') ?? expect.unreachable();
    const [outcome] = await client.removeTree({ entry: whole, mode: 'recoverable' }, call());
    const { fileId: _, ...rest } = JSON.parse(outcome?.trace ?? '');
    const trace = JSON.stringify(rest);
    const results: string[] = [];
    for (const entry of entries.toReversed()) {
      const [restoration] = await client.undelete([{ entry, trace }], call());
      results.push(restoration?.result ?? 'none');
    }
    expect(results).toEqual(['restored', 'already-there', 'already-there']);
    await rename(fileOf('whole'), fileOf('away'));
    await put('whole/a');
    expect(told(await client.undelete([{ entry: whole, trace }], call()))).toEqual([['whole', 'changed', 'changed']]);
  });

  it('finds what was deleted again since it listed the deleted files', async () => {
    await put('file');
    await put('other');
    const client = await enter();
    const undo = async (deleted: readonly Deleted[]) =>
      (await client.undelete(deleted, call())).map(({ result }) => result);
    expect(await undo(await deleteAll(client))).toEqual(['restored', 'restored']);
    const again = await deleteAll(client);
    expect(await undo(again)).toEqual(['restored', 'restored']);

    const third = await deleteAll(client);
    proxy.addRule({ when: ({ method }) => method === 'MOVE', fault: { kind: 'status', status: 403 } });
    expect(await undo(third)).toEqual(['denied', 'denied']);
    proxy.reset();
    // As if it had been deleted anew: an item of another name, which the list from before does not have.
    const meta = path.join(path.dirname(dav.trash), 'meta');
    for (const name of await readdir(dav.trash)) {
      const next = name.replace(/\d+$/, (second) => String(Number(second) + 1));
      await rename(path.join(dav.trash, name), path.join(dav.trash, next));
      await rename(path.join(meta, name), path.join(meta, next));
    }
    expect(await undo(third)).toEqual(['restored', 'restored']);
    expect(await content('file')).toBe('content of file');
  });

  it('does not call it restored when its tag tells that something else of its name and size came back', async () => {
    await put('file', 'mine');
    const client = await enter();
    const deleted = await deleteAll(client);
    const [name = ''] = await readdir(dav.trash);
    await writeFile(path.join(dav.trash, name), 'else');
    await utimes(path.join(dav.trash, name), 1, 1);
    const [restoration] = await client.undelete(deleted, call());
    expect([restoration?.result, restoration?.error?.kind]).toEqual(['changed', 'changed']);
    expect(restoration?.error?.message).toContain('is not what this removal deleted');
  });

  it('makes the folder anew that a file was in, and no file where a folder is now', async () => {
    await put('gone/deep/file');
    await put('name');
    const client = await enter();
    const deleted = await deleteAll(client);
    const files = deleted.filter(({ entry }) => entry.kind === 'object');
    await mkdir(fileOf('name'));
    expect(told(await client.undelete(files, call()))).toEqual(
      files.map(({ entry: { name } }) =>
        name === 'name' ? ['name', 'changed', 'changed'] : ['file', 'restored', undefined],
      ),
    );
    expect(await content('gone/deep/file')).toBe('content of gone/deep/file');
    const folders = deleted.filter(({ entry }) => entry.kind === 'folder');
    expect(told(await client.undelete(folders, call())).map(([, result]) => result)).toEqual([
      'already-there',
      'already-there',
    ]);
  });

  it('says that it is there only when a look shows it', async () => {
    for (const name of ['answered', 'reset', 'elsewhere', 'refused']) await put(name);
    const client = await enter();
    const deleted = await deleteAll(client);
    const one = async (name: string) => {
      const [restoration] = await client.undelete(
        deleted.filter(({ entry }) => entry.name === name),
        call(),
      );
      proxy.reset();
      return [restoration?.result, restoration?.error?.kind, await exists(name)];
    };
    const isMove = ({ method }: { method: string }) => method === 'MOVE';
    proxy.addRule({ when: isMove, fault: { kind: 'status', status: 201 } });
    expect(await one('answered')).toEqual(['failed', 'unexpected', false]);
    proxy.addRule({ when: isMove, fault: { kind: 'reset-after' } });
    expect(await one('reset')).toEqual(['restored', undefined, true]);
    proxy.addRule({ when: isMove, fault: { kind: 'status', status: 403 } });
    expect(await one('refused')).toEqual(['denied', 'forbidden', false]);
    for (const name of await readdir(dav.trash)) await rm(path.join(dav.trash, name));
    expect(await one('elsewhere')).toEqual(['failed', 'not-found', false]);
  });

  it('knows a file again by its date where the server gives it another tag', async () => {
    await put('file');
    const client = await enter();
    const [deleted] = await deleteAll(client);
    await client.undelete([deleted as Deleted], call());
    const { mtime } = await stat(fileOf('file'));
    const same = await content('file');
    await rm(fileOf('file'));
    await put('other file');
    await writeFile(fileOf('file'), same);
    await utimes(fileOf('file'), mtime, new Date(Math.floor(mtime.getTime() / 1000) * 1000));
    expect(told(await client.undelete([deleted as Deleted], call()))).toEqual([['file', 'already-there', undefined]]);
  });

  it('stays within the folder of the credential', async () => {
    const client = await enter();
    const outside = webEntry('object', '/plain/file', { size: 1, tag: '"t"' });
    const restorations = await client.undelete([{ entry: outside }], call());
    expect(restorations.map(({ result, error }) => [result, error?.kind])).toEqual([['denied', 'forbidden']]);
    expect(proxy.requests).toEqual([]);
  });
});

it('brings nothing back where WebDAV has no trash, and says so', async () => {
  const client = await provider.open({
    settings: { url: 'http://127.0.0.1:1/plain/', service: 'other', username: 'tester' },
    secrets: { password: 'unused' },
    network: direct,
  });
  const restorations = await client.undelete?.([{ entry: webEntry('object', '/plain/file') }], call());
  expect(restorations?.map(({ result, error }) => [result, error?.kind])).toEqual([['failed', 'unsupported']]);
  await client[Symbol.asyncDispose]();
});
