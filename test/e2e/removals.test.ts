import { afterAll, describe, expect, test } from 'vitest';
import { startMemoryS3 } from '../../demo/s3Server.ts';
import { isDeletion, startFaultProxy } from '../servers/faultProxy.ts';
import { fillCredential, useSession, whyNoStorage } from './support/session.ts';

const keys = { accessKeyId: 'KEYOFALARGEBUCKET000', secretAccessKey: 'a-secret-of-a-large-bucket-0123456789' };
const server = await startMemoryS3({ credentials: [keys] });
const proxy = await startFaultProxy({ target: server.endpoint });
const count = 20_000;

describe.skipIf(whyNoStorage())('a person who deletes 20,000 objects', () => {
  const session = useSession();
  afterAll(async () => {
    await proxy.stop();
    await server.stop();
  });

  test('loses the window in the middle, and resumes to the end', async () => {
    const { window } = session;
    for (let n = 0; n < count; n++) server.put('big', `object-${String(n).padStart(5, '0')}`, Buffer.from('x'));
    await window.openSidebar();
    await window.runCommand('Storage Credentials: Add Credential');
    await fillCredential({ window, storage: { ...keys, endpoint: proxy.endpoint } }, 'Large', 'Other');
    await window.form.save();
    await window.expand('Large');
    await window.row('big').waitFor();
    await window.closeEditors();
    proxy.addRule({ when: isDeletion, fault: { kind: 'delay', ms: 5000 } });

    await window.chooseFromMenu(window.row('big'), 'Delete');
    await window.answerDialog('Continue…');
    await window.enter('big');
    await expect.poll(() => server.keys('big').length).toBeLessThan(count);
    await window.rows.first().waitFor();
    await window.page.locator('.sidebar').getByText('Removals').click();
    await window.row('Deleting: ').waitFor();
    await window.leaveTree();
    await window.screenshot('removal-running');

    await window.load();
    await window.openSidebar();
    await window.notifications.getByText('A removal was interrupted.').waitFor();
    await window.row('Interrupted: ').waitFor();
    await window.screenshot('removal-interrupted');
    const left = server.keys('big').length;
    expect(left).toBeGreaterThan(0);
    server.put('big', 'late', Buffer.from('x'));
    proxy.reset();

    await window.notifications.getByRole('button', { name: 'Resume…' }).click();
    await window.chooseQuickPick(/^Interrupted: /);
    // What was on its way when the window went has been deleted, and nobody was told: it is found gone.
    await window.notifications.getByText(/^Deleted [\d,]+\./).waitFor();
    await window.row(/^Deleted /).waitFor();
    const [told = ''] = await window.row(/^Deleted /).allInnerTexts();
    const numbers = [...told.matchAll(/(?:Deleted|Already gone:) ([\d,]+)/g)].map(([, text = '']) =>
      text.replaceAll(',', ''),
    );
    expect(
      numbers.reduce((sum, text) => sum + Number(text), 0),
      told,
    ).toBe(count);
    await window.leaveTree();
    await window.screenshot('removal-resumed');
    expect(server.keys('big')).toEqual(['late']);
    const deleted = proxy.requests.filter(isDeletion).length;
    expect(deleted, 'only what was left was asked for again').toBeLessThanOrEqual(Math.ceil(left / 1000) + 8);
  });
});
