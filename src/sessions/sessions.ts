import type { Provider, Surroundings } from '../core/provider.ts';
import type { StorageClient } from '../core/storageClient.ts';
import type { Changes } from '../credentials/credentialStore.ts';
import type { CredentialRecord } from '../credentials/record.ts';
import { isLocked } from '../credentials/secretVault.ts';
import { findCredential, type Keeping, type UnlockedCredential, unlockCredential } from '../credentials/unlock.ts';

interface Parts extends Keeping {
  readonly surroundings: Surroundings;
  /** Milliseconds from the end of the last lease to closing the client: 5 minutes unless told. */
  readonly idle?: number;
  /** Milliseconds after which a missing secret is looked for again. */
  readonly patience?: number;
  /** Is told the id of a credential whose secret turned out to be locked. */
  readonly onLocked?: (id: string) => void;
  /** Is told of a client that could not be closed. */
  readonly report?: (error: unknown) => void;
}

/** The use of a client until it is disposed; disposing it twice is fine. The client belongs to the session. */
export interface Lease extends AsyncDisposable {
  readonly client: StorageClient;
  readonly provider: Provider;
  readonly record: CredentialRecord;
}

interface Opened extends UnlockedCredential {
  readonly client: StorageClient;
}

interface Session {
  readonly id: string;
  /** The record it serves, as text. */
  readonly serves: string;
  readonly opened: Promise<Opened>;
  leases: number;
  retired: boolean;
  idleTimer?: NodeJS.Timeout;
  closing?: Promise<void>;
}

/** One open client per credential, shared by all who use it; closed when idle, edited or removed, but never under a lease. */
export class Sessions implements AsyncDisposable {
  readonly #parts: Parts;
  readonly #sessions = new Map<string, Session>();
  readonly #closing = new Map<Session, Promise<void>>();
  readonly #watching: Disposable;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#watching = parts.store.watch((changes) => void this.#retireChanged(changes));
  }

  /** A lease on the client of a credential as it stands on disk now. Fails as `unlockCredential` does. */
  async open(id: string): Promise<Lease> {
    const { record } = await findCredential(this.#parts, id);
    const session = this.#sessionFor(record);
    session.leases += 1;
    clearTimeout(session.idleTimer);
    try {
      const { client, provider, record: opened } = await session.opened;
      return this.#lease(session, { client, provider, record: opened });
    } catch (error) {
      session.leases -= 1;
      this.#retireOne(session);
      throw error;
    }
  }

  /** Lets go of a credential's client, or of every client (the proxy changed): the next `open` opens a new one. */
  retire(id?: string): void {
    const sessions = [...this.#sessions.values()].filter((session) => id === undefined || session.id === id);
    for (const session of sessions) this.#retireOne(session);
  }

  /** Closes every client, also those in use. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#watching[Symbol.dispose]();
    for (const session of [...this.#sessions.values()]) {
      session.leases = 0;
      this.#retireOne(session);
    }
    await Promise.all(this.#closing.values());
  }

  #sessionFor(record: CredentialRecord): Session {
    const serves = JSON.stringify(record);
    const current = this.#sessions.get(record.id);
    if (current?.serves === serves) return current;
    if (current) this.#retireOne(current);
    const session: Session = { id: record.id, serves, opened: this.#connect(record.id), leases: 0, retired: false };
    this.#sessions.set(record.id, session);
    return session;
  }

  async #connect(id: string): Promise<Opened> {
    const unlocked = await this.#unlock(id);
    const { record, provider, secrets } = unlocked;
    const client = await provider.open({ ...this.#parts.surroundings, settings: record.settings, secrets });
    return { ...unlocked, client };
  }

  async #unlock(id: string): Promise<UnlockedCredential> {
    const { patience, onLocked } = this.#parts;
    try {
      return await unlockCredential(this.#parts, id, patience === undefined ? {} : { patience });
    } catch (error) {
      if (isLocked(error)) onLocked?.(id);
      throw error;
    }
  }

  #lease(session: Session, use: Pick<Lease, 'client' | 'provider' | 'record'>): Lease {
    let ended = false;
    return {
      ...use,
      [Symbol.asyncDispose]: async () => {
        if (ended) return;
        ended = true;
        await this.#release(session);
      },
    };
  }

  async #release(session: Session): Promise<void> {
    session.leases -= 1;
    if (session.leases > 0) return;
    if (session.retired) return await this.#close(session);
    session.idleTimer = setTimeout(() => this.#retireOne(session), this.#parts.idle ?? 5 * 60_000).unref();
  }

  async #retireChanged({ changed, removed }: Changes): Promise<void> {
    for (const id of removed) this.retire(id);
    for (const id of changed) {
      const found = await this.#parts.store.get(id);
      const now = found?.kind === 'readable' ? JSON.stringify(found.record) : undefined;
      const session = this.#sessions.get(id);
      if (session && session.serves !== now) this.#retireOne(session);
    }
  }

  #retireOne(session: Session): void {
    clearTimeout(session.idleTimer);
    if (this.#sessions.get(session.id) === session) this.#sessions.delete(session.id);
    if (session.retired) return;
    session.retired = true;
    if (session.leases === 0) void this.#close(session);
  }

  #close(session: Session): Promise<void> {
    if (session.closing) return session.closing;
    session.closing = this.#closeClient(session).finally(() => this.#closing.delete(session));
    this.#closing.set(session, session.closing);
    return session.closing;
  }

  async #closeClient(session: Session): Promise<void> {
    const opened = await session.opened.catch(() => undefined);
    try {
      await opened?.client[Symbol.asyncDispose]();
    } catch (error) {
      this.#parts.report?.(error);
    }
  }
}
