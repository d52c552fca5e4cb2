import type { Entry, Lock } from '../core/storageClient.ts';
import { formatCount, formatCounted, formatNames } from '../core/text.ts';
import type { RemovalCounts } from './removal.ts';

/** Places that are named in one sentence. */
const mostPlaces = 3;

/** Places that are remembered, to say how many more there are. */
const mostNoted = 1000;

/** What is counted while a manifest is written. */
export class Findings {
  #objects = 0;
  #folders = 0;
  #versions = 0;
  #markers = 0;
  #uploads = 0;
  #locked = 0;
  #bypassable = 0;
  #bytes = 0;
  #snapshots = 0;
  #segmented = 0;
  #repeated = 0;
  #anyByName = false;
  #left = 0;
  readonly #leftAt = new Set<string>();
  readonly #notes = new Set<string>();
  readonly #now = Date.now();

  add(entry: Entry): void {
    if (entry.kind === 'folder') this.#folders++;
    else if (entry.kind === 'upload') this.#uploads++;
    else this.#addObject(entry);
    const holding = entry.locks?.filter((lock) => this.#holds(lock)) ?? [];
    if (holding.length > 0) this.#locked++;
    if (holding.length > 0 && holding.every(({ bypassable }) => bypassable)) this.#bypassable++;
    this.#bytes += entry.size ?? 0;
    this.#snapshots += entry.snapshots ?? 0;
    if (entry.segmented) this.#segmented++;
  }

  #addObject({ version }: Entry): void {
    this.#objects++;
    if (!version) this.#anyByName = true;
    if (version?.marker) this.#markers++;
    else if (version) this.#versions++;
  }

  #holds({ until }: Lock): boolean {
    return until === undefined || until > this.#now;
  }

  /** Says what was odd, in a sentence. */
  note(sentence: string): void {
    this.#notes.add(sentence);
  }

  /** Counts a large object of which only the list goes. */
  addLeft({ container, prefix }: NonNullable<Entry['segmentsAt']>): void {
    this.#left++;
    if (this.#leftAt.size < mostNoted) this.#leftAt.add(`${container}/${prefix}`);
  }

  addRepeated(count: number): void {
    this.#repeated += count;
  }

  counts(): RemovalCounts {
    return {
      objects: this.#objects,
      folders: this.#folders,
      versions: this.#versions,
      markers: this.#markers,
      uploads: this.#uploads,
      locked: this.#locked,
      bypassable: this.#bypassable,
      bytes: this.#bytes,
    };
  }

  /** Whether there is anything that is deleted by its name, whatever stands there by then. */
  get anyByName(): boolean {
    return this.#anyByName;
  }

  notices(): readonly string[] {
    const repeated = formatCounted(this.#repeated, 'object', 'objects');
    return [
      ...(this.#snapshots > 0 ? [`Snapshots that go with their objects: ${formatCount(this.#snapshots)}`] : []),
      ...(this.#segmented > 0 ? [`Large objects whose segments go with them: ${formatCount(this.#segmented)}`] : []),
      ...(this.#left > 0 ? [this.#leftBehind()] : []),
      ...(this.#repeated > 0 ? [`The server listed some things twice; each is counted once: ${repeated}`] : []),
      ...this.#notes,
    ];
  }

  #leftBehind(): string {
    const count = formatCount(this.#left);
    const names = formatNames([...this.#leftAt], mostPlaces);
    return `Large objects that go without their segments: ${count}. What stays begins with: ${names}`;
  }
}
