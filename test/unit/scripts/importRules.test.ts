import type { Metafile } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { importViolations } from '../../../scripts/importRules.ts';

interface Import {
  readonly path: string;
  readonly kind?: 'import-statement' | 'dynamic-import';
  readonly external?: boolean;
}

/** The graph of a build whose files import what is named. */
function graph(files: Record<string, readonly (string | Import)[]>): Metafile {
  const inputs = Object.entries(files).map(([file, imports]) => [
    file,
    {
      bytes: 1,
      imports: imports.map((edge) => ({
        kind: 'import-statement',
        ...(typeof edge === 'string' ? { path: edge } : edge),
      })),
    },
  ]);
  return { inputs: Object.fromEntries(inputs), outputs: {} };
}

const vscode: Import = { path: 'vscode', external: true };
const fs: Import = { path: 'node:fs', external: true };
const sdk = 'node_modules/@aws-sdk/client-s3/dist-es/index.js';

describe('the import rules', () => {
  it.each<[string, Record<string, readonly (string | Import)[]>]>([
    ['core imports core and zod', { 'src/core/fields.ts': ['src/core/text.ts', 'node_modules/zod/v4/mini/index.js'] }],
    [
      'a client imports its library',
      {
        'src/providers/s3/client.ts': [sdk, fs, 'src/providers/_shared/s3/s3Client.ts', 'src/providers/s3/flavours.ts'],
      },
    ],
    ['a layer imports those before it', { 'src/removal/plan.ts': ['src/browse/listing.ts', fs] }],
    ['the tree imports VS Code and the layers', { 'src/tree/tree.ts': [vscode, 'src/removal/plan.ts'] }],
    ['the page imports the protocol', { 'webview/main.ts': ['src/form/protocol.ts', 'webview/formView.ts'] }],
    [
      'a client is loaded on demand',
      {
        'src/extension.ts': ['src/providers/s3/provider.ts'],
        'src/providers/s3/provider.ts': [{ path: 'src/providers/s3/client.ts', kind: 'dynamic-import' }],
        'src/providers/s3/client.ts': [sdk],
      },
    ],
  ])('allow: %s', (_, files) => {
    expect(importViolations(graph(files))).toEqual([]);
  });

  it.each<[string, Record<string, readonly (string | Import)[]>]>([
    ['src/core/fields.ts must not import vscode', { 'src/core/fields.ts': [vscode] }],
    ['src/core/fields.ts must not import node:fs', { 'src/core/fields.ts': [fs] }],
    ['src/core/fields.ts must not import node:fs', { 'src/core/fields.ts': [{ path: 'fs', external: true }] }],
    [
      'src/providers/s3/client.ts must not import src/providers/gcs/errors.ts',
      { 'src/providers/s3/client.ts': ['src/providers/gcs/errors.ts'] },
    ],
    [
      'src/providers/s3/provider.ts must not import the package @aws-sdk/client-s3',
      { 'src/providers/s3/provider.ts': [sdk] },
    ],
    ['src/providers/s3/client.ts must not import vscode', { 'src/providers/s3/client.ts': [vscode] }],
    ['src/browse/listing.ts must not import src/removal/plan.ts', { 'src/browse/listing.ts': ['src/removal/plan.ts'] }],
    ['src/removal/plan.ts must not import vscode', { 'src/removal/plan.ts': [vscode] }],
    [
      'src/tree/tree.ts must not import src/providers/s3/flavours.ts',
      { 'src/tree/tree.ts': ['src/providers/s3/flavours.ts'] },
    ],
    ['src/commands/open.ts must not import the package @aws-sdk/client-s3', { 'src/commands/open.ts': [sdk] }],
    ['webview/main.ts must not import src/form/formPanel.ts', { 'webview/main.ts': ['src/form/formPanel.ts'] }],
  ])('refuse: %s', (sentence, files) => {
    expect(importViolations(graph(files))).toEqual([sentence]);
  });

  it('refuse a client or a library that loads at activation, however far away', () => {
    const files = {
      'src/extension.ts': ['src/providers/s3/provider.ts'],
      'src/providers/s3/provider.ts': ['src/providers/s3/client.ts'],
      'src/providers/s3/client.ts': [sdk],
    };
    expect(importViolations(graph(files))).toEqual([
      'src/providers/s3/provider.ts must load src/providers/s3/client.ts on demand, by import()',
      'src/providers/s3/client.ts must load the package @aws-sdk/client-s3 on demand, by import()',
    ]);
  });

  it('refuse zod at activation', () => {
    const files = {
      'src/extension.ts': ['src/core/schemas.ts'],
      'src/core/schemas.ts': ['node_modules/zod/v4/mini/index.js'],
    };
    expect(importViolations(graph(files))).toEqual([
      'src/core/schemas.ts must load the package zod on demand, by import()',
    ]);
  });

  it('refuse the full zod', () => {
    const files = { 'src/extension.ts': [], 'node_modules/zod/v4/classic/schemas.js': [] };
    expect(importViolations(graph(files))).toEqual(["src must import 'zod/mini': the full zod is in the build"]);
  });
});
