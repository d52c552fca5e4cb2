import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, chown, lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseDraft } from '../../src/core/drafts.ts';
import { StorageError } from '../../src/core/errors.ts';
import type { Draft } from '../../src/core/fields.ts';
import type { Entry, StorageClient } from '../../src/core/storageClient.ts';
import { placeOf } from '../../src/core/storageClient.ts';
import { concludeVerification, type Verification } from '../../src/core/verification.ts';
import { fileEntry } from '../../src/providers/_shared/files.ts';
import sftp from '../../src/providers/sftp/provider.ts';
import { runRemoval } from '../../src/removal/engine.ts';
import { readOutcomes } from '../../src/removal/outcomeLog.ts';
import { planRemoval } from '../../src/removal/plan.ts';
import { type OpenSsh, startOpenSsh } from '../servers/openssh.ts';
import { runCommand, ServerUnavailable, temporaryFolder } from '../servers/serverProcess.ts';
import { startTcpProxy, type TcpProxy } from '../servers/tcpProxy.ts';
import { FileTreeJudge } from '../support/fileTreeJudge.ts';
import { hostKeyOf } from '../support/hostKey.ts';
import { call, collect, direct, listAll } from './contractSuite.ts';

const started = await startOpenSsh().catch((error: unknown) => {
  if (!(error instanceof ServerUnavailable)) throw error;
  console.log(`Skipped: SFTP. ${error.message}`);
  return undefined;
});

describe.skipIf(started === undefined)('SFTP on OpenSSH', () => {
  const ssh = started as OpenSsh;
  const opened: (StorageClient | TcpProxy)[] = [];
  const home = temporaryFolder('sftp-home');
  const before = process.env.HOME;
  const judge = started && new FileTreeJudge(started.files, started.user);

  beforeAll(async () => {
    process.env.HOME = (await home).path;
  });
  afterEach(async () => {
    for (const each of opened.splice(0)) await ('stop' in each ? each.stop() : each[Symbol.asyncDispose]());
    await rm(path.join((await home).path, '.ssh'), { recursive: true, force: true });
    await judge?.cleanUp();
    await chmod(ssh.files, 0o755);
  });
  afterAll(async () => {
    process.env.HOME = before;
    await (await home).remove();
    await ssh.stop();
  });

  const good = (): Draft => ({
    host: ssh.host,
    port: ssh.port,
    username: ssh.user.name,
    password: ssh.user.password,
    basePath: ssh.files,
    hostKey: hostKeyOf(ssh),
  });

  async function open(change: Draft = {}): Promise<Required<StorageClient>> {
    const { settings, secrets } = parseDraft(sftp.fields, { ...good(), ...change });
    const client = await sftp.open({ settings, secrets, network: direct });
    opened.push(client);
    return client as Required<StorageClient>;
  }

  async function verify(change: Draft = {}): Promise<Verification> {
    const client = await open(change);
    return concludeVerification(await collect(client.verify({ kind: 'root' }, call())), Date.now());
  }

  async function proxied(): Promise<TcpProxy> {
    const proxy = await startTcpProxy(ssh.port);
    opened.push(proxy);
    return proxy;
  }

  async function know(lines: string): Promise<void> {
    const folder = path.join((await home).path, '.ssh');
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, 'known_hosts'), lines);
  }

  const failureOf = async (attempt: Promise<unknown>) => {
    const error = await attempt.then(
      () => expect.unreachable('It should have failed.'),
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(StorageError);
    return error as StorageError;
  };

  const remove = async (client: StorageClient, ...entries: Entry[]) => {
    const targets = entries.map((entry) => ({ entry, mode: 'permanent' as const }));
    const outcomes = (await client.remove?.(targets, call())) ?? [];
    return outcomes.map(({ result, error }) => [result, error?.kind]);
  };

  const inFiles = (...names: string[]) => path.join(ssh.files, ...names);
  const ownerOnly = { uid: 0, gid: 0 };

  describe('the host key', () => {
    const serverName = () => `[${ssh.host}]:${ssh.port}`;

    it('that is not known is shown, and nobody signs in', async () => {
      const proxy = await proxied();
      const verification = await verify({ hostKey: '', port: proxy.port });
      expect(verification.steps.map(({ stage, status }) => [stage, status])).toEqual([
        ['reach', 'ok'],
        ['tls', 'failed'],
        ['sign-in', 'skipped'],
        ['list', 'skipped'],
        ['delete', 'skipped'],
      ]);
      expect(verification.sentence).toContain(hostKeyOf(ssh));
      const failure = await failureOf(listAll(await open({ hostKey: '' }), { kind: 'root' }));
      expect(failure.kind).toBe('untrusted-server');
    });

    it('is fetched without signing in, and accepted from then on', async () => {
      const { settings } = parseDraft(sftp.fields, { ...good(), username: '' });
      const filled = await sftp.runAction('fetchHostKey', { settings, secrets: {}, network: direct }, call());
      expect(filled).toEqual({ hostKey: hostKeyOf(ssh) });
      expect((await verify(filled)).works).toBe(true);
    });

    it('that is another one than before is a hard stop', async () => {
      const other = `ssh-ed25519 SHA256:${randomBytes(32).toString('base64').replace('=', '')}`;
      const verification = await verify({ hostKey: other });
      expect(verification.steps[1]).toMatchObject({ stage: 'tls', status: 'failed', kind: 'untrusted-server' });
      expect(verification.sentence).toMatch(/another one than before/);
    });

    it.each([
      ['plain', (name: string, key: string) => `${name} ${key}\n`],
      ['with other names', (name: string, key: string) => `# a comment\nother.example,${name} ${key} a comment\n`],
      ['by a pattern', (_: string, key: string) => `[127.0.0.?]:* ${key}\n`],
    ])('is taken from known_hosts: %s', async (_, lineOf) => {
      await know(lineOf(serverName(), ssh.hostKeys[2] ?? ''));
      expect((await verify({ hostKey: '' })).works).toBe(true);
    });

    it('is taken from known_hosts that was hashed by ssh-keygen', async () => {
      await know(`${serverName()} ${ssh.hostKeys[0]}\n`);
      const file = path.join((await home).path, '.ssh', 'known_hosts');
      await runCommand('ssh-keygen', ['-H', '-f', file]);
      expect(await readFile(file, 'utf8')).toMatch(/^\|1\|/);
      expect((await verify({ hostKey: '' })).works).toBe(true);
    });

    it.each([
      ['another key of this host', (name: string, _: string, other: string) => `${name} ${other}\n`, /another one/],
      ['a revoked key', (name: string, key: string) => `@revoked ${name} ${key}\n`, /revoked/],
      [
        'a key that is known and revoked',
        (name: string, key: string) => `${name} ${key}\n@revoked * ${key}\n`,
        /revoked/,
      ],
      ['an exception from a pattern', (name: string, key: string) => `[127.0.0.*]:*,!${name} ${key}\n`, /not known/],
      ['an authority alone', (name: string, key: string) => `@cert-authority ${name} ${key}\n`, /not known/],
    ])('is refused where known_hosts has %s', async (_, lineOf, sentence) => {
      const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const other = sshRsa(publicKey.export({ format: 'jwk' }));
      await know(lineOf(serverName(), ssh.hostKeys[0] ?? '', other));
      const verification = await verify({ hostKey: '' });
      expect(verification.steps[1]).toMatchObject({ stage: 'tls', status: 'failed', kind: 'untrusted-server' });
      expect(verification.sentence).toMatch(sentence);
    });
  });

  describe('a private key', () => {
    const keyDraft = (change: Draft): Draft => ({ ...change, signIn: 'key', password: '' });

    async function makeKey(...args: string[]): Promise<string> {
      const file = path.join((await home).path, `key-${randomBytes(4).toString('hex')}`);
      await runCommand('ssh-keygen', ['-q', '-f', file, ...args]);
      await ssh.authorize((await readFile(`${file}.pub`, 'utf8')).trim());
      return await readFile(file, 'utf8');
    }

    it.each([
      ['ed25519', ['-t', 'ed25519', '-N', '']],
      ['rsa', ['-t', 'rsa', '-N', '']],
      ['ecdsa', ['-t', 'ecdsa', '-N', '']],
      ['rsa in PEM', ['-t', 'rsa', '-m', 'PEM', '-N', '']],
    ])('of type %s signs in', async (_, args) => {
      expect(await verify(keyDraft({ privateKey: await makeKey(...args) }))).toMatchObject({ works: true });
    });

    it.each([
      ['OpenSSH', ['-t', 'ed25519', '-N', 'open sesame']],
      ['PEM', ['-t', 'rsa', '-m', 'PEM', '-N', 'open sesame']],
    ])('with a passphrase signs in, and says what is wrong without: %s', async (_, args) => {
      const privateKey = await makeKey(...args);
      expect((await verify(keyDraft({ privateKey, passphrase: 'open sesame' }))).works).toBe(true);
      const examine = (passphrase: string) => sftp.examine({ signIn: 'key' }, { privateKey, passphrase });
      expect(await examine('open sesame')).toEqual([]);
      expect(await examine('')).toMatchObject([{ field: 'passphrase', sentence: expect.stringMatching(/enter its/) }]);
      expect(await examine('wrong')).toMatchObject([
        { field: 'passphrase', sentence: expect.stringMatching(/not open/) },
      ]);
      const verification = await verify(keyDraft({ privateKey, passphrase: 'wrong' }));
      expect(verification).toMatchObject({ works: false, sentence: expect.stringMatching(/passphrase/) });
    });

    it('that was generated signs in with its public half', async () => {
      const { settings } = parseDraft(sftp.fields, good());
      const pair = await sftp.runAction('generateKey', { settings, secrets: {}, network: direct }, call());
      expect(await verify(keyDraft(pair))).toMatchObject({ works: false });
      await ssh.authorize(String(pair.publicKey));
      expect(await verify(keyDraft(pair))).toMatchObject({ works: true });
      expect(await sftp.examine({ signIn: 'key' }, { privateKey: String(pair.publicKey) })).toMatchObject([
        { field: 'privateKey', sentence: expect.stringMatching(/public key/) },
      ]);
    });

    it('of this machine’s agent signs in', async () => {
      const agent = await startAgent(path.join((await home).path, 'agent'));
      const file = path.join((await home).path, 'agent-key');
      await writeFile(file, await makeKey('-t', 'ed25519', '-N', ''), { mode: 0o600 });
      await runCommand('ssh-add', ['-q', file], { SSH_AUTH_SOCK: agent.socket });
      const kept = process.env.SSH_AUTH_SOCK;
      process.env.SSH_AUTH_SOCK = agent.socket;
      expect(await verify({ signIn: 'agent', password: '' })).toMatchObject({ works: true });
      agent.process.kill();
      await once(agent.process, 'exit');
      expect(await verify({ signIn: 'agent', password: '' })).toMatchObject({ works: false });
      delete process.env.SSH_AUTH_SOCK;
      const without = await verify({ signIn: 'agent', password: '' });
      expect(without).toMatchObject({ works: false, sentence: expect.stringMatching(/agent/) });
      if (kept !== undefined) process.env.SSH_AUTH_SOCK = kept;
    });
  });

  describe('a link', () => {
    async function plantLinks() {
      const outside = await temporaryFolder('outside');
      await writeFile(path.join(outside.path, 'precious'), 'x');
      await chmod(outside.path, 0o777);
      await mkdir(inFiles('tree', 'real'), { recursive: true });
      await writeFile(inFiles('tree', 'real', 'file'), 'x');
      await symlink(outside.path, inFiles('tree', 'to-folder'));
      await symlink(path.join(outside.path, 'precious'), inFiles('tree', 'to-file'));
      for (const each of ['tree', 'tree/real']) await chown(inFiles(each), ssh.user.uid, ssh.user.gid);
      return outside;
    }

    it('is never followed: it goes, and what it leads to stays', async () => {
      const outside = await plantLinks();
      const storage = await temporaryFolder('removals');
      const client = await open();
      const removal = await planRemoval({
        client,
        provider: sftp,
        credential: { id: 'x', name: 'x' },
        selection: [fileEntry('folder', inFiles('tree'))],
        folder: storage.path,
        signal: new AbortController().signal,
      });
      const report = await runRemoval({ client, provider: sftp, removal, signal: new AbortController().signal });
      const outcomes = await collect(readOutcomes(removal));
      expect(outcomes.map(({ entry }) => entry.id).toSorted()).toEqual(
        ['tree', 'tree/real', 'tree/real/file', 'tree/to-file', 'tree/to-folder'].map((name) => inFiles(name)),
      );
      expect(report.results).toMatchObject({ deleted: 5, failed: 0 });
      expect(await readdir(outside.path)).toEqual(['precious']);
      expect(await readdir(ssh.files)).toEqual([]);
      await Promise.all([outside.remove(), storage.remove()]);
    });

    it('that has taken the place of a folder since leads nowhere', async () => {
      const outside = await plantLinks();
      await writeFile(path.join(outside.path, 'file'), 'x');
      const client = await open();
      const planned = fileEntry('object', inFiles('tree', 'real', 'file'));
      await rm(inFiles('tree', 'real'), { recursive: true });
      await symlink(outside.path, inFiles('tree', 'real'));
      expect(await remove(client, planned)).toEqual([['changed', 'changed']]);
      expect((await readdir(outside.path)).toSorted()).toEqual(['file', 'precious']);
      await outside.remove();
    });
  });

  it('keeps a folder that holds something, and says so', async () => {
    await judge?.put('full', 'late');
    const client = await open();
    expect(await remove(client, fileEntry('folder', inFiles('full')))).toEqual([['failed', 'not-empty']]);
    await rm(inFiles('full', 'late'));
    expect(await remove(client, fileEntry('folder', inFiles('full')))).toEqual([['deleted', undefined]]);
    expect(await remove(client, fileEntry('folder', inFiles('full')))).toEqual([['already-gone', undefined]]);
  });

  it('takes a file for no folder and a folder for no file', async () => {
    await judge?.put('folder', 'file');
    const client = await open();
    expect(await remove(client, fileEntry('object', inFiles('folder')))).toMatchObject([['failed', expect.anything()]]);
    expect(await remove(client, fileEntry('folder', inFiles('folder', 'file')))).toEqual([['changed', 'changed']]);
    expect(await judge?.ids('folder')).toEqual(['file']);
  });

  it('says that what lies in a folder it may not write to is denied', async () => {
    await judge?.put('fixed', 'a');
    await chown(inFiles('fixed'), ownerOnly.uid, ownerOnly.gid);
    const client = await open();
    expect(await remove(client, fileEntry('object', inFiles('fixed', 'a')))).toEqual([['denied', 'forbidden']]);
    expect(await judge?.ids('fixed')).toEqual(['a']);
  });

  it('deletes nothing outside of its base path, however it is written', async () => {
    await judge?.put('mine', 'a');
    await judge?.put('mine-too', 'a');
    const client = await open({ basePath: inFiles('mine') });
    const outside = [
      inFiles('mine-too', 'a'),
      `${inFiles('mine')}/../mine-too/a`,
      `${inFiles('mine')}/`,
      inFiles('mine'),
    ];
    const outcomes = await remove(client, ...outside.map((id) => fileEntry('object', id)));
    expect(outcomes.map(([result]) => result)).toEqual(['failed', 'failed', 'failed', 'failed']);
    expect([await judge?.ids('mine'), await judge?.ids('mine-too')]).toEqual([['a'], ['a']]);
  });

  it('shows a name that is no UTF-8, and deletes nothing by it', async () => {
    await mkdir(inFiles('bytes'));
    const file = Buffer.concat([Buffer.from(`${inFiles('bytes')}/caf`), Buffer.from([0xe9])]);
    await writeFile(file, 'x');
    const client = await open();
    const place = placeOf(fileEntry('folder', inFiles('bytes')));
    const [entry] = await listAll(client, place ?? expect.unreachable());
    expect(entry?.name).toBe('caf\ufffd');
    expect(await remove(client, entry ?? expect.unreachable())).toEqual([['failed', 'unsupported']]);
    expect((await lstat(file)).size).toBe(1);
  });

  it('lists and deletes thousands of files in one folder', async () => {
    const names = Array.from({ length: 3000 }, (_, n) => `file-${String(n).padStart(4, '0')}`);
    for (const name of names) await judge?.put('many', name);
    const client = await open();
    const place = placeOf(fileEntry('folder', inFiles('many'))) ?? expect.unreachable();
    const entries = await listAll(client, place);
    expect(entries.map(({ name }) => name)).toEqual(names);
    const outcomes = await remove(client, ...entries);
    expect(new Set(outcomes.map(([result]) => result))).toEqual(new Set(['deleted']));
    expect(await judge?.ids('many')).toEqual([]);
  });

  it('connects again, once, when the server has closed an idle connection', async () => {
    await judge?.put('idle', 'a');
    const proxy = await proxied();
    const client = await open({ port: proxy.port });
    const place = placeOf(fileEntry('folder', inFiles('idle'))) ?? expect.unreachable();
    await listAll(client, place);
    expect(proxy.connections()).toBe(1);
    proxy.cut();
    expect(await listAll(client, place)).toHaveLength(1);
    expect(proxy.connections()).toBe(2);
    proxy.cut();
    expect(await remove(client, fileEntry('object', inFiles('idle', 'a')))).toEqual([['deleted', undefined]]);
  });

  it('shares one connection, however many calls are under way', async () => {
    for (let n = 0; n < 50; n++) await judge?.put(`f${n}`, 'a');
    const proxy = await proxied();
    const client = await open({ port: proxy.port });
    const pages = await collect(client.walk({ kind: 'root' }, {}, call()));
    expect(pages.flatMap(({ entries }) => entries)).toHaveLength(100);
    expect(proxy.connections()).toBe(1);
  });

  it('claims nothing of requests whose connection was cut, and a run settles them by asking again', async () => {
    const names = Array.from({ length: 600 }, (_, n) => `file-${n}`);
    for (const name of names) await judge?.put('cut', name);
    const proxy = await proxied();
    const client = await open({ port: proxy.port });
    const storage = await temporaryFolder('removals');
    const signal = new AbortController().signal;
    const selection = [fileEntry('folder', inFiles('cut'))];
    const credential = { id: 'x', name: 'x' };
    const removal = await planRemoval({ client, provider: sftp, credential, selection, folder: storage.path, signal });
    proxy.cutAfter(20_000);
    const report = await runRemoval({ client, provider: sftp, removal, signal });
    const left = new Set(await judge?.ids('cut'));
    for (const { entry, result } of await collect(readOutcomes(removal))) {
      if (result === 'deleted' || result === 'already-gone') expect(left.has(entry.name)).toBe(false);
    }
    expect(report.results.deleted + report.results['already-gone']).toBe(601);
    expect(proxy.connections()).toBeGreaterThan(1);
    await storage.remove();
  });

  it('ends at once when it is cancelled', async () => {
    const proxy = await proxied();
    const client = await open({ port: proxy.port });
    await listAll(client, { kind: 'root' });
    proxy.silence();
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    const start = Date.now();
    const failure = await failureOf(client.list({ kind: 'root' }, {}, { signal: controller.signal }));
    expect(failure.kind).toBe('cancelled');
    expect(Date.now() - start).toBeLessThan(5000);
  });
});

describe.skipIf(started === undefined)('SFTP in a chroot', () => {
  it('lists and deletes what it sees, from the top', async () => {
    const ssh = await startOpenSsh({ chroot: true, hostKeyTypes: ['rsa'] });
    const judge = new FileTreeJudge(ssh.files, ssh.user);
    await judge.put('here', 'a');
    const { settings, secrets } = parseDraft(sftp.fields, {
      ...{ host: ssh.host, port: ssh.port, username: ssh.user.name, password: ssh.user.password },
      hostKey: hostKeyOf(ssh),
    });
    const client = await sftp.open({ settings, secrets, network: direct });
    const top = await listAll(client, { kind: 'root' });
    expect(top.find(({ name }) => name === 'files')).toMatchObject({ kind: 'folder', id: '/files', path: '/files' });
    const targets = [{ entry: fileEntry('object', '/files/here/a'), mode: 'permanent' as const }];
    expect(await client.remove?.(targets, call())).toMatchObject([{ result: 'deleted' }]);
    expect(await judge.ids('here')).toEqual([]);
    await client[Symbol.asyncDispose]();
    await ssh.stop();
  });
});

async function startAgent(socket: string): Promise<{ socket: string; process: ChildProcess }> {
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(agent.stdout, 'data');
  return { socket, process: agent };
}

/** An RSA key as a line of public keys has it. */
function sshRsa({ n = '', e = '' }: { n?: string; e?: string }): string {
  const part = (bytes: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const number = (text: string) => part(Buffer.concat([Buffer.from([0]), Buffer.from(text, 'base64url')]));
  const exponent = part(Buffer.from(e, 'base64url'));
  return `ssh-rsa ${Buffer.concat([part(Buffer.from('ssh-rsa')), exponent, number(n)]).toString('base64')}`;
}
