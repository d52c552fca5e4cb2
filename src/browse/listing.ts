import { type StorageError, toStorageError } from '../core/errors.ts';
import { type Entry, identityOf, type ListQuery, type Page } from '../core/storageClient.ts';
import { formatCount } from '../core/text.ts';

/** The most rows that one node shows before it offers to filter instead. */
export const rowLimit = 5000;

/** Said where that many are shown and there are more. */
export function fullSentence(): string {
  return `The first ${formatCount(rowLimit)} are shown. Filter to see others.`;
}

/** What became of a listing so far. */
export interface Listed {
  readonly entries: readonly Entry[];
  /** 'full' is at the row limit with more behind it. */
  readonly more: 'none' | 'loadable' | 'full';
  /** Why the last page is missing; what came before it stays. */
  readonly error?: StorageError;
}

/** The pages of one place, appended one by one; what a server lists twice stands there once. Asking again while a page is under way joins that load and starts none. */
export class Listing {
  readonly #fetchPage: (query: ListQuery) => Promise<Page>;
  readonly #prefix: string;
  readonly #identities = new Set<string>();
  #entries: readonly Entry[] = [];
  #cursor: string | undefined;
  #started = false;
  #error: StorageError | undefined;
  #loading: Promise<Listed> | undefined;

  /** @param prefix only names that begin so; '' for all. */
  constructor(fetchPage: (query: ListQuery) => Promise<Page>, prefix: string) {
    this.#fetchPage = fetchPage;
    this.#prefix = prefix;
  }

  /** The first page on the first call, afterwards what is there. */
  load(): Promise<Listed> {
    return this.#started && !this.#loading ? Promise.resolve(this.#listed()) : this.loadMore();
  }

  loadMore(): Promise<Listed> {
    this.#loading ??= this.#loadPage().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #loadPage(): Promise<Listed> {
    if (this.#started && this.#listed().more !== 'loadable' && !this.#error) return this.#listed();
    try {
      const page = await this.#fetchPage({
        ...(this.#cursor === undefined ? {} : { cursor: this.#cursor }),
        ...(this.#prefix === '' ? {} : { prefix: this.#prefix }),
      });
      this.#entries = [...this.#entries, ...page.entries.filter((entry) => this.#isNew(entry))];
      this.#cursor = page.cursor;
      this.#error = undefined;
    } catch (error) {
      this.#error = toStorageError(error);
    }
    this.#started = true;
    return this.#listed();
  }

  #isNew(entry: Entry): boolean {
    const before = this.#identities.size;
    return this.#identities.add(identityOf(entry)).size > before;
  }

  #listed(): Listed {
    const full = this.#entries.length >= rowLimit;
    const more = this.#cursor === undefined ? 'none' : full ? 'full' : 'loadable';
    return { entries: this.#entries, more, ...(this.#error ? { error: this.#error } : {}) };
  }
}
