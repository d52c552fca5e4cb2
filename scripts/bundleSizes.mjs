/** One output of a build: `main` outputs are an entry and what it imports statically, all others are loaded on demand. Sizes in bytes. */
export function bundleSizes(metafile) {
  const main = mainClosure(metafile);
  return Object.entries(metafile.outputs)
    .filter(([file]) => !file.endsWith('.map'))
    .map(([file, output]) => ({ file, bytes: output.bytes, main: main.has(file) }))
    .sort((a, b) => Number(b.main) - Number(a.main) || b.bytes - a.bytes);
}

/** What VS Code and the form's page load by themselves; all other entry points of a build are targets of import(). */
const entryPoints = new Set(['src/extension.ts', 'webview/main.ts', 'webview/style.css']);

/** The outputs that load at once: the entries and their static imports, to the end. */
export function mainClosure(metafile) {
  const closure = new Set(
    Object.keys(metafile.outputs).filter((file) => entryPoints.has(metafile.outputs[file].entryPoint)),
  );
  for (const file of closure) {
    for (const edge of metafile.outputs[file].imports) {
      if (edge.kind !== 'dynamic-import' && !edge.external && metafile.outputs[edge.path]) closure.add(edge.path);
    }
  }
  return closure;
}

/** Bytes of what loads at once. */
export function mainBytes(metafile) {
  return bundleSizes(metafile).reduce((sum, { bytes, main }) => sum + (main ? bytes : 0), 0);
}

/** The sizes as lines of text, in kilobytes of 1,000 bytes. */
export function formatSizes(sizes) {
  const line = ({ file, bytes, main }) => `${kilobytes(bytes)}  ${main ? 'at once  ' : 'on demand'}  ${file}`;
  const atOnce = sizes.filter(({ main }) => main).reduce((sum, { bytes }) => sum + bytes, 0);
  return [...sizes.map(line), `${kilobytes(atOnce)}  at once, in all`].join('\n');
}

function kilobytes(bytes) {
  return `${(bytes / 1000).toFixed(1).padStart(8)} kB`;
}
