import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { providerFolders, writeRegistry } from '../../../scripts/registry.mjs';

let root = '';

beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'registry-'));
  for (const folder of ['s3', 'azure-blob', '_shared', 'unfinished']) {
    mkdirSync(path.join(root, 'src/providers', folder), { recursive: true });
    if (folder !== 'unfinished') writeFileSync(path.join(root, 'src/providers', folder, 'provider.ts'), '');
  }
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

it('finds the folders that hold a provider, sorted, and none that starts with an underscore', () => {
  expect(providerFolders(root)).toEqual(['azure-blob', 's3']);
});

it('imports each provider under a name that is an identifier', () => {
  const source = readFileSync(writeRegistry(root), 'utf8');
  expect(source).toContain("import azure_blobProvider from './azure-blob/provider.ts';");
  expect(source).toContain('export const providers: readonly Provider[] = [azure_blobProvider, s3Provider];');
});

it('leaves an unchanged registry untouched, so that a watching build comes to rest', () => {
  const file = writeRegistry(root);
  const written = statSync(file).mtimeMs;
  writeRegistry(root);
  expect(statSync(file).mtimeMs).toBe(written);
});
