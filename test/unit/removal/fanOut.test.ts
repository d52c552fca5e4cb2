import { expect, test } from 'vitest';
import { StorageError } from '../../../src/core/errors.ts';
import type { Entry, Page, Place, WalkQuery } from '../../../src/core/storageClient.ts';
import { compareBytes } from '../../../src/removal/byteOrder.ts';
import { readManifest } from '../../../src/removal/manifest.ts';
import type { Removal } from '../../../src/removal/removal.ts';
import { manifestFile } from '../../../src/removal/removalFolder.ts';
import { collect, container, facts, fakeClient, folder, object, plan, seededRandom } from './fakeStorage.ts';

const rangesFacts = { ...facts(), capabilities: new Set([...facts().capabilities, 'ranges' as const]) };
const size = 10;

interface Bucket {
  readonly keys: readonly string[];
  /** Whether it knows `after`. */
  readonly deaf?: boolean;
  /** Done before each page is answered. */
  readonly before?: (asked: { after: string | undefined; page: number }, signal: AbortSignal) => Promise<void> | void;
  readonly change?: (entries: readonly Entry[], asked: { after: string | undefined; page: number }) => readonly Entry[];
}

/** A bucket that begins behind any key, and what was asked of it. */
function bucket({ keys, deaf = false, before, change = (entries) => entries }: Bucket) {
  const sorted = keys.toSorted(compareBytes);
  const seen = { requests: 0, underWay: 0, most: 0, ended: 0 };
  const answer = async <T>(give: () => T | Promise<T>): Promise<T> => {
    seen.requests++;
    seen.most = Math.max(seen.most, ++seen.underWay);
    try {
      // As a server's answers, it comes later than whatever waits here already.
      await new Promise((resolve) => setTimeout(resolve, 1));
      return await give();
    } finally {
      seen.underWay--;
    }
  };
  async function* walk(place: Place, query: WalkQuery, signal: AbortSignal): AsyncGenerator<Page> {
    const prefix = place.kind === 'folder' ? place.id : '';
    const after = deaf ? undefined : query.after;
    const inside = sorted.filter((id) => id.startsWith(prefix) && (after === undefined || compareBytes(id, after) > 0));
    try {
      for (let page = 0, at = 0; page === 0 || at < inside.length; page++, at += size) {
        yield await answer(async () => {
          const asked = { after: query.after, page };
          await before?.(asked, signal);
          const entries = change(
            inside.slice(at, at + size).map((id) => object(id)),
            asked,
          );
          return { entries, ...(at + size < inside.length ? { cursor: `${at + size}` } : {}) };
        });
      }
    } finally {
      seen.ended++;
    }
  }
  const client = fakeClient({
    list: (place) =>
      answer(() => {
        const prefix = place.kind === 'folder' ? place.id : '';
        const ids = sorted.filter((id) => id.startsWith(prefix) && id.includes('/', prefix.length));
        const folders = new Set(ids.map((id) => id.slice(0, id.indexOf('/', prefix.length) + 1)));
        return { entries: [...folders].slice(0, size).map((id) => folder(id)) };
      }),
  });
  client.walk = (place, query, { signal }) => walk(place, query, signal);
  return { client, seen };
}

function planIn(given: Bucket, more: { signal?: AbortSignal; selection?: readonly Entry[] } = {}) {
  const { client, seen } = bucket(given);
  const { selection = [container], ...rest } = more;
  return { planned: plan(client, selection, { provider: rangesFacts, ...rest }), seen };
}

async function idsIn({ folder: at, plan: { manifest } }: Removal): Promise<string[]> {
  return (await collect(readManifest(manifestFile(at), manifest))).map(({ id }) => id);
}

const numbered = (count: number, prefix = 'k') =>
  Array.from({ length: count }, (_, index) => `${prefix}${String(index).padStart(5, '0')}`);

/** Keys of one of many shapes: numbers, hashes, folders in folders, characters of all lengths. */
function randomKeys(random: () => number): readonly string[] {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const alphabets = ['0123456789', '0123456789abcdef', 'ab', 'AZaz09-_.', 'aé￿\u{10000}😀', '/ab', '\u0000 ~'];
  const folders = Array.from(
    { length: 1 + Math.floor(random() * 12) },
    () => `${pick(['a', 'run-', '2026/', 'é'])}${Math.floor(random() * 90)}/`,
  );
  const alphabet = [...pick(alphabets)];
  const nested = random() < 0.5;
  const length = 1 + Math.floor(random() * 8);
  const one = () => {
    const name = Array.from({ length: 1 + Math.floor(random() * length) }, () => pick(alphabet)).join('');
    return nested ? `${pick(folders)}${name}` : name;
  };
  return [...new Set(Array.from({ length: Math.floor(random() * 900) }, one))];
}

test.each(Array.from({ length: 25 }, (_, seed) => seed))(
  'every key is planned once, whatever keys there are: %i',
  async (seed) => {
    const random = seededRandom(seed);
    const keys = randomKeys(random);
    const slow = new Set(keys.filter(() => random() < 0.02));
    const { planned, seen } = planIn({
      keys,
      before: async ({ after = '' }) => {
        for (let turns = slow.has(after) ? 20 : Math.floor(random() * 4); turns > 0; turns--) await null;
      },
    });
    expect((await idsIn(await planned)).sort(compareBytes)).toEqual(keys.toSorted(compareBytes));
    const sequential = Math.max(1, Math.ceil(keys.length / size));
    expect(seen.requests).toBeLessThanOrEqual(sequential + 8 + Math.ceil(sequential / 4));
    expect(seen.most).toBeLessThanOrEqual(9);
  },
);

test('a small listing costs what it did, a moderate flat one three requests more at most', async () => {
  for (const [pages, more] of [
    [1, 0],
    [2, 0],
    [3, 1],
    [8, 2],
    [20, 3],
  ] as const) {
    const { planned, seen } = planIn({ keys: numbered(pages * size) });
    expect((await planned).plan.counts.objects).toBe(pages * size);
    expect(seen.requests).toBeLessThanOrEqual(pages + more);
  }
});

test('a large listing is walked in many ranges at once, flat or in folders', async () => {
  const flat = planIn({ keys: numbered(200 * size) });
  expect((await flat.planned).plan.counts.objects).toBe(200 * size);
  expect(flat.seen.most).toBe(8);
  const folders = numbered(20, 'f').flatMap((name) => numbered(10 * size, `${name}/`));
  const nested = planIn({ keys: folders });
  expect((await nested.planned).plan.counts.objects).toBe(200 * size);
  expect(nested.seen.most).toBeGreaterThanOrEqual(8);
});

test('a folder that was selected is walked in ranges of its own', async () => {
  const keys = [...numbered(300, 'a/'), ...numbered(300, 'b/x/'), ...numbered(300, 'b/y/'), ...numbered(300, 'c/')];
  const { planned } = planIn({ keys }, { selection: [folder('b/')] });
  expect((await idsIn(await planned)).sort()).toEqual(keys.filter((id) => id.startsWith('b/')));
});

test('a server that does not know where to begin is listed one page after the other', async () => {
  const keys = numbered(400);
  const { planned, seen } = planIn({ keys, deaf: true });
  expect(await idsIn(await planned)).toEqual(keys);
  expect(seen.requests).toBe(41);
});

test('so is one that refuses to begin there', async () => {
  const keys = numbered(400);
  const refuse = ({ after }: { after: string | undefined }) => {
    if (after !== undefined) throw new StorageError('unsupported', 'Not implemented.');
  };
  const { planned } = planIn({ keys, before: refuse });
  expect(await idsIn(await planned)).toEqual(keys);
});

test('so is one that keeps another order', async () => {
  const keys = numbered(400);
  const { planned, seen } = planIn({ keys, change: (entries) => entries.toReversed() });
  expect((await idsIn(await planned)).sort()).toEqual(keys);
  expect(seen.requests).toBe(40);
});

test.each(['k00003', 'k00999'])('a range that brings what lies elsewhere ends the plan: %s', async (stray) => {
  const { planned } = planIn({
    keys: numbered(2000),
    change: (entries, { after, page }) => (after !== undefined && page === 1 ? [object(stray), ...entries] : entries),
  });
  await expect(planned).rejects.toMatchObject({
    kind: 'unexpected',
    message: expect.stringContaining('does not belong'),
  });
});

test('an error of one range ends the plan and all the others', async () => {
  const { planned, seen } = planIn({
    keys: numbered(2000),
    before: ({ after, page }) => {
      if (after !== undefined && page === 2) throw new StorageError('forbidden', 'No more.');
    },
  });
  await expect(planned).rejects.toMatchObject({ kind: 'forbidden' });
  const { requests } = seen;
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(seen.requests).toBe(requests);
});

test('a server that lists in circles behind a key is found out', async () => {
  const { planned } = planIn({
    keys: numbered(1000),
    change: (entries, { after, page }) =>
      after !== undefined && page > 0 ? numbered(size, 'k0').map((id) => object(id)) : entries,
  });
  await expect(planned).rejects.toMatchObject({ kind: 'unexpected' });
});

test('cancelling ends all ranges at once, also those that never answer', async () => {
  const controller = new AbortController();
  let asked = 0;
  const { planned } = planIn(
    {
      keys: numbered(2000),
      before: async () => {
        if (++asked > 60) await new Promise(() => {});
      },
    },
    { signal: controller.signal },
  );
  setTimeout(() => controller.abort(), 50);
  await expect(planned).rejects.toMatchObject({ kind: 'cancelled' });
  const before = asked;
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(asked).toBe(before);
});

test('what the server lists twice in a row is planned once, in any range', async () => {
  const keys = numbered(1000);
  const { planned } = planIn({
    keys,
    change: (entries) => entries.flatMap((entry, index) => (index === 4 ? [entry, entry] : [entry])),
  });
  const removal = await planned;
  expect((await idsIn(removal)).sort()).toEqual(keys);
  expect(removal.plan.notices.join()).toContain('counted once');
});
