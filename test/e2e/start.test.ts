import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { BrowserContext } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { openBrowser } from '../../scripts/browser.ts';
import { root } from '../../scripts/run.ts';
import { temporaryFolder } from '../servers/serverProcess.ts';

let browser: BrowserContext | undefined;
let profile: Awaited<ReturnType<typeof temporaryFolder>> | undefined;

afterEach(async () => {
  await browser?.close();
  await profile?.remove();
});

test('npm start shows the demo storage in VS Code until it is told to stop', async () => {
  // Where no editor has a window, the one in the browser is shown.
  const { DISPLAY, WAYLAND_DISPLAY, VSCODE_EXECUTABLE, ...env } = process.env;
  const start = spawn(process.execPath, ['scripts/start.ts'], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(start, 'exit');
  try {
    const ready = await readyLine(start.stdout);
    const url = /http:\/\/localhost:\d+\/\S+/.exec(ready)?.[0] ?? '';
    const folder = path.dirname(new URL(url).searchParams.get('folder') ?? '');
    profile = await temporaryFolder('storage-credentials-profile');
    browser = await openBrowser({ profileFolder: profile.path });
    const page = browser.pages()[0] ?? (await browser.newPage());
    await page.goto(url);
    await page.getByRole('tab', { name: 'Storage Credentials' }).click({ timeout: 60_000 });
    const rows = page.locator('.sidebar').getByRole('treeitem');
    await rows.filter({ hasText: 'Demo storage' }).locator('.monaco-tl-twistie').click({ timeout: 60_000 });
    await rows.filter({ hasText: 'experiments' }).waitFor();
    await page.screenshot({ path: path.join(root, 'test-results/screenshots/demo.png') });
    start.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    expect(existsSync(folder)).toBe(false);
  } finally {
    start.kill('SIGTERM');
  }
});

async function readyLine(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: output })) if (line.startsWith('Ready: ')) return line;
  throw new Error('npm start ended before it was ready');
}
