import { describe, expect, it } from 'vitest';
import { pathFolders } from '../../../../src/core/provider.ts';
import type { Entry } from '../../../../src/core/storageClient.ts';
import {
  fileEntry,
  folderPage,
  parentOf,
  pathIn,
  refuseFile,
  walkFolders,
} from '../../../../src/providers/_shared/files.ts';

const file = (path: string) => fileEntry('object', path);
const folder = (path: string) => fileEntry('folder', path);

describe('paths', () => {
  it('lead down and up again', () => {
    expect([pathIn('/', 'a'), pathIn('/a', ' b')]).toEqual(['/a', '/a/ b']);
    expect([parentOf('/a'), parentOf('/a/b')]).toEqual(['/', '/a']);
  });

  it('tell what lies in a folder from what only begins alike', () => {
    const holds = (outer: string, inner: string) => pathFolders.contains?.(folder(outer), file(inner));
    expect([holds('/a', '/a/b'), holds('/', '/a'), holds('/a/', '/a/b')]).toEqual([true, true, true]);
    expect([holds('/a', '/ab'), holds('/a', '/a'), holds('/a/b', '/a')]).toEqual([false, false, false]);
  });
});

describe('a page of a folder', () => {
  const entries = ['b', 'a', 'c', 'ab'].map((name) => file(`/${name}`));
  const names = ({ entries }: { entries: readonly Entry[] }) => entries.map(({ name }) => name);

  it('goes by name, from the cursor on, and ends', () => {
    const first = folderPage(entries, { limit: 3 });
    expect([names(first), first.cursor]).toEqual([['a', 'ab', 'b'], 'b']);
    const next = folderPage(entries, { limit: 3, cursor: 'b' });
    expect([names(next), next.cursor]).toEqual([['c'], undefined]);
  });

  it('has only what begins as asked', () => {
    expect(names(folderPage(entries, { prefix: 'a' }))).toEqual(['a', 'ab']);
  });
});

describe('walking a tree', () => {
  const tree: Readonly<Record<string, readonly Entry[]>> = {
    '/': [folder('/a'), folder('/b'), file('/f')],
    '/a': [folder('/a/deep'), file('/a/f')],
    '/a/deep': [file('/a/deep/f')],
    '/b': [],
  };

  it('brings each folder before what is in it, a few at once and no more', async () => {
    let [running, most] = [0, 0];
    const list = async (path: string) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 2));
      running--;
      return tree[path] ?? expect.unreachable(path);
    };
    const seen: string[] = [];
    for await (const { entries } of walkFolders('/', list, 2)) seen.push(...entries.map(({ id }) => id));
    expect(seen.toSorted()).toEqual(['/a', '/a/deep', '/a/deep/f', '/a/f', '/b', '/f']);
    expect(seen.indexOf('/a/deep')).toBeGreaterThan(seen.indexOf('/a'));
    expect(seen.indexOf('/a/deep/f')).toBeGreaterThan(seen.indexOf('/a/deep'));
    expect(most).toBe(2);
  });

  it('fails as a whole when one folder can not be listed', async () => {
    const list = async (path: string) => {
      if (path === '/b') throw new Error('no');
      return tree[path] ?? [];
    };
    const walk = async () => {
      for await (const _ of walkFolders('/', list, 4));
    };
    await expect(walk()).rejects.toThrow('no');
  });
});

describe('what must not be asked of a server', () => {
  const refusal = (entry: Entry, base = '/base') => refuseFile(entry, base, ['object', 'folder'])?.kind;

  it('is nothing that lies under the base', () => {
    expect(refusal(file('/base/a b/%2e%2e/\u00e9'))).toBeUndefined();
    expect(refusal(file('/a'), '/')).toBeUndefined();
  });

  it.each([
    ['the parent', file('/base/..'), 'unsupported'],
    ['a way through the parent', file('/base/../etc/passwd'), 'unsupported'],
    ['the folder itself by a dot', file('/base/.'), 'unsupported'],
    ['a path with a part of nothing', file('/base//a'), 'unsupported'],
    ['a path with a slash at its end', folder('/base/a/'), 'unsupported'],
    ['a relative path', file('base/a'), 'unsupported'],
    ['a zero byte', file('/base/a\0b'), 'unsupported'],
    ['half a character', file('/base/\ud83d'), 'unsupported'],
    ['what begins like the base', file('/base-too/a'), 'forbidden'],
    ['the base', folder('/base'), 'forbidden'],
    ['another version', { ...file('/base/a'), version: { id: '1', latest: true, marker: false } }, 'unsupported'],
    ['what lies in a container', { ...file('/base/a'), container: 'c' }, 'unsupported'],
  ])('is %s', (_, entry, kind) => {
    expect(refusal(entry)).toBe(kind);
  });
});
