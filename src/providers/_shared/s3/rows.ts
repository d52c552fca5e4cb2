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
  const tables = Object.entries(kinds).map(([tag, [list, fields]]) => new Table(tag, list, fields));
  const rows: Record<string, Row[]> = {};
  let rest = '';
  let at = 0;
  for (;;) {
    const next = nextRow(tables, text, at);
    if (!next) return whole(rows, rest + text.slice(at), Object.keys(kinds));
    const { table, start, end, row } = next;
    if (!row) return undefined;
    const listed = rows[table.list];
    if (listed) listed.push(row);
    else rows[table.list] = [row];
    rest += text.slice(at, start);
    at = end;
  }
}

/** Nothing is taken where something of the same kind, written in another way, was left. */
function whole(rows: SplitAnswer['rows'], rest: string, tags: readonly string[]): SplitAnswer | undefined {
  return new RegExp(`<(?:${tags.join('|')})[\\s/>]`).test(rest) ? undefined : { rows, rest };
}

interface Found {
  readonly table: Table;
  readonly start: number;
  readonly end: number;
  /** Undefined when it isn't written plainly. */
  readonly row: Row | undefined;
}

function nextRow(tables: readonly Table[], text: string, at: number): Found | undefined {
  for (const table of tables) {
    const row = table.readAlike(text, at);
    if (row) return { table, start: at, end: table.alikeEnd, row };
  }
  let first: { table: Table; start: number } | undefined;
  for (const table of tables) {
    const start = text.indexOf(table.open, at);
    if (start >= 0 && (!first || start < first.start)) first = { table, start };
  }
  if (!first) return undefined;
  const { table, start } = first;
  const to = text.indexOf(table.close, start);
  if (to < 0) return undefined;
  return { table, start, end: to + table.close.length, row: table.read(text, start + table.open.length, to) };
}

/** A pattern of a whole row, with a group for each of the fields that are used; it fits nothing that isn't written plainly. */
interface Shape {
  readonly pattern: RegExp;
  readonly fields: readonly (readonly [name: string, kind: Kind])[];
}

/** The rows of one kind. A server writes them alike, so the first one tells how the others are most likely written. */
class Table {
  readonly list: string;
  readonly open: string;
  readonly close: string;
  readonly #fields: Readonly<Record<string, Kind>>;
  /** How the last row was written, and all before it. */
  #shape: Shape | undefined;
  readonly #shapes = new Map<string, Shape>();

  constructor(tag: string, list: string, fields: Readonly<Record<string, Kind>>) {
    this.list = list;
    this.open = `<${tag}>`;
    this.close = `</${tag}>`;
    this.#fields = fields;
  }

  /** The row that stands there, if it is written like the last one. */
  readAlike(text: string, at: number): Row | undefined {
    if (!this.#shape) return undefined;
    const { pattern, fields } = this.#shape;
    pattern.lastIndex = at;
    const written = pattern.exec(text);
    if (!written) return undefined;
    const row: Record<string, string | number | boolean | Date> = {};
    for (const [index, [name, kind]] of fields.entries()) {
      const value = readValue(written[index + 1] ?? '', kind);
      if (value === undefined) return undefined;
      row[name] = value;
    }
    return row;
  }

  /** Where the row ends that was read so. */
  get alikeEnd(): number {
    return this.#shape?.pattern.lastIndex ?? 0;
  }

  /** The row whose fields stand there; undefined when it isn't written plainly. */
  read(text: string, from: number, to: number): Row | undefined {
    const row: Record<string, string | number | boolean | Date> = {};
    const fields: (readonly [name: string, kind: Kind])[] = [];
    let pattern = this.open;
    let at = from;
    for (;;) {
      const start = text.indexOf('<', at);
      const end = Math.min(start, to);
      if (end > at && text.slice(at, end).trim() !== '') return undefined;
      if (start >= to) break;
      const open = text.indexOf('>', start);
      const tag = text.slice(start + 1, open);
      const kind = this.#fields[tag];
      if (kind === undefined && !/^\w+\/?$/.test(tag)) return undefined;
      if (tag.endsWith('/')) {
        pattern += `<${tag}>`;
        at = open + 1;
        continue;
      }
      const close = text.indexOf(`</${tag}>`, open);
      if (close < 0 || close >= to) return undefined;
      at = close + tag.length + 3;
      pattern += `<${tag}>${kind === undefined ? untilClosed(tag, this.close) : `(${forms[kind].source.slice(1, -1)})`}</${tag}>`;
      if (kind === undefined) continue;
      const written = text.slice(open + 1, close);
      const value = forms[kind].test(written) ? readValue(written, kind) : undefined;
      if (value === undefined || row[tag] !== undefined) return undefined;
      row[tag] = value;
      fields.push([tag, kind]);
    }
    this.#remember(pattern + this.close, fields);
    return row;
  }

  #remember(pattern: string, fields: Shape['fields']): void {
    this.#shape = this.#shapes.get(pattern) ?? { pattern: new RegExp(pattern, 'y'), fields };
    this.#shapes.set(pattern, this.#shape);
  }
}

/** How a value of each kind is written. */
const forms: Readonly<Record<Kind, RegExp>> = {
  text: /^[^<\n]*$/,
  number: /^\d{1,15}$/,
  boolean: /^(?:true|false)$/,
  date: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/,
};

/** What stands in an element that isn't used. */
function untilClosed(tag: string, closeOfRow: string): string {
  return `[^<]*(?:<(?!/${tag}>|${closeOfRow.slice(1)})[^<]*)*`;
}

function readValue(written: string, kind: Kind): string | number | boolean | Date | undefined {
  if (kind === 'text') return written.includes('&') ? decode(written) : written;
  if (kind === 'number') return Number(written);
  if (kind === 'boolean') return written === 'true';
  return dateOf(written);
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
