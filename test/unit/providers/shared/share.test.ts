import { expect, test } from 'vitest';
import type { Entry } from '../../../../src/core/storageClient.ts';
import { longestShare, refuseToShare } from '../../../../src/providers/_shared/s3/share.ts';
import s3 from '../../../../src/providers/s3/provider.ts';

function entry(id: string, more: Partial<Entry> = {}): Entry {
  return { kind: 'object', container: 'bucket', id, name: id, path: `bucket/${id}`, ...more };
}

test.each(['.', '..', 'a/.', 'a/..', './a', '../a', 'a/./b', 'a/../b', '/..', '//./'])(
  'makes no link for what clients change on the way: %s',
  (key) => {
    expect(refuseToShare(entry(key), 60)).toMatchObject({ kind: 'unsupported', hint: expect.any(String) });
  },
);

// Clients leave these as they are: an empty segment, and an encoded dot that is encoded once more.
test.each(['...', '.hidden', 'a.', 'a//b', '/a', 'a/', '%2e%2e', 'a/%2E%2E/b', '. ', ' ', '..\\..', 'a?../b', '\n'])(
  'makes one for %j',
  (key) => {
    expect(refuseToShare(entry(key), 60)).toBeUndefined();
  },
);

test.each([
  ['nothing', entry('')],
  ['half a character', entry('half \ud83d')],
  ['a bucket whose name is dots', entry('a', { container: '..' })],
  ['a folder', entry('a/', { kind: 'folder' })],
  ['a bucket', entry('bucket', { kind: 'container' })],
  ['an upload', entry('a', { kind: 'upload' })],
  ['a delete marker', entry('a', { version: { id: '1', latest: true, marker: true } })],
])('makes no link for %s', (_, meant) => {
  expect(refuseToShare(meant, 60)?.kind).toBe('unsupported');
});

test('keeps to the lifetime that the provider declares', () => {
  expect(s3.limits.share).toBe(longestShare);
  expect(refuseToShare(entry('a'), longestShare)).toBeUndefined();
  for (const seconds of [0, -1, 1.5, Number.NaN, longestShare + 1]) {
    expect(refuseToShare(entry('a'), seconds)?.kind).toBe('unsupported');
  }
});
