import { expect, test } from 'vitest';
import { parseTypedPath } from '../../../src/browse/typedPath.ts';

test.each([
  ['bucket', { kind: 'container', id: 'bucket' }],
  ['bucket/', { kind: 'container', id: 'bucket' }],
  ['s3://bucket', { kind: 'container', id: 'bucket' }],
  ['bucket/a', { kind: 'folder', container: 'bucket', id: 'a/' }],
  ['bucket/a/b/', { kind: 'folder', container: 'bucket', id: 'a/b/' }],
  ['s3://bucket/a//b', { kind: 'folder', container: 'bucket', id: 'a//b/' }],
  ['bucket//a', { kind: 'folder', container: 'bucket', id: '/a/' }],
  ['bucket/../a', { kind: 'folder', container: 'bucket', id: '../a/' }],
])('%s', (typed, place) => {
  expect(parseTypedPath(typed)?.place).toEqual(place);
});

test.each(['', ' ', '/', '/a', 's3:///a', 'https://example.com/foo'])('%j names no bucket', (typed) => {
  expect(parseTypedPath(typed)).toBeUndefined();
});

test('a path without a slash at its end may mean an object, with its name as it is', () => {
  expect(parseTypedPath('s3://bucket/a/../b ')?.object).toEqual({
    kind: 'object',
    container: 'bucket',
    id: 'a/../b',
    name: 'b',
    path: 'bucket/a/../b',
  });
  expect(parseTypedPath('bucket/a/')?.object).toBeUndefined();
  expect(parseTypedPath('bucket')?.object).toBeUndefined();
});
