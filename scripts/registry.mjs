import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** The provider folders of a checkout, sorted by name: those of src/providers that hold a provider.ts and don't start with an underscore. */
export function providerFolders(root) {
  const providers = path.join(root, 'src/providers');
  return readdirSync(providers, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('_'))
    .map((entry) => entry.name)
    .filter((name) => existsSync(path.join(providers, name, 'provider.ts')))
    .sort();
}

/** Writes src/providers/registry.generated.ts, the list of every provider, and returns its path. An unchanged list leaves the file untouched. */
export function writeRegistry(root) {
  const file = path.join(root, 'src/providers/registry.generated.ts');
  const text = registrySource(providerFolders(root));
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeFileSync(file, text);
  return file;
}

function registrySource(folders) {
  const imports = folders.map((name) => `import ${identifier(name)} from './${name}/provider.ts';`);
  return [
    '// Written by scripts/registry.mjs from the folders beside it.',
    "import type { Provider } from '../core/provider.ts';",
    ...imports,
    '',
    `export const providers: readonly Provider[] = [${folders.map(identifier).join(', ')}];`,
    '',
  ].join('\n');
}

function identifier(folder) {
  return `${folder.replace(/[^\p{ID_Continue}$]/gu, '_')}Provider`;
}
