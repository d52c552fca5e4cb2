/** The rows of an answer under the names that the SDK gives their lists, and the answer without them. */
export interface SplitAnswer {
  readonly rows: Readonly<Record<string, readonly Row[]>>;
  readonly rest: string;
}

/** A row as the SDK would have read it. */
export type Row = Readonly<Record<string, string | number | boolean | Date>>;

type Kind = 'text' | 'number' | 'boolean' | 'date';

const version = {
  Key: 'text',
  VersionId: 'text',
  IsLatest: 'boolean',
  LastModified: 'date',
  ETag: 'text',
  Size: 'number',
  StorageClass: 'text',
} as const;

const deleted = {
  Key: 'text',
  VersionId: 'text',
  DeleteMarker: 'boolean',
  DeleteMarkerVersionId: 'text',
} as const;

/** By the answer's root: its rows, the lists that they make, and what of them is used. */
const known: Readonly<
  Record<string, Readonly<Record<string, readonly [list: string, Readonly<Record<string, Kind>>]>>>
> = {
  ListBucketResult: { Contents: ['Contents', version] },
  ListVersionsResult: { Version: ['Versions', version], DeleteMarker: ['DeleteMarkers', version] },
  DeleteResult: { Deleted: ['Deleted', deleted] },
};

/**
 * Takes the rows out of a list of objects or of deleted keys: most of such an answer, which the SDK's parser reads character
 * by character. Only what is written plainly is taken; undefined for anything else, which is then the SDK's to read.
 */
export function splitAnswer(root: string, text: string): SplitAnswer | undefined {
  const kinds = known[root];
  if (!kinds || text.includes('<!') || text.includes('\r')) return undefined;
  const rows: Record<string, Row[]> = {};
  let rest = '';
  let at = 0;
  for (;;) {
    const next = firstRow(text, at, Object.keys(kinds));
    if (!next) return whole(rows, rest + text.slice(at), Object.keys(kinds));
    const [list, fields] = kinds[next.tag] ?? ['', {}];
    const row = readRow(text, next.from, next.to, fields);
    if (!row) return undefined;
    const listed = rows[list];
    if (listed) listed.push(row);
    else rows[list] = [row];
    rest += text.slice(at, next.start);
    at = next.end;
  }
}

/** Nothing is taken where something of the same kind, written in another way, was left. */
function whole(rows: SplitAnswer['rows'], rest: string, tags: readonly string[]): SplitAnswer | undefined {
  return new RegExp(`<(?:${tags.join('|')})[\\s/>]`).test(rest) ? undefined : { rows, rest };
}

interface Found {
  readonly tag: string;
  /** Of the row with its tags. */
  readonly start: number;
  readonly end: number;
  /** Of what is in it. */
  readonly from: number;
  readonly to: number;
}

function firstRow(text: string, at: number, tags: readonly string[]): Found | undefined {
  const next = text.startsWith('<', at) ? tags.find((tag) => text.startsWith(`<${tag}>`, at)) : undefined;
  const starts = (next ? [next] : tags).map((tag) => [text.indexOf(`<${tag}>`, at), tag] as const);
  const [first] = starts.filter(([start]) => start >= 0).sort(([a], [b]) => a - b);
  if (!first) return undefined;
  const [start, tag] = first;
  const to = text.indexOf(`</${tag}>`, start);
  if (to < 0) return undefined;
  return { tag, start, from: start + tag.length + 2, to, end: to + tag.length + 3 };
}

function readRow(text: string, from: number, to: number, fields: Readonly<Record<string, Kind>>): Row | undefined {
  const row: Record<string, string | number | boolean | Date> = {};
  let at = from;
  for (;;) {
    const start = text.indexOf('<', at);
    const end = Math.min(start, to);
    if (end > at && text.slice(at, end).trim() !== '') return undefined;
    if (start >= to) return row;
    const open = text.indexOf('>', start);
    const tag = text.slice(start + 1, open);
    const kind = fields[tag];
    if (kind === undefined && !/^\w+\/?$/.test(tag)) return undefined;
    if (tag.endsWith('/')) {
      at = open + 1;
      continue;
    }
    const close = text.indexOf(`</${tag}>`, open);
    if (close < 0 || close >= to) return undefined;
    at = close + tag.length + 3;
    if (kind === undefined) continue;
    const value = readValue(text.slice(open + 1, close), kind);
    if (value === undefined || row[tag] !== undefined) return undefined;
    row[tag] = value;
  }
}

function readValue(written: string, kind: Kind): string | number | boolean | Date | undefined {
  if (written.includes('<') || written.includes('\n')) return undefined;
  if (kind === 'text') return written.includes('&') ? decode(written) : written;
  if (kind === 'number') return /^\d{1,15}$/.test(written) ? Number(written) : undefined;
  if (kind === 'boolean') return written === 'true' || written === 'false' ? written === 'true' : undefined;
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(written) ? dateOf(written) : undefined;
}

function dateOf(written: string): Date | undefined {
  const date = new Date(written);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decode(written: string): string | undefined {
  // Every tag is written so.
  const quoted = /^&quot;([^&]*)&quot;$/.exec(written);
  if (quoted) return `"${quoted[1]}"`;
  if (/&(?!(?:amp|lt|gt|quot|apos|#\d{1,6}|#x[0-9a-fA-F]{1,5});)/.test(written)) return undefined;
  return written.replace(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (_, hex, decimal, name) => {
    if (name !== undefined) return named[name] ?? '';
    return String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16));
  });
}
