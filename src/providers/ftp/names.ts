import { StorageError } from '../../core/errors.ts';
import type { FtpOptions } from './session.ts';

/** What a decoder writes in place of bytes that are no UTF-8. */
const unreadable = '\ufffd';

/** Why a path can't be told to the server as it is, if so: nothing of it may be sent then. */
export function refusePath(path: string, encoding: FtpOptions['encoding']): StorageError | undefined {
  if (/[\r\n\0]/.test(path)) {
    return refused(path, 'It holds a line break or a zero byte, which FTP has no way to write.');
  }
  if (path.includes(unreadable)) return refused(path, 'It holds bytes that are no UTF-8. Rename it at the server.');
  // A byte of 255 begins a command of Telnet, on which FTP stands, and servers differ in how they take it.
  if (encoding === 'latin1' && /[^\0-\u00fe]/u.test(path)) {
    return refused(path, 'It holds characters that Latin-1 does not have. Choose UTF-8 if the server knows it.');
  }
  return undefined;
}

function refused(path: string, hint: string): StorageError {
  return new StorageError('unsupported', `This name can't be told to the server as it is: ${JSON.stringify(path)}`, {
    hint,
  });
}
