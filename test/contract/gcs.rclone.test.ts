import { expect, it } from 'vitest';
import { startGcs } from '../servers/gcs/simulator.ts';
import { missingPeer, rcloneGcsEnvironment } from '../servers/peers.ts';
import { runCommand } from '../servers/serverProcess.ts';

// A simulator that another client can't use as it uses Google is wrong.
const missing = await missingPeer('rclone');

const names = [
  'top.txt',
  'folder/one',
  'folder/deep/two',
  'odd/ä +%25&=?#[x].txt',
  "odd/quote's",
  'odd/emoji \u{1f600}',
];

it.skipIf(missing)('rclone signs in to the simulator, lists, reads, writes and deletes', async () => {
  const gcs = await startGcs();
  try {
    const environment = rcloneGcsEnvironment(gcs.endpoint, gcs.addAccount('peer'));
    const rclone = (...args: string[]) => runCommand('rclone', args, environment);
    const lines = async (...args: string[]) => (await rclone(...args)).split('\n').filter(Boolean).sort();
    gcs.store.createBucket('judged', gcs.project);
    for (const name of names) gcs.store.put('judged', name, `content of ${name}`);
    for (let n = 0; n < 1100; n++) gcs.store.put('judged', `many/${n}`);

    expect(await lines('lsf', 'peer:')).toEqual(['judged/']);
    expect(await lines('lsf', 'peer:judged')).toEqual(['folder/', 'many/', 'odd/', 'top.txt']);
    expect(await lines('lsf', '-R', '--files-only', '--exclude', 'many/**', 'peer:judged')).toEqual([...names].sort());
    expect(await lines('lsf', '-R', '--files-only', 'peer:judged/many')).toHaveLength(1100);
    expect(await rclone('cat', `peer:judged/${names[1]}`)).toBe(`content of ${names[1]}`);

    await rclone('mkdir', 'peer:made-by-rclone');
    await rclone('copyto', `peer:judged/${names[0]}`, 'peer:made-by-rclone/copied', '--disable', 'copy');
    expect(gcs.store.bucket('made-by-rclone').get('copied')?.content.toString()).toBe(`content of ${names[0]}`);

    // Copied by the server, in several steps.
    gcs.store.put('judged', 'big/one', Buffer.alloc(3 << 20, 7));
    await rclone('copyto', 'peer:judged/big/one', 'peer:judged/big/two');
    expect(gcs.store.bucket('judged').get('big/two')?.content.length).toBe(3 << 20);
    expect(gcs.requests.filter((line) => line.includes('/rewriteTo/')).length).toBe(3);
    await rclone('delete', 'peer:judged/big');

    await rclone('deletefile', `peer:judged/${names[3]}`);
    await rclone('delete', 'peer:judged/folder');
    await rclone('delete', 'peer:judged/many');
    expect(gcs.store.names('judged').sort()).toEqual([names[0], names[4], names[5]].sort());
    await rclone('purge', 'peer:judged');
    await rclone('purge', 'peer:made-by-rclone');
    expect([...gcs.store.buckets.keys()]).toEqual([]);
  } finally {
    await gcs.stop();
  }
});

it.skipIf(missing)('rclone is told no as Google tells it', async () => {
  const gcs = await startGcs();
  try {
    gcs.store.createBucket('judged', gcs.project);
    gcs.store.put('judged', 'a');
    const run = (key: { project_id: string }, ...args: string[]) =>
      runCommand(
        'rclone',
        ['--retries', '1', '--low-level-retries', '1', ...args],
        rcloneGcsEnvironment(gcs.endpoint, key),
      );
    const stranger = gcs.addAccount('stranger', () => false);
    await expect(run(stranger, 'lsf', 'peer:judged')).rejects.toThrow(/403/);
    const other = { ...gcs.addAccount('one'), private_key: gcs.addAccount('two').private_key };
    await expect(run(other, 'lsf', 'peer:judged')).rejects.toThrow(/invalid_grant/);
    await expect(run(gcs.addAccount('owner'), 'lsf', 'peer:absent')).rejects.toThrow(/not found/);
  } finally {
    await gcs.stop();
  }
});
