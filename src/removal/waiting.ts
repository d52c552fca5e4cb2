import { cancelled, StorageError } from '../core/errors.ts';

/** What the promise gives, or the reason of the signal the moment it is aborted; what the promise gives afterwards is dropped. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason instanceof StorageError ? signal.reason : cancelled());
    const done = () => signal.removeEventListener('abort', abort);
    promise.then(resolve, reject).then(done, done);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

/** The items until the signal is aborted, which ends them at once, whether or not their source listens. */
export async function* itemsUntilAborted<T>(items: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await untilAborted(iterator.next(), signal);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Not awaited: a source that is busy would hold up the answer, and how it ends no longer matters.
    void Promise.allSettled([iterator.return?.()]);
  }
}

/** Lets all that waits have its turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Waits so many milliseconds; rejects with the reason of the signal when it is aborted before. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const elapsed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  try {
    await untilAborted(elapsed, signal);
  } finally {
    clearTimeout(timer);
  }
}
