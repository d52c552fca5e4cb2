import {
  type Disposable,
  EventEmitter,
  type FileChangeEvent,
  type FileStat,
  FileSystemError,
  type FileSystemProvider,
  FileType,
  type Uri,
  workspace,
} from 'vscode';
import { documentToAddress, type ObjectAddress } from '../browse/objectAddress.ts';
import { toStorageError } from '../core/errors.ts';
import type { Redactor } from '../core/redaction.ts';
import { joinSentences } from '../core/text.ts';
import type { Lease, Sessions } from '../sessions/sessions.ts';

export const objectScheme = 'storage-credentials';

/** The most bytes that an editor is given. */
const readLimit = 512_000_000;

/** Objects as read-only files, so that every editor of VS Code can show them. */
export function registerObjectFiles(sessions: Sessions, redactor: Redactor): Disposable {
  return workspace.registerFileSystemProvider(objectScheme, new ObjectFiles(sessions, redactor), {
    isReadonly: true,
    isCaseSensitive: true,
  });
}

class ObjectFiles implements FileSystemProvider {
  readonly #sessions: Sessions;
  readonly #redactor: Redactor;
  readonly onDidChangeFile = new EventEmitter<FileChangeEvent[]>().event;

  constructor(sessions: Sessions, redactor: Redactor) {
    this.#sessions = sessions;
    this.#redactor = redactor;
  }

  async stat(uri: Uri): Promise<FileStat> {
    const entry = await this.#use(uri, async ({ client }, { entry }) =>
      client.stat ? await client.stat(entry, { signal: AbortSignal.timeout(60_000) }) : entry,
    );
    return { type: FileType.File, ctime: 0, mtime: entry.modified ?? 0, size: entry.size ?? 0 };
  }

  readFile(uri: Uri): Promise<Uint8Array> {
    return this.#use(uri, async ({ client }, { entry }) => {
      if (!client.read) throw FileSystemError.Unavailable('This provider can not read objects.');
      return await client.read(entry, { limit: readLimit }, { signal: AbortSignal.timeout(600_000) });
    });
  }

  watch(): Disposable {
    return { dispose: () => undefined };
  }

  readDirectory(uri: Uri): never {
    throw FileSystemError.FileNotADirectory(uri);
  }

  createDirectory = readOnly;
  writeFile = readOnly;
  delete = readOnly;
  rename = readOnly;

  async #use<T>(uri: Uri, work: (lease: Lease, address: ObjectAddress) => Promise<T>): Promise<T> {
    const address = documentToAddress(uri);
    if (!address) throw FileSystemError.FileNotFound(uri);
    try {
      await using lease = await this.#sessions.open(address.credentialId);
      return await work(lease, address);
    } catch (error) {
      if (error instanceof FileSystemError) throw error;
      const failure = toStorageError(error);
      const sentence = this.#redactor.redact(joinSentences(failure.message, failure.hint));
      throw failure.kind === 'not-found'
        ? FileSystemError.FileNotFound(sentence)
        : FileSystemError.Unavailable(sentence);
    }
  }
}

function readOnly(): never {
  throw FileSystemError.NoPermissions('Objects are shown read-only.');
}
