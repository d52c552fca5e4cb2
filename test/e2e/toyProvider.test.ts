import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { importViolations } from '../../scripts/importRules.ts';
import { root } from '../../scripts/run.ts';
import { temporaryFolder } from '../servers/serverProcess.ts';
import { openWindow, type VsCodeWindow } from './support/window.ts';

const notCopied = new Set(['.git', 'node_modules', 'dist', 'out', 'test-results']);

describe('a provider that is one folder', () => {
  let copy: Awaited<ReturnType<typeof temporaryFolder>>;
  let window: VsCodeWindow;

  beforeAll(async () => {
    copy = await temporaryFolder('storage-credentials-toy');
    copyTree(copy.path);
    addToy(copy.path);
    run('scripts/package.ts');
    window = await openWindow({ vsix: path.join(copy.path, 'out/storage-credentials.vsix') });
  });

  afterAll(async () => {
    await window?.close();
    await copy?.remove();
  });

  const run = (script: string, ...args: string[]) =>
    execFileSync(process.execPath, [script, ...args], { cwd: copy.path, encoding: 'utf8' });

  test('keeps the import rules and compiles', () => {
    const metafile = JSON.parse(readFileSync(path.join(copy.path, 'out/metafile.json'), 'utf8'));
    expect(Object.keys(metafile.inputs)).toContain('src/providers/toy/client.ts');
    expect(importViolations(metafile)).toEqual([]);
    execFileSync(path.join(root, 'node_modules/.bin/tsc'), ['--noEmit'], { cwd: copy.path, encoding: 'utf8' });
  });

  test('is among the forms', () => {
    const forms: { id: string; fields: { name: string }[] }[] = JSON.parse(run('scripts/forms.ts'));
    const toy = forms.find(({ id }) => id === 'toy');
    expect(toy?.fields.map(({ name }) => name)).toEqual(['shelf', 'password']);
  });

  test('is filled in, saved, browsed and opened in VS Code', async () => {
    await window.openSidebar();
    await window.runCommand('Storage Credentials: Add Credential');
    const { form } = window;
    await form.choose('credential-provider', 'Toy Drive');
    await form.fill({ Shelf: 'upper', Password: 'open sesame' });
    await form.save();
    await window.expand('Toy Drive');
    await window.expand('upper');
    await window.expand('red box');
    await window.row('ball.txt').click();
    await window.editor.getByText('This is red box/ball.txt').waitFor();
    await window.screenshot('toy-provider');
  });
});

function copyTree(target: string): void {
  for (const name of readdirSync(root)) {
    if (!notCopied.has(name)) cpSync(path.join(root, name), path.join(target, name), { recursive: true });
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(target, 'node_modules'));
}

/** The toy is written where it is checked with the tests; in its own folder its imports are shorter. */
function addToy(target: string): void {
  const from = path.join(import.meta.dirname, 'toy');
  const to = path.join(target, 'src/providers/toy');
  mkdirSync(to);
  for (const file of readdirSync(from)) {
    writeFileSync(
      path.join(to, file),
      readFileSync(path.join(from, file), 'utf8').replaceAll('../../../src/', '../../'),
    );
  }
}
