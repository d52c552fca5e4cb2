import type { Metafile } from 'esbuild';

/** An import of the built program: two files of the checkout, or a file and a package (`package:name`) or a module of the host (`vscode`, `node:fs`). */
interface Edge {
  readonly from: string;
  readonly to: string;
  readonly lazy: boolean;
}

interface Rule {
  /** Which files it speaks of. */
  readonly files: RegExp;
  /** What they may import; anything else is a violation. */
  readonly may: readonly RegExp[];
}

/** Folders of which each may import those before it. */
const layers = ['credentials', 'sessions', 'browse', 'removal', 'clearml'];

const anything = /^/;
const core = /^src\/core\//;
const zod = /^package:zod$/;
const node = /^node:/;
const packages = /^package:/;
const vscode = /^vscode$/;
const shared = /^src\/providers\/_shared\//;

/** Who may import what; the first rule that fits a file decides. `$1` stands for what the file's own name captured. */
const rules: readonly Rule[] = [
  { files: /^src\/extension\.ts$/, may: [anything] },
  { files: /^src\/core\//, may: [core, zod] },
  { files: shared, may: [core, shared, node, packages] },
  { files: /^src\/providers\/registry\.generated\.ts$/, may: [/^src\/providers\/[^/]+\/provider\.ts$/] },
  { files: /^src\/providers\/([^/]+)\/provider\.ts$/, may: [core, shared, node, /^src\/providers\/$1\//] },
  { files: /^src\/providers\/([^/]+)\//, may: [core, shared, node, packages, /^src\/providers\/$1\//] },
  { files: /^src\/credentials\/(importers|exporters)\//, may: [core, /^src\/credentials\//, node, packages] },
  ...layers.map((layer, index) => ({
    files: new RegExp(`^src/${layer}/`),
    may: [core, zod, node, new RegExp(`^src/(${layers.slice(0, index + 1).join('|')})/`)],
  })),
  { files: /^src\/form\/protocol\.ts$/, may: [core, zod] },
  { files: /^src\//, may: [vscode, node, zod, /^src\/(?!providers\/|extension\.ts$)/] },
  {
    files: /^webview\//,
    may: [/^webview\//, core, /^src\/form\/protocol\.ts$/, zod, /^package:(@vscode-elements\/elements|lit)$/],
  },
];

/** What breaks the import rules in the graphs that esbuild built: one sentence for each. */
export function importViolations(...metafiles: readonly Metafile[]): string[] {
  return metafiles.flatMap((metafile) => {
    const edges = edgesOf(metafile);
    return [...forbiddenEdges(edges), ...eagerViolations(metafile, edges)];
  });
}

function forbiddenEdges(edges: readonly Edge[]): string[] {
  return edges
    .filter(({ from }) => !packages.test(from) && !node.test(from))
    .filter(({ from, to }) => !mayImport(from, to))
    .map(({ from, to }) => `${from} must not import ${to.replace('package:', 'the package ')}`);
}

function mayImport(from: string, to: string): boolean {
  const rule = rules.find(({ files }) => files.test(from));
  if (!rule) return false;
  const captured = rule.files.exec(from)?.[1] ?? '';
  return rule.may.some((pattern) => new RegExp(pattern.source.replace('$1', captured)).test(to));
}

/** What loads when VS Code activates the extension must hold no client and no library, zod included. */
function eagerViolations(metafile: Metafile, edges: readonly Edge[]): string[] {
  const entries = Object.keys(metafile.inputs).filter((file) => file === 'src/extension.ts');
  const reached = new Map<string, string>(entries.map((entry) => [entry, '']));
  for (const [file] of reached) {
    for (const { to } of edges.filter(({ from, lazy }) => from === file && !lazy)) {
      if (!reached.has(to)) reached.set(to, file);
    }
  }
  const full = Object.keys(metafile.inputs).some((file) => /node_modules\/zod\/v4\/classic\/schemas/.test(file));
  return [...reached]
    .filter(([file]) => /\/client\.ts$/.test(file) || packages.test(file))
    .map(([file, by]) => `${by} must load ${file.replace('package:', 'the package ')} on demand, by import()`)
    .concat(full && entries.length > 0 ? ["src must import 'zod/mini': the full zod is in the build"] : []);
}

function edgesOf(metafile: Metafile): Edge[] {
  return Object.entries(metafile.inputs).flatMap(([file, { imports }]) =>
    imports.map((edge) => ({
      from: packageOrFile(file),
      to: edge.external ? hostModule(edge.path) : packageOrFile(edge.path),
      lazy: edge.kind === 'dynamic-import',
    })),
  );
}

/** A bundled package counts as a whole, whichever of its files is imported; what the build puts in the place of Node's own modules counts as them. */
function packageOrFile(file: string): string {
  const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1];
  return name ? `package:${name}` : file.replace(/^original:/, '');
}

function hostModule(name: string): string {
  return name === 'vscode' || name.startsWith('node:') ? name : `node:${name}`;
}
