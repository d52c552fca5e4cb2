import { StorageError } from '../core/errors.ts';
import {
  type Call,
  type Entry,
  identityOf,
  type Page,
  type Place,
  placeOf,
  type StorageClient,
  type WalkQuery,
} from '../core/storageClient.ts';
import { compareBytes, isOrdered } from './byteOrder.ts';
import { listInRanges } from './fanOut.ts';
import type { ProviderFacts } from './removal.ts';
import { itemsUntilAborted } from './waiting.ts';

export interface Listing {
  /** What a page brought that no page before it had, as far as two pages tell. */
  readonly entries: readonly Entry[];
  /** How many entries of it were there already. */
  readonly repeated: number;
  /** Whether the server says that there is more. */
  readonly more: boolean;
  /** Whether each id of them stands behind the one before it, in the order of their bytes. */
  readonly ordered: boolean;
}

/**
 * Everything below a place, page by page, a folder before what is in it; of a backend with 'ranges', pages may come in any
 * order. Ends at once when the signal is aborted.
 * Fails with 'unexpected' when the server's pages go round in a circle: such a listing is no ground to delete on.
 */
export async function* listEverything(
  client: StorageClient,
  place: Place,
  { capabilities }: Pick<ProviderFacts, 'capabilities'>,
  query: WalkQuery,
  signal: AbortSignal,
): AsyncGenerator<Listing> {
  const call: Call = { signal };
  const walks = capabilities.has('walk');
  if (walks && capabilities.has('ranges') && !disorderly.has(client) && !query.versions && query.id === undefined) {
    try {
      return yield* listInRanges({ client, place, trusted: withoutRepeats, signal });
    } catch (error) {
      if (error instanceof StorageError && error.kind === 'unexpected') disorderly.add(client);
      throw error;
    }
  }
  const pages = walks && client.walk ? client.walk(place, query, call) : descend(client, place, query, call);
  yield* withoutRepeats(pages, signal);
}

/** Clients of servers that keep another order: listed one page after the other when it is tried again. */
const disorderly = new WeakSet<StorageClient>();

/** The unfinished uploads below a place, page by page; trusted as little as any listing. */
export function listUploads(client: StorageClient, place: Place, signal: AbortSignal): AsyncGenerator<Listing> {
  return withoutRepeats(uploadPages(client, place, { signal }), signal);
}

async function* withoutRepeats(pages: AsyncIterable<Page>, signal: AbortSignal): AsyncGenerator<Listing> {
  const lastSeen = createLoopGuard();
  let previous: Seen = { entries: [], ordered: true };
  let cursor: string | undefined;
  for await (const page of itemsUntilAborted(pages, signal)) {
    const current = { entries: page.entries, ordered: isOrdered(page.entries) };
    const entries = fresh(current, previous);
    const last = page.entries.at(-1);
    if (last) lastSeen(identityOf(last));
    else if (page.cursor !== undefined && page.cursor === cursor) throw goesInCircles();
    cursor = page.cursor;
    previous = current;
    const ordered = entries === page.entries ? current.ordered : isOrdered(entries);
    yield { entries, repeated: page.entries.length - entries.length, more: cursor !== undefined, ordered };
  }
}

interface Seen {
  readonly entries: readonly Entry[];
  readonly ordered: boolean;
}

/** What a page brings that neither it nor the page before it had already. */
function fresh(page: Seen, before: Seen): readonly Entry[] {
  const first = page.entries[0];
  const last = before.entries.at(-1);
  const isBehind = !first || !last || compareBytes(last.id, first.id) < 0;
  // In a page in order, behind one in order, nothing stands twice.
  if (isBehind && page.ordered && before.ordered) return page.entries;
  const seen = new Set(before.entries.map(identityOf));
  return page.entries.filter((entry) => {
    const identity = identityOf(entry);
    const isFresh = !seen.has(identity);
    seen.add(identity);
    return isFresh;
  });
}

/** Walks a backend that lists one folder at a time. */
async function* descend(
  client: StorageClient,
  place: Place,
  { versions = false }: WalkQuery,
  call: Call,
): AsyncGenerator<Page> {
  const waiting = [place];
  for (let at = waiting.pop(); at; at = waiting.pop()) {
    const place = at;
    for await (const page of pagesOf((query) => client.list(place, { ...query, versions }, call))) {
      yield page;
      for (const entry of page.entries) {
        const below = placeOf(entry);
        if (below) waiting.push(below);
      }
    }
  }
}

async function* uploadPages(client: StorageClient, place: Place, call: Call): AsyncGenerator<Page> {
  yield* pagesOf(async (query) => (await client.uploads?.(place, query, call)) ?? { entries: [] });
}

async function* pagesOf(fetchPage: (query: { cursor?: string }) => Promise<Page>): AsyncGenerator<Page> {
  const cursorSeen = createLoopGuard();
  let cursor: string | undefined;
  do {
    const page = await fetchPage(cursor === undefined ? {} : { cursor });
    yield page;
    cursor = page.cursor;
    if (cursor !== undefined) cursorSeen(cursor);
  } while (cursor !== undefined);
}

/** Finds any circle in a sequence while remembering a single mark of it (Brent 1980). */
function createLoopGuard(): (mark: string) => void {
  let remembered: string | undefined;
  let steps = 0;
  let renewAt = 1;
  return (mark) => {
    if (mark === remembered) throw goesInCircles();
    if (++steps < renewAt) return;
    remembered = mark;
    steps = 0;
    renewAt *= 2;
  };
}

function goesInCircles(): StorageError {
  return new StorageError('unexpected', 'The server lists the same things again and again, so nothing was planned.', {
    hint: 'Try again, or select less at a time.',
  });
}
