import { access, chown, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Draft } from '../../src/core/fields.ts';
import type { Entry, StorageClient, Target } from '../../src/core/storageClient.ts';
import { concludeVerification } from '../../src/core/verification.ts';
import { webEntry } from '../../src/providers/_shared/webPaths.ts';
import provider from '../../src/providers/webdav/provider.ts';
import { runRemoval } from '../../src/removal/engine.ts';
import { readOutcomes } from '../../src/removal/outcomeLog.ts';
import { deleteWhole, planRemoval } from '../../src/removal/plan.ts';
import { type Apache, apachePlaces, briefly, startApache } from '../servers/apache.ts';
import { type SabreDav, startSabreDav } from '../servers/sabredav.ts';
import { temporaryFolder } from '../servers/serverProcess.ts';
import { FileTreeJudge } from '../support/fileTreeJudge.ts';
import { call, collect, direct, listAll } from './contractSuite.ts';

const root = { kind: 'root' } as const;
const opened: StorageClient[] = [];

async function open(url: string, { password, ...settings }: Draft): Promise<Required<StorageClient>> {
  const client = await provider.open({
    settings: { url, ...settings },
    secrets: { password: String(password) },
    network: direct,
  });
  opened.push(client);
  return client as Required<StorageClient>;
}

afterEach(async () => {
  for (const client of opened.splice(0)) await client[Symbol.asyncDispose]();
});

const target = (entry: Entry): Target => ({ entry, mode: 'recoverable' });
const exists = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );

async function removed(client: Required<StorageClient>, ...targets: readonly Target[]) {
  return (await client.remove(targets, call())).map(({ result, error }) => [result, error?.kind]);
}

async function named(client: StorageClient, name: string): Promise<Entry> {
  return (await listAll(client, root)).find((entry) => entry.name === name) ?? expect.unreachable(name);
}

describe('Apache', () => {
  let apache: Apache;
  let judge: FileTreeJudge;
  beforeAll(async () => {
    apache = await startApache();
    judge = new FileTreeJudge(apache.files, apache.owner);
  });
  afterAll(() => apache.stop());

  const signedIn = () => ({ username: apache.user.name, password: apache.user.password });
  const fresh = async (ids: readonly string[], place: string = apachePlaces.basic) => {
    const container = await judge.createContainer();
    for (const id of ids) await judge.put(container, id);
    return { container, client: await open(`${apache.origin}${place}${container}`, signedIn()) };
  };

  it('keeps a folder in which something is, and asks the server for nothing but a look', async () => {
    const { container, client } = await fresh(['folder/file']);
    expect(await removed(client, target(await named(client, 'folder')))).toEqual([['failed', 'not-empty']]);
    expect(await judge.ids(container)).toEqual(['folder/file']);
    expect((await apache.accessLog()).includes(`DELETE ${apachePlaces.basic}${container}/folder/`)).toBe(false);
  });

  it('deletes an empty folder, and says of one that is gone that it is', async () => {
    const { client } = await fresh(['folder/file']);
    const folder = await named(client, 'folder');
    expect(await removed(client, target(webEntry('object', `${folder.id}file`)))).toEqual([['deleted', undefined]]);
    expect(await removed(client, target(folder))).toEqual([['deleted', undefined]]);
    expect(await removed(client, target(folder))).toEqual([['already-gone', undefined]]);
  });

  it('leaves a folder that has taken the place of a file', async () => {
    const { container, client } = await fresh(['name']);
    const entry = await named(client, 'name');
    await rm(judge.fileOf(container, 'name'));
    await judge.put(container, 'name/precious');
    const { tag: _, size: __, modified: ___, ...unknown } = entry;
    expect(await removed(client, target(entry))).toEqual([['changed', 'changed']]);
    expect(await removed(client, { ...target(unknown), ifTag: '"strong"' })).toEqual([['changed', 'changed']]);
    expect(await removed(client, target(unknown))).toEqual([['changed', 'changed']]);
    expect(await judge.ids(container)).toEqual(['name/precious']);
  });

  it('leaves a file that changed within the second, when its tag is weak', async () => {
    const { container, client } = await fresh(['name']);
    const entry = await named(client, 'name');
    expect(entry.tag).toMatch(/^W\//);
    await judge.put(container, 'name', 'something else');
    expect(await removed(client, target(entry))).toEqual([['changed', 'changed']]);
    expect(await judge.ids(container)).toEqual(['name']);
  });

  it('deletes by its strong tag what had a weak one when it was listed', async () => {
    const { container, client } = await fresh(['name', 'other']);
    const { modified: _, ...entry } = await named(client, 'name');
    await sleep(1100);
    expect(await removed(client, { ...target(entry), ifTag: entry.tag ?? '' })).toEqual([['deleted', undefined]]);
    expect(await judge.ids(container)).toEqual(['other']);
  });

  it('lists and deletes a name that is no UTF-8, by its bytes', async () => {
    const { container, client } = await fresh(['other']);
    const file = Buffer.concat([Buffer.from(`${judge.fileOf(container, '')}/bad`), Buffer.from([0xff])]);
    await writeFile(file, 'x');
    await chown(file, apache.owner.uid, apache.owner.gid);
    const entry = await named(client, 'bad\\xff');
    expect(entry.id).toMatch(/\/bad%ff$/);
    expect(await removed(client, target(entry))).toEqual([['deleted', undefined]]);
    expect(await judge.ids(container)).toEqual(['other']);
  });

  it('says that another client has locked a file, and that it may be deleted when it is unlocked', async () => {
    const { container, client } = await fresh(['held']);
    const held = await named(client, 'held');
    const token = await lock(held.id);
    expect(await removed(client, target(held))).toEqual([['locked', 'locked']]);
    const [title] = (await client.properties(held, call())).map((group) => group.title).slice(-1);
    expect(title).toBe('Lock');
    await ask('UNLOCK', held.id, { 'lock-token': token });
    expect(await removed(client, target(held))).toEqual([['deleted', undefined]]);
    expect(await judge.ids(container)).toEqual([]);
  });

  it('deletes a whole folder at once, and nothing beside it', async () => {
    const { container, client } = await fresh(['folder/a', 'folder/deep/b', 'folder-2/c']);
    const outcomes = await client.removeTree(target(await named(client, 'folder')), call());
    expect(outcomes.map(({ result }) => result)).toEqual(['deleted']);
    expect(await judge.ids(container)).toEqual(['folder-2/c']);
  });

  it('names what of a whole folder was kept', async () => {
    const { container, client } = await fresh(['folder/deep/kept', 'folder/other']);
    await judge.refuseDeletion(container, ['folder/deep/kept']);
    const folder = await named(client, 'folder');
    const outcomes = await client.removeTree(target(folder), call());
    expect(outcomes[0]).toMatchObject({ target: { entry: folder }, result: expect.not.stringMatching('deleted') });
    const kept = outcomes.slice(1).map(({ target: { entry }, result }) => [entry.id, result]);
    expect(kept).toContainEqual([`${folder.id}deep/kept`, 'denied']);
    expect(await judge.ids(container)).toContain('folder/deep/kept');
    for (const [id = ''] of kept) expect(id.startsWith(folder.id)).toBe(true);
  });

  it('deletes no whole folder in which something is locked', async () => {
    const { container, client } = await fresh(['folder/held']);
    const folder = await named(client, 'folder');
    const token = await lock(`${folder.id}held`);
    const outcomes = await client.removeTree(target(folder), call());
    expect(outcomes.map(({ result }) => result)).not.toContain('deleted');
    expect(outcomes.map(({ error }) => error?.kind)).toContain('locked');
    expect(await judge.ids(container)).toEqual(['folder/held']);
    await ask('UNLOCK', `${folder.id}held`, { 'lock-token': token });
  });

  it('calls nothing of a whole folder deleted that a lock has kept there', async () => {
    const { container, client } = await fresh(['folder/a', 'folder/held', 'folder/deep/b']);
    const folder = await named(client, 'folder');
    const token = await lock(`${folder.id}held`);
    const storage = await temporaryFolder('removals');
    const signal = new AbortController().signal;
    const credential = { id: 'x', name: 'x' };
    const request = { client, provider, credential, selection: [folder], folder: storage.path, signal };
    const removal = await deleteWhole(await planRemoval(request));
    const report = await runRemoval({ client, provider, removal, signal });
    const left = (await judge.ids(container)).length;
    expect(report.results.deleted).toBeLessThanOrEqual(3 - left);
    for await (const { entry, result } of readOutcomes(removal)) {
      if (result === 'deleted' && entry.kind === 'object')
        expect(await judge.ids(container)).not.toContain(`folder/${entry.name}`);
    }
    expect(report.results.locked).toBe(1);
    await ask('UNLOCK', `${folder.id}held`, { 'lock-token': token });
    await storage.remove();
  });

  it('refuses to delete the folder that a credential begins at, and what lies beside it', async () => {
    const { container, client } = await fresh(['a']);
    const base = webEntry('folder', `${apachePlaces.basic}${container}/`);
    const beside = webEntry('folder', `${apachePlaces.basic}${container}-2/`);
    const above = webEntry('folder', `${apachePlaces.basic}${container}/x/%2e%2e/`);
    for (const entry of [base, beside, above]) {
      const outcomes = await client.removeTree(target(entry), call());
      expect(
        outcomes.map(({ result, error }) => [result, ['forbidden', 'unsupported'].includes(error?.kind ?? '')]),
      ).toEqual([[entry === above ? 'failed' : 'denied', true]]);
      expect((await removed(client, target(entry)))[0]?.[0]).toBe('failed');
    }
    expect(await judge.ids(container)).toEqual(['a']);
  });

  it('signs in where the server lets read and not delete', async () => {
    const { container, client } = await fresh(['a'], apachePlaces.readOnly);
    const verification = concludeVerification(await collect(client.verify(root, call())), 0);
    expect(verification.works).toBe(true);
    expect(await removed(client, target(await named(client, 'a')))).toEqual([['denied', 'forbidden']]);
    expect(
      (await client.removeTree(target(webEntry('folder', `${apachePlaces.readOnly}${container}/x/`)), call()))[0]
        ?.result,
    ).toBe('denied');
    expect(await judge.ids(container)).toEqual(['a']);
  });

  it('signs again when a nonce is too old, once', async () => {
    const { container, client } = await fresh(['a', 'b'], apachePlaces.briefDigest);
    const entry = await named(client, 'a');
    await sleep((briefly + 1) * 1000);
    const before = (await apache.accessLog()).length;
    expect(await removed(client, target(entry))).toEqual([['deleted', undefined]]);
    const lines = (await apache.accessLog()).slice(before).trim().split('\n');
    expect(lines.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      '401 PROPFIND',
      '207 PROPFIND',
      '204 DELETE',
    ]);
    expect(await judge.ids(container)).toEqual(['b']);
  });

  async function ask(method: string, target: string, headers: Record<string, string>, body?: string) {
    const authorization = `Basic ${Buffer.from(`${apache.user.name}:${apache.user.password}`).toString('base64')}`;
    const init = { method, headers: { ...headers, authorization }, ...(body === undefined ? {} : { body }) };
    const answer = await fetch(`${apache.origin}${target}`, init);
    expect(answer.ok, `${method} ${target}: ${answer.status}`).toBe(true);
    return answer;
  }

  async function lock(target: string): Promise<string> {
    const body =
      '<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype><owner>another</owner></lockinfo>';
    return (await ask('LOCK', target, { timeout: 'Second-60' }, body)).headers.get('lock-token') ?? '';
  }
});

describe.each([
  ['Nextcloud', 'nextcloud', '/remote.php/dav/files/tester/'],
  ['ownCloud', 'owncloud', '/remote.php/webdav/'],
] as const)('%s', (_, service, place) => {
  let dav: SabreDav;
  beforeAll(async () => {
    dav = await startSabreDav();
  });
  afterAll(() => dav.stop());
  afterEach(async () => {
    for (const name of await readdir(dav.files)) await rm(path.join(dav.files, name), { recursive: true });
  });
  const enter = () => open(`${dav.origin}${place}`, { service, username: dav.user.name, password: dav.user.password });

  it('keeps what is deleted among the deleted files, and says so before', async () => {
    await writeFile(path.join(dav.files, 'käse & co'), 'x');
    await mkdir(path.join(dav.files, 'empty'));
    const client = await enter();
    expect(await client.recovery(root, call())).toMatchObject({ recoverable: 'yes' });
    const entries = await listAll(client, root);
    expect(entries.map(({ kind, name }) => [kind, name])).toEqual([
      ['folder', 'empty'],
      ['object', 'käse & co'],
    ]);
    const asPlanned = entries.map((entry) => ({ ...target(entry), ...(entry.tag ? { ifTag: entry.tag } : {}) }));
    expect(await removed(client, ...asPlanned)).toEqual([
      ['deleted', undefined],
      ['deleted', undefined],
    ]);
    expect(await readdir(dav.files)).toEqual([]);
    expect((await readdir(dav.trash)).some((name) => name.startsWith('käse & co.d'))).toBe(true);
  });

  it('keeps what changed since', async () => {
    await writeFile(path.join(dav.files, 'file'), 'x');
    const client = await enter();
    const entry = await named(client, 'file');
    await writeFile(path.join(dav.files, 'file'), 'something else');
    expect(await removed(client, { ...target(entry), ifTag: entry.tag ?? '' })).toEqual([['changed', 'changed']]);
    expect(await readdir(dav.files)).toEqual(['file']);
  });

  it('tells by letters what may be deleted', async () => {
    const client = await enter();
    expect((await collect(client.verify(root, call()))).at(-1)).toMatchObject({ stage: 'delete', status: 'ok' });
    await mkdir(path.join(dav.files, 'kept'));
    const kept = await named(client, 'kept');
    const steps = await collect(client.verify({ kind: 'folder', id: kept.id }, call()));
    expect(steps.at(-1)).toMatchObject({ stage: 'delete', status: 'denied' });
    expect(await removed(client, target(kept))).toEqual([['denied', 'forbidden']]);
  });

  it('makes a public share that ends, of exactly this file', async () => {
    await writeFile(path.join(dav.files, 'a+b %2f&c'), 'x');
    const client = await enter();
    const link = await client.share(await named(client, 'a+b %2f&c'), { seconds: 86_400 }, call());
    expect(link.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/s\/[0-9a-f]{16}$/);
    expect(link.expires).toBeGreaterThan(Date.now() + 86_400_000);
    expect(link.expires).toBeLessThan(Date.now() + 3 * 86_400_000);
    expect(link.caveat).toMatch(/public share/);
    expect(await dav.shares()).toMatchObject([{ path: '/a+b %2f&c', shareType: '3', permissions: '1' }]);
  });
});

describe('SabreDAV without the words of a cloud', () => {
  let dav: SabreDav;
  beforeAll(async () => {
    dav = await startSabreDav({ trash: false });
  });
  afterAll(() => dav.stop());
  const enter = (service: string, place: string) =>
    open(`${dav.origin}${place}`, { service, username: dav.user.name, password: dav.user.password });

  it('leaves a folder that has taken the place of a file that had no tag', async () => {
    await writeFile(path.join(dav.files, 'name'), 'x');
    const client = await enter('other', '/plain/');
    const entry = await named(client, 'name');
    expect(entry.tag).toMatch(/GMT$/);
    await rm(path.join(dav.files, 'name'));
    await mkdir(path.join(dav.files, 'name'));
    await writeFile(path.join(dav.files, 'name/precious'), 'x');
    expect(await removed(client, target(entry))).toEqual([['changed', 'changed']]);
    expect(await exists(path.join(dav.files, 'name/precious'))).toBe(true);
  });

  it('deletes for good, says so, and makes no links', async () => {
    await writeFile(path.join(dav.files, 'file'), 'x');
    const cloud = await enter('nextcloud', '/remote.php/dav/files/tester/');
    expect(await cloud.recovery(root, call())).toMatchObject({ recoverable: 'no' });
    const other = await enter('other', '/plain/');
    expect(await other.recovery(root, call())).toMatchObject({ recoverable: 'no' });
    const entry = await named(other, 'file');
    await expect(other.share(entry, { seconds: 60 }, call())).rejects.toMatchObject({ kind: 'unsupported' });
    expect(await dav.shares()).toEqual([]);
    expect(await removed(other, target(entry))).toEqual([['deleted', undefined]]);
    expect(await exists(path.join(dav.files, 'file'))).toBe(false);
  });

  it('deletes an empty folder of a server that holds that folders have no tag', async () => {
    await mkdir(path.join(dav.files, 'empty'));
    // Told to be another service, so that the tag of a folder is tried as a condition first.
    const client = await enter('other', '/remote.php/webdav/');
    expect(await removed(client, target(await named(client, 'empty')))).toEqual([['deleted', undefined]]);
  });
});
