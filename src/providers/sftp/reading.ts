import { StorageError } from '../../core/errors.ts';
import type { Entry } from '../../core/storageClient.ts';
import type { SftpConnection } from './connection.ts';
import { attributesOf, kindOf } from './listing.ts';

/** Bytes of one request: what every server grants. */
const chunk = 32 * 1024;

/** All of a file; fails with 'unsupported' when it is larger than the limit, a link or no file at all. */
export async function readFile(
  sftp: SftpConnection,
  { id, name }: Entry,
  limit: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { mode, size } = await attributesOf(sftp, id, signal);
  if (kindOf(mode) !== 'file') throw new StorageError('unsupported', `This is no file that can be opened: ${name}`);
  if (size > limit) throw new StorageError('unsupported', `This file is larger than can be opened: ${name}`);
  const handle = await sftp.askAgain<Buffer>(id, signal, (session, done) => session.sftp.open(id, 'r', done));
  try {
    const content = Buffer.alloc(size);
    for (let at = 0; at < size; ) {
      const length = Math.min(chunk, size - at);
      const read = await sftp.ask<number>(id, signal, (session, done) => {
        session.sftp.read(handle, content, at, length, at, done);
      });
      if (read === 0)
        throw new StorageError('unreachable', `The file arrived cut off: ${name}`, { hint: 'Open it again.' });
      at += read;
    }
    return content;
  } finally {
    // A handle that is lost with its connection needs no closing.
    await sftp
      .ask<void>(id, signal, (session, done) => session.sftp.close(handle, (error) => done(error, undefined)))
      .catch(() => {});
  }
}
