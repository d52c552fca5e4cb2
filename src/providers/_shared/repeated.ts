import { setTimeout as sleep } from 'node:timers/promises';
import { cancelled, StorageError } from '../../core/errors.ts';

const attempts = 3;
const firstWait = 100;
/** A server that asks for more patience than this is not asked again here. */
const longestWait = 5_000;

/** Does what changes nothing again while it fails in passing: three times at most. */
export async function repeated<T>(read: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof StorageError) || !error.retryable || attempt === attempts) throw error;
      const wait = Math.max(error.retryAfter ?? 0, firstWait * 2 ** attempt * Math.random());
      if (wait > longestWait) throw error;
      await sleep(wait, undefined, { signal }).catch(() => {
        throw cancelled();
      });
    }
  }
}
