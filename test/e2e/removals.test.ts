import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type FaultProxy, isDeletion, startFaultProxy } from '../servers/faultProxy.ts';
import { VersionedBuckets } from '../support/versionedBuckets.ts';
import { fillCredential, useSession, whyNoStorage } from './support/session.ts';

const count = 20_000;
const minute = 60_000;

describe.skipIf(whyNoStorage())('a person who deletes 20,000 objects of a bucket that keeps versions', () => {
  const session = useSession();
  let proxy: FaultProxy;
  let buckets: VersionedBuckets;
  let bucket: string;
  let before: ReadonlyMap<string, string>;

  beforeAll(async () => {
    const rgw = inject('rgw');
    if ('unavailable' in rgw) throw new Error(rgw.unavailable);
    proxy = await startFaultProxy({ target: rgw.endpoint });
    buckets = new VersionedBuckets(rgw);
    bucket = await buckets.create('versioned');
    await buckets.fill(bucket, count);
    before = await buckets.current(bucket);
    expect(before.size).toBe(count);
  }, 15 * minute);

  afterAll(() => proxy.stop());

  /** How many objects are there once the server has done what was on its way. */
  async function leftAtLast(): Promise<number> {
    const there = async () => (await buckets.current(bucket)).size;
    let [last, left] = [count, await there()];
    while (left !== last) {
      await new Promise((resolve) => setTimeout(resolve, 6000));
      [last, left] = [left, await there()];
    }
    return left;
  }

  test('loses the window in the middle, and resumes to the end', { timeout: 10 * minute }, async () => {
    const { window } = session;
    await window.openSidebar();
    await window.runCommand('Storage Credentials: Add Credential');
    await fillCredential({ window, storage: { ...session.storage, endpoint: proxy.endpoint } }, 'Large');
    await window.form.save();
    await window.expand('Large');
    await window.row(bucket).waitFor();
    await window.closeEditors();
    proxy.addRule({ when: isDeletion, fault: { kind: 'delay', ms: 5000 } });

    await window.chooseFromMenu(window.row(bucket), 'Delete');
    await window.dialog.getByText('Undo Removal, in the view Removals, brings it back.').waitFor({ timeout: minute });
    await window.screenshot('removal-can-be-undone');
    await window.answerDialog('Continue…');
    await window.enter(bucket);
    await window.page.locator('.sidebar').getByText('Removals').click();
    await window.row('Deleting: ').waitFor();
    await expect.poll(async () => (await buckets.current(bucket)).size).toBeLessThan(count);
    await window.leaveTree();
    await window.screenshot('removal-running');

    await window.load();
    await window.openSidebar();
    await window.notifications.getByText('A removal was interrupted.').waitFor();
    await window.row('Interrupted: ').waitFor();
    await window.screenshot('removal-interrupted');
    const left = await leftAtLast();
    expect(left).toBeGreaterThan(0);
    await buckets.put(bucket, 'late');
    proxy.reset();

    await window.chooseFromMenu(window.row('Interrupted: '), 'Resume Removal');
    // What was on its way when the window went has been deleted, and nobody was told: it is found gone.
    await window.notifications.getByText(/^Deleted [\d,]+\./).waitFor({ timeout: 5 * minute });
    await window.row(/^Deleted /).waitFor();
    expect(sumOf(await window.row(/^Deleted /).innerText(), /(?:Deleted|Already gone:) ([\d,]+)/g)).toBe(count);
    await window.leaveTree();
    await window.screenshot('removal-resumed');
    expect([...(await buckets.current(bucket)).keys()]).toEqual(['late']);
    const deleted = proxy.requests.filter(isDeletion).length;
    expect(deleted, 'only what was left was asked for again').toBeLessThanOrEqual(Math.ceil(left / 1000) + 8);
  });

  test('brings all of it back, and loses the window in the middle of that too', { timeout: 10 * minute }, async () => {
    const { window } = session;
    await buckets.put(bucket, 'object-00007', 'newer');
    const newer = (await buckets.current(bucket)).get('object-00007');
    proxy.reset();
    proxy.addRule({ when: isDeletion, fault: { kind: 'delay', ms: 5000 } });
    await window.clearNotifications();
    await window.chooseFromMenu(window.row(/^Deleted /), 'Undo Removal…');
    await window.dialog.getByText('Bring back 20,000 objects?').waitFor();
    await window.screenshot('undo-question');
    await window.dismissDialog();
    expect(proxy.requests, 'Escape asks the server nothing').toEqual([]);
    await window.chooseFromMenu(window.row(/^Deleted /), 'Undo Removal…');
    await window.answerDialog('Bring Back 20,000 Objects');
    await window.row('Bringing back: ').waitFor();
    await expect.poll(async () => (await buckets.current(bucket)).size).toBeGreaterThan(2);
    await window.leaveTree();
    await window.screenshot('undo-running');

    await window.load();
    await window.openSidebar();
    await window.notifications.getByText('An undo was interrupted.').waitFor();
    await window.screenshot('undo-interrupted');
    proxy.reset();
    await window.chooseFromMenu(window.row('Undo interrupted: '), 'Resume Removal');
    await window.notifications.getByText(/^Brought back [\d,]+\./).waitFor({ timeout: 5 * minute });
    const row = await window.row(/^Brought back /).innerText();
    expect(sumOf(row, /(?:Brought back|Already there:|kept as it is:) ([\d,]+)/g), row).toBe(count);
    expect(row).toContain('kept as it is: 1');
    await window.notifications.getByRole('button', { name: 'Show Report' }).click();
    await window.page.locator('.editor-instance').getByText('Not brought back:').waitFor();
    await window.leaveTree();
    await window.screenshot('undo-resumed');
    const after = new Map(await buckets.current(bucket));
    expect(after.get('object-00007')).toBe(newer);
    expect(after.delete('late')).toBe(true);
    expect(after.set('object-00007', before.get('object-00007') ?? '')).toEqual(before);
    expect(proxy.requests.length, 'it is brought back page by page, not one by one').toBeLessThan(400);
  });
});

function sumOf(text: string, numbers: RegExp): number {
  return [...text.matchAll(numbers)].reduce((sum, [, found = '']) => sum + Number(found.replaceAll(',', '')), 0);
}
