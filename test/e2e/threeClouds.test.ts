import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Azure, type Cloud, cloudOf, type Google, startAzure, startGoogle } from './support/clouds.ts';
import { addCredential, useSession, whyNoStorage } from './support/session.ts';
import { type ExpectedLine, type UrlList, writeUrlList } from './support/urlList.ts';

const missing = whyNoStorage();
if (missing) console.log(`Skipped, as it needs a server: ${missing}`);

const command = 'Storage Credentials: Delete Artifacts by URL';

describe.skipIf(missing)('a person with artifacts in three clouds', () => {
  const session = useSession();
  let ceph: Cloud & { host: string };
  let google: Google & { stop(): Promise<void> };
  let azure: Azure & { stop(): Promise<void> };
  let list: UrlList;

  beforeAll(async () => {
    google = await startGoogle();
    azure = await startAzure();
    ceph = { ...(await cloudOf(session.storage)), host: new URL(session.storage.endpoint).host };
    list = await writeUrlList({ ceph, google, azure });
  });

  afterAll(async () => {
    await google?.stop();
    await azure?.stop();
  });

  const writes = () => [ceph, google, azure].flatMap((cloud) => cloud.writes());
  const fileOf = (name: string) => path.join(session.window.folder, 'workspace', name);

  /** The whole text of the active editor, by way of the clipboard. */
  async function editorText(): Promise<string> {
    const { window } = session;
    const { keyboard } = window.page;
    await window.page.evaluate(() => navigator.clipboard.writeText(''));
    await window.editor.click();
    await keyboard.press('ControlOrMeta+a');
    await keyboard.press('ControlOrMeta+c');
    const clipboard = () => window.page.evaluate(() => navigator.clipboard.readText());
    await expect.poll(clipboard).not.toBe('');
    await keyboard.press('ControlOrMeta+Home');
    return (await clipboard()).replaceAll('\r\n', '\n');
  }

  test('adds an S3 server by the form', async () => {
    const { window } = session;
    await window.openSidebar();
    await addCredential(session, 'Ceph');
    await window.screenshot('three-clouds-form-s3');
  });

  test('adds Google Cloud Storage by a key file that is chosen, and verifies it', async () => {
    const { window } = session;
    const { form } = window;
    writeFileSync(fileOf('trainer.json'), JSON.stringify(google.key, null, 2));
    await window.runCommand('Storage Credentials: Add Credential');
    await form.choose('credential-provider', 'Google Cloud Storage');
    await form.button('Choose File: Service Account Key').click();
    await window.enter(fileOf('trainer.json'));
    await form.openAdvanced();
    await form.fill({ Name: 'Google', Bucket: google.container, 'Endpoint URL': google.endpoint });
    await window.screenshot('three-clouds-form-google-filled');
    await form.verify();
    await form.status.getByText('The credentials are valid').waitFor();
    await window.screenshot('three-clouds-form-google');
    await form.save();
    await window.row('Google').waitFor();
  });

  test('adds Azure Blob Storage by a connection string, and verifies it', async () => {
    const { window } = session;
    const { form } = window;
    await window.runCommand('Storage Credentials: Add Credential');
    await form.choose('credential-provider', 'Azure Blob Storage');
    const { account, accountKey, endpoint } = azure;
    const parts = { AccountName: account, AccountKey: accountKey, BlobEndpoint: endpoint };
    const connection = Object.entries(parts).map(([name, value]) => `${name}=${value}`);
    await form.fill({ 'Connection string': connection.join(';') });
    await expect.poll(() => form.field('Account Name').inputValue()).toBe(account);
    await form.fill({ Name: 'Azure', Container: azure.container });
    await window.screenshot('three-clouds-form-azure-filled');
    await form.verify();
    await form.status.getByText('The credentials are valid').waitFor();
    await window.screenshot('three-clouds-form-azure');
    await form.save();
    await window.row('Azure').waitFor();
  });

  test('sees all three side by side', async () => {
    const { window } = session;
    await window.expand('Azure Blob Storage');
    await window.expand(/^Azure(?! Blob)/);
    await window.row(azure.container).waitFor();
    await window.screenshot('three-clouds-tree');
  });
});

export type { ExpectedLine };

void [readFileSync, command];
