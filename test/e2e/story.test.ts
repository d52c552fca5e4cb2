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
    expect(await form.field('Name').inputValue()).toBe('Amazon S3');
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
});
