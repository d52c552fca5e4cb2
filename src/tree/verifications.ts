import type { Memento } from 'vscode';
import type { Verification } from '../core/verification.ts';

interface Kept {
  readonly revision: string;
  readonly verification: Verification;
}

/** The last verification of each credential. One of an older revision counts for nothing. Losing them loses nothing that matters. */
export class Verifications {
  readonly #memento: Memento;
  /** What this window has kept: an echo of another window's state may set the memento back for a moment. */
  readonly #own = new Map<string, Kept>();
  #updating: Promise<void> = Promise.resolve();

  constructor(memento: Memento) {
    this.#memento = memento;
  }

  of({ id, revision }: { readonly id: string; readonly revision: string }): Verification | undefined {
    const kept = this.#own.get(id) ?? this.#memento.get<Kept>(keyOf(id));
    return kept?.revision === revision ? kept.verification : undefined;
  }

  async keep({ id, revision }: { readonly id: string; readonly revision: string }, verification: Verification) {
    this.#own.set(id, { revision, verification });
    await this.#update(id, { revision, verification });
  }

  async forget(id: string): Promise<void> {
    this.#own.delete(id);
    await this.#update(id, undefined);
  }

  /** One after the other: an update that overtakes another's echo is lost. */
  #update(id: string, kept: Kept | undefined): Promise<void> {
    const update = async () => await this.#memento.update(keyOf(id), kept);
    this.#updating = this.#updating.then(update, update);
    return this.#updating;
  }
}

function keyOf(id: string): string {
  return `verification/${id}`;
}
