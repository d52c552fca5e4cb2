import type { StorageError } from './errors.ts';
import type { VerificationStep } from './verification.ts';

/** What accompanies every call to a backend. */
export interface Call {
  /** Aborting it ends the call with a StorageError of kind 'cancelled'. */
  readonly signal: AbortSignal;
}

/** Where a listing starts. Ids are the backend's own: exact, opaque and never ''. */
export type Place =
  | { readonly kind: 'root' }
  | { readonly kind: 'container'; readonly id: string }
  | { readonly kind: 'folder'; readonly container?: string; readonly id: string };

/** Why an object can't be deleted now. */
export interface Lock {
  readonly kind: 'retention' | 'legal-hold' | 'lease';
  /** Milliseconds since the epoch. */
  readonly until?: number;
}

/** One row of a listing. `id` goes back to the backend as it came; `path` is what a person reads and copies. */
export interface Entry {
  readonly kind: 'container' | 'folder' | 'object';
  readonly container?: string;
  readonly id: string;
  readonly name: string;
  readonly path: string;
  /** Bytes. */
  readonly size?: number;
  /** Milliseconds since the epoch. */
  readonly modified?: number;
  readonly storageClass?: string;
  /** Etag, generation or revision, as the backend writes it. */
  readonly tag?: string;
  readonly version?: { readonly id: string; readonly latest: boolean; readonly marker: boolean };
  readonly locks?: readonly Lock[];
}

export interface Page {
  readonly entries: readonly Entry[];
  /** Present when there is more; given back to get the next page. */
  readonly cursor?: string;
}

export interface ListQuery {
  readonly cursor?: string;
  /** Only names that begin so, asked of the server, relative to the place. */
  readonly prefix?: string;
  /** At most so many entries; the backend's page size by default. */
  readonly limit?: number;
}

/** One thing to delete. A folder target succeeds only when the folder is empty. */
export interface Target {
  readonly entry: Entry;
  readonly mode: 'recoverable' | 'permanent';
}

export const removalResults = [
  'deleted',
  'already-gone',
  'changed',
  'locked',
  'denied',
  'failed',
  'not-attempted',
] as const;

/** What became of one target. 'deleted' and 'already-gone' are said only when the server said so. */
export type RemovalResult = (typeof removalResults)[number];

export interface Outcome {
  readonly target: Target;
  readonly result: RemovalResult;
  /** Present on every result but 'deleted' and 'already-gone'. */
  readonly error?: StorageError;
}

/** Whether what is deleted at a place can be brought back, and why. */
export interface Recovery {
  readonly recoverable: 'yes' | 'no' | 'unknown';
  readonly because: string;
}

export interface ReadOptions {
  /** Fails with 'unsupported' rather than read more bytes than this. */
  readonly limit: number;
}

/**
 * One backend, opened with one credential. Constructing it does no I/O; every failure is a StorageError.
 * Optional methods are declared in the provider's capabilities; callers ask those, never the object.
 */
export interface StorageClient extends AsyncDisposable {
  /** Streams what works and what doesn't, stage by stage. Never writes. */
  verify(at: Place, call: Call): AsyncIterable<VerificationStep>;
  /** One page of direct children. */
  list(at: Place, query: ListQuery, call: Call): Promise<Page>;
  /** Deletes a batch of at most `limits.batch` targets; one outcome per target, in their order. Throws only when the whole call failed. */
  remove?(batch: readonly Target[], call: Call): Promise<readonly Outcome[]>;
  /** Everything below a place, however deep, page by page, a folder before what is in it: what a removal's plan reads. */
  walk?(at: Place, query: { readonly prefix?: string }, call: Call): AsyncIterable<Page>;
  /** What the backend knows of one entry now; fails with 'not-found' when it is gone. */
  stat?(entry: Entry, call: Call): Promise<Entry>;
  read?(entry: Entry, options: ReadOptions, call: Call): Promise<Uint8Array>;
  recovery?(at: Place, call: Call): Promise<Recovery>;
}

/** The optional methods, which are also the names of the capabilities a provider declares. */
export const capabilityNames = ['remove', 'walk', 'stat', 'read', 'recovery'] as const;

export type Capability = (typeof capabilityNames)[number];

/** The place that an entry opens, if it opens one. */
export function placeOf(entry: Entry): Place | undefined {
  if (entry.kind === 'container') return { kind: 'container', id: entry.id };
  if (entry.kind === 'folder') return { kind: 'folder', id: entry.id, ...containerOf(entry) };
  return undefined;
}

/** Equal for two entries exactly when they are the same thing at the backend. */
export function identityOf(entry: Entry): string {
  return JSON.stringify([entry.kind, entry.container ?? null, entry.id, entry.version?.id ?? null]);
}

function containerOf(entry: Entry): { container?: string } {
  return entry.container === undefined ? {} : { container: entry.container };
}
