import { createHash } from 'node:crypto';

/** One generation of an object. */
export interface StoredObject {
  readonly name: string;
  readonly generation: string;
  readonly content: Buffer;
  readonly contentType: string;
  readonly created: Date;
  temporaryHold?: boolean;
  eventBasedHold?: boolean;
  /** Until when a retention keeps it. */
  retainedUntil?: Date;
}

export interface BucketSettings {
  readonly location?: string;
  readonly versioning?: boolean;
  /** Seconds; 0 turns it off. */
  readonly softDelete?: number;
}

export type Refusal = 'held' | 'retained';

/** A bucket in memory: what is live, in the order of the names' bytes, and what was live before. */
export class StoredBucket {
  readonly name: string;
  readonly project: string;
  readonly created = new Date();
  readonly location: string;
  versioning: boolean;
  softDelete: number;
  /** Its rules, as they came. */
  lifecycle: { readonly rule: readonly unknown[] } | undefined;
  /** Grows with each change of the bucket itself. */
  metageneration = 1;
  /** Noncurrent generations, which a bucket with versions keeps. */
  readonly noncurrent: StoredObject[] = [];
  readonly softDeleted: StoredObject[] = [];
  readonly #live = new Map<string, StoredObject>();
  /** The names' UTF-8 bytes, one character each: JavaScript compares those as bytes are compared. */
  readonly #order: string[] = [];

  constructor(name: string, project: string, { location = 'US', versioning = false, softDelete = 0 }: BucketSettings) {
    this.name = name;
    this.project = project;
    this.location = location;
    this.versioning = versioning;
    this.softDelete = softDelete;
  }

  get size(): number {
    return this.#live.size;
  }

  get(name: string): StoredObject | undefined {
    return this.#live.get(name);
  }

  put(object: StoredObject): void {
    const before = this.#live.get(object.name);
    if (before) this.#keep(before);
    else this.#order.splice(this.#indexOf(bytesOf(object.name)), 0, bytesOf(object.name));
    this.#live.set(object.name, object);
  }

  /** Why an object can't be deleted now; a bucket with versions makes a retained live object noncurrent all the same. */
  refusal({ temporaryHold, eventBasedHold, retainedUntil }: StoredObject): Refusal | undefined {
    if (temporaryHold || eventBasedHold) return 'held';
    return retainedUntil && retainedUntil > new Date() && !this.versioning ? 'retained' : undefined;
  }

  /** Deletes what is live, or with a generation that one for good. */
  delete(name: string, generation?: string): void {
    const live = this.#live.get(name);
    if (live && (generation === undefined || live.generation === generation)) {
      this.#live.delete(name);
      this.#order.splice(this.#indexOf(bytesOf(name)), 1);
      if (generation === undefined) this.#keep(live);
      else if (this.softDelete > 0) this.softDeleted.push(live);
      return;
    }
    const index = this.noncurrent.findIndex((object) => object.name === name && object.generation === generation);
    if (index >= 0) this.noncurrent.splice(index, 1);
  }

  /** The live objects from a name on, in order. */
  *from(start: string): Generator<StoredObject> {
    for (let index = this.#indexOf(bytesOf(start)); index < this.#order.length; index++) {
      const object = this.#live.get(nameOf(this.#order[index] ?? ''));
      if (object) yield object;
    }
  }

  #keep(object: StoredObject): void {
    if (this.versioning) this.noncurrent.push(object);
    else if (this.softDelete > 0) this.softDeleted.push(object);
  }

  #indexOf(bytes: string): number {
    let [low, high] = [0, this.#order.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#order[middle] ?? '') < bytes) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** All buckets of a simulator, and what they are prepared and judged by. */
export class Store {
  readonly buckets = new Map<string, StoredBucket>();
  #generation = Date.now() * 1000;

  createBucket(name: string, project: string, settings: BucketSettings = {}): StoredBucket {
    const bucket = new StoredBucket(name, project, settings);
    this.buckets.set(name, bucket);
    return bucket;
  }

  bucket(name: string): StoredBucket {
    const bucket = this.buckets.get(name);
    if (!bucket) throw new Error(`The simulator has no such bucket: ${name}`);
    return bucket;
  }

  /** Stores an object as a new generation; fails for names that Cloud Storage forbids. */
  put(bucket: string, name: string, content: string | Buffer = 'x', contentType = 'text/plain'): StoredObject {
    if (isForbiddenName(name)) throw new Error(`Cloud Storage takes no such name: ${JSON.stringify(name)}`);
    const object = {
      name,
      generation: String(++this.#generation),
      content: Buffer.from(content),
      contentType,
      created: new Date(),
    };
    this.bucket(bucket).put(object);
    return object;
  }

  /** The names of all live objects, in the order of their bytes. */
  names(bucket: string): string[] {
    return [...this.bucket(bucket).from('')].map(({ name }) => name);
  }
}

/** https://cloud.google.com/storage/docs/objects#naming */
export function isForbiddenName(name: string): boolean {
  const bytes = Buffer.byteLength(name);
  if (bytes < 1 || bytes > 1024 || !name.isWellFormed()) return true;
  return name === '.' || name === '..' || /[\r\n]/.test(name) || name.startsWith('.well-known/acme-challenge/');
}

/** The MD5 of a content as the APIs write it. */
export function md5Of(content: Buffer): string {
  return createHash('md5').update(content).digest('base64');
}

export function bytesOf(name: string): string {
  return Buffer.from(name, 'utf8').toString('latin1');
}

function nameOf(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
