import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { methodNames, type StorageClient } from '../../src/core/storageClient.ts';
import { concludeVerification } from '../../src/core/verification.ts';
import provider from '../../src/providers/http/provider.ts';
import { apachePlaces, startApache } from '../servers/apache.ts';
import { type IndexServer, startLighttpd, startNginx, startRcloneHttp } from '../servers/indexServers.ts';
import { FileTreeJudge } from '../support/fileTreeJudge.ts';
import { oddKeys, unstorableFileNames } from '../support/oddKeys.ts';
import { byBytes, call, collect, direct, listAll } from './contractSuite.ts';

const root = { kind: 'root' } as const;

async function startApacheIndex(): Promise<IndexServer> {
  const { origin, files, stop } = await startApache();
  return { url: `${origin}${apachePlaces.index}`, files, stop };
}

const storable = oddKeys.filter((key) => key.isWellFormed() && !unstorableFileNames.has(key) && !key.includes('/'));
const isHidden = (name: string) => name.startsWith('.');
/** rclone's names are its own in place of control characters, which it shows as pictures. */
const isChanged = (name: string) => /[\p{Cc}\ufeff\uffff]/u.test(name);

describe.each([
  ['Apache', startApacheIndex, () => false],
  ['nginx', () => startNginx('html'), isHidden],
  ['nginx in JSON', () => startNginx('json'), isHidden],
  ['lighttpd', startLighttpd, isHidden],
  ['rclone', startRcloneHttp, isChanged],
] as const)('HTTP on %s', (name, start, isLeftOut) => {
  let server: IndexServer;
  let judge: FileTreeJudge;
  let client: Required<StorageClient>;
  beforeAll(async () => {
    server = await start();
    judge = new FileTreeJudge(server.files, { uid: 0, gid: 0 });
    const settings = { url: server.url };
    client = (await provider.open({ settings, secrets: {}, network: direct })) as Required<StorageClient>;
  });
  afterAll(async () => {
    await client?.[Symbol.asyncDispose]();
    await server?.stop();
  });

  it('has the methods that the provider declares, and none that changes anything', () => {
    const methods = methodNames.filter((method) => typeof client[method] === 'function');
    expect(methods).toEqual(methodNames.filter((method) => provider.capabilities.has(method)));
    expect(methods).toEqual(['stat', 'read', 'properties']);
  });

  it('lists odd names as they are, and reads each', async () => {
    const container = await judge.createContainer();
    for (const key of storable) await judge.put(container, key);
    await judge.put(container, 'folder/inside/file', 'content');
    const folder = (await listAll(client, root)).find((entry) => entry.name === container) ?? expect.unreachable();
    const entries = await listAll(client, { kind: 'folder', id: folder.id });
    const expected = byBytes(storable.filter((key) => !isLeftOut(key)));
    const files = entries.filter(
      ({ kind, name: shown }) => kind === 'object' && !(name === 'rclone' && isPicture(shown)),
    );
    expect(byBytes(files.map((entry) => entry.name))).toEqual(expected);
    expect(expected.length).toBeGreaterThanOrEqual(26);
    for (const entry of files) {
      // lighttpd lists such names and does not take them.
      if (name === 'lighttpd' && /\p{Cc}/u.test(entry.name)) continue;
      expect(Buffer.from(await client.read(entry, { limit: 1 }, call())).toString(), entry.name).toBe('x');
      expect(await client.stat(entry, call())).toMatchObject({ id: entry.id, name: entry.name, size: 1 });
    }
    const [inner] = entries.filter(({ kind }) => kind === 'folder');
    expect(inner?.name).toBe('folder');
    const [inside] = await listAll(client, { kind: 'folder', id: inner?.id ?? '' });
    expect(inside).toMatchObject({ kind: 'folder', name: 'inside' });
    const [file] = await listAll(client, { kind: 'folder', id: inside?.id ?? '' });
    expect(file).toMatchObject({ kind: 'object', name: 'file' });
    if (name === 'nginx in JSON') expect(file).toMatchObject({ size: 7, modified: expect.any(Number) });
    const rows = (await client.properties(file ?? expect.unreachable(), call())).flatMap((group) => group.rows);
    expect(Object.fromEntries(rows)).toMatchObject({ Size: '7 bytes' });
    expect(provider.urlOf(file ?? expect.unreachable(), { url: server.url })).toBe(
      `${server.url}${container}/folder/inside/file`,
    );
  });

  it('finds an empty folder good and one that is gone not there', async () => {
    const container = await judge.createContainer();
    const [place] = (await listAll(client, root)).filter((entry) => entry.name === container);
    const at = { kind: 'folder', id: place?.id ?? '' } as const;
    expect(await listAll(client, at)).toEqual([]);
    const verification = concludeVerification(await collect(client.verify(at, call())), 0);
    expect(verification.works).toBe(true);
    expect(verification.sentence).toMatch(/only show files/);
    expect(verification.steps.at(-1)).toMatchObject({ stage: 'delete', status: 'denied' });
    await judge.removeContainer(container);
    await expect(client.list(at, {}, call())).rejects.toMatchObject({ kind: 'not-found' });
  });

  it('takes a page of its own for no list of files', async () => {
    const container = await judge.createContainer();
    await judge.put(container, 'page.html', '<html><body><p>Sign in</p></body></html>');
    const at = { kind: 'folder', id: `${new URL(server.url).pathname}${container}/page.html/` } as const;
    await expect(client.list(at, {}, call())).rejects.toMatchObject({
      kind: expect.stringMatching(/not-found|unsupported|invalid-settings/),
    });
  });
});

function isPicture(name: string): boolean {
  return /[\u2400-\u2426\ufeff\uffff]/.test(name);
}
