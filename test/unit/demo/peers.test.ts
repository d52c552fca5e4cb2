import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type MemoryS3, startMemoryS3 } from '../../../demo/s3Server.ts';
import { rcloneEnvironment, writeS3cmdConfig } from '../../servers/peers.ts';
import { findCommand, runCommand, temporaryFolder } from '../../servers/serverProcess.ts';

// Clients that others wrote judge whether the server speaks S3. Each call starts a process.
vi.setConfig({ testTimeout: 120_000 });
const credentials = { accessKeyId: 'DEMOKEY', secretAccessKey: 'demo/secret+key' };
let server: MemoryS3;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder('peers');
  server = await startMemoryS3({ credentials: [credentials] });
  await writeFile(join(folder.path, 'hello.txt'), 'hello\n');
});

afterAll(async () => {
  await server.stop();
  await folder.remove();
});

const oddKeys = ['a b/c+d.txt', 'a%20b.txt', 'ä/ö.txt', '<&>"\'.txt', 'q?h#.txt', '\u{1F600}'];

function suiteOf(command: string) {
  if (findCommand(command) === undefined) {
    console.log(`Skipped: judging the demo storage with ${command} needs the Debian package ${command}`);
    return describe.skip;
  }
  return describe;
}

suiteOf('s3cmd')('s3cmd', () => {
  const s3cmd = async (...args: string[]) => {
    const config = await writeS3cmdConfig(folder.path, { endpoint: server.endpoint, ...credentials });
    return runCommand('s3cmd', ['-c', config, ...args]);
  };

  it('makes a bucket, puts, lists, gets, deletes in a batch and removes the bucket', async () => {
    const local = join(folder.path, 'hello.txt');
    await s3cmd('mb', 's3://s3cmd-bucket');
    for (const key of oddKeys) await s3cmd('put', local, `s3://s3cmd-bucket/${key}`);
    const listed = await s3cmd('ls', '--recursive', 's3://s3cmd-bucket');
    for (const key of oddKeys) expect(listed).toContain(`s3://s3cmd-bucket/${key}\n`);
    expect(await s3cmd('get', `s3://s3cmd-bucket/${oddKeys[0]}`, '-')).toContain('hello');
    server.resetCounts();
    await s3cmd('del', '--recursive', '--force', 's3://s3cmd-bucket/');
    expect(server.countObjects('s3cmd-bucket')).toBe(0);
    expect(server.requestCounts().POST).toBe(1);
    await s3cmd('rb', 's3://s3cmd-bucket');
    expect(await s3cmd('ls')).not.toContain('s3cmd-bucket');
  });

  it('pages through 2,345 objects', async () => {
    for (let n = 0; n < 2345; n++) server.put('s3cmd-many', `k/${n}`, Buffer.from('x'));
    const listed = await s3cmd('ls', '--recursive', 's3://s3cmd-many');
    expect(listed.trim().split('\n')).toHaveLength(2345);
  });
});

suiteOf('rclone')('rclone', () => {
  const rclone = (...args: string[]) =>
    runCommand('rclone', args, rcloneEnvironment({ endpoint: server.endpoint, ...credentials }));

  it('copies, checks, lists with folders, deletes and purges', async () => {
    await rclone('mkdir', 'peer:rclone-bucket');
    await rclone('copyto', join(folder.path, 'hello.txt'), 'peer:rclone-bucket/in/hello.txt');
    for (const key of oddKeys) server.put('rclone-bucket', key, Buffer.from('hello\n'));
    const listed = await rclone('lsf', '-R', '--files-only', 'peer:rclone-bucket');
    expect(listed.trimEnd().split('\n').sort()).toEqual([...oddKeys, 'in/hello.txt'].sort());
    expect(await rclone('lsf', 'peer:rclone-bucket/a b')).toBe('c+d.txt\n');
    expect(await rclone('cat', 'peer:rclone-bucket/in/hello.txt')).toBe('hello\n');
    await rclone('check', '--one-way', join(folder.path, 'hello.txt'), 'peer:rclone-bucket/in');
    await rclone('deletefile', 'peer:rclone-bucket/a b/c+d.txt');
    expect(server.countObjects('rclone-bucket')).toBe(oddKeys.length);
    await rclone('purge', 'peer:rclone-bucket');
    expect(server.countObjects('rclone-bucket')).toBe(0);
  });

  it('pages through 2,345 objects', async () => {
    for (let n = 0; n < 2345; n++) server.put('rclone-many', `k/${n}`, Buffer.from('x'));
    expect(JSON.parse(await rclone('size', '--json', 'peer:rclone-many'))).toMatchObject({ count: 2345, bytes: 2345 });
  });

  it('is refused with a wrong secret', async () => {
    const wrong = { endpoint: server.endpoint, ...credentials, secretAccessKey: 'wrong' };
    await expect(runCommand('rclone', ['lsf', '--retries', '1', 'peer:'], rcloneEnvironment(wrong))).rejects.toThrow(
      'SignatureDoesNotMatch',
    );
  });
});
