import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { startConnectProxy } from '../servers/connectProxy.ts';
import { type FaultProxy, startFaultProxy } from '../servers/faultProxy.ts';
import { startRgwRegions } from '../servers/rgwRegions.ts';
import { ServerUnavailable, waitUntil } from '../servers/serverProcess.ts';
import { startSwift } from '../servers/swift.ts';
import { addCredential, fillCredential, useSession, whyNoStorage } from './support/session.ts';
import { openStorage, type Storage } from './support/storage.ts';

const run = randomUUID().slice(0, 8);
const regions = await startedOr(startRgwRegions());
const swift = await startedOr(startSwift());

const hosts: Record<string, string> = {};
const proxy = await startConnectProxy({ hosts });

// This machine itself is never reached by proxy: only the tests that name another are.
describe.skipIf(whyNoStorage())('a person with other servers', () => {
  const session = useSession({ settings: { 'http.proxy': proxy.url } });

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

  describe.skipIf(typeof swift === 'string')('behind a proxy', () => {
    const bucket = `proxied-${run}`;
    let storage: Storage;
    let front: FaultProxy;
    let caFile: string;

    beforeAll(async () => {
      const rgw = inject('rgw');
      if (typeof swift === 'string' || 'unavailable' in rgw) throw new Error('The servers are not there');
      caFile = rgw.caFile;
      storage = await openStorage({ ...swift.user, endpoint: swift.endpoint });
      await storage.createBucket(bucket, ['a/../b', 'b', 'behind-tls.txt']);
      // The certificate is for a name that only the proxy finds.
      front = await startFaultProxy({ target: swift.endpoint, tls: rgw.certificates.wrongHost });
      hosts['storage.example.com'] = front.endpoint;
      hosts['plain.example.com'] = storage.endpoint;
    });
    afterAll(async () => {
      await front.stop();
      await storage.stop();
    });

    test("browses and deletes over TLS, trusting the credential's own authority", async () => {
      const { window } = session;
      await window.openSidebar();
      await window.runCommand('Storage Credentials: Add Credential');
      await fillCredential({ window, storage: { ...storage, endpoint: 'https://storage.example.com' } }, 'Behind TLS');
      await window.chooseFile('CA bundle', caFile);
      await window.form.preview('Certificates: 1').waitFor();
      await window.form.verify();
      await window.form.status.getByText('The credentials are valid').waitFor();
      await window.screenshot('proxy-verified');
      await window.form.save();
      await window.closeEditors();
      await window.expand('Behind TLS');
      await window.expand(bucket);
      await window.chooseFromMenu(window.row('behind-tls.txt'), 'Delete');
      await window.answerDialog('Delete 1 Object');
      await window.notifications.getByText('Deleted 1.').waitFor();
      await window.row('behind-tls.txt').waitFor({ state: 'detached' });
      await window.leaveTree();
      await window.screenshot('proxy');
      expect(await storage.keysOf(bucket)).toEqual(['a/../b', 'b']);
      expect(new Set(proxy.requests)).toEqual(new Set(['CONNECT storage.example.com:443']));
      expect(front.deletions()).toHaveLength(1);
      await window.clearNotifications();
      await window.row('Behind TLS').locator('.monaco-tl-twistie').click();
    });

    test('deletes exactly a key that a proxy would fold into another, over plain http', async () => {
      const { window } = session;
      await window.openSidebar();
      await addCredential({ window, storage: { ...storage, endpoint: 'http://plain.example.com' } }, 'Behind plain');
      await window.closeEditors();
      for (const row of ['Behind plain', bucket, /^a$/, /^\.\.$/]) await window.expand(row);
      await window.chooseFromMenu(window.row(/^b17 bytes/), 'Delete');
      await window.dialog.getByText('a/../b').first().waitFor();
      await window.answerDialog('Delete 1 Object');
      await window.notifications.getByText('Deleted 1.').waitFor();
      expect(await storage.keysOf(bucket)).toEqual(['b']);
      expect(proxy.requests).toContain('CONNECT plain.example.com:80');
      expect(proxy.requests.filter((request) => !request.startsWith('CONNECT'))).toEqual([]);
      await window.clearNotifications();
    });

    test('goes past it where http.noProxy says so', async () => {
      const { window, storage: beside } = session;
      const { port } = new URL(beside.endpoint);
      await beside.createBucket(`beside-${run}`, ['one.txt']);
      await window.openSidebar();
      await window.runCommand('Storage Credentials: Add Credential');
      // This machine under an address that is not known to be its own.
      await fillCredential({ window, storage: { ...beside, endpoint: `http://0.0.0.0:${port}` } }, 'Beside');
      await window.form.verify();
      await window.form.status.getByText('The credentials are valid').waitFor();
      expect(proxy.requests).toContain(`CONNECT 0.0.0.0:${port}`);
      await window.form.save();
      await window.closeEditors();
      await window.changeSettings({ 'http.noProxy': ['0.0.0.0'] });
      await proxy.stop();
      await window.load();
      await window.openSidebar();
      await window.expand('Behind plain');
      await window.row("The proxy on the way can't be reached").waitFor();
      await window.expand('Beside');
      await window.row(`beside-${run}`).waitFor();
      await window.leaveTree();
      await window.screenshot('no-proxy');
    });
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
