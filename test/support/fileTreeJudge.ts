import { chmod, chown, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** The files of a server on this machine, prepared and judged past the server. */
export class FileTreeJudge {
  readonly #root: string;
  readonly #owner: { readonly uid: number; readonly gid: number };
  #made = 0;

  /** @param root where the server keeps them @param owner to whom what is put belongs */
  constructor(root: string, owner: { readonly uid: number; readonly gid: number }) {
    this.#root = root;
    this.#owner = owner;
  }

  /** A new, empty folder; its name. */
  async createContainer(): Promise<string> {
    const name = `contract-${process.pid}-${Date.now().toString(36)}-${++this.#made}`;
    await this.#makeFolder(this.fileOf(name, ''));
    return name;
  }

  async removeContainer(container: string): Promise<void> {
    await rm(this.fileOf(container, ''), { recursive: true });
  }

  /** Empties the whole server. */
  async cleanUp(): Promise<void> {
    for (const name of await readdir(this.#root))
      await rm(path.join(this.#root, name), { recursive: true, force: true });
  }

  /** A file in a container that is made if need be. */
  async put(container: string, id: string, body = 'x'): Promise<void> {
    const file = this.fileOf(container, id);
    const folders = id.split('/').slice(0, -1);
    for (let depth = 0; depth <= folders.length; depth++) {
      await this.#makeFolder(this.fileOf(container, folders.slice(0, depth).join('/')));
    }
    await writeFile(file, body);
    await chown(file, this.#owner.uid, this.#owner.gid);
  }

  /** The paths of all files, relative to their container, sorted by their bytes; none of a container that is gone. */
  async ids(container: string): Promise<readonly string[]> {
    const found = await this.#filesIn(Buffer.from(this.fileOf(container, '')), '');
    return found.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }

  /** From now on their owner can't delete these: they belong to another, in folders where that counts. */
  async refuseDeletion(container: string, ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const file = this.fileOf(container, id);
      await chown(file, 0, 0);
      await chown(path.dirname(file), 0, 0);
      await chmod(path.dirname(file), 0o1777);
    }
  }

  /** From now on only its owner can look into it. */
  async close(container: string): Promise<void> {
    await chmod(this.fileOf(container, ''), 0o700);
  }

  /** Where a file stands on this machine. */
  fileOf(container: string, id: string): string {
    return path.join(this.#root, container) + (id === '' ? '' : `/${id}`);
  }

  async #makeFolder(folder: string): Promise<void> {
    await mkdir(folder, { mode: 0o755 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await chown(folder, this.#owner.uid, this.#owner.gid);
  }

  async #filesIn(folder: Buffer, prefix: string): Promise<string[]> {
    const entries = await readdir(folder, { withFileTypes: true, encoding: 'buffer' }).catch((error) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    const files = await Promise.all(
      entries.map((entry) => {
        const name = `${prefix}${entry.name.toString()}`;
        if (!entry.isDirectory()) return [name];
        return this.#filesIn(Buffer.concat([folder, Buffer.from('/'), entry.name]), `${name}/`);
      }),
    );
    return files.flat();
  }
}
