import { describe, expect, test } from 'vitest';
import {
  depthIn,
  partsOf,
  pathOfReference,
  refuseWebPath,
  webEntry,
} from '../../../../src/providers/_shared/webPaths.ts';
import { refuseWebUrl, webUrl } from '../../../../src/providers/_shared/webUrl.ts';

const server = new URL('https://cloud.example.com:8443');

describe('references in the answers of a web server', () => {
  test.each([
    ['/a/b%20c', '/a/b%20c'],
    ['/a//b', '/a//b'],
    ['/a/../b', '/a/../b'],
    ['https://cloud.example.com:8443/a', '/a'],
    ['HTTPS://CLOUD.example.com:8443/a%2fB', '/a%2fB'],
    ['//cloud.example.com:8443/a', '/a'],
    ['https://cloud.example.com:8443', '/'],
    ['/käse & co', '/k%C3%A4se%20&%20co'],
  ])('reads %s as the path that stands there', (reference, path) => {
    expect(pathOfReference(reference, server)).toBe(path);
  });

  test.each([
    'https://cloud.example.com/a',
    'http://cloud.example.com:8443/a',
    'https://elsewhere.example.com:8443/a',
    '//elsewhere.example.com/a',
    'https://cloud.example.com:8443@elsewhere.example.com/a',
    'https://user@cloud.example.com:8443/a',
    'javascript:alert(1)',
    '/a?b',
    '/a#b',
    '\\\\elsewhere\\a',
    'a',
    '',
  ])('follows none that leads elsewhere: %s', (reference) => {
    expect(pathOfReference(reference, server)).toBeUndefined();
  });

  test.each([
    '/a/../b',
    '/a/%2e%2E/b',
    '/a/./b',
    '/a/.%2e',
    '/a//b',
    '/a%2fb',
    '/a%00',
    '/a%',
    '/a%zz',
    'a',
    '/a b',
    '/ä',
    '//',
  ])('finds no parts in a path that may mean another: %s', (path) => {
    expect(partsOf(path)).toBeUndefined();
  });

  test('compares paths by what they mean, however they are written', () => {
    expect(partsOf('/%7Euser/%61')).toEqual(partsOf('/~user/a/'));
    expect(depthIn(partsOf('/a/') ?? [], partsOf('/a/b/c') ?? [])).toBe(2);
    expect(depthIn(partsOf('/a') ?? [], partsOf('/ab') ?? [])).toBeUndefined();
    expect(depthIn(partsOf('/') ?? [], partsOf('/a') ?? [])).toBe(1);
  });

  test('shows names decoded, and bytes that are no UTF-8', () => {
    expect(webEntry('folder', '/a/k%C3%A4se%2520/')).toMatchObject({
      id: '/a/k%C3%A4se%2520/',
      name: 'käse%20',
      path: '/a/käse%20/',
    });
    expect(webEntry('object', '/a/bad%ff%C3%A4').name).toBe('bad\\xff\\xc3\\xa4');
  });

  test('deletes nothing but one thing below the folder of the credential', () => {
    const kindOf = (kind: 'folder' | 'object', id: string) => refuseWebPath(webEntry(kind, id), '/base/')?.kind;
    expect(kindOf('object', '/base/a')).toBeUndefined();
    expect(kindOf('folder', '/base/a/')).toBeUndefined();
    expect(kindOf('object', '/base/a/')).toBe('unsupported');
    expect(kindOf('folder', '/base/a')).toBe('unsupported');
    expect(kindOf('folder', '/base/')).toBe('forbidden');
    expect(kindOf('object', '/other/a')).toBe('forbidden');
    expect(kindOf('folder', '/base/a/..%2f/')).toBe('unsupported');
    expect(kindOf('folder', '/base/a/../')).toBe('unsupported');
  });

  test('takes the URL of a folder, and nothing with more in it', () => {
    expect(webUrl('https://example.com/dav')?.href).toBe('https://example.com/dav/');
    expect(webUrl('HTTP://example.com')?.href).toBe('http://example.com/');
    for (const wrong of [
      'example.com',
      'ftp://example.com/',
      'https://',
      'https://u:p@example.com/',
      'https://example.com/?a',
      'https://example.com/#a',
    ]) {
      expect(webUrl(wrong), wrong).toBeUndefined();
      expect(refuseWebUrl(wrong), wrong).toMatch(/^Enter/);
    }
  });
});
