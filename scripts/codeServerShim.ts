#!/usr/bin/env node
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openBrowser } from './browser.ts';
import { startCodeServer } from './codeServer.ts';

/** Stands in for desktop VS Code's `code`: takes the same arguments, runs the suite in code-server's extension host and ends with the suite's exit code. */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    strict: false,
    allowPositionals: true,
    options: {
      extensionDevelopmentPath: { type: 'string' },
      extensionTestsPath: { type: 'string' },
      'user-data-dir': { type: 'string' },
    },
  });
  const { extensionDevelopmentPath: extension, extensionTestsPath: suite, 'user-data-dir': given } = values;
  if (typeof extension !== 'string' || typeof suite !== 'string') {
    throw new Error('codeServerShim needs --extensionDevelopmentPath and --extensionTestsPath');
  }
  const dataFolder = typeof given === 'string' ? given : mkdtempSync(path.join(os.tmpdir(), 'code-server-'));
  try {
    return await runSuite({ extension, suite, dataFolder, folder: positionals[0] });
  } finally {
    if (dataFolder !== given) rmSync(dataFolder, { recursive: true, force: true });
  }
}

interface Suite {
  readonly extension: string;
  readonly suite: string;
  readonly dataFolder: string;
  readonly folder: string | undefined;
}

async function runSuite({ extension, suite, dataFolder, folder }: Suite): Promise<number> {
  mkdirSync(dataFolder, { recursive: true });
  const server = await startCodeServer({ dataFolder, port: rememberedPort(dataFolder), smokeTestDriver: true });
  writeFileSync(portFile(dataFolder), String(server.port));
  const browser = await openBrowser({ profileFolder: path.join(dataFolder, 'chromium') });
  try {
    const page = browser.pages()[0] ?? (await browser.newPage());
    await page.exposeFunction('codeAutomationLog', (type: string, args: unknown[]) => {
      if (type === 'error') console.error(...args);
    });
    const exitCode = Promise.withResolvers<number>();
    await page.exposeFunction('codeAutomationExit', exitCode.resolve);
    await page.goto(suiteUrl(server.port, { extension, suite, folder }));
    return await Promise.race([exitCode.promise, timeLimit()]);
  } finally {
    await browser.close();
    await server.stop();
  }
}

function suiteUrl(port: number, { extension, suite, folder }: Omit<Suite, 'dataFolder'>): string {
  const remote = (file: string) => `vscode-remote://localhost:${port}${path.resolve(file)}`;
  const payload = [
    ['extensionDevelopmentPath', remote(extension)],
    ['extensionTestsPath', remote(suite)],
    ['skipWelcome', 'true'],
  ];
  const place = folder ? { folder: path.resolve(folder) } : { ew: 'true' };
  return `http://localhost:${port}/?${new URLSearchParams({ ...place, payload: JSON.stringify(payload) })}`;
}

/** The browser keeps secrets by origin: a second run over the same data finds them only on the same port. */
function rememberedPort(dataFolder: string): number {
  return existsSync(portFile(dataFolder)) ? Number(readFileSync(portFile(dataFolder), 'utf8')) : 0;
}

function portFile(dataFolder: string): string {
  return path.join(dataFolder, 'port');
}

/** A suite that hangs, or an extension host that never starts, ends here. */
function timeLimit(): Promise<number> {
  const minutes = Number(process.env.STORAGE_CREDENTIALS_HOST_MINUTES ?? 10);
  return new Promise((resolve) =>
    setTimeout(() => {
      console.error(`The suite did not end within ${minutes} minutes.`);
      resolve(124);
    }, minutes * 60_000).unref(),
  );
}

process.exitCode = await main();
