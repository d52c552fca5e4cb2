import { StorageError } from '../core/errors.ts';
import type { Lease, Sessions } from '../sessions/sessions.ts';

/** The clients of several credentials, each leased once and until all are given back. */
export class Leases implements AsyncDisposable {
  readonly #sessions: Sessions;
  readonly #leases = new Map<string, Promise<Lease>>();

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
  }

  /** Fails with 'changed' when the credential has another revision than the one that is meant. */
  async open({ id, revision }: { readonly id: string; readonly revision?: string }): Promise<Lease> {
    const before = await this.#leases.get(id);
    const lease = before && before.record.revision === revision ? before : await this.#renew(id);
    if (revision === undefined || lease.record.revision === revision) return lease;
    throw new StorageError('changed', 'The credential was changed meanwhile.');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const id of [...this.#leases.keys()]) await this.#giveBack(id);
  }

  async #renew(id: string): Promise<Lease> {
    await this.#giveBack(id);
    const opening = this.#sessions.open(id);
    this.#leases.set(id, opening);
    try {
      return await opening;
    } catch (error) {
      this.#leases.delete(id);
      throw error;
    }
  }

  async #giveBack(id: string): Promise<void> {
    const lease = await this.#leases.get(id);
    this.#leases.delete(id);
    await lease?.[Symbol.asyncDispose]();
  }
}
