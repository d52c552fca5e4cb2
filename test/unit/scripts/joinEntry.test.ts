import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import esbuild from 'esbuild';
import { expect, onTestFinished, test } from 'vitest';
import { handOn, joinEntry } from '../../../scripts/joinEntry.mjs';

test('a file that was joined hands on every export, whatever a shortened name has become', async () => {
  const folder = temporaryFolder();
  const names = [...'abcdefghijklmnopqrstuvwxyz', '$', '_', 'default'];
  const values = names.map((name) => `${JSON.stringify(name)}: ${JSON.stringify(`value of ${name}`)}`);
  writeFileSync(path.join(folder, 'entry.mjs'), `export const part3 = { ${values.join(', ')} };`);
  const words = path.join(folder, 'words.mjs');
  writeFileSync(words, handOn(names, 'part3', 'entry.mjs'));
  const handed = (await import(words)) as Record<string, string>;
  expect(Object.fromEntries(names.map((name) => [name, handed[name]]))).toEqual(
    Object.fromEntries(names.map((name) => [name, `value of ${name}`])),
  );
});

test("what loads on demand finds Node's own modules, whichever file holds the function that asks for them", async () => {
  const folder = temporaryFolder();
  const banner =
    "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);";
  const sources = {
    'extension.ts':
      "import * as part from './part.js'; export const all = () => part; export const load = () => import('./late.js');",
    'part.js': 'export const one = 1;',
    'late.js':
      "import library from './library.cjs'; import { one } from './part.js'; export const says = library + one;",
    'library.cjs': "module.exports = require('tty').isatty.name;",
  };
  mkdirSync(path.join(folder, 'src'));
  for (const [name, source] of Object.entries(sources)) writeFileSync(path.join(folder, 'src', name), source);
  const { metafile } = await esbuild.build({
    absWorkingDir: folder,
    entryPoints: { extension: 'src/extension.ts' },
    outdir: 'dist',
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    minify: true,
    metafile: true,
    format: 'esm',
    platform: 'node',
    banner: { js: banner },
  });
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
  await joinEntry(folder, metafile, 'dist/extension.js', banner);
  const script = "const { load } = await import('./dist/extension.js'); console.log((await load()).says);";
  const options = { cwd: folder, encoding: 'utf8' } as const;
  expect(execFileSync(process.execPath, ['--input-type=module', '-e', script], options)).toBe('isatty1\n');
});

function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'join-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}
