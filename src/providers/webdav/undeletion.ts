import { StorageError, toStorageError } from '../../core/errors.ts';
import type { Deleted, Entry, Restoration } from '../../core/storageClient.ts';
import {
  alreadyThere,
  keptNewer,
  noLongerKept,
  notRestored,
  notShown,
  restored,
  restoreEach,
} from '../_shared/restorations.ts';
import { partsOf, readable, refuseWebPath, webEntry } from '../_shared/webPaths.ts';
import { type CloudFiles, cloudFilesOf, pathInFiles } from './cloudFiles.ts';
import type { DavConnection } from './connection.ts';
import { isStrong, opaque, statEntry } from './listing.ts';
import { properties } from './multistatus.ts';
import { fileIdOf, holds, itemOf, listTrash, moveBack, readTrace, type TrashItem } from './trash.ts';

/** Brings back files and folders from the deleted files of a user of Nextcloud or ownCloud, folders first. */
export async function undeleteFiles(
  server: DavConnection,
  batch: readonly Deleted[],
  signal: AbortSignal,
): Promise<readonly Restoration[]> {
  const cloud = cloudFilesOf(server);
  const undoing = cloud && new Undoing(server, cloud);
  const ways = {
    refuse: ({ entry }: Deleted) =>
      undoing ? refuseWebPath(entry, server.options.base) : noTrash(server.web.url.host, entry),
    one: (deleted: Deleted, limited: AbortSignal) => undoing?.bringBack(deleted, limited) ?? noWay(),
  };
  const fail = (error: unknown) => toStorageError(error);
  const restorations = new Map<Deleted, Restoration>();
  for (const level of byLevel(batch)) {
    for (const each of await restoreEach(level, ways, fail, signal)) restorations.set(each.deleted, each);
  }
  return batch.map((deleted) => restorations.get(deleted) ?? notShown(deleted));
}

/** Folders by how deep they lie, then all files: what lies in something comes after it. */
function byLevel(batch: readonly Deleted[]): readonly (readonly Deleted[])[] {
  const depth = ({ entry }: Deleted) =>
    entry.kind === 'folder' ? (partsOf(entry.id)?.length ?? 0) : Number.POSITIVE_INFINITY;
  const levels = Map.groupBy(batch, depth);
  return [...levels.keys()].toSorted((one, other) => one - other).map((level) => levels.get(level) ?? []);
}

/** What one batch has learned of the deleted files and of the folders that are there. */
class Undoing {
  readonly #server: DavConnection;
  readonly #cloud: CloudFiles;
  readonly #folders = new Map<string, Promise<void>>();
  readonly #trees = new Map<string, Promise<Restoration>>();
  readonly #since = Date.now();

  constructor(server: DavConnection, cloud: CloudFiles) {
    this.#server = server;
    this.#cloud = cloud;
  }

  async bringBack(deleted: Deleted, signal: AbortSignal): Promise<Restoration> {
    const { entry } = deleted;
    const { tree } = readTrace(deleted.trace);
    if (tree === undefined) return await this.#bringBackOne(deleted, signal);
    const whole = await this.#bringBackTree({ ...deleted, entry: webEntry('folder', tree) }, tree, signal);
    if (tree === entry.id || whole.error) return { ...whole, deleted };
    // It came back as a part of that.
    const found = await this.#look(entry, signal);
    if (found === undefined) return notShown(deleted);
    return found !== 'other' && isSame(found, entry) ? { ...whole, deleted } : keptNewer(deleted);
  }

  #bringBackTree(whole: Deleted, tree: string, signal: AbortSignal): Promise<Restoration> {
    const known = this.#trees.get(tree);
    if (known) return known;
    const refusal = refuseWebPath(whole.entry, this.#server.options.base);
    const bringing = refusal ? Promise.resolve(notRestored(whole, refusal)) : this.#bringBackOne(whole, signal);
    this.#trees.set(tree, bringing);
    return bringing;
  }

  async #bringBackOne(deleted: Deleted, signal: AbortSignal, triedBefore = false): Promise<Restoration> {
    const { entry } = deleted;
    const stands = await this.#look(entry, signal);
    if (stands !== undefined) return await this.#judge(deleted, stands, signal);
    const location = pathInFiles(this.#cloud, entry);
    const { item, list } = await this.#itemOf(deleted, location, signal);
    if (item === 'several') return notRestored(deleted, severalOf(entry));
    if (!item) return await this.#notInTrash(deleted, location, signal);
    await this.#ensureFolder(parentOf(entry.id), signal);
    const moved = await this.#move(deleted, item, signal);
    if (moved.error?.kind !== 'not-found' || triedBefore) return moved;
    // It has left the trash since that list, and a later deletion may have put another there.
    this.#forget(list);
    return await this.#bringBackOne(deleted, signal, true);
  }

  async #move(deleted: Deleted, item: TrashItem, signal: AbortSignal): Promise<Restoration> {
    const { entry } = deleted;
    const failure = await moveBack(this.#server, this.#cloud, item, entry.id, signal).then(
      (answer) => (answer.status === 201 || answer.status === 204 ? undefined : this.#server.refusal(answer, entry.id)),
      (error: unknown) => toStorageError(error),
    );
    const found = await this.#look(entry, signal);
    if (found === undefined) {
      if (!failure) return notShown(deleted);
      return failure.kind === 'not-found' ? noLongerKept(deleted) : notRestored(deleted, failure);
    }
    if (found === 'other') return keptNewer(deleted);
    const now = item.fileId && (await fileIdOf(this.#server, entry.id, signal));
    if (now ? now !== item.fileId : !isSame(found, entry)) return keptNewer(deleted);
    taken.add(item);
    const { tree, fileId } = readTrace(deleted.trace);
    if (isOther(found, entry) && (!now || now !== fileId)) return notRestored(deleted, otherCameBack(entry));
    if (now && tree !== undefined) this.#remember(deleted, now);
    return restored(deleted);
  }

  /** What something that stands there is: a folder that went whole is known by its id alone. */
  async #judge(deleted: Deleted, stands: Entry | 'other', signal: AbortSignal): Promise<Restoration> {
    const { tree, fileId } = readTrace(deleted.trace);
    if (stands === 'other') return keptNewer(deleted);
    if (tree === undefined) return isSame(stands, deleted.entry) ? alreadyThere(deleted) : keptNewer(deleted);
    const own = fileId ?? broughtBack.get(this.#server)?.get(deleted.trace ?? '');
    const now = own && (await fileIdOf(this.#server, deleted.entry.id, signal));
    return now && now === own ? alreadyThere(deleted) : keptNewer(deleted);
  }

  async #notInTrash(deleted: Deleted, location: string, signal: AbortSignal): Promise<Restoration> {
    const around = left(await this.#list(signal).items).find((item) => holds(item, location));
    return around ? notRestored(deleted, within(around, deleted.entry)) : noLongerKept(deleted);
  }

  async #itemOf({ entry, trace, within }: Deleted, location: string, signal: AbortSignal) {
    const known = { size: entry.size, trace: readTrace(trace), within };
    const wanted = { location, folder: entry.kind === 'folder', ...known };
    const list = this.#list(signal);
    const item = itemOf(left(await list.items), wanted);
    if (list.at >= this.#since || (item !== undefined && item !== 'several')) return { item, list };
    this.#forget(list);
    const anew = this.#list(signal);
    return { item: itemOf(left(await anew.items), wanted), list: anew };
  }

  /** One list serves several batches, as it may be long; what is not found in an older one is looked for in a new one. */
  #list(signal: AbortSignal): TrashList {
    const known = lists.get(this.#server);
    if (known && Date.now() - known.at < believed) return known;
    const list = { at: Date.now(), items: listTrash(this.#server, this.#cloud, signal) };
    lists.set(this.#server, list);
    list.items.catch(() => this.#forget(list));
    return list;
  }

  #forget(list: TrashList): void {
    if (lists.get(this.#server) === list) lists.delete(this.#server);
  }

  /** Later batches, of what was in a folder that came back whole, know it by its id. */
  #remember({ trace = '' }: Deleted, fileId: string): void {
    const known = broughtBack.get(this.#server) ?? new Map<string, string>();
    broughtBack.set(this.#server, known.set(trace, fileId));
  }

  /** What stands at an entry's path; 'other' where that is no such thing, undefined where nothing is. */
  async #look(entry: Entry, signal: AbortSignal): Promise<Entry | 'other' | undefined> {
    try {
      return await statEntry(this.#server, entry, signal);
    } catch (error) {
      const failure = toStorageError(error);
      if (failure.kind === 'changed') return 'other';
      if (failure.kind !== 'not-found') throw failure;
      // A stranger in front of the server would say so of everything.
      if (!this.#server.seen) await this.#server.propfind(this.#server.options.base, 0, [properties.kind], signal);
      return undefined;
    }
  }

  /** Servers bring back to the top of all what has no folder any more: it is made anew where it is missing. */
  #ensureFolder(path: string, signal: AbortSignal): Promise<void> {
    if (!path.startsWith(this.#server.options.base) || path === this.#server.options.base) return Promise.resolve();
    const known = this.#folders.get(path) ?? this.#makeFolder(path, signal);
    this.#folders.set(path, known);
    return known;
  }

  async #makeFolder(path: string, signal: AbortSignal): Promise<void> {
    const folder = webEntry('folder', path);
    const stands = await this.#look(folder, signal);
    if (stands === 'other') throw new StorageError('changed', `Something else stands there now: ${folder.path}`);
    if (stands) return;
    await this.#ensureFolder(parentOf(path), signal);
    const answer = await this.#server.ask({ method: 'MKCOL', target: path, headers: {} }, signal);
    if (answer.status !== 201 && answer.status !== 405) throw this.#server.refusal(answer, path);
  }
}

/** Milliseconds. */
const believed = 60_000;

interface TrashList {
  readonly at: number;
  readonly items: Promise<readonly TrashItem[]>;
}

const lists = new WeakMap<DavConnection, TrashList>();

/** What a list still names though it has been brought back. */
const taken = new WeakSet<TrashItem>();

/** The ids of folders that came back whole, by the trace of their deletion. */
const broughtBack = new WeakMap<DavConnection, Map<string, string>>();

function left(items: readonly TrashItem[]): readonly TrashItem[] {
  return items.filter((item) => !taken.has(item));
}

/** Whether tags that a server compares itself tell that a file is not the one that was planned. */
function isOther(found: Entry, { kind, tag }: Entry): boolean {
  return kind === 'object' && isStrong(tag) && isStrong(found.tag) && found.tag !== tag;
}

/** Whether what stands there is what was planned: a folder by its name, a file by its tag, or by its size and date. */
function isSame(found: Entry, entry: Entry): boolean {
  if (entry.kind === 'folder') return true;
  if (entry.tag !== undefined && opaque(found.tag) === opaque(entry.tag)) return true;
  return entry.size !== undefined && found.size === entry.size && isSameTime(found.modified, entry.modified);
}

function isSameTime(one: number | undefined, other: number | undefined): boolean {
  return one !== undefined && one === other;
}

function parentOf(id: string): string {
  return id.replace(/[^/]*\/?$/, '');
}

function severalOf({ path }: Entry): StorageError {
  return new StorageError('unsupported', `It can't be told which of the deleted files of this name it was: ${path}`, {
    hint: 'Look through the deleted files on the page of the server.',
  });
}

function otherCameBack({ path }: Entry): StorageError {
  const sentence = `What came back from the deleted files is not what this removal deleted: ${path}`;
  return new StorageError('changed', sentence, { hint: 'Look at what stands there now.' });
}

function within({ location }: TrashItem, { path }: Entry): StorageError {
  return new StorageError('not-found', `It lies in a folder that was deleted whole, and comes back with it: ${path}`, {
    hint: `Bring back this one: ${readable(`/${location}`)}`,
  });
}

function noTrash(host: string, { path }: Entry): StorageError {
  return new StorageError('unsupported', `What this server deletes can't be brought back from here: ${path}`, {
    detail: `WebDAV has no trash of its own, and no service that has one is chosen for ${host}.`,
  });
}

function noWay(): never {
  throw new StorageError('unsupported', 'WebDAV has no trash.');
}
