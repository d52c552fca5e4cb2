import { createHash, randomUUID } from 'node:crypto';

/** What an account keeps of what is deleted. */
export interface Protection {
  /** Days of soft delete; 0 turns it off. */
  softDelete: number;
  versioning: boolean;
  /** Folders exist by themselves. */
  hierarchical: boolean;
}

/** One state of a blob, or a folder of an account with a hierarchical namespace. */
export interface Blob {
  readonly content: Buffer;
  readonly type: string;
  readonly tag: string;
  readonly modified: Date;
  readonly tier: string;
  readonly folder?: true;
  /** What it was copied from. */
  readonly copy?: { readonly id: string; readonly source: string };
  /** Of an account with versions. */
  readonly version?: string;
}

/** Something that is no current blob: a snapshot, an earlier version, or what soft delete keeps. */
export interface Kept {
  readonly blob: Blob;
  readonly snapshot?: string;
  readonly version?: string;
  /** Set while soft delete keeps it. */
  deleted?: Date;
  /** By this an account with a hierarchical namespace tells what was deleted. */
  readonly deletion?: string;
  /** What went with a folder, by name. */
  readonly tree?: ReadonlyMap<string, Blob>;
}

/** All of one name. */
interface Slot {
  live?: Blob | undefined;
  kept: Kept[];
}

/** A container in memory. */
export class StoredContainer {
  readonly slots = new Map<string, Slot>();
  readonly #protection: Protection;

  constructor(protection: Protection) {
    this.#protection = protection;
  }

  slot(name: string): Slot {
    const known = this.slots.get(name) ?? { kept: [] };
    this.slots.set(name, known);
    return known;
  }

  live(name: string): Blob | undefined {
    return this.slots.get(name)?.live;
  }

  /** The names of what is live, in the order of their bytes. */
  names(): string[] {
    return this.sorted().filter((name) => this.live(name) !== undefined);
  }

  sorted(): string[] {
    return [...this.slots.keys()].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  }

  /** https://learn.microsoft.com/azure/storage/blobs/soft-delete-blob-overview: what is overwritten stays as a version or a soft-deleted snapshot. */
  put(name: string, content: string | Buffer, facts: Partial<Blob> = {}): Blob {
    const slot = this.slot(name);
    if (this.#protection.hierarchical) {
      const parents = name.split('/').slice(0, -1);
      for (const depth of parents.keys()) this.makeFolder(parents.slice(0, depth + 1).join('/'));
      slot.live = newBlob(content, facts);
      return slot.live;
    }
    const before = slot.live ?? slot.kept.find(isDeletedBase)?.blob;
    if (this.#protection.versioning && slot.live) this.#keepVersion(slot, slot.live);
    else if (before && this.#protection.softDelete > 0) {
      slot.kept = slot.kept.filter((kept) => !isDeletedBase(kept));
      slot.kept.push({ blob: before, snapshot: nextMoment(), deleted: new Date() });
    }
    slot.live = newBlob(content, { ...facts, ...(this.#protection.versioning ? { version: nextMoment() } : {}) });
    return slot.live;
  }

  makeFolder(name: string): void {
    const slot = this.slot(name);
    slot.live ??= newBlob('', { folder: true });
  }

  /** Of an account with a hierarchical namespace: a folder with all that is in it becomes one deleted thing. */
  deleteTree(name: string): void {
    const slot = this.slot(name);
    const tree = new Map<string, Blob>();
    for (const [inside, each] of this.slots) {
      if (!each.live || !inside.startsWith(`${name}/`)) continue;
      tree.set(inside, each.live);
      each.live = undefined;
    }
    if (slot.live) slot.kept.push({ blob: slot.live, deleted: new Date(), deletion: nextDeletion(), tree });
    slot.live = undefined;
  }

  /** Brings back what a deletion took, where nothing is and its folder is there; says why not. */
  undeletePath(name: string, deletion: string): 'PathNotFound' | 'PathAlreadyExists' | undefined {
    const slot = this.slot(name);
    const kept = slot.kept.find((each) => each.deletion === deletion);
    const parent = name.includes('/') ? this.live(name.slice(0, name.lastIndexOf('/'))) : undefined;
    if (!kept || (name.includes('/') && !parent?.folder)) return 'PathNotFound';
    if (slot.live) return 'PathAlreadyExists';
    slot.live = kept.blob;
    slot.kept = slot.kept.filter((each) => each !== kept);
    for (const [inside, blob] of kept.tree ?? []) this.slot(inside).live = blob;
    return undefined;
  }

  snapshot(name: string): string {
    const slot = this.slot(name);
    const snapshot = nextMoment();
    if (slot.live) slot.kept.push({ blob: slot.live, snapshot });
    return snapshot;
  }

  /** https://learn.microsoft.com/azure/storage/blobs/versioning-overview: with versions the current one becomes an earlier one. */
  delete(name: string): void {
    const slot = this.slot(name);
    const { live } = slot;
    slot.live = undefined;
    if (!live) return;
    if (this.#protection.versioning) {
      this.#keepVersion(slot, live);
      return;
    }
    if (this.#protection.softDelete === 0) {
      slot.kept = [];
      return;
    }
    for (const kept of slot.kept) kept.deleted ??= new Date();
    slot.kept.push({ blob: live, deleted: new Date(), deletion: nextDeletion() });
  }

  /** Brings back what soft delete keeps of a name: the blob where none is live, snapshots and versions. */
  undelete(name: string): boolean {
    const slot = this.slots.get(name);
    if (!slot || (!slot.live && slot.kept.length === 0)) return false;
    const base = slot.live ? undefined : slot.kept.find(isDeletedBase);
    if (base) {
      slot.live = base.blob;
      slot.kept = slot.kept.filter((kept) => kept !== base);
    }
    for (const kept of slot.kept) if (!isDeletedBase(kept)) delete kept.deleted;
    return true;
  }

  #keepVersion(slot: Slot, blob: Blob): void {
    slot.kept.push({ blob, version: blob.version ?? nextMoment() });
  }
}

/** The blob itself, as soft delete keeps it. */
export function isDeletedBase({ snapshot, version, deleted }: Kept): boolean {
  return deleted !== undefined && snapshot === undefined && version === undefined;
}

let count = 0;

function nextDeletion(): string {
  return String(Date.now() * 1000 + ++count);
}

/** Moments of a ten-millionth of a second, none twice. */
function nextMoment(): string {
  return `${new Date().toISOString().slice(0, -1)}${String(++count % 10_000).padStart(4, '0')}Z`;
}

export function newBlob(content: string | Buffer, facts: Partial<Blob> = {}): Blob {
  const tag = `0x8D${(Date.now() * 1000 + ++count).toString(16).toUpperCase()}`;
  const written = { content: Buffer.from(content), type: 'text/plain', tag, modified: new Date(), tier: 'Hot' };
  return { ...written, ...facts };
}

export function newCopyId(): string {
  return randomUUID();
}

export function md5Of(content: Buffer): string {
  return createHash('md5').update(content).digest('base64');
}
