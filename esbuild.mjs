import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import esbuild from 'esbuild';
import { bundleSizes, formatSizes } from './scripts/bundleSizes.mjs';
import { joinEntry } from './scripts/joinEntry.mjs';
import { providerFolders, writeRegistry } from './scripts/registry.mjs';

const root = import.meta.dirname;
const watch = process.argv.includes('--watch');
const development = watch || process.argv.includes('--dev');
const quiet = process.argv.includes('--quiet');

/** Keeps the registry of providers and their icons true to the folders, in watch mode too. */
const registryPlugin = {
  name: 'registry',
  setup(build) {
    build.onStart(() => {
      writeRegistry(root);
      copyIcons();
    });
    build.onLoad({ filter: /registry\.generated\.ts$/ }, () => ({
      watchDirs: ['', ...providerFolders(root)].map((folder) => path.join(root, 'src/providers', folder)),
    }));
  },
};

/** What every Node that VS Code runs on exports. */
const exportsOf = {
  'node:https': ['Agent', 'Server', 'createServer', 'get', 'globalAgent', 'request'],
  'node:http': [
    ...['Agent', 'ClientRequest', 'IncomingMessage', 'METHODS', 'OutgoingMessage', 'STATUS_CODES', 'Server'],
    ...['ServerResponse', 'createServer', 'get', 'globalAgent', 'maxHeaderSize', 'request', 'validateHeaderName'],
    'validateHeaderValue',
  ],
};

/**
 * Gives the bundled code, libraries too, http and https as Node made them. VS Code changes both in place, for ES modules as
 * well: its `request` drops the agent, and with it the credential's own proxy, CA bundle and trust, and sends plain http
 * through a proxy in a form that folds `a/../b` into `b`. What it changed is kept beside as `__vscodeOriginal`.
 */
const originalHttpPlugin = {
  name: 'original-http',
  setup(build) {
    build.onResolve({ filter: /^(node:)?https?$/ }, ({ path: name, namespace }) => {
      const module = `node:${name.replace('node:', '')}`;
      return namespace === 'original' ? { path: module, external: true } : { path: module, namespace: 'original' };
    });
    build.onLoad({ filter: /^/, namespace: 'original' }, ({ path: name }) => {
      const names = exportsOf[name].join(', ');
      const original = `import changed from '${name}'; const { ${names} } = changed.__vscodeOriginal ?? changed;`;
      return { contents: `${original} export { ${names} }; export default { ${names} };` };
    });
  },
};

/** Writes what the import rules and the size limits are checked against: out/metafile.json for the extension, out/webview.json for the page. */
const metafilePlugin = (name, finish = (metafile) => metafile) => ({
  name: 'metafile',
  setup(build) {
    build.onEnd(async (result) => {
      if (!result.metafile) return;
      const metafile = await finish(result.metafile);
      mkdirSync(path.join(root, 'out'), { recursive: true });
      writeFileSync(path.join(root, 'out', name), JSON.stringify(metafile));
      if (!quiet) console.log(formatSizes(bundleSizes(metafile)));
    });
  },
});

/** Bundled CommonJS packages ask for Node's own modules by require, and for where they stand, which an ES module lacks. */
const requireBanner =
  "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url),{dirname:__dirname,filename:__filename}=import.meta;";

const common = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  minify: !development,
  sourcemap: development,
  metafile: true,
  legalComments: 'none',
  logLevel: watch ? 'info' : 'warning',
};

const extension = {
  ...common,
  entryPoints: { extension: 'src/extension.ts' },
  outdir: 'dist',
  splitting: true,
  entryNames: '[name]',
  chunkNames: 'chunks/[name]-[hash]',
  platform: 'node',
  target: 'node22',
  mainFields: ['module', 'main'],
  // Azure's library loads apache-arrow, 240 kB, only for a form of listing that is never asked for here.
  // What ssh2 would build for this machine is faster, and not needed.
  external: ['vscode', 'apache-arrow', 'cpu-features', '*.node'],
  banner: { js: requireBanner },
  plugins: [registryPlugin, originalHttpPlugin, metafilePlugin('metafile.json', development ? undefined : joinMain)],
};

const webview = {
  ...common,
  entryPoints: { main: 'webview/main.ts', style: 'webview/style.css' },
  outdir: 'dist/webview',
  platform: 'browser',
  target: 'es2022',
  plugins: [metafilePlugin('webview.json')],
};

function joinMain(metafile) {
  return joinEntry(root, metafile, 'dist/extension.js', requireBanner);
}

rmSync(path.join(root, 'dist'), { recursive: true, force: true });
copyCodicons();
if (watch) {
  for (const options of [extension, webview]) await (await esbuild.context(options)).watch();
} else {
  for (const options of [extension, webview]) await esbuild.build(options);
}

function copyCodicons() {
  for (const file of ['codicon.css', 'codicon.ttf']) {
    cpSync(path.join(root, 'node_modules/@vscode/codicons/dist', file), path.join(root, 'dist/webview', file));
  }
}

/** The tree shows dist/icons/<provider>-light.svg or -dark.svg: a file drawn as an image has no current colour of its own. */
function copyIcons() {
  for (const folder of providerFolders(root)) {
    const icon = path.join(root, 'src/providers', folder, 'icon.svg');
    if (!existsSync(icon)) continue;
    const drawing = readFileSync(icon, 'utf8');
    mkdirSync(path.join(root, 'dist/icons'), { recursive: true });
    for (const [theme, colour] of Object.entries({ light: '#424242', dark: '#C5C5C5' })) {
      const file = path.join(root, 'dist/icons', `${folder}-${theme}.svg`);
      writeFileSync(file, drawing.replaceAll('currentColor', colour));
    }
  }
}
