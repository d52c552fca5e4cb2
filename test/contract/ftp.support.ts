import { readFile } from 'node:fs/promises';
import { parseDraft } from '../../src/core/drafts.ts';
import { StorageError } from '../../src/core/errors.ts';
import type { Draft } from '../../src/core/fields.ts';
import type { Network } from '../../src/core/provider.ts';
import type { Entry, StorageClient } from '../../src/core/storageClient.ts';
import { concludeVerification, type Verification } from '../../src/core/verification.ts';
import { fileEntry } from '../../src/providers/_shared/files.ts';
import provider from '../../src/providers/ftp/provider.ts';
import type { Proftpd } from '../servers/proftpd.ts';
import type { Vsftpd } from '../servers/vsftpd.ts';
import { FileTreeJudge } from '../support/fileTreeJudge.ts';
import { call, collect, direct } from './contractSuite.ts';

/** One FTP server with what a test needs around it. */
export class FtpBench {
  readonly server: Proftpd | Vsftpd;
  readonly judge: FileTreeJudge;
  readonly #opened: AsyncDisposable[] = [];
  readonly #stops: (() => Promise<void>)[] = [];

  constructor(server: Proftpd | Vsftpd) {
    this.server = server;
    this.judge = new FileTreeJudge(server.files, server.user);
  }

  /** A client opened from a form, as the program does. */
  async open(change: Draft = {}, network: Network = direct): Promise<Required<StorageClient>> {
    const { host, port, user, files } = this.server;
    const draft = { host, port, username: user.name, password: user.password, basePath: files, ...change };
    const { settings, secrets } = parseDraft(provider.fields, draft);
    const client = (await provider.open({ settings, secrets, network })) as Required<StorageClient>;
    this.#opened.push(client);
    return client;
  }

  async verify(change: Draft = {}, network: Network = direct): Promise<Verification> {
    const client = await this.open(change, network);
    return concludeVerification(await collect(client.verify({ kind: 'root' }, call())), 0);
  }

  /** A folder with these files; its path. */
  async fill(ids: readonly string[]): Promise<string> {
    const name = await this.judge.createContainer();
    for (const id of ids) await this.judge.put(name, id);
    return this.judge.fileOf(name, '');
  }

  /** Every command that the server has read. */
  async commands(): Promise<readonly string[]> {
    if (!('logFile' in this.server)) return [];
    const log = await readFile(this.server.logFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
      // It is made with the first command.
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    return log.split('\n');
  }

  /** Something that is stopped with the bench. */
  use<T extends { stop(): Promise<void> }>(started: T): T {
    this.#stops.push(() => started.stop());
    return started;
  }

  async close(): Promise<void> {
    for (const opened of this.#opened.splice(0)) await opened[Symbol.asyncDispose]();
    for (const stop of this.#stops.splice(0)) await stop();
    await this.judge.cleanUp();
  }
}

export async function remove(
  client: Required<StorageClient>,
  entries: readonly Entry[],
  signal = new AbortController().signal,
) {
  const targets = entries.map((entry) => ({ entry, mode: 'permanent' as const }));
  const outcomes = await client.remove(targets, { signal });
  return outcomes.map(({ result, error }) => ({ result, kind: error?.kind }));
}

export const fileAt = (path: string) => fileEntry('object', path);
export const folderAt = (path: string) => fileEntry('folder', path);
export const placeAt = (id: string) => ({ kind: 'folder', id }) as const;

/** The names of what a folder holds, with their kinds. */
export async function listed(client: Required<StorageClient>, folder: string) {
  const { entries } = await client.list(placeAt(folder), {}, call());
  return Object.fromEntries(entries.map(({ name, kind }) => [name, kind]));
}

/** All paths that a walk brings. */
export async function walked(client: Required<StorageClient>, folder: string): Promise<string[]> {
  const pages = await collect(client.walk(placeAt(folder), {}, call()));
  return pages.flatMap(({ entries }) => entries.map(({ id }) => id));
}

/** The error that a call must end with. */
export async function failure(attempt: Promise<unknown>): Promise<StorageError> {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof StorageError)) throw new Error(`It should have failed with an error of ours: ${error}`);
  return error;
}
