import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { useSession, whyNoStorage } from './support/session.ts';

describe.skipIf(whyNoStorage())('the credentials chain', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'chain-'));
  const file = path.join(folder, 'credentials');
  const session = useSession({
    env: {
      AWS_SHARED_CREDENTIALS_FILE: file,
      AWS_CONFIG_FILE: path.join(folder, 'config'),
      AWS_EC2_METADATA_DISABLED: 'true',
    },
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  test('is chosen in the form: the keys vanish, a profile is fetched, and verifying says who answered', async () => {
    const { window, storage } = session;
    const { form } = window;
    const { accessKeyId, secretAccessKey, endpoint } = storage;
    const keys = `aws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
    writeFileSync(file, `[research]\n${keys}\n[spare]\n${keys}`);
    await window.runCommand('Storage Credentials: Add Credential');
    await form.choose('credential-provider', 'Amazon S3');
    await form.choose('service', 'Ceph');
    await form.fill({ Name: 'Chain', 'Endpoint URL': endpoint });
    await form.field('Credentials Chain').first().click();
    await form.field('Access Key ID').waitFor({ state: 'hidden' });
    await form.field('Secret Access Key').waitFor({ state: 'hidden' });
    await form.button('Fetch List: Profile').click();
    await form.field('Fetched: Profile').first().waitFor();
    await form.field('Profile').fill('research');
    await form.verify();
    await form.status.getByText('The credentials are valid').waitFor();
    expect(await form.steps.allInnerTexts()).toContainEqual(expect.stringContaining('profile research, shared files'));
    await window.screenshot('credentials-chain');
    await form.save();
    await window.openSidebar();
    await window.row('Chain').waitFor();
  });
});
