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
  expect(parseTypedPath(typed)).toEqual(place);
});

test.each(['', ' ', '/', '/a', 's3:///a'])('%j names no bucket', (typed) => {
  expect(parseTypedPath(typed)).toBeUndefined();
});
