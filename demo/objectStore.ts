/** One stored object; entries are never changed, so many keys may share one. */
export interface StoredObject {
  readonly body: Buffer;
  /** MD5 of the body in hexadecimal, without quotes. */
  readonly etag: string;
  readonly modified: Date;
  readonly contentType: string;
  /** `x-amz-meta-…` headers by their full name. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * A key as JavaScript string whose characters are the bytes of its UTF-8 form:
 * comparing two of them compares bytes, which is the order S3 lists in.
 */
export type ByteKey = string & { readonly byteKey: unique symbol };

/** The bytes of a text as a key. */
export function toByteKey(text: string): ByteKey {
  return Buffer.from(text, 'utf8').toString('latin1') as ByteKey;
}

/** The text of a key. */
export function fromByteKey(key: string): string {
  return Buffer.from(key, 'latin1').toString('utf8');
}

/** The smallest key that is greater than every key beginning with `prefix`; undefined when there is none. */
export function endOfPrefix(prefix: ByteKey): ByteKey | undefined {
  for (let index = prefix.length - 1; index >= 0; index--) {
    const code = prefix.charCodeAt(index);
    if (code < 0xff) return (prefix.slice(0, index) + String.fromCharCode(code + 1)) as ByteKey;
  }
  return undefined;
}

interface Chunk {
  readonly keys: ByteKey[];
  readonly objects: StoredObject[];
}

const chunkLimit = 1024;

/** A million keys in sorted order: chunks of up to 1,024, found by binary search. */
export class ObjectStore {
  #chunks: Chunk[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: ByteKey): StoredObject | undefined {
    const { chunk, index, found } = this.#locate(key);
    return found ? chunk?.objects[index] : undefined;
  }

  put(key: ByteKey, object: StoredObject): void {
    const { chunk, chunkIndex, index, found } = this.#locate(key);
    if (chunk === undefined) {
      this.#chunks.push({ keys: [key], objects: [object] });
      this.#size++;
    } else if (found) {
      chunk.objects[index] = object;
    } else {
      chunk.keys.splice(index, 0, key);
      chunk.objects.splice(index, 0, object);
      this.#size++;
      if (chunk.keys.length > chunkLimit) this.#split(chunkIndex, index);
    }
  }

  /** Says whether the key was there. */
  delete(key: ByteKey): boolean {
    const { chunk, chunkIndex, index, found } = this.#locate(key);
    if (chunk === undefined || !found) return false;
    removeAt(chunk.keys, index);
    removeAt(chunk.objects, index);
    this.#size--;
    if (chunk.keys.length === 0) this.#chunks.splice(chunkIndex, 1);
    return true;
  }

  /** What follows from there on in order, as long as nothing is put or deleted. */
  *from(from: ByteKey, exclusive = false): Generator<{ key: ByteKey; object: StoredObject }> {
    const { chunkIndex, index, found } = this.#locate(from);
    let at = found && exclusive ? index + 1 : index;
    for (const chunk of this.#chunks.slice(chunkIndex)) {
      for (; at < chunk.keys.length; at++) {
        const entry = entryAt(chunk, at);
        if (entry) yield entry;
      }
      at = 0;
    }
  }

  // The chunk that holds the key, or would: the last one whose first key is not greater, else the first.
  #locate(key: ByteKey) {
    const chunkIndex = Math.max(0, upperBound(this.#chunks.length, (at) => this.#chunks[at]?.keys[0] ?? '', key) - 1);
    const chunk = this.#chunks[chunkIndex];
    if (chunk === undefined) return { chunk, chunkIndex, index: 0, found: false };
    const after = upperBound(chunk.keys.length, (at) => chunk.keys[at] ?? '', key);
    const found = after > 0 && chunk.keys[after - 1] === key;
    return { chunk, chunkIndex, index: found ? after - 1 : after, found };
  }

  // Keys that arrive in order leave full chunks behind; others split in the middle.
  #split(chunkIndex: number, insertedAt: number): void {
    const chunk = this.#chunks[chunkIndex];
    if (chunk === undefined) return;
    const at = insertedAt === chunk.keys.length - 1 ? insertedAt : chunk.keys.length >> 1;
    this.#chunks.splice(chunkIndex + 1, 0, { keys: chunk.keys.splice(at), objects: chunk.objects.splice(at) });
  }
}

// Keys mostly go in their order, from the front, where nothing has to move.
function removeAt(items: unknown[], index: number): void {
  if (index === 0) items.shift();
  else items.splice(index, 1);
}

function entryAt(chunk: Chunk | undefined, index: number) {
  const key = chunk?.keys[index];
  const object = chunk?.objects[index];
  return key === undefined || object === undefined ? undefined : { key, object };
}

// How many of the sorted items are smaller than or equal to the key.
function upperBound(length: number, item: (index: number) => string, key: string): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (item(middle) <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}
