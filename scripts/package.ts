import { globSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { createVSIX } from '@vscode/vsce';
import type { Metafile } from 'esbuild';
import { bundleSizes, formatSizes, mainBytes } from './bundleSizes.mjs';
import { limits } from './limits.ts';
import { providerFolders } from './registry.mjs';
import { build, root } from './run.ts';
import { zipEntries } from './zipEntries.ts';

/** The packaged extension. */
export const vsixFile = path.join(root, 'out/storage-credentials.vsix');

/** Builds and packs the extension, and gives the path of the package. */
export async function packageExtension(): Promise<string> {
  await build();
  mkdirSync(path.dirname(vsixFile), { recursive: true });
  rmSync(vsixFile, { force: true });
  await createVSIX({
    cwd: root,
    packagePath: vsixFile,
    dependencies: false,
    allowMissingRepository: true,
    rewriteRelativeLinks: false,
  });
  return vsixFile;
}

/** What is wrong with the package that was packed last: a file it should not hold, one it lacks, or too large a size. */
export function packageProblems(): string[] {
  return [...contentProblems(), ...sizeProblems()];
}

/** The package holds what the build wrote, the pictures and the papers, and nothing else. vsce names the papers in its own way. */
function contentProblems(): string[] {
  const packed = new Set(zipEntries(readFileSync(vsixFile)));
  const papers = ['package.json', 'readme.md', 'changelog.md', 'LICENSE.txt'];
  const built = [...outputs('metafile.json'), ...outputs('webview.json')];
  const copied = ['codicon.css', 'codicon.ttf'].map((file) => `dist/webview/${file}`);
  const icons = providerFolders(root).flatMap((folder) =>
    ['light', 'dark'].map((theme) => `dist/icons/${folder}-${theme}.svg`),
  );
  const media = globSync('media/**', { cwd: root, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)));
  const allowed = new Set([
    '[Content_Types].xml',
    'extension.vsixmanifest',
    ...[...papers, ...built, ...copied, ...icons, ...media].map((file) => `extension/${file}`),
  ]);
  return [
    ...[...packed].filter((file) => !allowed.has(file)).map((file) => `It holds ${file}, which is not on the list`),
    ...[...allowed].filter((file) => !packed.has(file)).map((file) => `It lacks ${file}`),
  ];
}

function sizeProblems(): string[] {
  const extension = metafile('metafile.json');
  const size = (what: string, bytes: number, limit: number) =>
    bytes > limit ? [`${what} has ${bytes} bytes, more than the ${limit} it may have`] : [];
  return [
    ...size('The main bundle', mainBytes(extension), limits.mainBundle),
    ...bundleSizes(extension).flatMap(({ file, bytes, main }) => (main ? [] : size(file, bytes, limits.lazyChunk))),
    ...size(path.basename(vsixFile), statSync(vsixFile).size, limits.vsix),
  ];
}

function outputs(name: string): string[] {
  return bundleSizes(metafile(name)).map(({ file }) => file);
}

function metafile(name: string): Metafile {
  return JSON.parse(readFileSync(path.join(root, 'out', name), 'utf8'));
}

if (import.meta.main) {
  console.log(await packageExtension());
  for (const name of ['metafile.json', 'webview.json']) console.log(formatSizes(bundleSizes(metafile(name))));
  for (const problem of packageProblems()) {
    console.error(problem);
    process.exitCode = 1;
  }
}
