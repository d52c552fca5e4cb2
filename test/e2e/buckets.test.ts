import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { addCredential, useSession, whyNoStorage } from './support/session.ts';

const missing = whyNoStorage();
if (missing) console.log(`Skipped, as it needs a server: ${missing}`);

const bucket = `shared-${randomUUID().slice(0, 8)}`;
const made = `made-${randomUUID().slice(0, 8)}`;
const odd = 'odd & name?.txt';

describe.skipIf(missing)('a person with buckets of their own', () => {
  const session = useSession();

  test('reads the properties of an object with an odd name', async () => {
    const { window, storage } = session;
    await storage.createBucket(bucket, [odd, 'plain.txt']);
    await window.openSidebar();
    await addCredential(session, 'Ceph');
    await window.expand('Ceph');
    await window.expand(bucket);
    await window.chooseFromMenu(window.row(odd), 'Show Properties');
    await window.page.locator('.view-line', { hasText: 'Storage class' }).waitFor();
    await window.screenshot('properties');
  });

  test('copies a link for as long as they choose', async () => {
    const { window } = session;
    await window.chooseFromMenu(window.row(odd), 'Copy Share Link…');
    await window.page.locator('.quick-input-widget').getByText('15 minutes').waitFor();
    await window.screenshot('share-lifetime');
    await window.chooseQuickPick('1 hour');
    await window.page
      .getByText(/^Copied\. Works until/)
      .first()
      .waitFor();
    await window.screenshot('share-copied');
    await window.clearNotifications();
  });

  test('makes a bucket with versions, and deletes it again', async () => {
    const { window, storage } = session;
    await window.chooseFromMenu(window.row('Ceph'), 'Create Bucket or Container…');
    await window.enter(made);
    await window.chooseQuickPick(/^Versioning/);
    await window.page.locator('.quick-input-widget').getByText('Versioning: on').waitFor();
    await window.screenshot('create-bucket');
    await window.chooseQuickPick('Create Bucket');
    await window.row(made).waitFor();
    expect(await storage.keysOf(made)).toEqual([]);
    await window.clearNotifications();
    await window.chooseFromMenu(window.row(made), 'Delete Empty Bucket…');
    await window.dialog.waitFor();
    await window.screenshot('delete-bucket');
    await window.answerDialog('Delete Bucket');
    await window.row(made).waitFor({ state: 'detached' });
    await window.clearNotifications();
  });

  test('verifies all credentials', async () => {
    const { window } = session;
    await window.runCommand('Storage Credentials: Verify All Credentials');
    await window.page.getByText('Verified 1.').first().waitFor();
    await window.screenshot('verified-all');
  });
});
