import type { Entry } from '../core/storageClient.ts';
import { formatCounted } from '../core/text.ts';
import type { RemovalCounts } from './removal.ts';

/** What is counted while a manifest is written. */
export class Findings {
  #objects = 0;
  #folders = 0;
  #versions = 0;
  #locked = 0;
  #bytes = 0;
  #repeated = 0;
  readonly #now = Date.now();

  add(entry: Entry): void {
    if (entry.kind === 'folder') this.#folders++;
    else this.#objects++;
    if (entry.version) this.#versions++;
    if (entry.locks?.some(({ until }) => until === undefined || until > this.#now)) this.#locked++;
    this.#bytes += entry.size ?? 0;
  }

  addRepeated(count: number): void {
    this.#repeated += count;
  }

  counts(): RemovalCounts {
    return {
      objects: this.#objects,
      folders: this.#folders,
      versions: this.#versions,
      locked: this.#locked,
      bytes: this.#bytes,
    };
  }

  notices(): readonly string[] {
    if (this.#repeated === 0) return [];
    return [
      `The server listed some things twice; each is counted once: ${formatCounted(this.#repeated, 'object', 'objects')}`,
    ];
  }
}
