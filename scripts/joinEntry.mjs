import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import esbuild from 'esbuild';
import { mainClosure } from './bundleSizes.mjs';

/**
 * Joins an entry and all that it imports statically into one file: in VS Code every file of an extension, and every
 * module that one names, costs a round trip through its loader. What loads on demand goes on to import the files that
 * were joined: each becomes a few words that hand on the entry's own exports, so that there is one of everything.
 * @param metafile of the finished build, with its outputs in place
 * @param entry the output to join into, relative to `root`
 * @param banner what stands at the beginning of each output, which the entry does without where it can
 * @returns the metafile with the outputs as they are now
 */
export async function joinEntry(root, metafile, entry, banner) {
  const folder = path.dirname(entry);
  const joined = [...mainClosure(metafile)].filter((file) => file !== entry && file.startsWith(`${folder}/`));
  const relative = (file) => `./${path.posix.relative(folder, file)}`;
  const { outputFiles, metafile: own } = await esbuild.build({
    absWorkingDir: root,
    stdin: {
      contents: [
        `export * from '${relative(entry)}';`,
        ...joined.map((file, n) => `export * as part${n} from '${relative(file)}';`),
      ].join('\n'),
      resolveDir: path.join(root, folder),
    },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    external: ['vscode'],
    minify: true,
    write: false,
    metafile: true,
    outfile: entry,
    plugins: [onDemandStaysApart(path.join(root, folder), banner)],
  });
  writeFileSync(path.join(root, entry), outputFiles[0].contents);
  const outputs = { ...metafile.outputs, [entry]: { ...metafile.outputs[entry], ...sizeOf(own, entry, metafile) } };
  joined.forEach((file, n) => {
    const words = handOn(metafile.outputs[file].exports, `part${n}`, path.posix.relative(path.dirname(file), entry));
    writeFileSync(path.join(root, file), words);
    outputs[file] = { ...outputs[file], bytes: words.length, imports: [{ path: entry, kind: 'import-statement' }] };
  });
  return { ...metafile, outputs };
}

/** Leaves what is imported on demand where it is, named as seen from the entry. */
function onDemandStaysApart(folder, banner) {
  return {
    name: 'onDemandStaysApart',
    setup(build) {
      build.onResolve({ filter: /^\./ }, ({ kind, path: named, resolveDir }) =>
        kind === 'dynamic-import'
          ? {
              path: `./${path.relative(folder, path.join(resolveDir, named)).replaceAll(path.sep, '/')}`,
              external: true,
            }
          : undefined,
      );
      build.onLoad({ filter: /\.js$/ }, ({ path: file }) => ({
        contents: withoutNeedlessBanner(readFileSync(file, 'utf8'), banner),
      }));
    },
  };
}

/**
 * The banner gives CommonJS packages their require. What loads at once has none of them, but it may hold the function through
 * which those that load on demand ask for it.
 */
export function withoutNeedlessBanner(text, banner) {
  return text.includes('Dynamic require of') ? text : text.replace(banner, '');
}

function sizeOf(own, entry, { outputs }) {
  const onDemand = Object.values(outputs)
    .flatMap(({ imports }) => imports)
    .filter(({ kind }) => kind === 'dynamic-import');
  return { bytes: own.outputs[entry].bytes, imports: onDemand };
}

/** The words of a file that was joined. Its exports may have any name, of which no word of its own may be one. */
export function handOn(names, part, entry) {
  const each = names.map((name, n) => `$${n}=$.${name}`).join(',');
  const exports = names.map((name, n) => `$${n} as ${name}`).join(',');
  return `import{${part} as $}from"${entry.startsWith('.') ? entry : `./${entry}`}";${each ? `const ${each};` : ''}export{${exports}};`;
}
