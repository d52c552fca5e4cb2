import { type FSWatcher, watch } from 'node:fs';
import path from 'node:path';
import { StorageError } from '../core/errors.ts';
import { withLock } from './fileLock.ts';
import { type Files, isMissing, isTemporary, realFiles, removeIfThere, syncFolder, writeDurably } from './files.ts';
import {
  type CredentialRecord,
  damaged,
  formatRecord,
  parseRecord,
  recordLimit,
  type StoredCredential,
} from './record.ts';

/** Which credentials are other than before, whoever changed them. */
export interface Changes {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

interface Options {
  readonly files?: Files;
  /** Is told of failures that no caller waits for. */
  readonly report?: (error: unknown) => void;
  /** Milliseconds from the first sign of a change to reading the folder. */
  readonly settle?: number;
}

/** The records, one file each, shared with every other window. What it returns was read from disk just then. */
export class CredentialStore implements Disposable {
  /** A store that is ready: its folder is made and read. */
  static async open(folder: string, options: Options = {}): Promise<CredentialStore> {
    const store = new CredentialStore(folder, options);
    await store.#ready();
    return store;
  }

  readonly #folder: string;
  readonly #locks: string;
  readonly #files: Files;
  readonly #report: (error: unknown) => void;
  readonly #settle: number;
  readonly #listeners = new Set<(changes: Changes) => void>();
  #seen: ReadonlyMap<string, string> = new Map();
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> = Promise.resolve();
  #prepared: Promise<void> | undefined;

  /** Makes the folder, if there is none; everything that is asked waits for that, and tries again where it failed. */
  constructor(folder: string, { files = realFiles, report = () => undefined, settle = 50 }: Options = {}) {
    this.#folder = path.join(folder, 'credentials');
    this.#locks = path.join(folder, 'locks');
    this.#files = files;
    this.#report = report;
    this.#settle = settle;
    this.#ready().catch(report);
  }

  /** Every credential, also those that can't be read, in the order of their names. */
  async list(): Promise<readonly StoredCredential[]> {
    await this.#ready();
    const found = [...(await this.#readTexts())].map(([id, text]) => parse(id, text));
    return found.sort((a, b) => labelOf(a).localeCompare(labelOf(b)) || a.id.localeCompare(b.id));
  }

  async get(id: string): Promise<StoredCredential | undefined> {
    const text = await this.#readText(id);
    return text === undefined ? undefined : parse(id, text);
  }

  /** The path of a credential's file, for 'Show File'. */
  fileOf(id: string): string {
    if (path.basename(id) !== id || id === '' || id.startsWith('.')) {
      throw new StorageError('not-found', 'This credential no longer exists.');
    }
    return path.join(this.#folder, `${id}.json`);
  }

  /**
   * Writes a record whose revision is new. Fails with 'changed' when the one on disk is not `basedOn` (undefined: there
   * is none), and with 'already-exists' when another credential has taken the name.
   */
  async save(record: CredentialRecord, basedOn: string | undefined): Promise<void> {
    const text = formatRecord(record);
    await this.#locked(async (assertHeld) => {
      const current = await this.get(record.id);
      assertBase(current, basedOn);
      const sameName = current?.kind === 'readable' && current.record.name === record.name;
      if (!sameName && (await this.nameInUse(record.name, record.id))) {
        throw new StorageError('already-exists', `Another credential has this name: ${record.name}`);
      }
      await this.#clearTemporary();
      await writeDurably(this.#files, this.fileOf(record.id), text, assertHeld);
    });
    await this.refresh();
  }

  /**
   * Removes a credential's file; one that is gone already is fine.
   * Fails with 'changed' when a revision is given and the one on disk is another.
   */
  async remove(id: string, basedOn?: string): Promise<void> {
    await this.#locked(async (assertHeld) => {
      const current = await this.get(id);
      if (current && basedOn !== undefined) assertBase(current, basedOn);
      await assertHeld();
      if (await removeIfThere(this.#files, this.fileOf(id))) await syncFolder(this.#files, this.#folder);
    });
    await this.refresh();
  }

  /** Whether another credential has this name, however it is capitalised. */
  async nameInUse(name: string, exceptId?: string): Promise<boolean> {
    const wanted = comparable(name);
    return (await this.#names(exceptId)).some((other) => comparable(other) === wanted);
  }

  /** A name that is free: 'Amazon S3', 'Amazon S3 (2)'… */
  async proposeName(label: string): Promise<string> {
    const base = label.replace(/ \(\d+\)$/, '');
    const taken = new Set((await this.#names()).map(comparable));
    for (let n = 1; ; n++) {
      const name = n === 1 ? base : `${base} (${n})`;
      if (!taken.has(comparable(name))) return name;
    }
  }

  /** Tells of every change from now on, by this window or another, each once. */
  watch(listener: (changes: Changes) => void): Disposable {
    this.#listeners.add(listener);
    this.#ready().then(() => this.#keepWatching(), this.#report);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Reads the folder again and tells of what changed: for file systems that tell nothing, when the window is focused. */
  refresh(): Promise<void> {
    this.#reading = this.#reading.then(() => this.#tellChanges()).catch((error) => this.#report(error));
    return this.#reading;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#listeners.clear();
  }

  #ready(): Promise<void> {
    this.#prepared ??= this.#prepare().catch((error: unknown) => {
      this.#prepared = undefined;
      throw error;
    });
    return this.#prepared;
  }

  async #prepare(): Promise<void> {
    await this.#files.mkdir(this.#folder, { recursive: true });
    this.#seen = await this.#readTexts();
  }

  async #tellChanges(): Promise<void> {
    await this.#ready();
    const before = this.#seen;
    const now = await this.#readTexts();
    this.#seen = now;
    this.#keepWatching();
    const changes: Changes = {
      added: [...now.keys()].filter((id) => !before.has(id)),
      changed: [...now].filter(([id, text]) => before.has(id) && before.get(id) !== text).map(([id]) => id),
      removed: [...before.keys()].filter((id) => !now.has(id)),
    };
    if (changes.added.length + changes.changed.length + changes.removed.length === 0) return;
    for (const listener of [...this.#listeners]) this.#tell(listener, changes);
  }

  #tell(listener: (changes: Changes) => void, changes: Changes): void {
    try {
      listener(changes);
    } catch (error) {
      this.#report(error);
    }
  }

  /** Starts to watch the folder, unless it is watched. Where that fails (no folder, no watch left), the next `refresh` tries again. */
  #keepWatching(): void {
    if (this.#watcher || this.#listeners.size === 0) return;
    try {
      const watcher = watch(this.#folder, { persistent: false }, () => this.#refreshSoon());
      watcher.on('error', (error) => {
        this.#report(error);
        watcher.close();
        if (this.#watcher === watcher) this.#watcher = undefined;
      });
      this.#watcher = watcher;
      this.#refreshSoon();
    } catch (error) {
      this.#report(error);
    }
  }

  #refreshSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.refresh();
    }, this.#settle).unref();
  }

  async #names(exceptId?: string): Promise<string[]> {
    return (await this.list()).flatMap((found) =>
      found.kind === 'readable' && found.id !== exceptId ? [found.record.name] : [],
    );
  }

  async #readTexts(): Promise<ReadonlyMap<string, string>> {
    const names = (await this.#files.readdir(this.#folder)).filter((name) => /^[^.].*\.json$/.test(name));
    const texts = await Promise.all(
      names.map(async (name) => {
        const id = name.slice(0, -'.json'.length);
        return [id, await this.#readText(id)] as const;
      }),
    );
    return new Map(texts.flatMap(([id, text]) => (text === undefined ? [] : [[id, text] as const])));
  }

  /** A file that can't be read or is too long for a record counts as '', which no record is. */
  async #readText(id: string): Promise<string | undefined> {
    const file = this.fileOf(id);
    try {
      return (await this.#files.stat(file)).size > recordLimit ? '' : await this.#files.readFile(file, 'utf8');
    } catch (error) {
      if (isMissing(error)) return undefined;
      this.#report(error);
      return '';
    }
  }

  /** Removes what a killed process left half-written. Safe under the lock alone. */
  async #clearTemporary(): Promise<void> {
    const left = (await this.#files.readdir(this.#folder)).filter(isTemporary);
    await Promise.all(left.map((name) => removeIfThere(this.#files, path.join(this.#folder, name))));
  }

  async #locked<T>(work: (assertHeld: () => Promise<void>) => Promise<T>): Promise<T> {
    await this.#ready();
    return await withLock(this.#files, this.#locks, work);
  }
}

function parse(id: string, text: string): StoredCredential {
  return text === ''
    ? damaged(id, 'The file of this credential is empty, too long or unreadable.')
    : parseRecord(id, text);
}

function assertBase(current: StoredCredential | undefined, basedOn: string | undefined): void {
  if (current && current.kind !== 'readable') throw new StorageError('invalid-settings', current.sentence);
  if (current?.record.revision === basedOn) return;
  throw new StorageError(
    'changed',
    current ? 'This credential was changed in another window.' : 'This credential was removed meanwhile.',
  );
}

function labelOf(found: StoredCredential): string {
  return found.kind === 'readable' ? found.record.name : found.id;
}

function comparable(name: string): string {
  return name.trim().normalize('NFKC').toLowerCase();
}
