import { expect, test } from 'vitest';
import { Listing, rowLimit } from '../../../src/browse/listing.ts';
import { StorageError } from '../../../src/core/errors.ts';
import type { Entry, ListQuery, Page } from '../../../src/core/storageClient.ts';

function entries(count: number, from = 0): Entry[] {
  return Array.from({ length: count }, (_, n) => ({
    kind: 'object',
    id: `${from + n}`,
    name: `${from + n}`,
    path: `b/${from + n}`,
  }));
}

/** Answers with pages of 1,000 and notes what it was asked. */
function pagesOf(total: number) {
  const asked: ListQuery[] = [];
  const fetchPage = async (query: ListQuery): Promise<Page> => {
    asked.push(query);
    const from = Number(query.cursor ?? 0);
    const to = Math.min(from + 1000, total);
    return { entries: entries(to - from, from), ...(to < total ? { cursor: String(to) } : {}) };
  };
  return { asked, fetchPage };
}

test('loads one page first and appends the next on request', async () => {
  const { asked, fetchPage } = pagesOf(1500);
  const listing = new Listing(fetchPage, '');
  expect(await listing.load()).toMatchObject({ more: 'loadable', entries: { length: 1000 } });
  expect(await listing.loadMore()).toMatchObject({ more: 'none', entries: { length: 1500 } });
  expect(asked).toEqual([{}, { cursor: '1000' }]);
});

test('looking again asks nothing', async () => {
  const { asked, fetchPage } = pagesOf(10);
  const listing = new Listing(fetchPage, '');
  await listing.load();
  await listing.load();
  await listing.loadMore();
  expect(asked).toHaveLength(1);
});

test('a double click loads a page once', async () => {
  const { asked, fetchPage } = pagesOf(3000);
  const listing = new Listing(fetchPage, '');
  await listing.load();
  await Promise.all([listing.loadMore(), listing.loadMore()]);
  expect(asked).toHaveLength(2);
  expect((await listing.load()).entries).toHaveLength(2000);
});

test('stops at the row limit and says so', async () => {
  const { asked, fetchPage } = pagesOf(rowLimit * 2);
  const listing = new Listing(fetchPage, '');
  for (let page = 0; page < 8; page++) await listing.loadMore();
  expect(await listing.load()).toMatchObject({ more: 'full', entries: { length: rowLimit } });
  expect(asked).toHaveLength(rowLimit / 1000);
});

test('asks the server for the prefix', async () => {
  const { asked, fetchPage } = pagesOf(1500);
  const listing = new Listing(fetchPage, 'ab');
  await listing.load();
  await listing.loadMore();
  expect(asked).toEqual([{ prefix: 'ab' }, { prefix: 'ab', cursor: '1000' }]);
});

test('a failed page keeps what was there, and can be tried again', async () => {
  const { fetchPage } = pagesOf(1500);
  let broken = true;
  const listing = new Listing(async (query) => {
    if (query.cursor !== undefined && broken) throw new StorageError('unreachable', 'Gone.');
    return await fetchPage(query);
  }, '');
  await listing.load();
  expect(await listing.loadMore()).toMatchObject({ entries: { length: 1000 }, error: { kind: 'unreachable' } });
  broken = false;
  const repaired = await listing.loadMore();
  expect(repaired.entries).toHaveLength(1500);
  expect(repaired.error).toBeUndefined();
});

test('what the server lists twice, in a page or in two, stands there once', async () => {
  const [a, b, c] = entries(3) as [Entry, Entry, Entry];
  const pages: Page[] = [{ entries: [a, a, b], cursor: '1' }, { entries: [b, c] }];
  const listing = new Listing(async ({ cursor }) => pages[Number(cursor ?? 0)] ?? { entries: [] }, '');
  await listing.load();
  expect((await listing.loadMore()).entries).toEqual([a, b, c]);
});
