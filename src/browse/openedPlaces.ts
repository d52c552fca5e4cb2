import type { Entry, Place } from '../core/storageClient.ts';

/** The shape of VS Code's Memento. */
export interface Remembering {
  get<T>(key: string): T | undefined;
  update(key: string, value: unknown): PromiseLike<void>;
}

/** The containers and folders that were opened by their path: the way in for keys that may not list. */
export class OpenedPlaces {
  readonly #memory: Remembering;

  constructor(memory: Remembering) {
    this.#memory = memory;
  }

  of(credentialId: string): readonly Entry[] {
    return this.#memory.get<readonly Entry[]>(keyOf(credentialId)) ?? [];
  }

  /** Opens a place, and returns its row. */
  async open(credentialId: string, place: Exclude<Place, { kind: 'root' }>): Promise<Entry> {
    const entry = entryOf(place);
    const others = this.of(credentialId).filter(({ path }) => path !== entry.path);
    await this.#memory.update(keyOf(credentialId), [...others, entry]);
    return entry;
  }

  async close(credentialId: string, { path }: Entry): Promise<void> {
    const others = this.of(credentialId).filter((entry) => entry.path !== path);
    await this.#memory.update(keyOf(credentialId), others.length === 0 ? undefined : others);
  }

  /** Forgets every place of a credential that was removed. */
  async forget(credentialId: string): Promise<void> {
    await this.#memory.update(keyOf(credentialId), undefined);
  }
}

function entryOf(place: Exclude<Place, { kind: 'root' }>): Entry {
  if (place.kind === 'container') return { kind: 'container', id: place.id, name: place.id, path: place.id };
  const path = place.container === undefined ? place.id : `${place.container}/${place.id}`;
  return {
    kind: 'folder',
    ...(place.container === undefined ? {} : { container: place.container }),
    id: place.id,
    name: path.replace(/\/$/, ''),
    path,
  };
}

function keyOf(credentialId: string): string {
  return `opened/${credentialId}`;
}
