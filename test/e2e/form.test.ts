import { describe, expect, test } from 'vitest';
import { fillCredential, useSession, whyNoStorage } from './support/session.ts';

describe.skipIf(whyNoStorage())('the form', () => {
  const session = useSession();

  test('is filled in, verified and saved by keyboard alone', async () => {
    const { window, storage } = session;
    const { keyboard } = window.page;
    await keyboard.press('F1');
    await keyboard.type('Storage Credentials: Add Credential');
    await window.quickInput.getByRole('option', { name: 'Storage Credentials: Add Credential' }).waitFor();
    await keyboard.press('Enter');
    await window.form.field('Name').waitFor();
    const tabTo = async (name: string) => {
      for (let presses = 0; (await window.form.focused()) !== name; presses++) {
        if (presses === 40) throw new Error(`The Tab key does not lead to: ${name}`);
        await keyboard.press('Tab');
      }
    };
    await tabTo('Provider');
    // Storj is selected; Amazon S3 is the first.
    for (let presses = 0; presses < 20; presses++) await keyboard.press('ArrowUp');
    await keyboard.press('Enter');
    await window.form.field('Access token').waitFor();
    await tabTo('Name');
    // VS Code itself answers Ctrl+A in a webview, some time later.
    await keyboard.press('Home');
    await keyboard.press('Shift+End');
    await keyboard.type('By keyboard');
    await tabTo('Service');
    await keyboard.press('ArrowDown');
    await keyboard.press('ArrowDown');
    await keyboard.press('Enter');
    await tabTo('Access Key ID');
    await keyboard.type(storage.accessKeyId);
    await tabTo('Secret Access Key');
    await keyboard.type(storage.secretAccessKey);
    await tabTo('Endpoint URL');
    await keyboard.type(storage.endpoint);
    await tabTo('Verify');
    await keyboard.press('Enter');
    await window.form.status.getByText('The credentials are valid').waitFor();
    await window.screenshot('form-keyboard');
    await keyboard.press('Control+Enter');
    await window.openSidebar();
    await window.row('By keyboard').waitFor();
  });

  test.each(['light', 'highContrast', 'dark'] as const)('is readable in the theme: %s', async (theme) => {
    const { window } = session;
    await window.runCommand('Storage Credentials: Add Credential');
    await fillCredential(session, `Ceph ${theme}`);
    await window.useTheme(theme);
    await window.form.verify();
    await window.form.status.getByText('The credentials are valid').waitFor();
    await window.screenshot(`theme-${theme}-verified`);
    await window.form.field('Access Key ID').fill('');
    await window.form.save();
    await window.form.errorOf('accessKeyId').waitFor();
    await expect.poll(() => window.form.focused()).toBe('Access Key ID');
    await window.screenshot(`theme-${theme}`);
    await window.form.button('Cancel').click();
  });
});
