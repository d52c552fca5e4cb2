import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { addCredential, useSession, whyNoStorage } from './support/session.ts';

const bucket = `credentials-${randomUUID().slice(0, 8)}`;

describe.skipIf(whyNoStorage())('a saved credential', () => {
  const session = useSession();

  test('is verified in the tree, and the result stays on it', async () => {
    const { window, storage } = session;
    await storage.createBucket(bucket, ['kept.txt']);
    await window.openSidebar();
    await addCredential(session, 'Ceph');
    await window.chooseFromMenu(window.row('Ceph'), 'Verify Credential');
    await window.notifications.getByText('Ceph: The credentials are valid').waitFor();
    await window.clearNotifications();
    await window.row('Ceph').hover();
    const tooltip = window.page.locator('.monaco-hover').filter({ hasText: 'Verified:' }).first();
    await tooltip.waitFor();
    expect(await tooltip.innerText()).not.toContain('\\u');
    await window.screenshot('verified-tooltip');
  });

  test('keeps its secret when it is edited, and the form never shows it', async () => {
    const { window, storage } = session;
    await window.chooseFromMenu(window.row('Ceph'), 'Edit Credential');
    const { form } = window;
    await form.field('Name').fill('Ceph edited');
    expect(await form.field('Secret Access Key').inputValue()).toBe('');
    expect(await form.field('Access Key ID').inputValue()).toBe(storage.accessKeyId);
    await window.screenshot('form-stored-secret');
    await form.save();
    await window.row('Ceph edited').waitFor();
    await window.expand('Ceph edited');
    await window.row(bucket).waitFor();
  });

  test('is duplicated with its secret under a free name', async () => {
    const { window } = session;
    await window.chooseFromMenu(window.row('Ceph edited'), 'Duplicate Credential');
    await window.row('Ceph edited (2)').waitFor();
    await window.form.button('Cancel').click();
    await window.row('Ceph edited (2)').locator('.monaco-tl-twistie').click();
    await expect.poll(() => window.rows.filter({ hasText: bucket }).count()).toBe(2);
  });

  test('is still there, with its secret, after a restart', async () => {
    const { window } = session;
    await window.restart();
    await window.openSidebar();
    await window.expand('Ceph edited (2)');
    await expect.poll(() => window.rows.filter({ hasText: bucket }).count()).toBeGreaterThan(0);
  });

  test('is removed only after a question that says what goes and what stays', async () => {
    const { window, storage } = session;
    storage.proxy.reset();
    const row = window.row('Ceph edited (2)');
    await window.chooseFromMenu(row, 'Remove Credential');
    await window.dialog.getByText('Nothing in the cloud is deleted').waitFor();
    await window.screenshot('remove-credential');
    await window.dismissDialog();
    await row.waitFor();
    await window.chooseFromMenu(row, 'Remove Credential');
    await window.answerDialog('Remove Credential');
    await row.waitFor({ state: 'detached' });
    expect(storage.proxy.deletions()).toEqual([]);
    expect(await storage.keysOf(bucket)).toEqual(['kept.txt']);
  });

  test('stays when the keyring loses its secret, and takes it again', async () => {
    const { window, storage } = session;
    await window.loseSecrets();
    await window.openSidebar();
    await window.row('Ceph edited').waitFor();
    await window.row('Ceph edited').locator('.codicon-lock').waitFor();
    await window.screenshot('locked');
    await window.chooseFromMenu(window.row('Ceph edited'), 'Enter Secret Again');
    await window.form.field('Secret Access Key').fill(storage.secretAccessKey);
    await window.form.save();
    await window.row('Ceph edited').locator('.codicon-lock').waitFor({ state: 'detached' });
    await window.expand('Ceph edited');
    await window.row(bucket).waitFor();
  });

  test('is reached from the palette, which asks for what a click would have said', async () => {
    const { window, storage } = session;
    await window.runCommand('View: Close Primary Side Bar');
    await window.runCommand('Storage Credentials: Delete…');
    await window.chooseQuickPick('Ceph edited');
    await window.chooseQuickPick(bucket);
    await window.chooseQuickPick('kept.txt');
    await window.answerDialog('Delete 1 Object');
    await expect.poll(() => storage.keysOf(bucket)).toEqual([]);
  });

  test('says in one row what is wrong with its keys, and leads to the form', async () => {
    const { window } = session;
    await window.openSidebar();
    await window.chooseFromMenu(window.row('Ceph edited'), 'Edit Credential');
    await window.form.field('Access Key ID').fill('NOSUCHKEY');
    await window.form.save();
    await window.form.status.waitFor({ state: 'detached' });
    await window.expand('Ceph edited');
    const refusal = window.rows.filter({ hasText: 'Edit Credential' });
    await refusal.waitFor();
    await window.screenshot('wrong-key');
    await refusal.click();
    expect(await window.form.field('Access Key ID').inputValue()).toBe('NOSUCHKEY');
  });

  test('says so when its server hangs up, and can be tried again', async () => {
    const { window, storage } = session;
    storage.proxy.addRule({ when: () => true, fault: { kind: 'reset-before' } });
    await window.chooseFromMenu(window.row('Ceph edited'), 'Refresh');
    await window.rows.filter({ hasText: 'Try Again' }).waitFor();
    await window.screenshot('unreachable');
    storage.proxy.reset();
    await window.rows.filter({ hasText: 'Try Again' }).click();
    await window.rows.filter({ hasText: 'Edit Credential' }).waitFor();
  });
});
