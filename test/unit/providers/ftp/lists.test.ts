import { describe, expect, test } from 'vitest';
import { parseList, parseMlsd, parseTime, UnreadableLine } from '../../../../src/providers/ftp/lists.ts';

const now = Date.UTC(2026, 10, 28, 12);
const lines = (...all: string[]) => all.map((line) => `${line}\r\n`).join('');
const list = (...all: string[]) => parseList(lines(...all), now).all;
const mlsd = (...all: string[]) => parseMlsd(lines(...all)).all;

describe('MLSD', () => {
  test('says kind, size, time and permissions, and what the folder itself is', () => {
    const text = lines(
      'modify=20261128061935;perm=flcdmpe;type=cdir;unique=802U10;UNIX.mode=0755; .',
      'modify=20261128061935;perm=fle;type=pdir;unique=802UF; ..',
      'modify=20261128061935.5;perm=adfrw;size=12;type=file;UNIX.mode=0644;UNIX.owner=0;UNIX.ownername=ann; a.txt',
      'type=dir;perm=; sub',
    );
    expect(parseMlsd(text)).toEqual({
      all: [
        {
          name: 'a.txt',
          kind: 'file',
          size: 12,
          modified: Date.UTC(2026, 10, 28, 6, 19, 35, 500),
          perm: 'adfrw',
          mode: '0644',
          owner: 'ann',
        },
        { name: 'sub', kind: 'folder' },
      ],
      self: { modified: Date.UTC(2026, 10, 28, 6, 19, 35), perm: 'flcdmpe', mode: '0755' },
      selfId: '802U10',
      parentId: '802UF',
    });
  });

  test.each([
    ' lead',
    'trail ',
    '  ',
    'a; b',
    'x=1; y',
    'a=b;c d',
    'x -> y',
    '[g]*',
    '007',
    'é',
    'type=dir; z',
    '-rw-r--r-- 1 a b 5 Nov 28 06:24 x',
  ])('keeps the name %j', (name) => {
    expect(mlsd(`Type=file;Size=1; ${name}`)).toEqual([{ name, kind: 'file', size: 1 }]);
  });

  test.each([
    ['OS.unix=symlink', { kind: 'link' }],
    ['OS.unix=slink:/a/b c', { kind: 'link', leadsTo: '/a/b c' }],
    ['OS.unix=slink:', { kind: 'link' }],
    ['OS.unix=chr-1/2', { kind: 'other' }],
    ['DIR', { kind: 'folder' }],
  ])('takes the type %s for what it is', (type, kind) => {
    expect(mlsd(`type=${type};modify=bad; name`)).toEqual([{ name: 'name', ...kind }]);
  });

  test.each([
    ['no facts', 'only a name'],
    ['no type', 'size=1; a'],
    ['no name', 'type=file; '],
    ['a target that ends the facts', 'type=OS.unix=slink:/a; victim;size=1; link'],
    ['a carriage return in the name', 'type=file; a\rb'],
  ])('refuses a line with %s', (_, line) => {
    expect(() => mlsd('type=file; good', line)).toThrow(UnreadableLine);
  });

  test('refuses a line feed in a name, and a listing that is cut off', () => {
    expect(() => parseMlsd('type=file; a\nb\r\n')).toThrow(UnreadableLine);
    expect(() => parseMlsd('type=file; a\ntype=file; victim\r\n')).toThrow(UnreadableLine);
    expect(() => parseMlsd('type=file; a\r\ntype=file; b')).toThrow(UnreadableLine);
    expect(parseMlsd('type=file; a\ntype=file; b\n').all).toHaveLength(2);
    expect(parseMlsd('')).toEqual({ all: [] });
  });
});

describe('LIST of Unix', () => {
  const facts = { mode: '-rw-r--r--', owner: 'ann', group: 'staff', size: 5, kind: 'file' };

  test.each([
    ['-rw-r--r--    1 ann staff            5 Nov 28 06:24 ', Date.UTC(2026, 10, 28, 6, 24)],
    ['-rw-r--r--    1 ann staff            5 Dec 24 06:24 ', Date.UTC(2025, 11, 24, 6, 24)],
    ['-rw-r--r--    1 ann staff            5 Feb  3  2019 ', Date.UTC(2019, 1, 3)],
    ['-rw-r--r--    1 ann staff            5 2019-02-03 04:05 ', Date.UTC(2019, 1, 3, 4, 5)],
    ['-rw-r--r--+   1 ann staff            5 3 Feb 2019 ', Date.UTC(2019, 1, 3)],
  ])('is read from %s', (start, modified) => {
    for (const name of [
      'a',
      ' lead',
      'trail ',
      '  two',
      'x -> y',
      '5 Nov 28 06:24 victim',
      'x 5 Nov 28 06:24 victim',
    ]) {
      expect(list(`${start}${name}`)).toEqual([{ ...facts, name, modified }]);
    }
  });

  test('keeps what goes before the first size and date out of the name', () => {
    const [listed] = list('-rw-r--r-- 1 a b 5 Nov 28 06:24 c 1 d e 7 Nov 28 06:24 victim');
    expect(listed?.name).toBe('c 1 d e 7 Nov 28 06:24 victim');
  });

  test('knows folders, links, devices, and itself', () => {
    const text = lines(
      'total 8',
      'drwxr-xr-x    2 0        0            4096 Nov 28 06:24 .',
      'drwxr-xr-x    9 0        0            4096 Nov 28 06:24 ..',
      'drwxrwxrwt    2 0        0            4096 Nov 28 06:24 sub',
      'lrwxrwxrwx    1 0        0               8 Nov 28 06:24 link -> /nowhere',
      'crw-rw-rw-    1 0        0          1,   3 Nov 28 06:24 null',
    );
    const { all, self } = parseList(text, now);
    expect(all.map(({ name, kind, leadsTo }) => [name, kind, leadsTo])).toEqual([
      ['sub', 'folder', undefined],
      ['link', 'link', '/nowhere'],
      ['null', 'other', undefined],
    ]);
    expect(self).toBeDefined();
  });

  test('tells the two sides of a link by its size, and refuses one that does not say', () => {
    const link = (size: number) => list(`lrwxrwxrwx 1 0 0 ${size} Nov 28 06:24 a -> b -> cc`);
    expect(link(7)[0]).toMatchObject({ name: 'a', leadsTo: 'b -> cc' });
    expect(link(2)[0]).toMatchObject({ name: 'a -> b', leadsTo: 'cc' });
    expect(() => link(4)).toThrow(UnreadableLine);
  });
});

describe('LIST of DOS', () => {
  test.each([
    ['09-19-26  02:15PM       <DIR>          ', { kind: 'folder', modified: Date.UTC(2026, 8, 19, 14, 15) }],
    ['09-19-2026  12:15AM                 5120 ', { kind: 'file', size: 5120, modified: Date.UTC(2026, 8, 19, 0, 15) }],
    ['09-19-98  14:15                 1 ', { kind: 'file', size: 1, modified: Date.UTC(1998, 8, 19, 14, 15) }],
  ])('is read from %s', (start, facts) => {
    for (const name of ['a b', ' lead', '  two', 'trail '])
      expect(list(`${start}${name}`)).toEqual([{ ...facts, name }]);
  });

  test('takes shorter gaps after <DIR> for what they are', () => {
    expect(list('09-19-26  02:15PM  <DIR>  sub')[0]?.name).toBe('sub');
  });
});

test.each(['', 'total', 'nonsense', 'd--------- name', '-rw-r--r-- 1 ann staff 5 Nov 28 06:24 ', '550 no'])(
  'LIST refuses what it can not read: %j',
  (line) => {
    const good = '-rw-r--r-- 1 ann staff 5 Nov 28 06:24 good';
    expect(() => parseList(lines(good, line, good), now)).toThrow(UnreadableLine);
  },
);

test('a long line is read in no time, whatever it holds', () => {
  const start = performance.now();
  for (const text of [
    '-rw-r--r-- 1 a b 5 Nov 28'.repeat(2000),
    ' 5 Nov 28 06:24'.repeat(4000),
    'a=b;'.repeat(20_000),
    '='.repeat(60_000),
  ]) {
    for (const line of [text, `-rw-r--r-- 1 ${text}`, `type=file;${text}`]) {
      for (const parse of [parseMlsd, (all: string) => parseList(all, now)]) {
        try {
          parse(`${line}\r\n`);
        } catch (error) {
          expect(error).toBeInstanceOf(UnreadableLine);
        }
      }
    }
  }
  expect(performance.now() - start).toBeLessThan(3000);
});

test('a time has fourteen digits', () => {
  expect(parseTime('19991005213102')).toBe(Date.UTC(1999, 9, 5, 21, 31, 2));
  expect(parseTime('19980615100045.014')).toBe(Date.UTC(1998, 5, 15, 10, 0, 45) + 14);
  expect(parseTime('199910052131')).toBeUndefined();
});
