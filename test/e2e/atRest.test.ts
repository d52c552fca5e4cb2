import { randomBytes, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { root } from '../../scripts/run.ts';
import { temporaryFolder } from '../servers/serverProcess.ts';
import { whyNoStorage } from './support/session.ts';
import { openStorage, type Storage } from './support/storage.ts';
import { openWindow, type VsCodeWindow } from './support/window.ts';

const bucket = `at-rest-${randomUUID().slice(0, 8)}`;

/** Thirty secrets that no server knows, with characters that encodings write in another way. */
const canaries = Array.from({ length: 30 }, (_, n) => `canary${n}/+${randomBytes(12).toString('hex')}=&"é`);

describe.skipIf(whyNoStorage())('at rest', () => {
  let storage: Storage;
  let window: VsCodeWindow;
  let planted: Awaited<ReturnType<typeof temporaryFolder>>;

  beforeAll(async () => {
    const rgw = inject('rgw');
    if ('unavailable' in rgw) throw new Error(rgw.unavailable);
    storage = await openStorage(rgw);
    await storage.createBucket(bucket, ['one.txt', 'folder/two.txt']);
    planted = await temporaryFolder('storage-credentials-planted');
    const file = path.join(planted.path, 'planted.json');
    writeFileSync(file, JSON.stringify({ credentials: [good(storage), ...unknown(storage)] }), { mode: 0o600 });
    window = await openWindow({ vsix: inject('vsix'), env: { STORAGE_CREDENTIALS_DEMO: file } });
    await window.openSidebar();
    await window.row('Unknown 14').waitFor();
    rmSync(file);
  });

  afterAll(async () => {
    await window?.close();
    await storage?.stop();
    await planted?.remove();
  });

  test('no secret is found in any file after every command has been run', async () => {
    const asking: string[] = [];
    for (const title of commandTitles()) if (await runWith(window, title, 'Good')) asking.push(title);
    await window.clearNotifications();
    expect(asking).toContain('Storage Credentials: Verify Credential');
    for (const title of asking) await runWith(window, title, 'Unknown 3');
    await window.clearNotifications();
    await window.runCommand('Storage Credentials: Delete…');
    for (const choice of ['Good', bucket, 'one.txt']) await window.chooseQuickPick(choice);
    await window.answerDialog('Delete 1 Object');
    await expect.poll(() => storage.keysOf(bucket)).toEqual(['folder/two.txt']);

    const secrets = [...canaries, storage.secretAccessKey];
    const files = [...filesBelow(window.folder), inject('vsix')];
    expect(files.some((file) => file.includes('/credentials/'))).toBe(true);
    const logs = files.filter((file) => file.endsWith('.log')).map((file) => readFileSync(file, 'utf8'));
    expect(logs.some((log) => log.includes('Verified Unknown 3'))).toBe(true);
    expect(files.flatMap((file) => findSecrets(file, secrets))).toEqual([]);
  });

  test('the search finds a secret in each way it may be written', () => {
    const [canary = ''] = canaries;
    for (const text of [canary, encodeURIComponent(canary), base64(canary), JSON.stringify(canary)]) {
      const file = path.join(planted.path, 'leak');
      writeFileSync(file, `before ${text} after`);
      expect(findSecrets(file, canaries)).toEqual([`${file}: secret 0`]);
    }
  });
});

function good({ endpoint, accessKeyId, secretAccessKey }: Storage) {
  const settings = { service: 'ceph', endpoint, accessKeyId, pathStyle: true };
  return { provider: 's3', name: 'Good', settings, secrets: { secretAccessKey } };
}

function unknown({ endpoint }: Storage) {
  return Array.from({ length: canaries.length / 2 }, (_, n) => ({
    provider: 's3',
    name: `Unknown ${n}`,
    settings: { service: 'ceph', endpoint, accessKeyId: `UNKNOWNKEY${n}`, pathStyle: true },
    secrets: { secretAccessKey: canaries[2 * n] ?? '', sessionToken: canaries[2 * n + 1] ?? '' },
  }));
}

/** The commands that the palette offers. */
function commandTitles(): string[] {
  const { commands, menus } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).contributes;
  const hidden = new Set(
    menus.commandPalette
      .filter((item: { when?: string }) => item.when === 'false')
      .map((item: { command: string }) => item.command),
  );
  return commands
    .filter(({ command }: { command: string }) => !hidden.has(command))
    .map(({ title }: { title: string }) => `Storage Credentials: ${title}`);
}

/** Runs a command, says which credential is meant if it asks, and leaves whatever it asks then. Gives whether it asked. */
async function runWith(window: VsCodeWindow, title: string, credential: string): Promise<boolean> {
  const { page, quickInput, dialog } = window;
  await window.runCommand(title);
  const choice = quickInput.getByRole('option', { name: credential }).first();
  const asked = await choice.click({ timeout: 1500 }).then(() => true, ignoreTimeout);
  await page.waitForTimeout(1000);
  for (let presses = 0; presses < 4; presses++) {
    if (!(await dialog.isVisible()) && !(await quickInput.isVisible())) break;
    await page.keyboard.press('Escape');
    await page.waitForTimeout(200);
  }
  return asked;
}

function ignoreTimeout(error: unknown): false {
  if (error instanceof Error && error.name === 'TimeoutError') return false;
  throw error;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

/** Where a file holds a secret: as it is, or as URLs, base64 and JSON write it, compressed or not. */
function findSecrets(file: string, secrets: readonly string[]): string[] {
  if (statSync(file).size > 200_000_000) throw new Error(`Too large to be searched: ${file}`);
  const bytes = readFileSync(file);
  const isCompressed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const content = isCompressed ? gunzipSync(bytes) : bytes;
  return secrets.flatMap((secret, index) => {
    const forms = [secret, encodeURIComponent(secret), base64(secret), JSON.stringify(secret).slice(1, -1)];
    const utf16 = Buffer.from(secret, 'utf16le');
    return forms.some((form) => content.includes(form)) || content.includes(utf16) ? [`${file}: secret ${index}`] : [];
  });
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
