import { randomBytes } from 'node:crypto';

/** How long Object Lock keeps a version. */
export interface Retention {
  readonly mode: 'governance' | 'compliance';
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** One version of a file, a hide marker, or a large file that was begun and not finished. */
export interface StoredVersion {
  readonly id: string;
  readonly name: string;
  readonly action: 'upload' | 'hide' | 'start';
  readonly content: Buffer;
  readonly contentType: string;
  readonly uploaded: number;
  readonly info: Readonly<Record<string, string>>;
  retention?: Retention;
  legalHold?: boolean;
}

/** A bucket in memory: the versions of each name, the newest first, the names in the order of their bytes. */
export class StoredBucket {
  readonly id = randomBytes(12).toString('hex');
  readonly name: string;
  readonly type: string;
  /** https://www.backblaze.com/docs/cloud-storage-lifecycle-rules, told and not carried out. */
  lifecycleRules: readonly object[] = [];
  readonly #versions = new Map<string, StoredVersion[]>();
  /** The names' UTF-8 bytes, one character each: JavaScript compares those as bytes are compared. */
  readonly #order: string[] = [];

  constructor(name: string, type = 'allPrivate') {
    this.name = name;
    this.type = type;
  }

  get isEmpty(): boolean {
    return this.#order.length === 0;
  }

  versionsOf(name: string): readonly StoredVersion[] {
    return this.#versions.get(name) ?? [];
  }

  /** What downloading by name would find: nothing where a hide marker is the newest. */
  current(name: string): StoredVersion | undefined {
    const newest = this.versionsOf(name).find(({ action }) => action !== 'start');
    return newest?.action === 'upload' ? newest : undefined;
  }

  find(id: string): StoredVersion | undefined {
    for (const versions of this.#versions.values()) {
      const found = versions.find((version) => version.id === id);
      if (found) return found;
    }
    return undefined;
  }

  add(version: StoredVersion): void {
    const { name } = version;
    const before = this.#versions.get(name);
    if (before) before.unshift(version);
    else {
      this.#versions.set(name, [version]);
      this.#order.splice(this.#indexOf(bytesOf(name)), 0, bytesOf(name));
    }
  }

  delete({ name, id }: StoredVersion): void {
    const left = this.versionsOf(name).filter((version) => version.id !== id);
    if (left.length > 0) return void this.#versions.set(name, left);
    this.#versions.delete(name);
    this.#order.splice(this.#indexOf(bytesOf(name)), 1);
  }

  /** The names from one on, in order. */
  *namesFrom(start: string): Generator<string> {
    for (let index = this.#indexOf(bytesOf(start)); index < this.#order.length; index++) {
      yield nameOf(this.#order[index] ?? '');
    }
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
  #count = 0;

  createBucket(name: string, type?: string): StoredBucket {
    const bucket = new StoredBucket(name, type);
    this.buckets.set(name, bucket);
    return bucket;
  }

  bucket(name: string): StoredBucket {
    const bucket = this.buckets.get(name);
    if (!bucket) throw new Error(`The simulator has no such bucket: ${name}`);
    return bucket;
  }

  bucketOf(id: string): StoredBucket | undefined {
    return [...this.buckets.values()].find((bucket) => bucket.id === id);
  }

  /** Stores a version; fails for names that B2 forbids. */
  put(bucket: string, name: string, content: string | Buffer = 'x', facts: Partial<StoredVersion> = {}): StoredVersion {
    if (isForbiddenName(name)) throw new Error(`B2 takes no such name: ${JSON.stringify(name)}`);
    const into = this.bucket(bucket);
    const version: StoredVersion = {
      id: `4_z${into.id}_f${String(++this.#count).padStart(16, '0')}_d20261001_m120000_c001_v0001001_t0000`,
      name,
      action: 'upload',
      content: Buffer.from(content),
      contentType: 'text/plain',
      uploaded: Date.now(),
      info: {},
      ...facts,
    };
    into.add(version);
    return version;
  }

  hide(bucket: string, name: string): StoredVersion {
    return this.put(bucket, name, '', { action: 'hide', contentType: 'application/x-bz-hide-marker' });
  }

  /** The names of all files that are not hidden, in the order of their bytes. */
  names(bucket: string): string[] {
    const from = this.bucket(bucket);
    return [...from.namesFrom('')].filter((name) => from.current(name) !== undefined);
  }
}

/** https://www.backblaze.com/b2/docs/files.html: slashes at either end and side by side came with the S3 API. */
export function isForbiddenName(name: string): boolean {
  const bytes = Buffer.byteLength(name);
  return bytes < 1 || bytes > 1024 || !name.isWellFormed() || [...name].some((one) => one < ' ' || one === '\u007f');
}

export function bytesOf(name: string): string {
  return Buffer.from(name, 'utf8').toString('latin1');
}

function nameOf(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
