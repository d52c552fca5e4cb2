import { StorageError } from '../../core/errors.ts';
import type { Entry, ListQuery, Page, Place, WalkQuery } from '../../core/storageClient.ts';
import { checkedPage, containerEntry, containerOf, folderEntry, objectEntry, startPage } from '../_shared/entries.ts';
import { checkPrefix } from '../_shared/keys.ts';
import { inParallel } from '../_shared/parallel.ts';
import type { SwiftConnection } from './connection.ts';
import { incomplete } from './errors.ts';
import { segmentsOf } from './objects.ts';
import { goesWithSegments } from './versioning.ts';

/** As many as the tree shows at once. */
const pageSize = 1000;
/** As many as the server gives at once. */
const mostListed = 10_000;

/** One page of what stands directly at a place. One more than is shown is asked for, since Swift doesn't say whether there is more. */
export async function listPage(
  swift: SwiftConnection,
  at: Place,
  query: ListQuery,
  signal: AbortSignal,
): Promise<Page> {
  const { options } = swift;
  if (at.kind === 'root' && options.container !== '') return startPage(options, query);
  const { cursor, limit = pageSize, prefix = '', versions = false } = query;
  const base = at.kind === 'folder' ? at.id : '';
  const container = at.kind === 'root' ? undefined : containerOf(at);
  const asked = { container, prefix: base + prefix, after: cursor, limit: Math.min(limit + 1, mostListed), versions };
  const items = await itemsOf(swift, container === undefined ? asked : { ...asked, delimiter: '/' }, signal);
  const shown = items.slice(0, limit);
  const last = shown.at(-1);
  const next = items.length > limit && last ? cursorOf(last) : undefined;
  const entries =
    container === undefined
      ? shown.map(({ name, modified }) => containerEntry(name, modified))
      : await entriesOf(swift, container, shown, base, versions, signal);
  const place = { container: container ?? '', base: base + prefix, next };
  return checkedPage(entries, cursor === undefined ? place : { ...place, cursor });
}

/** Empty objects that are looked at more closely at once. */
const lookedAtOnce = 8;

/**
 * Every object below a place, in the order of the server, or those of them that stand behind a name, with where the segments
 * of large ones lie that stay. Some servers give less than a full page where there is more, so it is asked until a page is empty.
 */
export async function* walkPages(
  swift: SwiftConnection,
  at: Place,
  { prefix = '', id, versions = false, after: behind }: WalkQuery,
  signal: AbortSignal,
): AsyncGenerator<Page> {
  const container = containerOf(at);
  const base = at.kind === 'folder' ? at.id : '';
  const asked = { container, prefix: id ?? base + prefix, limit: mostListed, versions };
  let after = behind === undefined ? undefined : JSON.stringify([behind]);
  while (true) {
    const items = await itemsOf(swift, { ...asked, after }, signal);
    const last = items.at(-1);
    if (last === undefined) return;
    const next = cursorOf(last);
    const listed = await entriesOf(swift, container, items, base, versions, signal);
    const entries = await withSegments(swift, items, listed, signal);
    const place = { container, base: asked.prefix, next };
    const page = checkedPage(entries, after === undefined ? place : { ...place, cursor: after });
    yield id === undefined ? page : { ...page, entries: page.entries.filter((entry) => entry.id === id) };
    after = next;
  }
}

/** A row of a listing. */
interface Item {
  readonly name: string;
  /** Whether it is the common beginning of names. */
  readonly folder: boolean;
  readonly size: number | undefined;
  readonly modified: Date | undefined;
  readonly tag: string | undefined;
  /** Whether its content lies in segments, of which it is the list. */
  readonly segmented: boolean;
  /** Whether it may be no more than the name of segments. */
  readonly mayBeDynamic: boolean;
  readonly version: Entry['version'] | undefined;
}

interface AskedItems {
  readonly container: string | undefined;
  readonly prefix: string;
  readonly after: string | undefined;
  readonly limit: number;
  readonly versions: boolean;
  readonly delimiter?: string;
}

async function itemsOf(swift: SwiftConnection, asked: AskedItems, signal: AbortSignal): Promise<readonly Item[]> {
  const { container, prefix, after, limit, versions, delimiter } = asked;
  const refusal = checkPrefix(prefix);
  if (refusal) throw refusal;
  const { marker, version } = after === undefined ? {} : readCursor(after);
  const query = {
    format: 'json',
    limit,
    ...(marker === undefined ? {} : { marker }),
    ...(version === undefined ? {} : { version_marker: version }),
    ...(prefix === '' ? {} : { prefix }),
    ...(delimiter === undefined ? {} : { delimiter }),
    ...(versions && container !== undefined ? { versions: 'true' } : {}),
  };
  const list = await swift.readList({ container, query }, signal);
  const items = list.map(itemOf);
  if (items.every((item) => item !== undefined)) return items;
  throw incomplete((await swift.subject({})).server);
}

type Row = Readonly<Record<string, unknown>>;

/** https://docs.openstack.org/api-ref/object-store/#show-container-details-and-list-objects */
function itemOf(row: unknown): Item | undefined {
  if (typeof row !== 'object' || row === null) return undefined;
  const { name, subdir, bytes, hash, content_type: type } = row as Row;
  const { last_modified: modified, slo_etag: segments, symlink_path: link } = row as Row;
  const known = { modified: dateOf(modified), tag: typeof hash === 'string' ? hash : undefined };
  const plain = { segmented: false, mayBeDynamic: false, version: undefined };
  const nothing = { size: undefined, modified: undefined, tag: undefined, ...plain };
  if (typeof subdir === 'string') return { ...nothing, name: subdir, folder: true };
  if (typeof name !== 'string') return undefined;
  const version = versionIn(row as Row);
  if (version?.marker) return { ...nothing, name, folder: false, modified: known.modified, version };
  const size = typeof bytes === 'number' ? bytes : undefined;
  const mayBeDynamic = size === 0 && link === undefined && type !== 'application/directory';
  return { ...known, name, folder: false, size, segmented: segments !== undefined, mayBeDynamic, version };
}

function versionIn({ version_id: id, is_latest: latest, content_type: type }: Row): Entry['version'] | undefined {
  if (typeof id !== 'string') return undefined;
  return { id, latest: latest === true, marker: type === 'application/x-deleted;swift_versions_deleted=1' };
}

/** Swift writes times of UTC without saying so. */
function dateOf(written: unknown): Date | undefined {
  const time = typeof written === 'string' ? Date.parse(`${written.replace(/Z$/, '')}Z`) : Number.NaN;
  return Number.isNaN(time) ? undefined : new Date(time);
}

/** @param base the beginning of the prefix that the place shown stands for */
async function entriesOf(
  swift: SwiftConnection,
  container: string,
  items: readonly Item[],
  base: string,
  versions: boolean,
  signal: AbortSignal,
): Promise<readonly Entry[]> {
  const segments =
    !versions && items.some(({ segmented }) => segmented) && (await goesWithSegments(swift, container, signal));
  return items.map((item) => {
    if (item.folder) return folderEntry(container, item.name, base);
    const entry = objectEntry(container, item.name, item.name.slice(base.length), item);
    if (versions && item.version) return { ...entry, version: item.version };
    return segments && item.segmented ? { ...entry, segmented: true } : entry;
  });
}

/** A listing shows the list of a dynamic large object as what it is by itself: an empty object. Each of those is looked at. */
async function withSegments(
  swift: SwiftConnection,
  items: readonly Item[],
  entries: readonly Entry[],
  signal: AbortSignal,
): Promise<readonly Entry[]> {
  const all = [...entries];
  const empty = [...entries.entries()].filter(([index]) => items[index]?.mayBeDynamic);
  await inParallel(empty, lookedAtOnce, async ([index, entry]) => {
    const segmentsAt = await segmentsOf(swift, entry, signal);
    if (segmentsAt) all[index] = { ...entry, segmentsAt };
  });
  return all;
}

/** Where a listing goes on: behind this name, and with versions behind this version of it. */
function cursorOf({ name, version }: Item): string {
  return JSON.stringify(version ? [name, version.id] : [name]);
}

function readCursor(cursor: string): { marker: string; version: string | undefined } {
  const [marker, version]: unknown[] = JSON.parse(cursor);
  if (typeof marker !== 'string') throw new StorageError('unexpected', 'The listing does not go on there.');
  return { marker, version: typeof version === 'string' ? version : undefined };
}
