import { expect, test } from 'vitest';
import { parseTypedFile, parseTypedPath } from '../../../src/browse/typedPath.ts';

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

test.each([
  ['/', { kind: 'folder', id: '/' }, undefined],
  ['/data/', { kind: 'folder', id: '/data' }, undefined],
  [' /data/a b.txt ', { kind: 'folder', id: '/data/a b.txt' }, { id: '/data/a b.txt', name: 'a b.txt' }],
])('%j names a place in a tree of files', (typed, place, object) => {
  const meant = parseTypedFile(typed, (_, path) => path);
  expect(meant?.place).toEqual(place);
  if (object) expect(meant?.object).toMatchObject(object);
  else expect(meant?.object).toBeUndefined();
});

test.each(['', 'data/a', '//data', '/data//a', 'sftp://host/data'])('%j names none', (typed) => {
  expect(parseTypedFile(typed, (_, path) => path)).toBeUndefined();
});
