import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Capability } from '../src/core/storageClient.ts';
import { loadProviders } from './forms.ts';
import { root } from './run.ts';

const begin = '<!-- providers: written by node scripts/readmeTable.ts -->';
const end = '<!-- /providers -->';

/** The README with its table of providers as the code has them. */
export async function withProviderTable(readme: string): Promise<string> {
  const [before, after] = [readme.indexOf(begin), readme.indexOf(end)];
  if (before < 0 || after < before) throw new Error(`README.md has no place for the table: ${begin}`);
  return `${readme.slice(0, before + begin.length)}\n${await providerTable()}\n${readme.slice(after)}`;
}

async function providerTable(): Promise<string> {
  const rows = (await loadProviders()).map(({ label, fields, capabilities }) => {
    const kinds = Object.values(fields);
    // A secret that fills in others is taken apart and not kept itself.
    const secrets = kinds.filter(({ secret, fills }) => secret && !fills).map(({ label }) => label);
    const can = (capability: Capability) => (capabilities.has(capability) ? 'yes' : 'no');
    return `| ${label} | ${kinds.length} | ${secrets.join(', ')} | yes | yes | ${can('read')} | ${can('remove')} |`;
  });
  return [
    '| Provider | Fields | Kept in the keyring | Verify | Browse | Open | Delete |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

if (import.meta.main) {
  const file = path.join(root, 'README.md');
  writeFileSync(file, await withProviderTable(readFileSync(file, 'utf8')));
}
