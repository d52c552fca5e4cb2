import { expect, test } from 'vitest';
import { StorageError } from '../../../src/core/errors.ts';
import { AdaptivePace, type Clock, Paces } from '../../../src/removal/pace.ts';

const never = new AbortController().signal;
const slowDown = new StorageError('rate-limited', 'Slow down.');

/** A clock that stands still until all that runs waits for it. */
class ManualClock implements Clock {
  #now = 0;
  readonly #sleepers: { readonly at: number; readonly wake: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((wake) => {
      this.#sleepers.push({ at: this.#now + ms, wake });
    });
  }

  /** Runs until nobody waits for the clock any more. */
  async run(): Promise<void> {
    for (;;) {
      await new Promise(setImmediate);
      this.#sleepers.sort((a, b) => a.at - b.at);
      const next = this.#sleepers.shift();
      if (!next) return;
      this.#now = next.at;
      next.wake();
    }
  }
}

/** Sends batches through a pace to a server that takes so many keys a second, holds one second's worth, and refuses more. */
async function sendAll(
  batches: number,
  { limit, latency, keys = 1000 }: { limit: number; latency: number; keys?: number },
) {
  const clock = new ManualClock();
  const pace = new AdaptivePace(clock);
  let tokens = limit;
  let filledAt = 0;
  let refused = 0;
  let most = 0;
  let under = 0;
  const takes = () => {
    tokens = Math.min(limit, tokens + ((clock.now() - filledAt) / 1000) * limit);
    filledAt = clock.now();
    if (tokens < keys) return false;
    tokens -= keys;
    return true;
  };
  let left = batches;
  const sender = async () => {
    while (left > 0) {
      left--;
      for (let done = false; !done; ) {
        const leave = await pace.enter(keys, never);
        most = Math.max(most, ++under);
        done = takes();
        await clock.sleep(latency);
        under--;
        if (!done) refused++;
        leave(done ? undefined : slowDown);
      }
    }
  };
  const finished = Promise.all(Array.from({ length: 8 }, sender));
  await clock.run();
  await finished;
  return { seconds: clock.now() / 1000, refused, most };
}

test('a server that takes 3,500 keys a second is used to at least 87 % of it, and at most 5 % of the calls are in vain', async () => {
  const { seconds, refused } = await sendAll(400, { limit: 3500, latency: 60 });
  expect((400 * 1000) / seconds / 3500).toBeGreaterThanOrEqual(0.87);
  expect(refused / (400 + refused)).toBeLessThanOrEqual(0.05);
});

test('so is one that takes few, in small batches', async () => {
  const { seconds, refused } = await sendAll(600, { limit: 100, latency: 30, keys: 10 });
  expect((600 * 10) / seconds / 100).toBeGreaterThanOrEqual(0.87);
  expect(refused / (600 + refused)).toBeLessThanOrEqual(0.05);
});

test('without a complaint there are first 4 calls under way, then up to 8, and no rate holds them', async () => {
  const { most, seconds, refused } = await sendAll(200, { limit: 1e9, latency: 200 });
  expect(refused).toBe(0);
  expect(most).toBe(8);
  expect(seconds).toBeLessThan((200 / 4) * 0.2);
});

test('a complaint before anything was taken sets no rate', async () => {
  const clock = new ManualClock();
  const pace = new AdaptivePace(clock);
  (await pace.enter(1000, never))(slowDown);
  expect(pace.now.keysPerSecond).toBeUndefined();
  await Promise.all([1, 2].map(() => pace.enter(1000, never)));
  expect(clock.now()).toBe(0);
});

test('after a bad moment a server that takes much more is soon sent much more', async () => {
  const clock = new ManualClock();
  const pace = new AdaptivePace(clock);
  (await pace.enter(1000, never))();
  (await pace.enter(1000, never))(slowDown);
  expect(pace.now.keysPerSecond).toBe(850);
  const sending = (async () => {
    while (clock.now() < 30_000) {
      const leave = await pace.enter(100, never);
      await clock.sleep(50);
      leave();
    }
  })();
  await clock.run();
  await sending;
  expect(pace.now.keysPerSecond).toBeGreaterThan(4000);
});

test('a wait that the server asks for holds everyone', async () => {
  const clock = new ManualClock();
  const pace = new AdaptivePace(clock);
  const leave = await pace.enter(10, never);
  leave(new StorageError('rate-limited', 'Later.', { retryAfter: 7000 }));
  const next = pace.enter(10, never).then(() => clock.now());
  await clock.run();
  expect(await next).toBe(7000);
});

test('calls that were under way together are slowed down for once', async () => {
  const pace = new AdaptivePace(new ManualClock());
  const leaves = await Promise.all([1, 2, 3, 4].map(() => pace.enter(1, never)));
  for (const leave of leaves) leave(slowDown);
  expect(pace.now.calls).toBe(2);
});

test('who gives up waiting gets no turn, and takes none from others', async () => {
  const pace = new AdaptivePace();
  const leaves = await Promise.all([1, 2, 3, 4].map(() => pace.enter(1, never)));
  const controller = new AbortController();
  const waiting = pace.enter(1, controller.signal);
  controller.abort(new StorageError('cancelled', 'Cancelled.'));
  await expect(waiting).rejects.toMatchObject({ kind: 'cancelled' });
  leaves[0]?.();
  leaves[0]?.();
  await pace.enter(1, never);
  expect(pace.now.calls).toBe(4);
});

test('removals in one container of a server share its pace, others have their own', () => {
  const paces = new Paces();
  expect(paces.at('https://a')('x')).toBe(paces.at('https://a')('x'));
  expect(paces.at('https://a')('y')).not.toBe(paces.at('https://a')('x'));
  expect(paces.at('https://b')('x')).not.toBe(paces.at('https://a')('x'));
});

test('nobody is held longer than anyone would sit out, whatever the server asks for', async () => {
  const clock = new ManualClock();
  const pace = new AdaptivePace(clock);
  const leave = await pace.enter(10, never);
  leave(new StorageError('rate-limited', 'Tomorrow.', { retryAfter: 86_400_000 }));
  const next = pace.enter(10, never).then(() => clock.now());
  await clock.run();
  expect(await next).toBe(60_000);
});
