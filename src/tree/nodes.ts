import { Listing } from '../browse/listing.ts';
import type { StorageError } from '../core/errors.ts';
import type { Provider } from '../core/provider.ts';
import type { Entry, ListQuery, Page, Place } from '../core/storageClient.ts';
import { identityOf } from '../core/storageClient.ts';
import type { CredentialRecord, StoredCredential } from '../credentials/record.ts';

/** One row of the tree. */
export type Node = ProviderNode | CredentialNode | UnreadableNode | EntryNode | LoadMoreNode | MessageNode;

export interface ProviderNode {
  readonly kind: 'provider';
  readonly id: string;
  readonly provider: Provider;
}

/** A record whose file or provider this version can't read. */
export interface UnreadableNode {
  readonly kind: 'unreadable';
  readonly id: string;
  readonly label: string;
  readonly sentence: string;
  readonly stored: StoredCredential;
}

/** The row that appends the next page to its parent. */
export interface LoadMoreNode {
  readonly kind: 'loadMore';
  readonly id: string;
  readonly parent: ListedNode;
}

/** Something to read where children would stand: nothing there, or what went wrong and what to do. */
export interface MessageNode {
  readonly kind: 'message';
  readonly id: string;
  readonly parent: ListedNode;
  readonly sentence: string;
  readonly error?: StorageError;
  /** Whether the way on is to filter the parent. */
  readonly filters?: true;
}

export type ListedNode = CredentialNode | EntryNode;

type FetchPage = (at: Place, query: ListQuery) => Promise<Page>;

/** What has a listing below it. The listing is made when it is first opened and dropped on refresh. */
abstract class Listed {
  readonly #fetchPage: FetchPage;
  #listing: Listing | undefined;
  #filter = '';

  constructor(fetchPage: FetchPage) {
    this.#fetchPage = fetchPage;
  }

  abstract readonly place: Place | undefined;

  /** Only names that begin so are shown; '' for all. */
  get filter(): string {
    return this.#filter;
  }

  set filter(prefix: string) {
    this.#filter = prefix;
    this.forget();
  }

  get listing(): Listing {
    this.#listing ??= new Listing((query) => this.#fetchPage(this.place ?? { kind: 'root' }, query), this.#filter);
    return this.#listing;
  }

  /** Lets the next look ask the server again. */
  forget(): void {
    this.#listing = undefined;
  }
}

export class CredentialNode extends Listed {
  readonly kind = 'credential';
  readonly id: string;
  readonly record: CredentialRecord;
  readonly provider: Provider;
  readonly place = { kind: 'root' } as const;

  constructor(record: CredentialRecord, provider: Provider, fetchPage: FetchPage) {
    super(fetchPage);
    this.id = record.id;
    this.record = record;
    this.provider = provider;
  }
}

export class EntryNode extends Listed {
  readonly kind = 'entry';
  readonly id: string;
  readonly entry: Entry;
  readonly parent: ListedNode;
  /** Opened by its path and not found in a listing. */
  readonly opened: boolean;

  constructor(entry: Entry, parent: ListedNode, fetchPage: FetchPage, opened = false) {
    super(fetchPage);
    this.id = `${parent.id}${opened ? '/opened' : ''}/${identityOf(entry)}`;
    this.entry = entry;
    this.parent = parent;
    this.opened = opened;
  }

  get place(): Place | undefined {
    const { kind, id, container } = this.entry;
    if (kind === 'container') return { kind, id };
    return kind === 'folder' ? { kind, id, ...(container === undefined ? {} : { container }) } : undefined;
  }

  get credential(): CredentialNode {
    return this.parent.kind === 'credential' ? this.parent : this.parent.credential;
  }
}

export function isListed(node: Node): node is ListedNode {
  return node.kind === 'credential' || node.kind === 'entry';
}
