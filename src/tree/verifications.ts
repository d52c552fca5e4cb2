import type { Memento } from 'vscode';
import type { Verification } from '../core/verification.ts';

interface Kept {
  readonly revision: string;
  readonly verification: Verification;
}

/** The last verification of each credential. One of an older revision counts for nothing. Losing them loses nothing that matters. */
export class Verifications {
  readonly #memento: Memento;

  constructor(memento: Memento) {
    this.#memento = memento;
  }

  of({ id, revision }: { readonly id: string; readonly revision: string }): Verification | undefined {
    const kept = this.#memento.get<Kept>(keyOf(id));
    return kept?.revision === revision ? kept.verification : undefined;
  }

  async keep({ id, revision }: { readonly id: string; readonly revision: string }, verification: Verification) {
    await this.#memento.update(keyOf(id), { revision, verification } satisfies Kept);
  }

  async forget(id: string): Promise<void> {
    await this.#memento.update(keyOf(id), undefined);
  }
}

function keyOf(id: string): string {
  return `verification/${id}`;
}
