import { cancelled, StorageError } from '../core/errors.ts';
import type { Call, Entry, Page, Place, StorageClient } from '../core/storageClient.ts';
import { compareBytes } from './byteOrder.ts';
import { guessFrom, type KeyGuess } from './keyGuess.ts';
import type { Listing } from './listing.ts';
import { nextTurn } from './waiting.ts';

/** Ranges walked at once. */
const mostRanges = 8;

/** A range with less than this many pages left is not cut in two: the cut costs a request. */
const leastPages = 4;

/** Folders that are asked for the folders in them. */
const mostAsked = 16;

export interface FanOut {
  readonly client: StorageClient;
  readonly place: Place;
  /** Makes a walk of its pages what a removal believes. */
  readonly trusted: (pages: AsyncIterable<Page>, signal: AbortSignal) => AsyncIterable<Listing>;
  readonly signal: AbortSignal;
}

/**
 * Everything below a place of a backend with 'ranges', several ranges at once where there is much. Every key belongs to
 * exactly one range: those behind `after` up to `until`. Begins with one page after the other, so that a small listing costs
 * no more requests; then cuts the largest range where its keys, or the folders that hold them, let expect more. What is
 * expected only decides how fast it goes. Pages come in any order, their entries in the order of their ids' bytes.
 * Fails with 'unexpected' when a range brings what doesn't belong there. A server that doesn't know how to begin behind a
 * key, or that keeps another order, is listed one page after the other.
 */
export async function* listInRanges(fanOut: FanOut): AsyncGenerator<Listing> {
  yield* new RangedListing(fanOut).pages();
}

interface Range {
  readonly after: string | undefined;
  readonly items: AsyncIterator<Listing>;
  /** The last id that it may bring; undefined where it goes to the end. */
  until: string | undefined;
  /** The last id that it brought. */
  at: string | undefined;
  /** Some ids of its last pages, in their order, and how many pages they span. */
  sample: readonly string[];
  sampled: number;
  /** Whether the server said that there is more. */
  more: boolean;
}

type Arrival = { readonly range: Range } & ({ readonly page: IteratorResult<Listing> } | { readonly error: unknown });

class RangedListing {
  readonly #fanOut: FanOut;
  readonly #base: string;
  readonly #ended = new AbortController();
  readonly #open = new Set<Range>();
  readonly #arrived: Arrival[] = [];
  #wake = () => {};
  #listed = 0;
  #cuts = 0;
  /** Whether ranges are worth trying, being tried by a first one, or known to work. */
  #ranges: 'untried' | 'tried' | 'work' | 'refused' = 'untried';
  #trial: { readonly first: Range; readonly second: Range } | undefined;
  /** What came for the first range while the second was on trial. */
  #held: Arrival[] = [];
  /** Folders that are known, in their order: places to cut at. */
  #folders: readonly string[] = [];
  /** Where folders were asked for. */
  readonly #asked = new Set<string>();
  #asking = false;
  /** By the key where two ranges meet: what the second began with, and what the first came upon behind it. */
  readonly #borders = new Map<string, { begun?: readonly Entry[]; met?: string }>();

  constructor(fanOut: FanOut) {
    this.#fanOut = fanOut;
    this.#base = fanOut.place.kind === 'folder' ? fanOut.place.id : '';
  }

  async *pages(): AsyncGenerator<Listing> {
    this.#begin(undefined, undefined);
    try {
      while (this.#open.size > 0) {
        const arrival = await this.#next();
        const listing = this.#take(arrival);
        if (!listing) continue;
        yield listing;
        // Pages that have come meanwhile would else be read in one go, and the window would stand still.
        if (this.#arrived.length > 0) await nextTurn();
      }
    } finally {
      this.#ended.abort(cancelled());
    }
  }

  #begin(after: string | undefined, until: string | undefined): Range {
    const { client, place, trusted, signal } = this.#fanOut;
    const call: Call = { signal: AbortSignal.any([signal, this.#ended.signal]) };
    const pages = client.walk?.(place, after === undefined ? {} : { after }, call) ?? nothing();
    const items = trusted(pages, call.signal)[Symbol.asyncIterator]();
    const range: Range = { after, items, until, at: undefined, sample: [], sampled: 0, more: true };
    this.#open.add(range);
    this.#ask(range);
    return range;
  }

  /** No range is asked for its next page before the last one was taken: what waits is a page for each. */
  #ask(range: Range): void {
    range.items.next().then(
      (page) => this.#arrive({ range, page }),
      (error: unknown) => this.#arrive({ range, error }),
    );
  }

  #arrive(arrival: Arrival): void {
    this.#arrived.push(arrival);
    this.#wake();
  }

  async #next(): Promise<Arrival> {
    for (;;) {
      const arrival = this.#arrived.shift();
      if (arrival && !this.#open.has(arrival.range)) continue;
      if (arrival && this.#trial?.first === arrival.range) this.#held.push(arrival);
      else if (arrival) return arrival;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }

  #take(arrival: Arrival): Listing | undefined {
    const { range } = arrival;
    if (this.#trial?.second === range && !this.#passes(arrival)) return undefined;
    if ('error' in arrival) throw arrival.error;
    if (arrival.page.done) {
      this.#close(range);
      if (range.at === undefined && range.after !== undefined) this.#giveBack(range, range.after);
      return undefined;
    }
    const { entries, repeated, more, ordered } = arrival.page.value;
    const { after } = range;
    if (after !== undefined && range.at === undefined && entries.length > 0) this.#meet(after, { begun: entries });
    const mine = this.#cut(range, arrival.page.value);
    const met = entries[mine.length]?.id;
    if (range.until !== undefined && met !== undefined) this.#meet(range.until, { met });
    range.more = more;
    this.#listed++;
    if (mine.length < entries.length) this.#close(range);
    else this.#ask(range);
    this.#sample(range, mine);
    this.#cutRanges();
    return { entries: mine, repeated, more, ordered };
  }

  /** Ends the trial of ranges by the first page of a second one. Where it failed, the first range goes to the end by itself. */
  #passes(arrival: Arrival): boolean {
    const { first, second } = this.#trial ?? {};
    if (!first || !second) return true;
    const page = 'page' in arrival && !arrival.page.done ? arrival.page.value : undefined;
    const entries = page?.entries ?? [];
    const ordered = !('error' in arrival) && (!page || standsBehind(page, second.after));
    // Nothing behind a key may mean that there is nothing, or that the server doesn't know how to begin there.
    const works = ordered && entries.length > 0;
    this.#trial = undefined;
    this.#ranges = works ? 'work' : ordered ? 'untried' : 'refused';
    this.#arrived.unshift(...this.#held.splice(0));
    if (works) return true;
    first.until = second.until;
    this.#close(second);
    return false;
  }

  /** What of a page belongs to its range. As long as there is one range, any order is the server's own business. */
  #cut(range: Range, page: Listing): readonly Entry[] {
    const { entries } = page;
    const ordered = standsBehind(page, range.at ?? range.after);
    if (!ordered && this.#ranges === 'work') throw outOfRange();
    if (!ordered) this.#ranges = 'refused';
    const { until } = range;
    const last = entries.at(-1);
    if (until === undefined || !last || compareBytes(last.id, until) <= 0) return entries;
    return entries.filter(({ id }) => compareBytes(id, until) <= 0);
  }

  /** What one range leaves to the next must be there: on a server of another order it would be nobody's. */
  #meet(key: string, seen: { begun?: readonly Entry[]; met?: string }): void {
    const border = { ...this.#borders.get(key), ...seen };
    this.#borders.set(key, border);
    const { begun, met } = border;
    if (begun && met !== undefined && !begun.some(({ id }) => id === met)) throw outOfRange();
  }

  /** Where a range had nothing, the one before it goes on to its end. */
  #giveBack({ until }: Range, after: string): void {
    const before = [...this.#open].find((range) => range.until === after);
    if (before) before.until = until;
    else this.#meet(after, { begun: [] });
  }

  #close(range: Range): void {
    this.#open.delete(range);
    // Not awaited: how it ends no longer matters.
    void Promise.allSettled([range.items.return?.()]);
  }

  /** Keeps the ids of two pages: one page alone may lie in one folder, and says little of what comes behind it. */
  #sample(range: Range, entries: readonly Entry[]): void {
    const last = entries.at(-1)?.id;
    if (last === undefined) return;
    range.at = last;
    const step = Math.max(1, Math.floor(entries.length / 16));
    const ids = entries.filter((_, index) => index % step === 0).map(({ id }) => id);
    range.sample = [...range.sample.slice(-18), ...ids, last];
    range.sampled = Math.min(2, range.sampled + 1);
  }

  #cutRanges(): void {
    if (this.#ranges === 'refused' || this.#ranges === 'tried' || this.#asking) return;
    if (this.#cuts >= this.#cutsAllowed() || this.#open.size >= mostRanges) return;
    const [best] = [...this.#open]
      .map((range) => this.#placeToCut(range))
      .filter((cut) => cut !== undefined)
      .sort((a, b) => b.pages - a.pages);
    if (!best || best.pages < leastPages) return;
    this.#cuts++;
    const { range, key } = best;
    const unasked = this.#foldersIn(range).length === 0 ? this.#levelToAsk(range) : undefined;
    if (unasked !== undefined) this.#askForFolders(unasked);
    else if (key !== undefined) this.#cutAt(range, key);
    else this.#cuts--;
  }

  /** Each cut costs up to one request, so there are few as long as little was listed; more where folders say that there is more. */
  #cutsAllowed(): number {
    const pages = this.#listed;
    const many = Math.floor(pages / 8);
    if (this.#folders.length > 0) return Math.min(pages - 1, 8 + many);
    if (pages < 22) return Math.min(3, Math.floor(Math.log2(pages)));
    return 3 + Math.min(Math.floor((pages - 20) / 2), 4 + many);
  }

  #cutAt(range: Range, key: string): void {
    const second = this.#begin(key, range.until);
    range.until = key;
    if (this.#ranges === 'work') return;
    this.#ranges = 'tried';
    this.#trial = { first: range, second };
  }

  #placeToCut(range: Range): { range: Range; key: string | undefined; pages: number } | undefined {
    if (range.at === undefined || !range.more) return undefined;
    const between = this.#foldersIn(range);
    const guess = guessFrom(range.sample, { base: this.#base, pages: range.sampled, end: range.until });
    const pages = Math.max(this.#pagesLeft(range, guess), between.length > 0 ? leastPages + between.length : 0);
    const middle = between[Math.floor(between.length / 2)];
    // Never so far ahead that what was listed says nothing of it.
    const key = middle ?? guess?.ahead(Math.min((guess.remaining ?? Number.POSITIVE_INFINITY) / 2, 2 * this.#listed));
    return { range, key, pages };
  }

  /** No more is believed to be left in a range than half of what came already: keys may end long before their range does. */
  #pagesLeft({ until }: Range, guess: KeyGuess | undefined): number {
    const believed = Math.max(leastPages, this.#listed / 2);
    return until === undefined ? believed : Math.min(believed, guess?.remaining ?? 0);
  }

  #foldersIn({ at = '', until }: Range): readonly string[] {
    return this.#folders.filter(
      (id) => compareBytes(id, at) > 0 && (until === undefined || compareBytes(id, until) < 0),
    );
  }

  /** The outermost folder above the last key whose folders aren't known; not the one that the key itself lies in. */
  #levelToAsk({ at = '' }: Range): string | undefined {
    const levels = [this.#base];
    for (let end = at.indexOf('/', this.#base.length); end >= 0; end = at.indexOf('/', end + 1)) {
      levels.push(at.slice(0, end + 1));
    }
    return this.#asked.size >= mostAsked ? undefined : levels.slice(0, -1).find((level) => !this.#asked.has(level));
  }

  #askForFolders(level: string): void {
    const { client, place, signal } = this.#fanOut;
    const container = place.kind === 'container' ? place.id : place.kind === 'folder' ? place.container : undefined;
    const at: Place =
      level === this.#base ? place : { kind: 'folder', id: level, ...(container === undefined ? {} : { container }) };
    this.#asked.add(level);
    this.#asking = true;
    const learn = (entries: readonly Entry[]) => {
      const ids = entries.filter(({ kind, id }) => kind === 'folder' && id.startsWith(level)).map(({ id }) => id);
      this.#folders = [...this.#folders, ...ids].sort(compareBytes);
      this.#asking = false;
      this.#cutRanges();
    };
    client.list(at, {}, { signal: AbortSignal.any([signal, this.#ended.signal]) }).then(
      ({ entries }) => learn(entries),
      () => learn([]),
    );
  }
}

/** Whether a page is in order and behind an id. */
function standsBehind({ entries: [first], ordered }: Listing, after: string | undefined): boolean {
  return ordered && (after === undefined || !first || compareBytes(after, first.id) < 0);
}

async function* nothing(): AsyncGenerator<Page> {}

function outOfRange(): StorageError {
  return new StorageError(
    'unexpected',
    'The server listed something where it does not belong, so nothing was planned.',
    {
      hint: 'Try again, or select less at a time.',
    },
  );
}
