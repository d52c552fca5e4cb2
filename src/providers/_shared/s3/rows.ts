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
    const { table, start } = nextRow(tables, text, at);
    if (!table) return allTaken(rows, rest + text.slice(at), Object.keys(kinds));
    const read = table.readAlike(text, start) ?? table.read(text, start);
    if (!read) return undefined;
    const listed = rows[table.list];
    if (listed) listed.push(read.row);
    else rows[table.list] = [read.row];
    rest += text.slice(at, start);
    at = read.end;
  }
}

/** Nothing is taken where something of the same kind, written in another way, was left. */
function allTaken(rows: SplitAnswer['rows'], rest: string, tags: readonly string[]): SplitAnswer | undefined {
  return new RegExp(`<(?:${tags.join('|')})[\\s/>]`).test(rest) ? undefined : { rows, rest };
}

/** The kind of the row that comes first from there on, if one comes, and where. */
function nextRow(tables: readonly Table[], text: string, at: number): { table: Table | undefined; start: number } {
  let first: { table: Table | undefined; start: number } = { table: undefined, start: Number.POSITIVE_INFINITY };
  for (const table of tables) {
    const start = table.startFrom(text, at);
    if (start < first.start) first = { table, start };
  }
  return first;
}

interface ReadRow {
  readonly row: Row;
  /** Where it ends. */
  readonly end: number;
}

/** A pattern of a whole row, with a group for each of the fields that are used; it fits nothing that isn't written plainly. */
interface Shape {
  readonly pattern: RegExp;
  readonly fields: readonly (readonly [name: string, kind: Kind])[];
}

/** A longer one is not made: a row of so many parts is like no other. */
const longestPattern = 4000;

/** Ways to write a row that are remembered. */
const mostShapes = 16;

/** The rows of one kind. A server writes them alike, so those before tell how the next is most likely written. */
class Table {
  readonly list: string;
  readonly #open: string;
  readonly #close: string;
  readonly #fields: ReadonlyMap<string, Kind>;
  /** Where the next row was found. */
  #start = -1;
  readonly #shapes: Shape[] = [];

  constructor(tag: string, list: string, fields: Readonly<Record<string, Kind>>) {
    this.list = list;
    this.#open = `<${tag}>`;
    this.#close = `</${tag}>`;
    this.#fields = new Map(Object.entries(fields));
  }

  /** Where a row begins from there on; Infinity where none does. */
  startFrom(text: string, at: number): number {
    if (this.#start < at) {
      const start = text.indexOf(this.#open, at);
      this.#start = start < 0 ? Number.POSITIVE_INFINITY : start;
    }
    return this.#start;
  }

  /** The row that stands there, if it is written like one before. */
  readAlike(text: string, at: number): ReadRow | undefined {
    for (const shape of this.#shapes) {
      shape.pattern.lastIndex = at;
      const written = shape.pattern.exec(text);
      if (written) return this.#rowOf(shape, written);
    }
    return undefined;
  }

  #rowOf({ pattern, fields }: Shape, written: RegExpExecArray): ReadRow | undefined {
    const row: Record<string, string | number | boolean | Date> = {};
    for (const [index, [name, kind]] of fields.entries()) {
      const value = readValue(written[index + 1] ?? '', kind);
      if (value === undefined) return undefined;
      row[name] = value;
    }
    return { row, end: pattern.lastIndex };
  }

  /** The row that stands there; undefined when it isn't written plainly. */
  read(text: string, start: number): ReadRow | undefined {
    const to = text.indexOf(this.#close, start);
    if (to < 0) return undefined;
    const row: Record<string, string | number | boolean | Date> = {};
    const fields: (readonly [name: string, kind: Kind])[] = [];
    const seen = new Set<string>();
    let pattern = this.#open;
    let at = start + this.#open.length;
    for (;;) {
      const next = text.indexOf('<', at);
      const end = Math.min(next, to);
      if (end > at && text.slice(at, end).trim() !== '') return undefined;
      if (end > at) pattern += '\\s*';
      if (next >= to) break;
      const open = text.indexOf('>', next);
      const tag = text.slice(next + 1, open);
      const isEmpty = tag.endsWith('/');
      const name = isEmpty ? tag.slice(0, -1) : tag;
      const kind = this.#fields.get(name);
      if (!/^\w+$/.test(name) || (kind !== undefined && seen.has(name))) return undefined;
      seen.add(name);
      if (isEmpty) {
        pattern += `<${tag}>`;
        at = open + 1;
        continue;
      }
      const close = text.indexOf(`</${tag}>`, open);
      if (close < 0 || close >= to) return undefined;
      at = close + tag.length + 3;
      pattern += `<${tag}>${kind === undefined ? untilClosed(tag, this.#close) : `(${forms[kind]})`}</${tag}>`;
      if (kind === undefined) continue;
      const written = text.slice(open + 1, close);
      const value = whole[kind].test(written) ? readValue(written, kind) : undefined;
      if (value === undefined) return undefined;
      row[tag] = value;
      fields.push([tag, kind]);
    }
    this.#remember(pattern + this.#close, fields);
    return { row, end: to + this.#close.length };
  }

  #remember(pattern: string, fields: Shape['fields']): void {
    if (pattern.length > longestPattern || this.#shapes.length >= mostShapes) return;
    this.#shapes.push({ pattern: new RegExp(pattern, 'y'), fields });
  }
}

/** How a value of each kind is written, without groups. */
const forms: Readonly<Record<Kind, string>> = {
  text: '[^<\\n]*',
  number: '\\d{1,15}',
  boolean: '(?:true|false)',
  date: '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?Z',
};

const whole: Readonly<Record<Kind, RegExp>> = {
  text: new RegExp(`^${forms.text}$`),
  number: new RegExp(`^${forms.number}$`),
  boolean: new RegExp(`^${forms.boolean}$`),
  date: new RegExp(`^${forms.date}$`),
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
