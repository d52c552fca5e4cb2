import { StorageError } from '../../core/errors.ts';
import type { Entry } from '../../core/storageClient.ts';

/**
 * All bytes of an object's body; fails with 'unsupported' when there are more than the limit, and when they end early.
 * @param length how many bytes the server announced
 */
export async function readAtMost(
  body: AsyncIterable<Uint8Array>,
  limit: number,
  length: number | undefined,
  entry: Entry,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > limit) throw new StorageError('unsupported', `This object is larger than can be opened: ${entry.name}`);
    chunks.push(chunk);
  }
  if (length !== undefined && bytes !== length) {
    throw new StorageError('unreachable', `The object arrived cut off: ${entry.name}`, { hint: 'Open it again.' });
  }
  return Buffer.concat(chunks);
}
