import { describe, expect, inject, test } from 'vitest';
import { VersionedBuckets } from '../support/versionedBuckets.ts';
import { addCredential, useSession, whyNoStorage } from './support/session.ts';

const missing = whyNoStorage();
if (missing) console.log(`Skipped, as it needs a server: ${missing}`);

describe.skipIf(missing)('a person with a bucket that keeps versions', () => {
  const session = useSession();
  let buckets: VersionedBuckets;
  let bucket: string;

  test('shows versions, delete markers and unfinished uploads from the menu', async () => {
    const { window } = session;
    const rgw = inject('rgw');
    if ('unavailable' in rgw) throw new Error(rgw.unavailable);
    buckets = new VersionedBuckets(rgw);
    bucket = await buckets.create('locking');
    await buckets.put(bucket, 'model.pt', 'first');
    await buckets.put(bucket, 'model.pt', 'second one');
    await buckets.put(bucket, 'notes.txt', 'kept');
    await buckets.mark(bucket, 'notes.txt');
    const held = await buckets.put(bucket, 'report.pdf', 'held');
    await buckets.retain(bucket, 'report.pdf', held, 'GOVERNANCE', new Date(Date.now() + 86_400_000));
    await buckets.beginUpload(bucket, 'huge.bin');
    await window.openSidebar();
    await addCredential(session, 'Ceph');
    await window.runCommand('View: Close All Editors');
    await window.expand('Ceph');
    await window.expand(bucket);
    await window.row('model.pt').waitFor();
    expect(await window.rows.filter({ hasText: 'notes.txt' }).count()).toBe(0);
    await window.chooseFromMenu(window.row(bucket), 'Show Versions');
    await window.row(/notes\.txt.*delete marker/).waitFor();
    expect(await window.rows.filter({ hasText: 'model.pt' }).count()).toBe(2);
    expect(await window.rows.filter({ hasText: 'current' }).count()).toBe(2);
    await window.expand('Unfinished Uploads');
    await window.row('huge.bin').waitFor();
    await window.leaveTree();
    await window.screenshot('versions');
  });

  test('undeletes by the menu of a marker', async () => {
    const { window } = session;
    await window.chooseFromMenu(window.row(/notes\.txt.*delete marker/), 'Undelete');
    await window.notifications.filter({ hasText: 'Undeleted 1 object.' }).waitFor();
    await window.row(/notes\.txt.*current/).waitFor();
    await window.clearNotifications();
  });

  test('is asked about locks before anything else, and aborts an upload', async () => {
    const { window } = session;
    await window.chooseFromMenu(window.row('report.pdf'), 'Delete All Versions');
    await window.quickInput.getByText('Leave Locked Ones').waitFor();
    await window.screenshot('versions-locks');
    await window.page.keyboard.press('Escape');
    await window.quickInput.waitFor({ state: 'hidden' });
    expect(await window.dialog.count()).toBe(0);
    await window.chooseFromMenu(window.row('huge.bin'), 'Abort Upload');
    await window.dialog.getByText('What was uploaded so far is lost').waitFor();
    await window.screenshot('versions-abort');
    await window.answerDialog('Abort 1 Unfinished Upload');
    await window.row('No unfinished uploads').waitFor();
    expect(await buckets.uploads(bucket)).toEqual([]);
    await window.chooseFromMenu(window.row(bucket), 'Hide Versions');
    await window.row('current').waitFor({ state: 'detached' });
    await window.row('model.pt').waitFor();
  });
});
