import { existsSync, readFileSync, writeFileSync } from 'node:fs';
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
    await form.verify();
    const error = form.errorOf('serviceAccountKey');
    await error.waitFor();
    expect((await error.boundingBox())?.height).toBeLessThan(40);
    await window.screenshot('three-clouds-form-google-empty');
    await form.openAdvanced();
    await form.fill({ Name: 'Google', Bucket: google.container, 'Endpoint URL': google.endpoint });
    await form.button('Choose File: Service Account Key').click();
    await window.quickInput.getByText('trainer.json').waitFor();
    await window.enter(fileOf('trainer.json'));
    await error.waitFor({ state: 'hidden' });
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

  /** Chooses by keyboard: the mouse may rest where a row then shows a tooltip over the others. */
  async function pick(label: string): Promise<void> {
    const { quickInput, page } = session.window;
    await quickInput.locator('input').first().fill(label);
    await quickInput.getByRole('option', { name: label }).first().waitFor();
    await page.keyboard.press('Enter');
  }

  /** Opens the list and gives it to the command, which shows what would happen and asks what to do about it. */
  async function offerList(): Promise<void> {
    const { window } = session;
    await window.page.getByRole('tab', { name: 'urls.txt' }).click();
    await window.runCommand(command);
    await window.quickInput.getByText('Open File: urls.txt').waitFor();
    await pick('Open File: urls.txt');
    await window.quickInput.getByText('URLs are unresolved').waitFor();
  }

  async function lookUpSizes(): Promise<void> {
    const { window } = session;
    await pick('Look Up Sizes');
    await window.quickInput.getByRole('option', { name: 'Look Up Sizes' }).waitFor({ state: 'detached' });
    await window.quickInput.getByText('URLs are unresolved').waitFor();
  }

  async function leaveQuickInput(): Promise<void> {
    const { window } = session;
    await window.page.keyboard.press('Escape');
    await window.quickInput.waitFor({ state: 'hidden' });
  }

  test('deletes nothing when it is left at any step', async () => {
    const { window } = session;
    writeFileSync(fileOf('urls.txt'), list.text);
    await window.runCommand('File: Open File');
    await window.quickInput.getByText('urls.txt').waitFor();
    await window.enter(fileOf('urls.txt'));
    await window.page.getByRole('tab', { name: 'urls.txt' }).waitFor();
    const before = writes();

    await window.runCommand(command);
    await window.quickInput.getByText('Open File: urls.txt').waitFor();
    await window.screenshot('three-clouds-source');
    await leaveQuickInput();

    await offerList();
    await window.screenshot('three-clouds-plan');
    await leaveQuickInput();

    await offerList();
    await pick('Go On with');
    await window.dismissDialog();

    await offerList();
    await lookUpSizes();
    await window.screenshot('three-clouds-plan-with-sizes');
    await pick('Go On with');
    await window.dialog.waitFor();
    await window.screenshot('three-clouds-confirm');
    await window.answerDialog('Continue');
    await window.quickInput.locator('input').first().waitFor();
    await window.screenshot('three-clouds-type');
    await leaveQuickInput();
    expect(rowsOf(await editorText())).toEqual(list.lines.map(({ line, outcome }) => [line, plannedAs(outcome)]));

    expect(writes()).toEqual(before);
    for (const cloud of [ceph, google, azure]) expect(await cloud.names(cloud.container)).toEqual(list.stored(cloud));
  });

  test('deletes what the list says, and tells what became of every line', async () => {
    const { window } = session;
    await offerList();
    await lookUpSizes();
    await pick('Go On with');
    await window.answerDialog('Continue');
    const asked = list.lines.filter(({ outcome }) => !outcome.startsWith('Skipped')).length;
    await window.enter(`${asked.toLocaleString('en-US')} objects`);
    const deleted = list.lines.filter(({ outcome }) => outcome === 'Deleted').length.toLocaleString('en-US');
    await window.notifications.getByText(`Deleted ${deleted}. Locked: 10. Denied: 5.`).waitFor();
    await window.screenshot('three-clouds-deleted');
    await window.notifications.getByRole('button', { name: 'Show Report' }).click();
    await window.page.getByRole('tab', { name: 'Artifact Removal Report' }).waitFor();
    await window.screenshot('three-clouds-report');
    await window.notifications.getByRole('button', { name: 'Save Report…' }).click();
    await window.quickInput.getByText('urls.txt').waitFor();
    await window.enter(fileOf('report.csv'));
    await window.quickInput.waitFor({ state: 'hidden' });
    await expect.poll(() => existsSync(fileOf('report.csv'))).toBe(true);
    await window.clearNotifications();

    expect(rowsOf(await editorText())).toEqual(list.lines.map(({ line, outcome }) => [line, outcome]));
    const [, ...rows] = cellsOf(readFileSync(fileOf('report.csv'), 'utf8'));
    expect(rows).toEqual(list.lines.map(csvCells));
    for (const cloud of [ceph, google, azure]) {
      expect(await cloud.names(cloud.container)).toEqual(list.kept(cloud));
    }
  });

  test('pastes URLs of all three into the input, adds the credentials that are missing, and deletes them', async () => {
    const { window } = session;
    const { form, quickInput } = window;
    const meant = [
      { cloud: ceph, container: ceph.container },
      { cloud: google, container: google.spare },
      { cloud: azure, container: azure.spare },
    ];
    for (const { cloud, container } of meant) await cloud.put(container, 'pasted 1.bin', 'x');
    const lines = meant.map(({ cloud, container }) => cloud.urlOf(container, 'pasted 1.bin'));
    await window.page.evaluate((text) => navigator.clipboard.writeText(text), lines.join('\r\n'));
    await window.closeEditors();
    await window.runCommand(command);
    await quickInput.getByText('Type or Paste').waitFor();
    await pick('Type or Paste');
    await quickInput.getByText('The URLs of what is to be deleted').waitFor();
    await window.page.keyboard.press('ControlOrMeta+v');
    await expect.poll(() => quickInput.locator('input').first().inputValue()).toBe(lines.join(' '));
    await window.screenshot('three-clouds-pasted');
    await window.page.keyboard.press('Enter');
    await quickInput.getByText('2 of 3 URLs are unresolved').waitFor();
    await window.screenshot('three-clouds-unresolved');

    const [ofAzure, ofGoogle] = [new URL(azure.endpoint), new URL(google.endpoint)];
    await pick(`container ${azure.spare} of ${ofAzure.host}${ofAzure.pathname}`);
    await form.field('Account Name').waitFor();
    expect(await form.field('Account Name').inputValue()).toBe(azure.account);
    expect(await form.field('Container').inputValue()).toBe(azure.spare);
    expect(await form.field('Endpoint').inputValue()).toBe(azure.endpoint);
    await window.screenshot('three-clouds-add-azure');
    await form.fill({ 'Account Key': azure.accountKey });
    await form.save();

    await quickInput.getByText('1 of 3 URLs is unresolved').waitFor();
    await quickInput.getByRole('option', { name: google.spare }).filter({ hasText: 'Google' }).click();
    await form.field('Bucket').waitFor();
    expect(await form.field('Bucket').inputValue()).toBe(google.spare);
    await form.openAdvanced();
    expect(await form.field('Endpoint URL').inputValue()).toBe(ofGoogle.origin);
    await form.fill({ 'Service Account Key': JSON.stringify(google.key) });
    await window.screenshot('three-clouds-add-google');
    await form.save();

    await window.dialog.getByText('Delete 3 objects?').waitFor();
    await window.screenshot('three-clouds-confirm-three');
    await window.answerDialog('Delete 3 Objects');
    await window.notifications.getByText('Deleted 3.').waitFor();
    for (const { cloud } of meant) {
      expect(await cloud.names(cloud.container)).toEqual(list.kept(cloud));
      expect(await cloud.names(cloud.spare)).toEqual([]);
    }
  });

  /** The cells of a line in the saved report. */
  function csvCells({ line, url, outcome, reason, object }: ExpectedLine): unknown[] {
    const why = typeof reason === 'string' ? reason : expect.stringMatching(reason);
    const where = object ? [...resolvedTo(object.cloud), object.id, String(object.bytes ?? '')] : ['', '', '', '', ''];
    return [outcome, String(line), url, ...where, '', why];
  }

  function resolvedTo(cloud: Cloud): readonly string[] {
    const { container } = cloud;
    const { host, pathname } = new URL(azure.endpoint);
    if (cloud === ceph) return ['Ceph', `it is the default for ${ceph.host}`, container];
    if (cloud === azure) return ['Azure', `it is for the container ${container} of ${host}${pathname}`, container];
    return ['Google', `it is for the bucket ${container} of ${new URL(google.endpoint).host}`, container];
  }
});

/** Line and first column of every row of a plan or report, in the order of the lines. */
function rowsOf(text: string): (readonly [number, string])[] {
  const rows = [...text.matchAll(/^(\d+) +(.+?)(?: {2,}.*)?$/gm)];
  return rows.map(([, line, said = '']) => [Number(line), said] as const).sort(([a], [b]) => a - b);
}

function plannedAs(outcome: string): string {
  if (outcome === 'Locked') return 'delete, but it is locked';
  return outcome.startsWith('Skipped') ? outcome.replace('Skipped', 'skip') : 'delete';
}

function cellsOf(csv: string): string[][] {
  const rows = csv.replace(/\r\n$/, '').split('\r\n');
  return rows.map((row) =>
    [...row.matchAll(/(?<=^|,)(?:"((?:[^"]|"")*)"|([^,]*))(?=,|$)/g)].map(
      ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
    ),
  );
}
