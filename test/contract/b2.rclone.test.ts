import { expect, it } from 'vitest';
import { startB2 } from '../servers/b2/simulator.ts';
import { missingPeer, rcloneB2Environment } from '../servers/peers.ts';
import { runCommand } from '../servers/serverProcess.ts';

// A simulator that another client can't use as it uses Backblaze is wrong.
const missing = await missingPeer('rclone');

const names = [
  'top.txt',
  'folder/one',
  'folder/deep/two',
  'odd/ä +%25&=?#[x].txt',
  "odd/quote's",
  'odd/emoji \u{1f600}',
];

it.skipIf(missing)('rclone signs in to the simulator, lists, reads, writes, hides and deletes', async () => {
  const b2 = await startB2();
  try {
    const environment = rcloneB2Environment(b2.endpoint, b2.keys.add());
    const rclone = (...args: string[]) => runCommand('rclone', args, environment);
    const lines = async (...args: string[]) => (await rclone(...args)).split('\n').filter(Boolean).sort();
    b2.store.createBucket('judged');
    for (const name of names) b2.store.put('judged', name, `content of ${name}`);
    for (let n = 0; n < 1100; n++) b2.store.put('judged', `many/${n}`);

    expect(await lines('lsf', 'peer:')).toEqual(['judged/']);
    expect(await lines('lsf', 'peer:judged')).toEqual(['folder/', 'many/', 'odd/', 'top.txt']);
    expect(await lines('lsf', '-R', '--files-only', '--exclude', 'many/**', 'peer:judged')).toEqual([...names].sort());
    expect(await lines('lsf', '-R', '--files-only', 'peer:judged/many')).toHaveLength(1100);
    for (const name of names) expect(await rclone('cat', `peer:judged/${name}`)).toBe(`content of ${name}`);

    await rclone('mkdir', 'peer:made-by-rclone');
    await rclone('copyto', `peer:judged/${names[0]}`, 'peer:made-by-rclone/copied', '--disable', 'copy');
    expect(b2.store.bucket('made-by-rclone').current('copied')?.content.toString()).toBe(`content of ${names[0]}`);

    await rclone('deletefile', `peer:judged/${names[3]}`);
    expect(
      b2.store
        .bucket('judged')
        .versionsOf(names[3] ?? '')
        .map(({ action }) => action),
    ).toEqual(['hide', 'upload']);
    expect(await lines('lsf', '-R', '--files-only', '--b2-versions', 'peer:judged/odd')).toHaveLength(3);
    await rclone('delete', 'peer:judged/folder');
    await rclone('delete', '--b2-hard-delete', 'peer:judged/many');
    expect(b2.store.bucket('judged').versionsOf('many/7')).toEqual([]);
    expect(b2.store.names('judged').sort()).toEqual([names[0], names[4], names[5]].sort());
    await rclone('purge', 'peer:judged');
    await rclone('purge', 'peer:made-by-rclone');
    expect([...b2.store.buckets.keys()]).toEqual([]);
  } finally {
    await b2.stop();
  }
});

it.skipIf(missing)('rclone is told no as Backblaze tells it', async () => {
  const b2 = await startB2();
  try {
    b2.store.createBucket('judged');
    b2.store.put('judged', 'a');
    const key = b2.keys.add();
    const run = (used: { keyId: string; applicationKey: string }, ...args: string[]) =>
      runCommand(
        'rclone',
        ['--retries', '1', '--low-level-retries', '1', ...args],
        rcloneB2Environment(b2.endpoint, used),
      );
    await expect(run({ ...key, applicationKey: 'wrong' }, 'lsf', 'peer:judged')).rejects.toThrow(/401 unauthorized/);
    const reader = b2.keys.add({ capabilities: ['listBuckets', 'listFiles', 'readFiles'] });
    await expect(run(reader, 'deletefile', 'peer:judged/a')).rejects.toThrow(/401 unauthorized/);
    await expect(run(key, 'lsf', 'peer:absent')).rejects.toThrow(/not found/);
    const only = b2.keys.add({ buckets: ['judged'], namePrefix: 'mine/' });
    expect(await run(only, 'lsf', 'peer:')).toBe('judged/\n');
    await expect(run(only, 'lsf', 'peer:judged')).rejects.toThrow(/401 unauthorized/);
    expect(await run(only, 'lsf', 'peer:judged/mine')).toBe('');
  } finally {
    await b2.stop();
  }
});
