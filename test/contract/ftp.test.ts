import { chmod, chown, mkdir, readdir, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startProftpdFtp } from '../servers/proftpd.ts';
import { startTcpProxy } from '../servers/tcpProxy.ts';
import { startVsftpd } from '../servers/vsftpd.ts';
import { call } from './contractSuite.ts';
import { FtpBench, failure, fileAt, folderAt, listed, placeAt, remove, walked } from './ftp.support.ts';

const plain = { tls: 'off' };
const gone = { result: 'deleted', kind: undefined };

describe.each([
  ['ProFTPD', () => startProftpdFtp({ tls: 'none' })],
  ['vsftpd', () => startVsftpd()],
] as const)('FTP on %s', (name, start) => {
  let bench: FtpBench;
  beforeAll(async () => {
    bench = new FtpBench(await start());
  });
  afterEach(() => bench.close());
  afterAll(() => bench.server.stop());

  it('tells what is gone from what is refused, and both from a folder that holds something', async () => {
    const folder = await bench.fill(['a', 'full/x', 'locked/y']);
    await chown(`${folder}/locked`, 0, 0);
    await bench.judge.put(folder.slice(folder.lastIndexOf('/') + 1), 'empty/z');
    await unlink(`${folder}/empty/z`);
    const client = await bench.open();
    expect(
      await remove(client, [
        fileAt(`${folder}/a`),
        fileAt(`${folder}/never`),
        folderAt(`${folder}/full`),
        folderAt(`${folder}/empty`),
        folderAt(`${folder}/no-folder`),
        fileAt(`${folder}/locked/y`),
        fileAt(`${folder}/locked/not`),
        fileAt(`${folder}/no-folder/z`),
        fileAt(`${folder}/full`),
        folderAt(`${folder}/locked`),
      ]),
    ).toEqual([
      gone,
      { result: 'already-gone', kind: undefined },
      { result: 'failed', kind: 'not-empty' },
      gone,
      { result: 'already-gone', kind: undefined },
      { result: 'denied', kind: 'forbidden' },
      { result: 'already-gone', kind: undefined },
      { result: 'already-gone', kind: undefined },
      { result: 'changed', kind: 'changed' },
      { result: 'failed', kind: 'not-empty' },
    ]);
    expect((await readdir(folder)).toSorted()).toEqual(['full', 'locked']);
  });

  it('says that a folder is not shown, rather than that it is empty', async () => {
    const folder = await bench.fill(['x']);
    await mkdir(`${folder}/dark`);
    await writeFile(`${folder}/dark/file`, '1');
    await chmod(`${folder}/dark`, 0o711);
    const client = await bench.open();
    expect((await failure(client.list(placeAt(`${folder}/dark`), {}, call()))).kind).toBe('forbidden');
    expect((await failure(walked(client, folder))).kind).toBe('forbidden');
    // Nothing can be known of what is in it: neither that it is gone nor that it is there.
    expect(await remove(client, [fileAt(`${folder}/dark/file`)])).toEqual([{ result: 'failed', kind: 'unexpected' }]);
  });

  it('takes a link for what it is: never goes in, and deletes it alone', async () => {
    const outside = await bench.fill(['kept']);
    const folder = await bench.fill(['x', 'a -> b']);
    await symlink(outside, `${folder}/link`);
    await symlink(`${outside}/kept`, `${folder}/to -> file`);
    const client = await bench.open();
    expect(await listed(client, folder)).toEqual({
      x: 'object',
      'a -> b': 'object',
      link: 'object',
      'to -> file': 'object',
    });
    expect((await walked(client, folder)).filter((path) => path.includes('kept'))).toEqual([]);
    expect((await failure(client.list(placeAt(`${folder}/link`), {}, call()))).kind).toBe('changed');
    expect((await failure(client.read(fileAt(`${folder}/to -> file`), { limit: 9 }, call()))).kind).toBe('unsupported');
    expect(await remove(client, [fileAt(`${folder}/link/kept`)])).toEqual([{ result: 'changed', kind: 'changed' }]);
    expect(await remove(client, [fileAt(`${folder}/link`), fileAt(`${folder}/to -> file`)])).toEqual([gone, gone]);
    expect(await readdir(outside)).toEqual(['kept']);
  });

  it('deletes nothing through a folder that a link has replaced', async () => {
    const outside = await bench.fill(['a']);
    const folder = await bench.fill(['run/a']);
    const client = await bench.open();
    const [, file] = await walked(client, folder);
    await rename(`${folder}/run`, `${folder}/was`);
    await symlink(outside, `${folder}/run`);
    expect(await remove(client, [fileAt(file ?? '')])).toEqual([{ result: 'changed', kind: 'changed' }]);
    expect(await readdir(outside)).toEqual(['a']);
  });

  it('says of a folder with a link that leads nowhere that something is in it', async () => {
    const folder = await bench.fill(['sub/x']);
    await unlink(`${folder}/sub/x`);
    await symlink('/nowhere', `${folder}/sub/dangling`);
    const client = await bench.open();
    expect(await remove(client, [folderAt(`${folder}/sub`)])).toEqual([{ result: 'failed', kind: 'not-empty' }]);
    const both = [fileAt(`${folder}/sub/dangling`), folderAt(`${folder}/sub`)];
    expect(await remove(client, both)).toEqual([gone, gone]);
  });

  it('sends no name that holds a line break, and refuses a listing that does', async () => {
    const folder = await bench.fill(['victim']);
    const client = await bench.open();
    const injected = `${folder}/x\r\nDELE ${folder}/victim`;
    for (const path of [injected, `${folder}/x\ny`, `${folder}/x\ry`, `${folder}/x\0y`]) {
      expect(await remove(client, [fileAt(path), folderAt(path)])).toEqual([
        { result: 'failed', kind: 'unsupported' },
        { result: 'failed', kind: 'unsupported' },
      ]);
      expect((await failure(client.list(placeAt(path), {}, call()))).kind).toBe('unsupported');
      expect((await failure(client.read(fileAt(path), { limit: 9 }, call()))).kind).toBe('unsupported');
      expect((await failure(client.stat(fileAt(path), call()))).kind).toBe('unsupported');
    }
    await writeFile(`${folder}/line\nbreak`, '');
    expect((await failure(listed(client, folder))).kind).toBe('unexpected');
    await rename(`${folder}/line\nbreak`, `${folder}/carriage\rreturn`);
    expect((await failure(listed(client, folder))).kind).toBe('unexpected');
    expect((await readdir(folder)).toSorted()).toEqual(['carriage\rreturn', 'victim']);
  });

  it('shows a name that is no UTF-8, deletes nothing by it, and does by the right encoding', async () => {
    const folder = await bench.fill(['x']);
    await writeFile(Buffer.from(`${folder}/caf\xe9`, 'latin1'), '1');
    await chown(folder, bench.server.user.uid, bench.server.user.gid);
    const client = await bench.open();
    expect(await listed(client, folder)).toEqual({ x: 'object', 'caf\ufffd': 'object' });
    expect(await remove(client, [fileAt(`${folder}/caf\ufffd`)])).toEqual([{ result: 'failed', kind: 'unsupported' }]);
    const latin = await bench.open({ encoding: 'latin1' });
    expect(await listed(latin, folder)).toEqual({ x: 'object', café: 'object' });
    for (const unsendable of ['€', 'ÿ', '日本']) {
      expect(await remove(latin, [fileAt(`${folder}/${unsendable}`)])).toEqual([
        { result: 'failed', kind: 'unsupported' },
      ]);
    }
    expect(await remove(latin, [fileAt(`${folder}/café`)])).toEqual([gone]);
    expect(await readdir(folder)).toEqual(['x']);
  });

  it('does not take a name with a space at its end for the one without', async () => {
    const folder = await bench.fill(['name', 'name ', 'alone ']);
    const client = await bench.open();
    const [first, second] = await remove(client, [fileAt(`${folder}/name `), fileAt(`${folder}/alone `)]);
    // Whoever says the path again, as MLST does, is believed.
    expect(first).toEqual(name === 'ProFTPD' ? gone : { result: 'failed', kind: 'unsupported' });
    expect(second).toEqual(gone);
    expect(await readdir(folder)).toContain('name');
  });

  it('lists and deletes thousands', async () => {
    const folder = await bench.fill([]);
    const files = Array.from({ length: 5000 }, (_, n) => `file-${n}`);
    for (const file of files) {
      await writeFile(`${folder}/${file}`, '');
      await chown(`${folder}/${file}`, bench.server.user.uid, bench.server.user.gid);
    }
    const client = await bench.open();
    const paths = await walked(client, folder);
    expect(paths).toHaveLength(5000);
    const outcomes = await remove(client, paths.slice(0, 2000).map(fileAt));
    expect(outcomes.filter(({ result }) => result !== 'deleted')).toEqual([]);
    expect(await readdir(folder)).toHaveLength(3000);
  });

  it('opens no more connections than were chosen, and each once', async () => {
    const folder = await bench.fill(Array.from({ length: 60 }, (_, n) => `f${n % 20}/${n}`));
    const proxy = bench.use(await startTcpProxy(bench.server.port));
    const client = await bench.open({ ...plain, port: proxy.port, connections: 3 });
    const paths = await walked(client, folder);
    const files = paths.filter((path) => /\/\d+$/.test(path)).map(fileAt);
    await Promise.all([remove(client, files.slice(0, 30)), remove(client, files.slice(30)), walked(client, folder)]);
    expect(await client.list({ kind: 'root' }, {}, call())).toBeDefined();
    expect(proxy.connections()).toBeLessThanOrEqual(3);
    expect(proxy.connections()).toBeGreaterThan(1);
  });

  it('never says deleted of what was cut off, and goes on afterwards', async () => {
    const names = Array.from({ length: 200 }, (_, n) => `n${n}`);
    const folder = await bench.fill(names);
    const proxy = bench.use(await startTcpProxy(bench.server.port));
    const client = await bench.open({ ...plain, port: proxy.port });
    await listed(client, folder);
    proxy.cutAfter(4000);
    const outcomes = await remove(
      client,
      names.map((each) => fileAt(`${folder}/${each}`)),
    );
    const left = new Set(await readdir(folder));
    const claimed = names.filter((_, index) => outcomes[index]?.kind === undefined);
    expect(claimed.filter((each) => left.has(each))).toEqual([]);
    const lost = outcomes.filter(({ result }) => result !== 'deleted');
    expect(lost.length).toBeGreaterThan(0);
    expect(lost.filter(({ result, kind }) => result !== 'already-gone' && kind !== 'unreachable')).toEqual([]);
    const again = await remove(
      client,
      names.map((each) => fileAt(`${folder}/${each}`)),
    );
    expect(again.filter(({ result }) => result !== 'deleted' && result !== 'already-gone')).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('connects anew, and once, when what lay idle was closed', async () => {
    const folder = await bench.fill(['a', 'b']);
    const proxy = bench.use(await startTcpProxy(bench.server.port));
    const client = await bench.open({ ...plain, port: proxy.port, connections: 1 });
    await listed(client, folder);
    proxy.cut();
    expect(await remove(client, [fileAt(`${folder}/a`)])).toEqual([gone]);
    expect(proxy.connections()).toBe(2);
  });

  it('ends at once when it is cancelled while the server is silent', async () => {
    const folder = await bench.fill(['a']);
    const proxy = bench.use(await startTcpProxy(bench.server.port));
    const client = await bench.open({ ...plain, port: proxy.port });
    await listed(client, folder);
    proxy.silence();
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    const start = performance.now();
    expect((await failure(client.list(placeAt(folder), {}, { signal: controller.signal }))).kind).toBe('cancelled');
    expect(performance.now() - start).toBeLessThan(1000);
    expect((await failure(client.list(placeAt(folder), {}, { signal: AbortSignal.abort() }))).kind).toBe('cancelled');
  });
});

describe('FTP on a ProFTPD of its own kind', () => {
  const benches: FtpBench[] = [];
  async function start(...config: string[]): Promise<FtpBench> {
    const bench = new FtpBench(await startProftpdFtp({ tls: 'none', config }));
    benches.push(bench);
    return bench;
  }
  afterEach(async () => {
    for (const bench of benches.splice(0)) {
      await bench.close();
      await bench.server.stop();
    }
  });

  it('says what the user may do with what is in a folder', async () => {
    const bench = await start();
    const deleteStep = async () => (await bench.verify(plain)).steps.find(({ stage }) => stage === 'delete');
    expect(await deleteStep()).toMatchObject({ status: 'ok' });
    await chown(bench.server.files, 0, 0);
    expect(await deleteStep()).toMatchObject({ status: 'denied' });
  });

  it('signs in again when the server has said goodbye to who was idle', async () => {
    const bench = await start('TimeoutIdle 2');
    const folder = await bench.fill(['a', 'b']);
    const client = await bench.open(plain);
    await listed(client, folder);
    await sleep(3500);
    expect(await remove(client, [fileAt(`${folder}/a`)])).toEqual([gone]);
    const users = (await bench.commands()).filter((command) => command.startsWith('USER'));
    expect(users).toHaveLength(2);
  });

  it('makes do with fewer connections where the server allows no more', async () => {
    const bench = await start('MaxClientsPerUser 2');
    const folder = await bench.fill(Array.from({ length: 100 }, (_, n) => `f${n % 20}/${n}`));
    const client = await bench.open({ ...plain, connections: 8 });
    const paths = await walked(client, folder);
    expect(paths).toHaveLength(120);
    const outcomes = await remove(client, paths.filter((path) => /\/\d+$/.test(path)).map(fileAt));
    expect(outcomes.filter(({ result }) => result !== 'deleted')).toEqual([]);
  });

  it('never goes into a link that the server shows as a folder', async () => {
    const bench = await start('ShowSymlinks off');
    const outside = await bench.fill(['kept']);
    const folder = await bench.fill(['x']);
    await symlink(outside, `${folder}/link`);
    const client = await bench.open(plain);
    expect((await listed(client, folder)).link).toBe('folder');
    expect((await failure(walked(client, folder))).kind).toBe('changed');
    expect((await failure(listed(client, `${folder}/link`))).kind).toBe('changed');
    expect(await readdir(outside)).toEqual(['kept']);
  });

  it('opens no connection to another host that the server names', async () => {
    const bench = await start('MasqueradeAddress 203.0.113.9', '<Limit EPSV>', 'DenyAll', '</Limit>');
    const client = await bench.open(plain);
    const start_ = performance.now();
    const refused = await failure(client.list({ kind: 'root' }, {}, call()));
    expect(refused.kind).toBe('unreachable');
    expect(refused.detail).toContain('203.0.113.9');
    expect(performance.now() - start_).toBeLessThan(5000);
  });

  it('lists by LIST what a server without MLSD has', async () => {
    const bench = await start('<Limit MLSD MLST>', 'DenyAll', '</Limit>', 'FactsAdvertise off');
    const folder = await bench.fill(['a', ' b', 'c ', 'd/e']);
    const client = await bench.open(plain);
    expect(await listed(client, folder)).toEqual({ a: 'object', ' b': 'object', 'c ': 'object', d: 'folder' });
    await rm(`${folder}/a`);
    expect(await remove(client, [fileAt(`${folder}/a`), fileAt(`${folder}/ b`)])).toEqual([
      { result: 'already-gone', kind: undefined },
      gone,
    ]);
  });
});
