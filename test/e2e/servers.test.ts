import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRgwRegions } from '../servers/rgwRegions.ts';
import { ServerUnavailable, waitUntil } from '../servers/serverProcess.ts';
import { startSwift } from '../servers/swift.ts';
import { addCredential, fillCredential, useSession, whyNoStorage } from './support/session.ts';
import { openStorage, type Storage } from './support/storage.ts';

const run = randomUUID().slice(0, 8);
const regions = await startedOr(startRgwRegions());
const swift = await startedOr(startSwift());

describe.skipIf(whyNoStorage())('a person with other servers', () => {
  const session = useSession();

  afterAll(async () => {
    if (typeof regions !== 'string') await regions.stop();
    if (typeof swift !== 'string') await swift.stop();
  });

  describe.skipIf(typeof regions === 'string')('in two regions', () => {
    const here = `kept-here-${run}`;
    const abroad = `kept-abroad-${run}`;
    let us: Storage;
    let eu: Storage;

    beforeAll(async () => {
      if (typeof regions === 'string') throw new Error(regions);
      const { endpoints, user } = regions;
      us = await openStorage({ ...user, endpoint: endpoints.us });
      eu = await openStorage({ ...user, endpoint: endpoints.eu });
      await us.createBucket(here, ['one.txt']);
      await eu.createBucket(abroad, ['one.txt', 'two.txt']);
      // What the regions tell each other takes a moment to arrive.
      await waitUntil('the first region to know the bucket of the second', 60_000, async () => {
        const { status } = await fetch(`${endpoints.us}/${abroad}`, { redirect: 'manual' });
        return status !== 404;
      });
    });
    afterAll(async () => {
      await us.stop();
      await eu.stop();
    });

    test('is told where a bucket of the other region is, and led to the form', async () => {
      const { window } = session;
      await window.openSidebar();
      await addCredential({ window, storage: us }, 'Two regions');
      await window.closeEditors();
      await window.expand('Two regions');
      await window.expand(here);
      await window.row('one.txt').waitFor();
      await window.expand(abroad);
      await window.row('Kept at another address').waitFor();
      await window.leaveTree();
      await window.screenshot('region-elsewhere');
      expect(us.proxy.deletions()).toEqual([]);
    });

    test('browses it there, and deletes an object of it', async () => {
      const { window } = session;
      await window.row('Kept at another address').click();
      await window.form.field('Endpoint URL').fill(eu.endpoint);
      await window.form.field('Secret Access Key').fill(eu.secretAccessKey);
      await window.form.verify();
      await window.form.status.getByText('The credentials are valid').waitFor();
      await window.form.save();
      await window.closeEditors();
      await window.expand('Two regions');
      await window.expand(abroad);
      await window.row('two.txt').waitFor();
      await window.leaveTree();
      await window.screenshot('region-browsed');
      await window.chooseFromMenu(window.row('one.txt'), 'Delete');
      await window.answerDialog('Delete 1 Object');
      await window.notifications.getByText('Deleted 1.').waitFor();
      await window.row('one.txt').waitFor({ state: 'detached' });
      expect(await eu.keysOf(abroad)).toEqual(['two.txt']);
      expect(us.proxy.deletions()).toEqual([]);
      await window.clearNotifications();
    });
  });

  test.skipIf(typeof swift === 'string')('browses OpenStack Swift and deletes there', async () => {
    if (typeof swift === 'string') throw new Error(swift);
    const { window } = session;
    const bucket = `swift-${run}`;
    const storage = await openStorage({ ...swift.user, endpoint: swift.endpoint });
    await storage.createBucket(bucket, ['data/one.txt', 'two.txt']);
    await window.openSidebar();
    await window.runCommand('Storage Credentials: Add Credential');
    await fillCredential({ window, storage }, 'Swift', 'Other');
    await window.form.verify();
    await window.form.status.getByText('The credentials are valid').waitFor();
    await window.screenshot('swift-verified');
    await window.form.save();
    await window.closeEditors();
    await window.expand('Swift');
    await window.expand(bucket);
    await window.expand('data');
    await window.chooseFromMenu(window.row('one.txt'), 'Delete');
    await window.answerDialog('Delete 1 Object');
    await window.notifications.getByText('Deleted 1.').waitFor();
    await window.row('data').waitFor({ state: 'detached' });
    await window.leaveTree();
    await window.screenshot('swift-deleted');
    expect(await storage.keysOf(bucket)).toEqual(['two.txt']);
    await window.clearNotifications();
    await storage.stop();
  });

  test('signs with version 2 where the form says so', async () => {
    const { window, storage } = session;
    const bucket = `version-2-${run}`;
    await storage.createBucket(bucket, ['one.txt', 'two.txt']);
    await window.openSidebar();
    await window.runCommand('Storage Credentials: Add Credential');
    await fillCredential(session, 'Old');
    await window.form.openAdvanced();
    await window.form.field('Use Signature Version 2').first().click();
    storage.proxy.reset();
    await window.form.verify();
    await window.form.status.getByText('The credentials are valid').waitFor();
    await window.screenshot('signature-version-2');
    await window.form.save();
    await window.closeEditors();
    await window.expand('Old');
    await window.expand(bucket);
    await window.chooseFromMenu(window.row('one.txt'), 'Delete');
    await window.answerDialog('Delete 1 Object');
    await window.notifications.getByText('Deleted 1.').waitFor();
    expect(await storage.keysOf(bucket)).toEqual(['two.txt']);
    const signed = storage.proxy.requests.filter(({ headers }) =>
      headers.some(({ name }) => isNamed(name, 'authorization')),
    );
    expect(signed.length).toBeGreaterThan(0);
    // Version 4 can't do without this header.
    const version4 = ({ headers }: (typeof signed)[number]) =>
      headers.some(({ name }) => isNamed(name, 'x-amz-content-sha256'));
    expect(signed.filter(version4)).toEqual([]);
    await window.clearNotifications();
  });
});

function isNamed(header: string, name: string): boolean {
  return header.toLowerCase() === name;
}

/** What was started, or the sentence that says what it needs. */
async function startedOr<T>(starting: Promise<T>): Promise<T | string> {
  try {
    return await starting;
  } catch (error) {
    if (!(error instanceof ServerUnavailable)) throw error;
    console.log(`Skipped: ${error.message}`);
    return error.message;
  }
}
