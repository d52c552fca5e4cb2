import { type BrowserContext, chromium } from 'playwright-core';
import { findCommand, requireCommands } from '../test/servers/serverProcess.ts';

export interface BrowserOptions {
  /** Keeps cookies and localStorage, where VS Code in a browser seals its secrets. */
  readonly profileFolder: string;
  readonly headless?: boolean;
  readonly viewport?: { readonly width: number; readonly height: number };
  /** Host names that lead to this machine, for a simulated login page. */
  readonly localNames?: readonly string[];
}

/** Opens Chromium, which reaches nothing but this machine. */
export async function openBrowser(options: BrowserOptions): Promise<BrowserContext> {
  return chromium.launchPersistentContext(options.profileFolder, {
    executablePath: await chromiumExecutable(),
    headless: options.headless ?? true,
    viewport: options.viewport ?? { width: 1280, height: 860 },
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--host-resolver-rules=${resolverRules(options.localNames ?? [])}`,
    ],
  });
}

/** The Chromium to drive: CHROMIUM_EXECUTABLE, or the one on the PATH, which is installed where that is possible. */
export async function chromiumExecutable(): Promise<string> {
  const named = process.env.CHROMIUM_EXECUTABLE ?? findChromium();
  if (named) return named;
  await requireCommands('A VS Code in a browser', ['chromium'], ['chromium', 'fonts-dejavu-core']);
  return findChromium() ?? 'chromium';
}

function findChromium(): string | undefined {
  return ['chromium', 'chromium-browser', 'google-chrome'].map(findCommand).find((file) => file !== undefined);
}

function resolverRules(localNames: readonly string[]): string {
  return [
    ...localNames.map((name) => `MAP ${name} 127.0.0.1`),
    'MAP * ~NOTFOUND',
    'EXCLUDE localhost',
    'EXCLUDE 127.0.0.1',
  ].join(' , ');
}
