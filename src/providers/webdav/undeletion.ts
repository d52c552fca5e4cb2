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
import { opaque, statEntry } from './listing.ts';
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
  #listed = false;

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

  async #bringBackOne(deleted: Deleted, signal: AbortSignal): Promise<Restoration> {
    const { entry } = deleted;
    const stands = await this.#look(entry, signal);
    if (stands !== undefined) return await this.#judge(deleted, stands, signal);
    const location = pathInFiles(this.#cloud, entry);
    const item = await this.#itemOf(deleted, location, signal);
    if (item === 'several') return notRestored(deleted, severalOf(entry));
    if (!item) return await this.#notInTrash(deleted, location, signal);
    await this.#ensureFolder(parentOf(entry.id), signal);
    return await this.#move(deleted, item, signal);
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
    const fileId = item.fileId && (await fileIdOf(this.#server, entry.id, signal));
    const itself = fileId ? fileId === item.fileId : isSame(found, entry);
    return itself ? restored(deleted) : keptNewer(deleted);
  }

  /** What something that stands there is: a folder that went whole is known by its id alone. */
  async #judge(deleted: Deleted, stands: Entry | 'other', signal: AbortSignal): Promise<Restoration> {
    const { tree, fileId } = readTrace(deleted.trace);
    if (stands === 'other') return keptNewer(deleted);
    if (tree === undefined) return isSame(stands, deleted.entry) ? alreadyThere(deleted) : keptNewer(deleted);
    const now = fileId && (await fileIdOf(this.#server, deleted.entry.id, signal));
    return now && now === fileId ? alreadyThere(deleted) : keptNewer(deleted);
  }

  async #notInTrash(deleted: Deleted, location: string, signal: AbortSignal): Promise<Restoration> {
    const around = (await this.#items(signal)).find((item) => holds(item, location));
    return around ? notRestored(deleted, within(around, deleted.entry)) : noLongerKept(deleted);
  }

  async #itemOf({ entry, trace }: Deleted, location: string, signal: AbortSignal) {
    const wanted = { location, folder: entry.kind === 'folder', size: entry.size, trace: readTrace(trace) };
    const known = itemOf(await this.#items(signal), wanted);
    if (this.#listed || (known !== undefined && known !== 'several')) return known;
    this.#listed = true;
    lists.delete(this.#server);
    return itemOf(await this.#items(signal), wanted);
  }

  /** One list serves several batches, as it may be long; what is not found in an older one is looked for in a new one. */
  #items(signal: AbortSignal): Promise<readonly TrashItem[]> {
    const known = lists.get(this.#server);
    if (known && Date.now() - known.at < believed) return known.items;
    this.#listed = true;
    const items = listTrash(this.#server, this.#cloud, signal);
    const list = { at: Date.now(), items };
    lists.set(this.#server, list);
    items.catch(() => {
      if (lists.get(this.#server) === list) lists.delete(this.#server);
    });
    return items;
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

const lists = new WeakMap<DavConnection, { readonly at: number; readonly items: Promise<readonly TrashItem[]> }>();

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
  return new StorageError('unsupported', `Several deleted files were called so, and it can't be told which: ${path}`, {
    hint: 'Look through the deleted files on the page of the server.',
  });
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
