import type { StorageError } from './errors.ts';
import type { Draft } from './fields.ts';
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
  /** Of a retention: whether the backend lets someone with the permission delete all the same. */
  readonly bypassable?: boolean;
  /** Milliseconds since the epoch. */
  readonly until?: number;
}

/** One row of a listing. `id` goes back to the backend as it came; `path` is what a person reads and copies. */
export interface Entry {
  readonly kind: 'container' | 'folder' | 'object' | 'upload';
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
  /** Which of several under one id; of an upload, the id of the upload. A marker says that the object counts as deleted. */
  readonly version?: { readonly id: string; readonly latest: boolean; readonly marker: boolean };
  readonly locks?: readonly Lock[];
  /** How many snapshots go with it when it is deleted; it can't be deleted without them. */
  readonly snapshots?: number;
  /** Its content lies in other objects, which go with it when it is deleted, wherever they are. */
  readonly segmented?: boolean;
  /** Its content is all that begins with this, which stays when it is deleted. */
  readonly segmentsAt?: { readonly container: string; readonly prefix: string };
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
  /** Every version and delete marker, not only what is current. */
  readonly versions?: boolean;
}

export interface WalkQuery {
  readonly prefix?: string;
  /** With `versions`: those of exactly this object and of no other. */
  readonly id?: string;
  /** Every version and delete marker, not only what is current. */
  readonly versions?: boolean;
  /** Only what stands behind this id in the order of the ids' bytes; asked only of providers that declare 'ranges', without `id` and `versions`. */
  readonly after?: string;
}

/** One thing to delete. A folder target succeeds only when the folder is empty. */
export interface Target {
  readonly entry: Entry;
  readonly mode: 'recoverable' | 'permanent';
  /** Delete only what still has this tag: else the result is 'changed'. Set only where the provider says that it is honoured. */
  readonly ifTag?: string;
  /** Set only where the person chose it in the confirmation: delete in spite of a lock that may be bypassed. */
  readonly bypass?: true;
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
  /** Of a recoverable deletion, what the backend named that brings it back: the version id of a delete marker. */
  readonly trace?: string;
}

/** One thing that a removal deleted. */
export interface Deleted {
  /** As it was planned: its tag tells which one it was. */
  readonly entry: Entry;
  /** What the outcome of its deletion gave. */
  readonly trace?: string;
  /**
   * Present when its deletion was never answered: it was sent after the first of these moments, and nothing of it was under
   * way any more at the second (milliseconds since the epoch). Then only what was deleted between them may come back.
   */
  readonly within?: readonly [from: number, to: number];
}

export const restorationResults = [
  'restored',
  'already-there',
  'changed',
  'denied',
  'failed',
  'not-attempted',
] as const;

/**
 * What became of one thing that was to be brought back. 'restored' and 'already-there' are said only when the server showed
 * that what was deleted is there again, under its name; 'changed' when something else is there now, which is kept.
 */
export type RestorationResult = (typeof restorationResults)[number];

export interface Restoration {
  readonly deleted: Deleted;
  readonly result: RestorationResult;
  /** Present on every result but 'restored' and 'already-there'. */
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

/** A URL that opens one object for whoever holds it. */
export interface SharedLink {
  readonly url: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
  /** What may end it sooner, one sentence. */
  readonly caveat?: string;
}

/** How much a lifecycle rule takes. */
export interface RuleReach {
  /** Older versions too, for good, and not only what is current. */
  readonly versions: boolean;
}

/** What a change to the lifecycle rules of a container would do. */
export interface LifecycleChange {
  /** All rules of the container as a person reads them, before and after: '' where there are none, the same where nothing changes. */
  readonly before: string;
  readonly after: string;
  /** What else is to be known of it, one sentence each. */
  readonly notices: readonly string[];
  /** The provider's own: what it sends, and which rules it was made for. */
  readonly state: unknown;
}

/** The rule by which a provider itself deletes everything below a place, for as long as the rule is there. */
export interface LifecycleRule {
  /** As the provider's own tools take it. Makes no request. */
  text(reach: RuleReach): string;
  /** What adding the rule to those of the container would change, or taking exactly it away. Changes nothing. */
  plan(what: 'apply' | 'remove', reach: RuleReach, call: Call): Promise<LifecycleChange>;
  /** Does what was planned, and ends when the server shows the rules so. Fails with 'changed' when they are others by now. */
  change(planned: LifecycleChange, call: Call): Promise<void>;
}

/** What is known of an entry, for reading: titled groups of rows. */
export interface PropertyGroup {
  readonly title: string;
  readonly rows: readonly (readonly [name: string, value: string])[];
}

/**
 * One backend, opened with one credential. Constructing it does no I/O; every failure is a StorageError.
 * Optional methods are declared in the provider's capabilities; callers ask those, never the object.
 */
export interface StorageClient extends AsyncDisposable {
  /** Streams what works and what doesn't, stage by stage. Leaves everything as it was. */
  verify(at: Place, call: Call): AsyncIterable<VerificationStep>;
  /** One page of direct children. */
  list(at: Place, query: ListQuery, call: Call): Promise<Page>;
  /** Deletes a batch of at most `limits.batch` targets; one outcome per target, in their order. Throws only when the whole call failed. */
  remove?(batch: readonly Target[], call: Call): Promise<readonly Outcome[]>;
  /**
   * Deletes a folder and everything in it, also what arrives meanwhile, in one call. Gives an outcome for the folder, first,
   * and one for each thing in it that the server says it has kept.
   */
  removeTree?(folder: Target, call: Call): Promise<readonly Outcome[]>;
  /** Everything below a place, however deep, page by page, a folder before what is in it: what a removal's plan reads. */
  walk?(at: Place, query: WalkQuery, call: Call): AsyncIterable<Page>;
  /** What the backend knows of one entry now; fails with 'not-found' when it is gone. */
  stat?(entry: Entry, call: Call): Promise<Entry>;
  read?(entry: Entry, options: ReadOptions, call: Call): Promise<Uint8Array>;
  recovery?(at: Place, call: Call): Promise<Recovery>;
  /** One page of what was begun to be uploaded into a place, however deep, and never finished: entries of kind 'upload', which `remove` aborts. */
  uploads?(at: Place, query: ListQuery, call: Call): Promise<Page>;
  /** Takes a delete marker away, so that what was before it counts again. */
  restore?(marker: Entry, call: Call): Promise<void>;
  /**
   * Brings back a batch of at most `limits.batch` things that `remove` deleted recoverably; one restoration for each, in their
   * order. Done twice, it finds them there. It never touches what came under the name since. Throws only when the whole call failed.
   */
  undelete?(batch: readonly Deleted[], call: Call): Promise<readonly Restoration[]>;
  /** Makes no request where the backend's links are signed here; a share that the server keeps is said in the link's caveat. Fails with 'unsupported' for a name that other programs would change on the way. */
  share?(entry: Entry, options: { readonly seconds: number }, call: Call): Promise<SharedLink>;
  properties?(entry: Entry, call: Call): Promise<readonly PropertyGroup[]>;
  /** The lifecycle rule for everything below a container or folder. Makes no request; fails with 'unsupported' for a place that no rule can name. */
  lifecycle?(at: Place): LifecycleRule;
  /** @param options values of the provider's `containerFields`. */
  createContainer?(name: string, options: Draft, call: Call): Promise<Entry>;
  /** Succeeds only when the container is empty. */
  removeContainer?(container: Entry, call: Call): Promise<void>;
}

/** The optional methods, which are also the names of capabilities that a provider declares. */
export const methodNames = [
  'remove',
  'removeTree',
  'walk',
  'stat',
  'read',
  'recovery',
  'uploads',
  'restore',
  'undelete',
  'share',
  'properties',
  'lifecycle',
  'createContainer',
  'removeContainer',
] as const;

/**
 * What a provider declares: optional methods, whether its `list` and `walk` know versions, whether its `remove` honours
 * `ifTag`, whether objects have snapshots that go with them, which `walk` alone counts, whether its `walk` goes in the order
 * of the ids' bytes and begins behind any of them, so that several ranges can be walked at once, and whether objects may have
 * segments that stay, which `walk` and `stat` alone tell.
 */
export type Capability =
  | (typeof methodNames)[number]
  | 'versions'
  | 'conditional'
  | 'snapshots'
  | 'ranges'
  | 'segments';

/** The place that an entry opens, if it opens one. */
export function placeOf(entry: Entry): Place | undefined {
  if (entry.kind === 'container') return { kind: 'container', id: entry.id };
  if (entry.kind === 'folder') return { kind: 'folder', id: entry.id, ...containerOf(entry) };
  return undefined;
}

/** Equal for two entries exactly when they are the same thing at the backend. */
export function identityOf({ kind, container, id, version }: Entry): string {
  // Asked of every entry several times; the lengths tell where one part ends.
  const lengths = `${container?.length ?? '-'} ${version?.id.length ?? '-'}`;
  return `${kind} ${lengths} ${container ?? ''}${version?.id ?? ''}${id}`;
}

/** Whether two tags may be of the same content, which no tag denies. A server may call one weak at first (RFC 9110, 8.8.1). */
export function isSameTag(one: string | undefined, other: string | undefined): boolean {
  const opaque = (tag: string) => tag.replace(/^W\//, '');
  return one === undefined || other === undefined || opaque(one) === opaque(other);
}

function containerOf(entry: Entry): { container?: string } {
  return entry.container === undefined ? {} : { container: entry.container };
}
