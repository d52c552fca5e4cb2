import { type ErrorKind, StorageError, toStorageError } from '../core/errors.ts';
import type { Provider } from '../core/provider.ts';
import type { Entry, Recovery, StorageClient } from '../core/storageClient.ts';
import { showName } from '../core/text.ts';
import type { Reading } from '../credentials/resolve.ts';
import { type Artifact, type ArtifactRow, entryOf, type Fate, withoutDuplicates } from './artifacts.ts';
import { untilAborted } from './waiting.ts';

/** Questions under way at once, over all servers. */
const width = 16;

/** Milliseconds that one question may take. */
const questionLimit = 60_000;

/** What a search asks of a credential. */
export interface Access {
  readonly client: StorageClient;
  readonly provider: Pick<Provider, 'label' | 'capabilities' | 'noun'>;
}

export interface SearchRequest {
  readonly rows: readonly ArtifactRow[];
  /** Whether every object is looked up, not only where a URL can mean several. */
  readonly all: boolean;
  /** Opens a credential; failing, its rows are unresolved. */
  readonly open: (reading: Reading) => Promise<Access>;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Asks the servers what the rows are worth: whether it can be undone, once for each container, and what is there, by one HEAD
 * for each name that a URL can mean. A URL that can mean several is deleted only as the one that was found.
 */
export async function searchArtifacts(request: SearchRequest): Promise<readonly ArtifactRow[]> {
  const { rows, signal, onProgress } = request;
  const search = new Search(request);
  const found = [...rows];
  const asked = rows.flatMap((row, index) => (isOpen(row.fate) ? [{ row, index }] : []));
  let done = 0;
  const work = eachInFlight(asked, async ({ row, index }) => {
    found[index] = { ...row, fate: await search.look(row.fate) };
    onProgress?.(++done, asked.length);
  });
  await untilAborted(work, signal);
  return withoutDuplicates(found);
}

function isOpen(fate: Fate): boolean {
  return fate.kind === 'delete' || fate.kind === 'ambiguous';
}

class Search {
  readonly #request: SearchRequest;
  /** By credential. */
  readonly #opened = new Map<string, Promise<Access>>();
  /** By credential and container. */
  readonly #recoveries = new Map<string, Promise<Recovery>>();
  /** Why a credential's server is asked nothing more. */
  readonly #silent = new Map<string, StorageError>();

  constructor(request: SearchRequest) {
    this.#request = request;
  }

  async look(fate: Fate): Promise<Fate> {
    const readings = fate.kind === 'delete' ? [fate.artifact.reading] : fate.kind === 'ambiguous' ? fate.readings : [];
    const [first] = readings;
    if (!first) return fate;
    try {
      if (fate.kind === 'ambiguous') return await this.#firstFound(first, readings);
      const access = await this.#access(first);
      const recovery = await this.#recovery(first, access);
      const artifact = { reading: first, entry: entryOf(first), found: false, recovery };
      return this.#request.all ? await this.#stat(artifact, access) : { kind: 'delete', artifact };
    } catch (error) {
      const failure = this.#failed(error);
      if (failure.kind === 'not-found') return missing(first);
      return { kind: 'unresolved', reason: `${first.credential.record.name}: ${failure.message}` };
    }
  }

  /** Only what was found is meant: a question that isn't answered leaves open what the next answer is worth. */
  async #firstFound(first: Reading, readings: readonly Reading[]): Promise<Fate> {
    for (const reading of readings) {
      const access = await this.#access(reading);
      const fate = await this.#recovery(reading, access).then(
        (recovery) => this.#stat({ reading, entry: entryOf(reading), found: false, recovery }, access),
        (error) => missingOrThrow(error, reading),
      );
      if (fate.kind === 'delete' && fate.artifact.found) return fate;
      if (fate.kind === 'missing') continue;
      const why = fate.kind === 'delete' ? fate.artifact.note : fate.kind === 'unresolved' ? fate.reason : '';
      const meanings = readings.map(({ id }) => showName(id)).join(' or ');
      return { kind: 'unresolved', reason: `It can mean ${meanings}, and it can't be told which: ${why}` };
    }
    return missing(first);
  }

  #access(reading: Reading): Promise<Access> {
    const { id } = reading.credential.record;
    const opened = this.#opened.get(id) ?? this.#open(reading);
    this.#opened.set(id, opened);
    return opened;
  }

  async #open(reading: Reading): Promise<Access> {
    const access = await this.#request.open(reading);
    if (access.provider.capabilities.has('remove')) return access;
    throw new StorageError('unsupported', `Nothing can be deleted there: ${access.provider.label}`);
  }

  /** What a container says, asked once. One that can't say is 'unknown'; a login that is refused or a container that is gone is the end. */
  #recovery({ credential, container }: Reading, { client, provider }: Access): Promise<Recovery> {
    const key = JSON.stringify([credential.record.id, container]);
    const known = this.#recoveries.get(key) ?? this.#askRecovery(credential.record.id, container, client, provider);
    this.#recoveries.set(key, known);
    return known;
  }

  async #askRecovery(
    credentialId: string,
    container: string,
    client: StorageClient,
    { label, capabilities }: Access['provider'],
  ): Promise<Recovery> {
    if (!capabilities.has('recovery') || !client.recovery) {
      return { recoverable: 'unknown', because: `${label} doesn't tell.` };
    }
    try {
      return await client.recovery({ kind: 'container', id: container }, { signal: this.#limited() });
    } catch (error) {
      const failure = this.#failed(error);
      if (useless.has(failure.kind) || failure.kind === 'not-found') throw failure;
      if (unanswered.has(failure.kind)) this.#silent.set(credentialId, failure);
      return { recoverable: 'unknown', because: failure.message };
    }
  }

  /** What is there, if the server says. Where it doesn't, the row stays as it is, with a note. */
  async #stat(artifact: Artifact, { client, provider }: Access): Promise<Fate> {
    const { reading, entry } = artifact;
    const credentialId = reading.credential.record.id;
    const silent = this.#silent.get(credentialId);
    if (silent) return { kind: 'delete', artifact: { ...artifact, note: silent.message } };
    if (!provider.capabilities.has('stat') || !client.stat) {
      return { kind: 'delete', artifact: { ...artifact, note: `${provider.label} can't be asked.` } };
    }
    try {
      const now = await client.stat(entry, { signal: this.#limited() });
      if (now.kind === 'object')
        return { kind: 'delete', artifact: { ...artifact, entry: known(entry, now), found: true } };
      return { kind: 'unresolved', reason: 'It is no object but a folder, which is deleted from the tree alone.' };
    } catch (error) {
      const failure = this.#failed(error);
      if (failure.kind === 'not-found') return missing(reading);
      if (useless.has(failure.kind)) throw failure;
      if (unanswered.has(failure.kind)) this.#silent.set(credentialId, failure);
      return { kind: 'delete', artifact: { ...artifact, note: failure.message } };
    }
  }

  #limited(): AbortSignal {
    return AbortSignal.any([this.#request.signal, AbortSignal.timeout(questionLimit)]);
  }

  /** A cancel ends the whole search. */
  #failed(error: unknown): StorageError {
    this.#request.signal.throwIfAborted();
    return toStorageError(error);
  }
}

/** Then a credential is good for nothing. */
const useless: ReadonlySet<ErrorKind> = new Set(['unauthenticated', 'expired', 'invalid-settings', 'untrusted-server']);

/** Then further questions would each be waited for in vain. */
const unanswered: ReadonlySet<ErrorKind> = new Set(['unreachable', 'timed-out']);

/** The object as it was asked for, with what the server says of it. A version stays out: deleting one by its name is for good. */
function known(asked: Entry, { size, modified, storageClass, tag, locks }: Entry): Entry {
  return {
    ...asked,
    ...(size === undefined ? {} : { size }),
    ...(modified === undefined ? {} : { modified }),
    ...(storageClass === undefined ? {} : { storageClass }),
    ...(tag === undefined ? {} : { tag }),
    ...(locks === undefined ? {} : { locks }),
  };
}

function missing(reading: Reading): Fate {
  return { kind: 'missing', reading, reason: 'Nothing is there.' };
}

function missingOrThrow(error: unknown, reading: Reading): Fate {
  if (toStorageError(error).kind === 'not-found') return missing(reading);
  throw error;
}

/** Works on every item, so many at once, in their order. */
async function eachInFlight<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
