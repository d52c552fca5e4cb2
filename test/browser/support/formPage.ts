import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { type Browser, type CDPSession, chromium, type Page } from 'playwright-core';
import { pageHtml } from '../../../src/form/pageHtml.ts';
import type { FormState } from '../../../src/form/protocol.ts';
import { FakePanel } from '../../unit/form/support/fakes.ts';
import { type ThemeName, themes } from './themes.ts';

const root = path.join(import.meta.dirname, '../../..');
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const screenshots = path.join(root, 'test-results/screenshots');
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.ttf': 'font/ttf',
};

/** Why these tests can't run here, if they can't. */
export const missing = existsSync(executablePath) ? undefined : `Chromium is not at ${executablePath}: set CHROMIUM.`;

/** A browser, and a server that has the built page of the form. */
export class Pages {
  readonly #browser: Browser;
  readonly #server: Server;
  readonly #folder: string;

  static async start(): Promise<Pages> {
    const folder = await mkdtemp(path.join(tmpdir(), 'form-page-'));
    await build({
      absWorkingDir: root,
      entryPoints: ['webview/main.ts', 'webview/style.css'],
      outdir: folder,
      bundle: true,
      format: 'esm',
      target: 'es2022',
      logLevel: 'error',
    });
    const server = createServer(async ({ url = '/' }, response) => {
      const name = path.basename(url.split('?')[0] ?? '') || 'index.html';
      try {
        const icons = path.join(root, 'node_modules/@vscode/codicons/dist');
        const body =
          name === 'index.html'
            ? htmlFor(server)
            : await readFile(path.join(name.startsWith('codicon') ? icons : folder, name));
        response.writeHead(200, { 'content-type': types[path.extname(name)] ?? 'application/octet-stream' }).end(body);
      } catch {
        response.writeHead(404).end();
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const browser = await chromium.launch({
      executablePath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    return new Pages(browser, server, folder);
  }

  constructor(browser: Browser, server: Server, folder: string) {
    this.#browser = browser;
    this.#server = server;
    this.#folder = folder;
  }

  /** A new tab that shows what is posted to the panel, and posts what a person does in it. */
  async open(options: { theme?: ThemeName; width?: number; height?: number } = {}): Promise<OpenPage> {
    const { theme = 'dark', width = 720, height = 900 } = options;
    const context = await this.#browser.newContext({ viewport: { width, height }, reducedMotion: 'reduce' });
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    page.on('console', (message) => message.type() === 'warning' && problems.push(message.text()));
    await page.addInitScript(standIn, themes[theme]);
    return new OpenPage(page, `${addressOf(this.#server)}/`, problems);
  }

  async stop(): Promise<void> {
    await this.#browser.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** One node of the accessibility tree, which is all that a screen reader knows. */
interface AccessibleNode {
  readonly role: string;
  readonly name: string;
  readonly description: string;
  readonly focused: boolean;
  readonly required: boolean;
  readonly invalid: string;
}

/** A panel whose page is a real one. */
export class OpenPage extends FakePanel {
  readonly page: Page;
  /** Whatever the page or its security policy complained about. */
  readonly problems: string[];
  readonly #address: string;
  #exposed = false;
  #session: Promise<CDPSession> | undefined;
  #shown: Promise<unknown> = Promise.resolve();

  constructor(page: Page, address: string, problems: string[]) {
    super();
    this.page = page;
    this.problems = problems;
    this.#address = address;
  }

  /** Loads the page, as VS Code does when the tab is shown, and waits until it is drawn. */
  async show(): Promise<void> {
    this.#session = undefined;
    await this.#shown;
    if (!this.#exposed) {
      this.#exposed = true;
      await this.page.exposeFunction('sendToHost', (raw: unknown) => this.send(raw));
    }
    await this.page.goto(this.#address);
    await this.page
      .getByRole('heading', { level: 1 })
      .waitFor({ timeout: 10_000 })
      .catch((error: unknown) => {
        throw new Error(`The page was not drawn. It said: ${this.problems.join('\n')}`, { cause: error });
      });
  }

  /** Milliseconds that a state is under way to the page. */
  delay = 0;

  override post(state: FormState): void {
    super.post(state);
    const { delay } = this;
    this.#shown = this.#shown.then(async () => {
      if (delay > 0) await sleep(delay);
      if (!this.closed) await this.page.evaluate((data) => window.postMessage(data, '*'), state);
    });
  }

  /** The control with exactly this label. */
  labelled(name: string) {
    return this.page.getByLabel(name, { exact: true });
  }

  /** When every state has reached the page. */
  async delivered(): Promise<void> {
    await this.#shown;
    await this.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))));
  }

  /** The name of what has the focus, as a screen reader says it. */
  async focused(): Promise<string> {
    await this.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
    const focused = (await this.#accessibleNodes()).filter((node) => node.focused && node.role !== 'RootWebArea');
    return focused.at(-1)?.name ?? '';
  }

  /** What a screen reader says after the name and role of a control. */
  async described(name: string): Promise<string> {
    return (await this.accessible(name)).description;
  }

  async accessible(name: string): Promise<AccessibleNode> {
    const controls = new Set(['textbox', 'combobox', 'checkbox', 'button', 'link']);
    const node = (await this.#accessibleNodes()).find((each) => each.name === name && controls.has(each.role));
    if (!node) throw new Error(`No control is called: ${name}`);
    return node;
  }

  /** What the page has left with VS Code for a reload. */
  kept(): Promise<unknown> {
    return this.page.evaluate(() => (window as { kept?: unknown }).kept);
  }

  async end(): Promise<void> {
    this.closed = true;
    await this.#shown;
    await this.page.context().close();
  }

  async #accessibleNodes(): Promise<readonly AccessibleNode[]> {
    this.#session ??= this.page.context().newCDPSession(this.page);
    const session = await this.#session;
    const { nodes } = await session.send('Accessibility.getFullAXTree');
    return nodes.map(({ role, name, description, properties = [] }) => {
      const facts = Object.fromEntries(properties.map((property) => [property.name, property.value.value]));
      return {
        role: String(role?.value ?? ''),
        name: String(name?.value ?? ''),
        description: String(description?.value ?? ''),
        focused: facts.focused === true,
        required: facts.required === true,
        invalid: String(facts.invalid ?? ''),
      };
    });
  }

  /** A picture for a person to look at, in test-results/screenshots. */
  async picture(name: string): Promise<void> {
    await mkdir(screenshots, { recursive: true });
    await this.page.screenshot({ path: path.join(screenshots, `form-${name}.png`) });
  }
}

/** Runs in the page before anything else: what VS Code gives a webview. */
function standIn(theme: { kind: string; colors: Readonly<Record<string, string>> }): void {
  document.addEventListener(
    'readystatechange',
    () => {
      const { style } = document.documentElement;
      for (const [name, color] of Object.entries(theme.colors)) style.setProperty(`--vscode-${name}`, color);
      style.setProperty('--vscode-font-family', '"DejaVu Sans", sans-serif');
      style.setProperty('--vscode-font-size', '13px');
      style.setProperty('--vscode-editor-font-family', 'monospace');
      style.setProperty('background-color', theme.colors['editor-background'] ?? '');
      document.body.classList.add(theme.kind);
    },
    { once: true },
  );
  const host = window as unknown as { sendToHost(raw: unknown): void; kept?: unknown };
  Object.assign(window, {
    acquireVsCodeApi: () => ({
      postMessage: (raw: unknown) => host.sendToHost(raw),
      setState: (kept: unknown) => {
        host.kept = kept;
      },
    }),
  });
}

function htmlFor(server: Server): string {
  const cspSource = addressOf(server);
  return pageHtml({ cspSource, script: '/main.js', style: '/style.css', icons: '/codicon.css', nonce: 'test' });
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
