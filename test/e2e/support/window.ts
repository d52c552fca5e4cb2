import { mkdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { openBrowser } from '../../../scripts/browser.ts';
import { installExtension, type RunningCodeServer, startCodeServer, windowUrl } from '../../../scripts/codeServer.ts';
import { root } from '../../../scripts/run.ts';
import { temporaryFolder } from '../../servers/serverProcess.ts';
import { Form } from './form.ts';

export interface WindowOptions {
  /** The packaged extension. */
  readonly vsix: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** Colour themes by what they are for: the label in VS Code's list, and the class that the window then has. */
const themes = {
  dark: { label: 'Dark Modern', kind: 'vs-dark' },
  light: { label: 'Light Modern', kind: 'vs' },
  highContrast: { label: 'Dark High Contrast', kind: 'hc-black' },
} as const;

/** Opens a VS Code of its own in Chromium, with the packaged extension installed and nothing else. */
export async function openWindow({ vsix, settings, env }: WindowOptions): Promise<VsCodeWindow> {
  const folder = await temporaryFolder('storage-credentials-window');
  const dataFolder = path.join(folder.path, 'data');
  const workspace = path.join(folder.path, 'workspace');
  mkdirSync(workspace);
  const temporary = path.join(folder.path, 'tmp');
  mkdirSync(temporary);
  const start = (port: number) =>
    startCodeServer({ dataFolder, port, ...(settings ? { settings } : {}), env: { ...env, TMPDIR: temporary } });
  const server = await start(0);
  await installExtension(vsix, dataFolder);
  const browser = await openBrowser({ profileFolder: path.join(folder.path, 'chromium') });
  await browser.grantPermissions(['clipboard-read', 'clipboard-write']);
  const page = browser.pages()[0] ?? (await browser.newPage());
  page.setDefaultTimeout(60_000);
  const window = new VsCodeWindow({
    page,
    browser,
    server,
    start,
    folder: folder.path,
    workspace,
    removeFolder: folder.remove,
  });
  await window.load();
  return window;
}

interface Parts {
  readonly page: Page;
  readonly browser: BrowserContext;
  server: RunningCodeServer;
  readonly start: (port: number) => Promise<RunningCodeServer>;
  readonly folder: string;
  readonly workspace: string;
  readonly removeFolder: () => Promise<void>;
}

/** A VS Code window as a person sees it: what it shows, and what one can do in it. */
export class VsCodeWindow {
  readonly page: Page;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.page = parts.page;
  }

  /** Holds all that this VS Code and its browser write: settings, state, logs, extensions, temporary files and the browser's profile. */
  get folder(): string {
    return this.#parts.folder;
  }

  /** The rows of the view. */
  get rows(): Locator {
    return this.page.locator('.sidebar').getByRole('treeitem');
  }

  /** The question that VS Code asks in the middle of the window. */
  get dialog(): Locator {
    return this.page.locator('.monaco-dialog-box');
  }

  /** The list or the input at the top of the window. */
  get quickInput(): Locator {
    return this.page.locator('.quick-input-widget');
  }

  get notifications(): Locator {
    return this.page.locator('.notification-toast');
  }

  get editor(): Locator {
    return this.page.locator('.editor-group-container.active .monaco-editor .view-lines').first();
  }

  /** The form in the active editor. */
  get form(): Form {
    return new Form(this.page.frameLocator('iframe.webview.ready').last().frameLocator('#active-frame'));
  }

  /** Loads the window, or loads it again, and waits until its commands are there. */
  async load(): Promise<void> {
    await this.page.goto(windowUrl(this.#parts.server.port, this.#parts.workspace));
    await this.page.locator('.monaco-workbench .activitybar').waitFor({ timeout: 60_000 });
    await this.page.getByRole('tab', { name: 'Storage Credentials' }).waitFor({ timeout: 60_000 });
  }

  async openSidebar(): Promise<void> {
    const tab = this.page.getByRole('tab', { name: 'Storage Credentials' });
    if ((await tab.getAttribute('aria-selected')) !== 'true') await tab.click();
    await this.page.locator('.sidebar .pane-body').first().waitFor();
  }

  /** Runs a command by its title in the palette, which is opened anew until the extension has brought it. */
  async runCommand(title: string): Promise<void> {
    const row = this.quickInput.getByRole('option', { name: title }).first();
    for (let attempt = 0; ; attempt++) {
      await this.page.keyboard.press('F1');
      // Pressed while the palette is still closing, the key is lost.
      const shown = await this.quickInput
        .locator('input')
        .fill(`>${title}`, { timeout: 3000 })
        .then(() => row.waitFor({ timeout: 3000 }))
        .then(
          () => true,
          () => false,
        );
      if (shown) break;
      if (attempt === 10) throw new Error(`The palette has no command: ${title}`);
      await this.page.keyboard.press('Escape');
    }
    await row.click();
  }

  row(name: string | RegExp): Locator {
    return this.rows.filter({ hasText: name }).first();
  }

  /** Unfolds a row by its twistie, as a click on a row may also open it. A row that is drawn anew at that moment takes no notice. */
  async expand(name: string | RegExp): Promise<void> {
    const row = this.row(name);
    await row.waitFor();
    await this.leaveTree();
    const unfolded = row.and(this.page.locator('[aria-expanded=true]'));
    for (let attempt = 0; !(await unfolded.isVisible()); attempt++) {
      if (attempt === 10) throw new Error(`The row does not unfold: ${name}`);
      await row.locator('.monaco-tl-twistie').click();
      await unfolded.waitFor({ timeout: 5000 }).catch(() => undefined);
    }
  }

  /** Chooses by Enter: a menu that has just opened takes no clicks yet. A tooltip may lie over the row, so the mouse comes from afar; a tree that is drawn anew at that moment loses the menu. */
  async chooseFromMenu(row: Locator, item: string | RegExp): Promise<void> {
    const entry = this.page.getByRole('menuitem', { name: item }).first();
    for (let attempt = 0; ; attempt++) {
      await this.leaveTree();
      await row.click({ button: 'right' });
      const shown = await entry.hover({ timeout: 10_000 }).then(
        () => true,
        () => false,
      );
      if (shown) break;
      if (attempt === 2) throw new Error(`The menu of the row has no: ${item}`);
      console.log(`The menu of a row was lost, or had no: ${item}`);
      await this.page.keyboard.press('Escape');
    }
    await this.page.keyboard.press('Enter');
  }

  /** Takes the mouse away from the tree, and with it the tooltip of the row where it was. */
  async leaveTree(): Promise<void> {
    await this.page.mouse.move(900, 500);
    await this.page.locator('.monaco-hover:not(.hidden)').first().waitFor({ state: 'hidden' });
  }

  async answerDialog(button: string | RegExp): Promise<void> {
    await this.dialog.waitFor();
    await this.dialog.getByRole('button', { name: button }).click();
    await this.dialog.waitFor({ state: 'detached' });
  }

  async dismissDialog(): Promise<void> {
    await this.dialog.waitFor();
    await this.page.keyboard.press('Escape');
    await this.dialog.waitFor({ state: 'detached' });
  }

  async clearNotifications(): Promise<void> {
    await this.runCommand('Notifications: Clear All Notifications');
    await this.notifications.first().waitFor({ state: 'detached' });
  }

  /** Types into the input at the top and presses Enter. */
  async enter(text: string): Promise<void> {
    const input = this.quickInput.locator('input').first();
    await input.waitFor();
    await input.fill(text);
    await this.page.keyboard.press('Enter');
  }

  /** Chooses a file for a field of the form: the open dialog is an input in a browser, which first lists a folder. */
  async chooseFile(field: string, file: string): Promise<void> {
    await this.form.button(`Choose File: ${field}`).click();
    await this.quickInput.getByRole('option').first().waitFor();
    await this.quickInput.locator('input').first().fill(file);
    await this.quickInput.getByRole('option', { name: path.basename(file), exact: true }).waitFor();
    await this.page.keyboard.press('Enter');
    await this.quickInput.waitFor({ state: 'hidden' });
  }

  /** Changes user settings as they stand on disk; in a browser VS Code reads them when the window is loaded again. */
  async changeSettings(settings: Readonly<Record<string, unknown>>): Promise<void> {
    const file = path.join(this.folder, 'data/User/settings.json');
    const before: Record<string, unknown> = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ ...before, ...settings }));
  }

  async chooseQuickPick(label: string | RegExp): Promise<void> {
    await this.quickInput.getByRole('option', { name: label }).first().click();
  }

  async useTheme(theme: keyof typeof themes): Promise<void> {
    const { label, kind } = themes[theme];
    await this.runCommand('Preferences: Color Theme');
    await this.quickInput.locator('input').first().fill(label);
    await this.quickInput.getByRole('option', { name: label }).first().waitFor();
    await this.page.keyboard.press('Enter');
    await this.page.locator(`.monaco-workbench.${kind}`).waitFor();
    await this.quickInput.waitFor({ state: 'hidden' });
  }

  async screenshot(name: string): Promise<void> {
    const folder = path.join(root, 'test-results/screenshots');
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: path.join(folder, `${name}.png`) });
  }

  /** Closes every editor: VS Code may bring back one that was open some time before the window was loaded again. */
  async closeEditors(): Promise<void> {
    await this.runCommand('View: Close All Editors');
  }

  /** Ends the server and starts it on the same port, as secrets belong to it, then loads the window again. */
  async restart(): Promise<void> {
    const { port } = this.#parts.server;
    await this.page.goto('about:blank');
    await this.#parts.server.stop();
    this.#parts.server = await this.#parts.start(port);
    await this.load();
    await this.closeEditors();
  }

  /** Takes from the browser what it keeps for VS Code's SecretStorage, as a lost keyring would, and loads the window again. */
  async loseSecrets(): Promise<void> {
    await this.page.evaluate(() => {
      for (const key of Object.keys(localStorage)) if (key.startsWith('secrets.')) localStorage.removeItem(key);
    });
    await this.load();
    await this.closeEditors();
  }

  async close(): Promise<void> {
    await this.#parts.browser.close();
    await this.#parts.server.stop();
    await this.#parts.removeFolder();
  }
}
