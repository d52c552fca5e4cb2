import type { StorageError } from '../core/errors.ts';
import { sleep, untilAborted } from './waiting.ts';

/** Ends what `enter` began; told the error that the call met, if it met one. */
export type Leave = (error?: StorageError) => void;

/** How much may be asked of a server at once. */
export interface Allowed {
  readonly calls: number;
  /** Absent as long as the server has never asked to slow down. */
  readonly keysPerSecond?: number;
}

/** Decides when the next call may be sent. */
export interface Pace {
  /** What it allows now, where it tells: for a person to see. */
  readonly now?: Allowed;
  /** Waits for its turn; rejects when the signal is aborted first. */
  enter(keys: number, signal: AbortSignal): Promise<Leave>;
}

/** Milliseconds, as performance.now() counts them. */
export interface Clock {
  now(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

interface Sent {
  readonly at: number;
  readonly keys: number;
}

const realClock: Clock = { now: () => performance.now(), sleep };

/** Calls under way at once: at first, at most. */
const window = { first: 4, most: 8 };

/** What a server that asks to slow down leaves of the calls under way, and of the keys per second that it took last. */
const cut = { calls: 0.7, rate: 0.85 };

/** How much of the rate that was once too much is added per second, at first; the more, the longer no complaint came. */
const rateStep = { first: 0.02, after: 5_000 };

/** The span over which keys per second are measured, and the shortest that is taken for one. */
const measured = { span: 2_000, least: 1_000 };

/** The longest that calls are held because a server asked for it: whoever waits would else not learn that it asks for a day. */
const longestHold = 60_000;

/** The longest gap between two calls: a rate that a few keys were measured at says little of a thousand. */
const longestGap = 5_000;

/**
 * Finds out how much a server takes: so many calls under way, one more for each second without a complaint. When the
 * server asks to slow down there are fewer of them, and from then on also no more keys per second than it took, a
 * little more each second until it complains again.
 */
export class AdaptivePace implements Pace {
  readonly #clock: Clock;
  /** What was sent lately and not refused. */
  readonly #taken = new Set<Sent>();
  readonly #waiting = new Set<() => void>();
  #window = window.first;
  #inFlight = 0;
  /** Keys per second; undefined as long as no server has complained. */
  #rate: number | undefined;
  /** The rate at which it complained last. */
  #ceiling = 0;
  #nextAt = 0;
  #cutAt = Number.NEGATIVE_INFINITY;
  #grownAt: number;

  constructor(clock: Clock = realClock) {
    this.#clock = clock;
    this.#grownAt = clock.now();
  }

  get now(): Allowed {
    const calls = Math.floor(this.#window);
    return this.#rate === undefined ? { calls } : { calls, keysPerSecond: this.#rate };
  }

  async enter(keys: number, signal: AbortSignal): Promise<Leave> {
    for (;;) {
      signal.throwIfAborted();
      const wait = this.#nextAt - this.#clock.now();
      if (this.#inFlight >= Math.floor(this.#window)) await this.#turn(signal);
      else if (wait > 0) await this.#clock.sleep(wait, signal);
      else break;
    }
    const begun = this.#clock.now();
    this.#inFlight++;
    this.#hold(keys, begun);
    const sent = { at: begun, keys };
    this.#taken.add(sent);
    let left = false;
    return (error) => {
      if (left) return;
      left = true;
      this.#inFlight--;
      if (error) this.#taken.delete(sent);
      this.#learn(sent, error);
      for (const wake of this.#waiting) wake();
    };
  }

  /** Keeps the next call back for as long as so many keys take at the rate that is known. */
  #hold(keys: number, from: number): void {
    if (this.#rate === undefined) return;
    this.#nextAt = Math.max(from, this.#nextAt) + Math.min((keys / this.#rate) * 1000, longestGap);
  }

  #learn(sent: Sent, error: StorageError | undefined): void {
    if (error?.kind === 'rate-limited') this.#slowDown(sent, error.retryAfter ?? 0);
    else if (error?.kind === 'timed-out') this.#window = Math.max(1, this.#window / 2);
    else if (!error) this.#grow();
  }

  /** Calls that were under way together are complained of together: that counts once, and tells the better how much was taken. */
  #slowDown({ at, keys }: Sent, retryAfter: number): void {
    const now = this.#clock.now();
    this.#nextAt = Math.max(this.#nextAt, now + Math.min(retryAfter, longestHold));
    const together = at <= this.#cutAt;
    const taken = this.#rateTaken(now) || this.#ceiling;
    this.#ceiling = together ? Math.min(this.#ceiling, taken) : taken;
    // Nothing was taken yet: how much is too much isn't known.
    if (this.#ceiling > 0) this.#rate = cut.rate * this.#ceiling;
    if (together) return;
    this.#cutAt = now;
    this.#grownAt = now;
    this.#window = Math.max(1, this.#window * cut.calls);
    // What it lacked now it must gather first.
    this.#hold(keys, now);
  }

  #grow(): void {
    const now = this.#clock.now();
    this.#forget(now);
    if (now - this.#grownAt < 1000) return;
    const seconds = (now - this.#grownAt) / 1000;
    this.#grownAt = now;
    this.#window = Math.min(window.most, this.#window + 1);
    if (this.#rate === undefined) return;
    const calm = Math.max(1, (now - this.#cutAt) / rateStep.after);
    this.#rate += rateStep.first * calm ** 2 * this.#ceiling * Math.min(seconds, 2);
  }

  #rateTaken(now: number): number {
    this.#forget(now);
    const [first] = this.#taken;
    if (!first) return 0;
    const span = Math.max(measured.least, now - first.at);
    return ([...this.#taken].reduce((sum, { keys }) => sum + keys, 0) / span) * 1000;
  }

  #forget(now: number): void {
    for (const sent of this.#taken) {
      if (sent.at >= now - measured.span) return;
      this.#taken.delete(sent);
    }
  }

  async #turn(signal: AbortSignal): Promise<void> {
    let wake = () => {};
    const turn = new Promise<void>((resolve) => {
      wake = resolve;
    });
    this.#waiting.add(wake);
    try {
      await untilAborted(turn, signal);
    } finally {
      this.#waiting.delete(wake);
    }
  }
}

/** One pace for each container of each server: removals that run at the same time share it. Forgets those that nobody used lately. */
export class Paces {
  readonly #known = new Map<string, AdaptivePace>();

  /** The paces of one server, by container; '' where there are none. */
  at(server: string): (container: string) => AdaptivePace {
    return (container) => this.#of(server, container);
  }

  #of(server: string, container: string): AdaptivePace {
    const name = JSON.stringify([server, container]);
    const pace = this.#known.get(name) ?? new AdaptivePace();
    this.#known.delete(name);
    this.#known.set(name, pace);
    const [oldest] = this.#known.keys();
    if (this.#known.size > 100 && oldest !== undefined) this.#known.delete(oldest);
    return pace;
  }
}
