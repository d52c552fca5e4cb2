import { describe, expect, it } from 'vitest';
import { holds, itemOf, readTrace, type TrashItem } from '../../../../src/providers/webdav/trash.ts';

const item = (facts: Partial<TrashItem> = {}): TrashItem => ({
  ...{ path: '/trash/a.d1000', location: 'folder/a', folder: false, size: 3, deleted: 1000, fileId: undefined },
  ...facts,
});
const wanted = (trace: object = { at: 1000 }, size = 3) => ({ location: '/folder/a', folder: false, size, trace });

describe('the item of a deletion', () => {
  it.each<[string, Partial<TrashItem>]>([
    ['another place', { location: 'folder/b' }],
    ['a folder', { folder: true }],
    ['another size', { size: 4 }],
    ['a later deletion', { deleted: 1003 }],
    ['an earlier deletion', { deleted: 900 }],
  ])('is none of %s', (_, facts) => {
    expect(itemOf([item(facts)], wanted())).toBeUndefined();
  });

  it('is told only where there is one that the deletion can have made', () => {
    const [ancient, own, later] = [item({ deleted: 10 }), item({ deleted: 999 }), item({ deleted: 1060 })];
    expect(itemOf([later, ancient, own], wanted())).toBe(own);
    expect(itemOf([own, item({ deleted: 1001 })], wanted())).toBe('several');
    expect(itemOf([item({ deleted: 930 }), own], wanted())).toBe('several');
  });

  it('is never told by its name alone', () => {
    expect(itemOf([item()], wanted({}))).toBe('several');
    expect(itemOf([], wanted({}))).toBeUndefined();
    const own = item({ fileId: '7' });
    expect(itemOf([item({ deleted: 5 }), own], wanted({ fileId: '7' }))).toBe(own);
    expect(itemOf([item({ fileId: '8' })], wanted({ fileId: '7' }))).toBeUndefined();
    expect(itemOf([item()], wanted({ fileId: '7' }))).toBe('several');
  });

  it('was deleted while its deletion was under way, where that was never answered', () => {
    const unanswered = { ...wanted({}), within: [1000_500, 1060_000] as const };
    const [before, first, last, after] = [999, 1000, 1060, 1061].map((deleted) => item({ deleted }));
    const told = (...items: readonly (TrashItem | undefined)[]) =>
      itemOf(
        items.filter((each) => each !== undefined),
        unanswered,
      );
    expect(told(before, after, item({ deleted: undefined }))).toBeUndefined();
    expect(told(before, first, after)).toBe(first);
    expect(told(before, last, after)).toBe(last);
    expect(told(first, last)).toBe('several');
  });

  it('has the id that a folder had, however long its deletion took', () => {
    const folder = { location: '/whole', folder: true, trace: { at: 1000, tree: '/dav/whole/', fileId: '7' } };
    const own = item({ location: 'whole', folder: true, size: undefined, fileId: '7', deleted: 200 });
    const other = { ...own, fileId: '8', deleted: 999 };
    expect(itemOf([other, own], folder)).toBe(own);
    expect(itemOf([{ ...own, deleted: 50 }], folder)).toBeUndefined();
  });

  it('is where it was, whatever slashes and dots a server writes', () => {
    expect(itemOf([item({ location: 'folder/a' })], { ...wanted(), location: './folder//a' })).toBeDefined();
  });
});

it('knows what lies in a folder, and in none whose name only begins so', () => {
  const folder = item({ location: 'folder', folder: true });
  expect(holds(folder, '/folder/a')).toBe(true);
  expect(holds(folder, '/folder-2/a')).toBe(false);
  expect(holds({ ...folder, folder: false }, '/folder/a')).toBe(false);
});

it('reads no trace from what is none', () => {
  for (const trace of [undefined, '', 'null', '[1]', 'a version'])
    expect(itemOf([], { ...wanted(readTrace(trace)) })).toBeUndefined();
});
