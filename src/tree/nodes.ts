import { Listing } from '../browse/listing.ts';
import type { StorageError } from '../core/errors.ts';
import type { Provider } from '../core/provider.ts';
import type { Entry, ListQuery, Page, Place } from '../core/storageClient.ts';
import { identityOf, placeOf } from '../core/storageClient.ts';
import type { CredentialRecord, StoredCredential } from '../credentials/record.ts';

/** One row of the tree. */
export type Node =
  | ProviderNode
  | CredentialNode
  | UnreadableNode
  | EntryNode
  | UploadsNode
  | LoadMoreNode
  | MessageNode;

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

/** What a person walks through to find something. */
export type BrowsedNode = CredentialNode | EntryNode;

export type ListedNode = BrowsedNode | UploadsNode;

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
  /** Whether every version and delete marker is shown, not only what is current. */
  abstract readonly versions: boolean;

  /** Only names that begin so are shown; '' for all. */
  get filter(): string {
    return this.#filter;
  }

  set filter(prefix: string) {
    this.#filter = prefix;
    this.forget();
  }

  get listing(): Listing {
    this.#listing ??= new Listing((query) => {
      const asked = this.versions ? { ...query, versions: true } : query;
      return this.#fetchPage(this.place ?? { kind: 'root' }, asked);
    }, this.#filter);
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
  readonly versions = false;

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
  /** The row at the end of a container that lists what was never finished, once it was shown. */
  uploads: UploadsNode | undefined;
  #versions: boolean | undefined;

  constructor(entry: Entry, parent: ListedNode, fetchPage: FetchPage, opened = false) {
    super(fetchPage);
    this.id = `${parent.id}${opened ? '/opened' : ''}/${identityOf(entry)}`;
    this.entry = entry;
    this.parent = parent;
    this.opened = opened;
  }

  get place(): Place | undefined {
    return placeOf(this.entry);
  }

  /** As above it, unless said here. */
  get versions(): boolean {
    return this.#versions ?? this.parent.versions;
  }

  set versions(shown: boolean) {
    this.#versions = shown;
    this.forget();
  }

  override forget(): void {
    super.forget();
    this.uploads?.forget();
  }

  /** Whether a person chose what is shown here: that outlives a refresh. */
  get isAdjusted(): boolean {
    return this.filter !== '' || this.#versions !== undefined;
  }

  /** Shows what the row that stood here before did. */
  adjustAs(before: EntryNode): void {
    this.filter = before.filter;
    this.#versions = before.#versions;
  }

  get credential(): CredentialNode {
    return credentialOf(this.parent);
  }
}

/** What was begun to be uploaded into a container and never finished. */
export class UploadsNode extends Listed {
  readonly kind = 'uploads';
  readonly id: string;
  readonly parent: EntryNode;
  readonly versions = false;

  constructor(parent: EntryNode, fetchPage: FetchPage) {
    super(fetchPage);
    this.id = `${parent.id}/uploads`;
    this.parent = parent;
  }

  get place(): Place | undefined {
    return this.parent.place;
  }

  get credential(): CredentialNode {
    return this.parent.credential;
  }
}

/** The credential that a row with a listing belongs to. */
export function credentialOf(node: ListedNode): CredentialNode {
  return node.kind === 'credential' ? node : node.credential;
}

export function isListed(node: Node): node is ListedNode {
  return node.kind === 'credential' || node.kind === 'entry' || node.kind === 'uploads';
}
