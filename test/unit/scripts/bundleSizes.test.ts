import type { Metafile } from 'esbuild';
import { expect, it } from 'vitest';
import { bundleSizes, mainBytes } from '../../../scripts/bundleSizes.mjs';

const metafile: Metafile = {
  inputs: {},
  outputs: {
    'dist/extension.js': output(10, 'src/extension.ts', [
      ['dist/chunks/shared.js', 'import-statement'],
      ['dist/chunks/client.js', 'dynamic-import'],
    ]),
    'dist/chunks/shared.js': output(20, undefined, [['dist/chunks/deep.js', 'import-statement']]),
    'dist/chunks/deep.js': output(30, undefined, []),
    'dist/chunks/client.js': output(400, 'src/providers/s3/client.ts', [['dist/chunks/deep.js', 'import-statement']]),
    'dist/extension.js.map': output(5000, undefined, []),
  },
};

function output(
  bytes: number,
  entryPoint: string | undefined,
  imports: [string, 'import-statement' | 'dynamic-import'][],
) {
  return {
    bytes,
    inputs: {},
    exports: [],
    imports: imports.map(([path, kind]) => ({ path, kind })),
    ...(entryPoint ? { entryPoint } : {}),
  };
}

it('counts the entry and all that it imports statically, to the end, as the main bundle', () => {
  expect(mainBytes(metafile)).toBe(60);
});

it('lists every output but the source maps, the main ones first', () => {
  expect(bundleSizes(metafile).map(({ file, main }) => [file, main])).toEqual([
    ['dist/chunks/deep.js', true],
    ['dist/chunks/shared.js', true],
    ['dist/extension.js', true],
    ['dist/chunks/client.js', false],
  ]);
});
