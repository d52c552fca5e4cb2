import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { fillCredential, useSession, whyNoStorage } from './support/session.ts';

const missing = whyNoStorage();
if (missing) console.log(`Skipped, as it needs a server: ${missing}`);

const bucket = `story-${randomUUID().slice(0, 8)}`;
const script = '<img src=x onerror=alert(1)>';
const keys = [
  'readme.txt',
  'one.txt',
  'two.txt',
  'three.txt',
  'four.txt',
  script,
  'reports/2024/january.csv',
  'reports/2024/february.csv',
  'reports/2025/january.csv',
  'logs/app.log',
  'logs/db.log',
];

describe.skipIf(missing)('a person with an S3 server', () => {
  const session = useSession();

  test('finds an empty view that says how to begin', async () => {
    const { window, storage } = session;
    await storage.createBucket(bucket, keys);
    await window.openSidebar();
    await window.page.getByText('No Cloud Credentials configured').waitFor();
    await window.page.locator('.sidebar').getByRole('button', { name: 'Add Credential' }).first().waitFor();
    await window.screenshot('empty');
  });

  test('adds a credential by the form and verifies it before saving', async () => {
    const { window } = session;
    await window.page.locator('.sidebar .pane-body').getByRole('button', { name: 'Add Credential' }).click();
    const { form } = window;
    expect(await form.field('Name').inputValue()).toBe('Storj');
    await fillCredential(session, 'Ceph');
    await form.verify();
    await form.steps.filter({ hasText: 'Sign in' }).filter({ hasText: 'Passed' }).waitFor();
    await form.steps.filter({ hasText: 'May delete' }).waitFor();
    await window.screenshot('form-verified');
    await form.save();
    await window.row('Ceph').waitFor();
    expect(await window.rows.allTextContents()).toEqual([
      expect.stringContaining('Amazon S3'),
      expect.stringContaining('Ceph'),
    ]);
  });

  test('is refused a name that is in use, in the field', async () => {
    const { window } = session;
    await window.runCommand('Storage Credentials: Add Credential');
    const { form } = window;
    await fillCredential(session, 'Ceph');
    await form.save();
    await form.errorOf('credential-name').getByText('This one is in use: Ceph').waitFor();
    await window.screenshot('form-name-in-use');
    await form.button('Cancel').click();
  });

  test('browses buckets and folders', async () => {
    const { window } = session;
    await window.expand('Ceph');
    await window.expand(bucket);
    await window.row('reports').waitFor();
    await window.expand('reports');
    await window.expand('2024');
    await window.row('january.csv').waitFor();
    await window.row('february.csv').waitFor();
    await window.screenshot('browse');
  });

  test('shows an object whose name is a script as text', async () => {
    const { window } = session;
    await window.row(script).waitFor();
    await window.row(script).hover();
    await window.page.locator('.monaco-hover').filter({ hasText: script }).first().waitFor();
    await window.row(script).click();
    await window.editor.getByText(`content of ${script}`).waitFor();
    await window.page.getByRole('tab', { name: 'img src=x onerror=alert(1)' }).first().waitFor();
    await window.screenshot('script-as-text');
  });

  test('opens an object read-only', async () => {
    const { window } = session;
    await window.row('january.csv').click();
    await window.editor.getByText('content of reports/2024/january.csv').waitFor();
    await window.editor.click();
    await window.page.keyboard.type('x');
    await window.page.getByText('Editor is read-only').first().waitFor();
    await window.page.keyboard.press('Escape');
  });

  test('filters by prefix, and the server does the choosing', async () => {
    const { window, storage } = session;
    storage.proxy.reset();
    await window.chooseFromMenu(window.row(bucket), 'Filter by Prefix');
    await window.enter('t');
    await window.row('one.txt').waitFor({ state: 'detached' });
    await window.row('two.txt').waitFor();
    await window.row('three.txt').waitFor();
    expect(storage.proxy.requests.some(({ target }) => /[?&]prefix=t(&|$)/.test(target))).toBe(true);
    await window.screenshot('filter');
    await window.chooseFromMenu(window.row(bucket), 'Clear Filter');
    await window.row('one.txt').waitFor();
  });

  test('copies the path and the URL of an object', async () => {
    const { window } = session;
    const clipboard = () => window.page.evaluate(() => navigator.clipboard.readText());
    await window.chooseFromMenu(window.row('two.txt'), 'Copy URL');
    await expect.poll(clipboard).toBe(`s3://${bucket}/two.txt`);
    await window.chooseFromMenu(window.row('two.txt'), 'Copy Path');
    await expect.poll(clipboard).toBe(`${bucket}/two.txt`);
  });

  test('deletes nothing when a question is left by Escape', async () => {
    const { window, storage } = session;
    storage.proxy.reset();
    await window.chooseFromMenu(window.row('one.txt'), 'Delete');
    await window.dialog.getByText("This can't be undone").waitFor();
    await window.screenshot('delete-one');
    await window.dismissDialog();
    await window.chooseFromMenu(window.row('reports'), 'Delete');
    await window.dismissDialog();
    await window.chooseFromMenu(window.row(bucket), 'Delete');
    await window.dismissDialog();
    await window.chooseFromMenu(window.row(bucket), 'Delete');
    await window.answerDialog('Continue');
    await window.quickInput.locator('input').first().waitFor();
    await window.screenshot('delete-type-name');
    await window.page.keyboard.press('Escape');
    await window.quickInput.waitFor({ state: 'hidden' });
    expect(storage.proxy.deletions()).toEqual([]);
    expect(await storage.keysOf(bucket)).toEqual([...keys].sort());
    await window.clearNotifications();
  });

  test('deletes one object', async () => {
    const { window, storage } = session;
    await window.chooseFromMenu(window.row('one.txt'), 'Delete');
    await window.answerDialog('Delete 1 Object');
    await window.notifications.getByText('Deleted 1.').waitFor();
    await window.row('one.txt').waitFor({ state: 'detached' });
    expect(await storage.keysOf(bucket)).toEqual(keys.filter((key) => key !== 'one.txt').sort());
    await window.clearNotifications();
  });

  test('deletes the selected objects by the Delete key', async () => {
    const { window, storage } = session;
    await window.row('two.txt').click({ modifiers: ['ControlOrMeta'] });
    await window.row('three.txt').click({ modifiers: ['ControlOrMeta'] });
    await window.page.keyboard.press('Delete');
    await window.dialog.getByText('two.txt').first().waitFor();
    await window.dialog.getByText('three.txt').first().waitFor();
    await window.answerDialog(/^Delete 2 Objects/);
    await window.row('two.txt').waitFor({ state: 'detached' });
    expect(await storage.has(bucket, 'two.txt')).toBe(false);
    expect(await storage.has(bucket, 'three.txt')).toBe(false);
    expect(await storage.has(bucket, 'four.txt')).toBe(true);
    await window.clearNotifications();
  });

  test('deletes the one row that was right-clicked, not the others that are selected', async () => {
    const { window, storage } = session;
    await window.expand('logs');
    await window.row('four.txt').click();
    // An editor that opens meanwhile takes the focus, and a menu closes.
    await window.editor.getByText('content of four.txt').waitFor();
    await window.row('app.log').click({ modifiers: ['ControlOrMeta'] });
    await window.chooseFromMenu(window.row('db.log'), 'Delete');
    await window.answerDialog('Delete 1 Object');
    await window.row('db.log').waitFor({ state: 'detached' });
    expect(await storage.has(bucket, 'four.txt')).toBe(true);
    expect(await storage.has(bucket, 'logs/app.log')).toBe(true);
    await window.clearNotifications();
  });

  test('deletes a folder with all that is in it', async () => {
    const { window, storage } = session;
    await window.chooseFromMenu(window.row('reports'), 'Delete');
    await window.answerDialog(/^Delete 3 Objects/);
    await window.row('reports').waitFor({ state: 'detached' });
    expect(await storage.keysOf(bucket)).toEqual(['four.txt', 'logs/app.log', 'readme.txt', script].sort());
    await window.clearNotifications();
  });

  test('deletes everything in a bucket after typing its name', async () => {
    const { window, storage } = session;
    await window.chooseFromMenu(window.row(bucket), 'Delete');
    await window.answerDialog('Continue');
    await window.enter(bucket);
    await window.notifications.getByText('Deleted 4.').waitFor();
    await window.screenshot('deleted-bucket');
    expect(await storage.keysOf(bucket)).toEqual([]);
    await window.row('This bucket is empty').waitFor();
    await window.notifications.getByRole('button', { name: 'Show Report' }).click();
    await window.editor.getByText('Deleted 4').waitFor();
    await window.screenshot('report');
    await window.clearNotifications();
  });
});
