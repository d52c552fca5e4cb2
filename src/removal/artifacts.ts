import { type Entry, identityOf, type Recovery } from '../core/storageClient.ts';
import type { Reading, Resolution, Wanted } from '../credentials/resolve.ts';

/** One line of what a person gave: the text of one URL. */
export interface UrlLine {
  /** Counted from 1. */
  readonly line: number;
  readonly text: string;
}

/** An object that a URL names, and what is known of it. */
export interface Artifact {
  readonly reading: Reading;
  readonly entry: Entry;
  /** Whether the server was asked and has it. */
  readonly found: boolean;
  readonly recovery?: Recovery;
  /** Why the server could not be asked. */
  readonly note?: string;
}

/** What is to become of a line. */
export type Fate =
  | { readonly kind: 'delete'; readonly artifact: Artifact }
  | { readonly kind: 'ambiguous'; readonly readings: readonly Reading[] }
  | { readonly kind: 'unresolved'; readonly reason: string; readonly wanted?: readonly Wanted[] }
  | { readonly kind: 'malformed'; readonly reason: string }
  | { readonly kind: 'missing'; readonly reading: Reading; readonly reason: string }
  | { readonly kind: 'duplicate'; readonly of: number };

/** One URL on its way to be deleted. Every line of the person's is one row, whatever becomes of it. */
export interface ArtifactRow {
  readonly line: number;
  /** For reading: what looked like a secret in it is masked. */
  readonly url: string;
  /** What the path substitution made of it, where it did. */
  readonly rewritten?: string;
  readonly fate: Fate;
}

/** The URLs of a text, one on each line that isn't empty. What stands before one is dropped if it is white space; what stands behind may be part of a name. */
export function linesOf(text: string, first = 1): readonly UrlLine[] {
  return text
    .split(/\r\n|\r|\n/)
    .map((line, index) => ({ line: first + index, text: line.replace(/^[\s\ufeff]+/, '') }))
    .filter((line) => line.text !== '');
}

/** The URLs of a text that has lost its line breaks, as what is pasted into an input does. */
export function linesOfInput(text: string): readonly UrlLine[] {
  return linesOf(text.replace(/\s+(?=[a-z][a-z0-9+.-]*:\/\/)/gi, '\n'));
}

interface Resolving {
  readonly resolve: (url: string) => Resolution;
  /** Masks what looks like a secret. */
  readonly redact: (text: string) => string;
}

/** What is known of every URL before a server is asked. */
export function resolveLines(lines: readonly UrlLine[], { resolve, redact }: Resolving): readonly ArtifactRow[] {
  const rows = lines.map(({ line, text }): ArtifactRow => {
    if (carriesSecret(text, redact)) {
      const reason = 'It carries a signature or a password, which must be left out.';
      return { line, url: redact(text), fate: { kind: 'malformed', reason } };
    }
    const resolution = resolve(text);
    const rewritten = resolution.url === text ? {} : { rewritten: resolution.url };
    return { line, url: text, ...rewritten, fate: fateOf(resolution) };
  });
  return withoutDuplicates(rows);
}

function fateOf(resolution: Resolution): Fate {
  if (resolution.kind === 'malformed') return { kind: 'malformed', reason: resolution.reason };
  if (resolution.kind === 'unresolved') {
    return { kind: 'unresolved', reason: resolution.reason, wanted: resolution.wanted };
  }
  const { readings, ambiguous } = resolution;
  if (ambiguous) return { kind: 'ambiguous', readings };
  const [reading] = readings;
  return { kind: 'delete', artifact: { reading, entry: entryOf(reading), found: false } };
}

/** The object that a reading names, of which nothing else is known. */
export function entryOf({ container, id }: Reading): Entry {
  return { kind: 'object', container, id, name: id.split('/').at(-1) || id, path: `${container}/${id}` };
}

/** Of rows that mean the same, all but the first say which that is. */
export function withoutDuplicates(rows: readonly ArtifactRow[]): readonly ArtifactRow[] {
  const first = new Map<string, number>();
  return rows.map((row) => {
    const meant = meaningOf(row);
    const before = first.get(meant);
    if (before === undefined) first.set(meant, row.line);
    return before === undefined || row.fate.kind === 'duplicate'
      ? row
      : { ...row, fate: { kind: 'duplicate', of: before } };
  });
}

/** Equal for rows that mean the same object, and for those that say the same and mean none. */
function meaningOf({ url, fate, line }: ArtifactRow): string {
  if (fate.kind === 'delete') return targetKey(fate.artifact.reading.credential.record.id, fate.artifact.entry);
  if (fate.kind === 'duplicate') return `duplicate ${line}`;
  if (fate.kind === 'ambiguous') {
    return JSON.stringify(fate.readings.map((reading) => targetKey(reading.credential.record.id, entryOf(reading))));
  }
  return `url ${url}`;
}

/** Equal for two targets exactly when they are the same object, reached with the same credential. */
export function targetKey(credentialId: string, entry: Entry): string {
  return `${credentialId} ${identityOf(entry)}`;
}

/** A signed query or a password before the host: nothing that may be written down, and no name of an object either. */
function carriesSecret(url: string, redact: (text: string) => string): boolean {
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]*:[^/?#\s]*@/i.test(url)) return true;
  const query = url.indexOf('?');
  return /^https?:/i.test(url) && query >= 0 && redact(url.slice(query)) !== url.slice(query);
}
