/** What a listing says of one thing in a folder. */
export interface Listed {
  readonly name: string;
  readonly kind: 'folder' | 'file' | 'link' | 'other';
  readonly size?: number;
  /** Milliseconds since the epoch. */
  readonly modified?: number;
  /** What the user may do with it, as MLSD says it (RFC 3659, 7.5.5). */
  readonly perm?: string;
  readonly mode?: string;
  readonly owner?: string;
  readonly group?: string;
  /** Of a link, where that is told. */
  readonly leadsTo?: string;
}

export interface Listing {
  readonly all: readonly Listed[];
  /** The folder itself, where the listing names it. */
  readonly self?: Omit<Listed, 'name' | 'kind'>;
  /** What the server calls the folder, whatever way led there. */
  readonly selfId?: string;
  /** The same of the folder above. */
  readonly parentId?: string;
}

/** A line that can't be read without doubt. Whoever guessed its name might delete another file. */
export class UnreadableLine extends Error {
  override readonly name = 'UnreadableLine';
}

/** Reads the answer to MLSD (RFC 3659, 7). */
export function parseMlsd(text: string): Listing {
  const all: Listed[] = [];
  let self: Listing['self'];
  let selfId: string | undefined;
  let parentId: string | undefined;
  for (const line of linesOf(text)) {
    const { type, name, facts, unique } = parseFacts(line);
    if (type === 'cdir') [self, selfId] = [facts, unique];
    if (type === 'pdir') parentId = unique;
    if (type === 'cdir' || type === 'pdir' || name === '.' || name === '..') continue;
    all.push({ ...facts, name, ...kindOfType(type, name, line) });
  }
  return {
    all,
    ...(self ? { self } : {}),
    ...(selfId === undefined ? {} : { selfId }),
    ...(parentId === undefined ? {} : { parentId }),
  };
}

/** What the server calls the one file or folder that a line of MLST is about. */
export function uniqueOf(line: string): string | undefined {
  return parseFacts(line).unique;
}

/** Reads the answer to LIST in the form of Unix or of DOS. @param now by which a date without a year is placed */
export function parseList(text: string, now: number): Listing {
  const all: Listed[] = [];
  let self: Listing['self'];
  for (const [index, line] of linesOf(text).entries()) {
    if (index === 0 && /^total \d+$/.test(line)) continue;
    const listed = parseUnixLine(line, now) ?? parseDosLine(line);
    if (!listed) throw new UnreadableLine(line);
    if (listed.name === '.') self = listed;
    if (listed.name !== '.' && listed.name !== '..') all.push(listed);
  }
  return { all, ...(self ? { self } : {}) };
}

/** A time as FTP writes it, in UTC: YYYYMMDDHHMMSS, with a fraction or without. */
export function parseTime(text: string): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d+)?$/.exec(text);
  if (!parts) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1, 7).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second) + Math.floor(Number(parts[7] ?? 0) * 1000);
}

/** A name that holds a line break would end its line early, and the rest look like another. */
function linesOf(text: string): string[] {
  if (text === '') return [];
  if (!text.endsWith('\n')) throw new UnreadableLine(text.slice(text.lastIndexOf('\n') + 1));
  const lines = text.slice(0, -1).split('\n');
  if (!lines.some((line) => line.endsWith('\r'))) return lines;
  return lines.map((line) => {
    const whole = line.slice(0, -1);
    if (!line.endsWith('\r') || whole.includes('\r')) throw new UnreadableLine(line);
    return whole;
  });
}

interface Facts {
  readonly type: string;
  readonly name: string;
  readonly unique: string | undefined;
  readonly facts: Omit<Listed, 'name' | 'kind'>;
}

function parseFacts(line: string): Facts {
  const parts = /^((?:[A-Za-z0-9._-]+=[^;]*;)+) (.+)$/su.exec(line);
  if (!parts) throw new UnreadableLine(line);
  const [, packed = '', name = ''] = parts;
  const facts = new Map(
    packed.split(';').map((fact) => {
      const at = fact.indexOf('=');
      return [fact.slice(0, at).toLowerCase(), fact.slice(at + 1)];
    }),
  );
  const type = facts.get('type');
  if (type === undefined) throw new UnreadableLine(line);
  const size = facts.get('size') ?? '';
  const modified = parseTime(facts.get('modify') ?? '');
  return {
    type: /^(file|dir|cdir|pdir)$/i.test(type) ? type.toLowerCase() : type,
    name,
    unique: facts.get('unique'),
    facts: {
      ...(/^\d+$/.test(size) ? { size: Number(size) } : {}),
      ...(modified === undefined ? {} : { modified }),
      ...given('perm', facts.get('perm')?.toLowerCase()),
      ...given('mode', facts.get('unix.mode')),
      ...given('owner', facts.get('unix.ownername') ?? facts.get('unix.owner')),
      ...given('group', facts.get('unix.groupname') ?? facts.get('unix.group')),
    },
  };
}

function kindOfType(type: string, name: string, line: string): Pick<Listed, 'kind' | 'leadsTo'> {
  if (type === 'file') return { kind: 'file' };
  if (type === 'dir') return { kind: 'folder' };
  const link = /^OS\.unix=s(?:ym)?link(?::(.*))?$/is.exec(type);
  if (!link) return { kind: 'other' };
  // The target stands among the facts as it is: with a semicolon in it, where the name begins is not certain.
  if (link[1] !== undefined && name.includes(';')) throw new UnreadableLine(line);
  return { kind: 'link', ...given('leadsTo', link[1] === '' ? undefined : link[1]) };
}

const unixKinds: Readonly<Record<string, Listed['kind']>> = {
  d: 'folder',
  '-': 'file',
  f: 'file',
  l: 'link',
  e: 'link',
};

/** The first size and date in a line are the real ones: a name may hold what looks like others. One space goes before the name, all further ones belong to it. */
const unixLine =
  /^([-a-zA-Z])([-rwxsStTlL]{9})[+.@]?\s+\d+\s+(\S.*?)\s+(?:(\d+)|\d+,\s*\d+)\s+(?:(\S{3,4}) +(\d{1,2})|(\d{1,2}) +(\S{3,4})|(\d{4})-(\d\d)-(\d\d)) +(?:(\d{1,2}):(\d\d)(?::\d\d)?|(\d{4})) (.+)$/su;

function parseUnixLine(line: string, now: number): Listed | undefined {
  const parts = unixLine.exec(line);
  if (!parts) return undefined;
  const [, type = '', mode = '', owners = '', size = '', month = '', day = '', day2 = '', month2 = ''] = parts;
  const [, , , , , , , , , year, monthNumber, dayNumber, hour, minute, year2, name = ''] = parts;
  const kind = unixKinds[type.toLowerCase()] ?? 'other';
  const modified = unixTime(
    {
      year: year ?? year2,
      month:
        monthNumber === undefined
          ? months.indexOf((month || month2).slice(0, 3).toLowerCase())
          : Number(monthNumber) - 1,
      day: Number(dayNumber ?? (day || day2)),
      hour: Number(hour ?? 0),
      minute: Number(minute ?? 0),
    },
    now,
  );
  const [owner, group] = owners.split(/\s+/);
  return {
    kind,
    ...(kind === 'link' ? splitLink(name, Number(size), line) : { name }),
    ...(size === '' ? {} : { size: Number(size) }),
    ...(modified === undefined ? {} : { modified }),
    mode: `${type}${mode}`,
    ...given('owner', owner),
    ...given('group', group),
  };
}

/** Both sides of a link may hold ' -> ': the size of a link is the length of its target, which tells them apart. */
function splitLink(text: string, size: number, line: string): Pick<Listed, 'name' | 'leadsTo'> {
  const arrow = ' -> ';
  const splits: { name: string; leadsTo: string }[] = [];
  for (let at = text.indexOf(arrow); at !== -1; at = text.indexOf(arrow, at + 1)) {
    splits.push({ name: text.slice(0, at), leadsTo: text.slice(at + arrow.length) });
  }
  if (splits.length === 0) return { name: text };
  const fitting = splits.length === 1 ? splits : splits.filter(({ leadsTo }) => Buffer.byteLength(leadsTo) === size);
  if (fitting.length !== 1 || fitting[0] === undefined) throw new UnreadableLine(line);
  return fitting[0];
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

interface Parts {
  readonly year: string | undefined;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
}

/** A date without a year lies in the twelve months until tomorrow; nobody says in which zone: it is taken for UTC. */
function unixTime({ year, month, day, hour, minute }: Parts, now: number): number | undefined {
  if (month < 0) return undefined;
  if (year !== undefined) return Date.UTC(Number(year), month, day, hour, minute);
  const thisYear = new Date(now).getUTCFullYear();
  const dated = Date.UTC(thisYear, month, day, hour, minute);
  return dated > now + 86_400_000 ? Date.UTC(thisYear - 1, month, day, hour, minute) : dated;
}

/** As IIS writes it: ten spaces after <DIR>, one after a size; all further ones belong to the name. */
const dosLine = /^(\d\d)-(\d\d)-(\d\d|\d{4}) +(\d\d):(\d\d)([AP]M)? +(?:<DIR>(?: {10}| {1,9}(?! ))|(\d+) )(.+)$/isu;

function parseDosLine(line: string): Listed | undefined {
  const parts = dosLine.exec(line);
  if (!parts) return undefined;
  const [, month, day, year = '', hour, minute, half = '', size, name = ''] = parts;
  const hours = half === '' ? Number(hour) : (Number(hour) % 12) + (half.toUpperCase() === 'PM' ? 12 : 0);
  const fullYear = year.length === 4 ? Number(year) : Number(year) + (Number(year) < 70 ? 2000 : 1900);
  return {
    kind: size === undefined ? 'folder' : 'file',
    name,
    ...(size === undefined ? {} : { size: Number(size) }),
    modified: Date.UTC(fullYear, Number(month) - 1, Number(day), hours, Number(minute)),
  };
}

function given<K extends keyof Listed>(key: K, value: Listed[K] | undefined): { [P in K]?: Listed[P] } {
  return value === undefined || value === '' ? {} : ({ [key]: value } as { [P in K]?: Listed[P] });
}
