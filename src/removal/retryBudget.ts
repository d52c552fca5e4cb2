import type { StorageError } from '../core/errors.ts';

/**
 * How much a run may spend on sending again what failed: a retry costs, and more when it was silence; what succeeds
 * earns a little back. A server that only fails uses it up, so that a run against it ends.
 */
export class RetryBudget {
  #left = 500;

  /** Whether there is enough left for one more try after this error; it is spent then. */
  spend(error: StorageError | undefined): boolean {
    const cost = error?.kind === 'timed-out' ? 10 : 5;
    if (cost > this.#left) return false;
    this.#left -= cost;
    return true;
  }

  earn(): void {
    this.#left = Math.min(500, this.#left + 1);
  }
}
