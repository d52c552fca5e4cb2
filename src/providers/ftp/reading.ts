import { Writable } from 'node:stream';
import { StorageError } from '../../core/errors.ts';
import type { Entry } from '../../core/storageClient.ts';
import type { FtpConnection } from './connection.ts';
import { listedAt } from './listing.ts';

/** All of a file; fails with 'unsupported' when it is larger than the limit, a link or no file at all. */
export async function readFile(
  ftp: FtpConnection,
  { id, name }: Entry,
  limit: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { kind, size } = await listedAt(ftp, id, signal);
  if (kind !== 'file') throw new StorageError('unsupported', `This is no file that can be opened: ${name}`);
  const tooLarge = () => new StorageError('unsupported', `This file is larger than can be opened: ${name}`);
  if (size !== undefined && size > limit) throw tooLarge();
  return await ftp.useAgain(id, signal, async (session) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const destination = new Writable({
      write(chunk: Buffer, _encoding, done) {
        bytes += chunk.byteLength;
        chunks.push(chunk);
        done(bytes > limit ? tooLarge() : null);
      },
    });
    await session.download(id, destination);
    if (size !== undefined && bytes !== size) {
      throw new StorageError('unreachable', `The file arrived cut off: ${name}`, { hint: 'Open it again.' });
    }
    return Buffer.concat(chunks);
  });
}
