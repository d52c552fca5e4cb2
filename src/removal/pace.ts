import type { StorageError } from '../core/errors.ts';
import { untilAborted } from './waiting.ts';

/** Ends what `enter` began; told the error that the batch met last, if it met one. */
export type Leave = (error?: StorageError) => void;

/** Decides when the next batch may be sent. */
export interface Pace {
  /** Waits for its turn; rejects when the signal is aborted first. */
  enter(keys: number, signal: AbortSignal): Promise<Leave>;
}

/** Always so many batches under way at once. */
export function createFixedPace(batches: number): Pace {
  let free = batches;
  let waiting: (() => void)[] = [];
  const leave = () => {
    free++;
    waiting.shift()?.();
  };
  return {
    async enter(_keys, signal) {
      while (free === 0) {
        let wake = () => {};
        const turn = new Promise<void>((resolve) => {
          wake = resolve;
        });
        waiting.push(wake);
        try {
          await untilAborted(turn, signal);
        } finally {
          waiting = waiting.filter((other) => other !== wake);
        }
      }
      free--;
      return once(leave);
    },
  };
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    action();
  };
}
