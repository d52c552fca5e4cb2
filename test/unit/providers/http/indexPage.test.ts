import { describe, expect, test } from 'vitest';
import { readIndex } from '../../../../src/providers/http/indexPage.ts';

const server = new URL('https://files.example.com');
const page = (body: string, title = 'Index of /pub/') =>
  `<html><head><title>${title}</title></head><body>${body}</body></html>`;
const html = (text: string) => readIndex('text/html;charset=utf-8', text, '/pub/', server)?.map(({ id }) => id);
const json = (rows: unknown) => readIndex('application/json', JSON.stringify(rows), '/pub/', server);

describe('a page of a folder', () => {
  test('is read by its links alone: of this server, directly in the folder, once each', () => {
    const links = [
      ...[
        'a',
        './b:c',
        'd/',
        '/pub/e',
        'https://files.example.com/pub/f',
        '//files.example.com/pub/g',
        'h&amp;i%3F',
        'a',
      ],
      ...[
        '../',
        '..',
        '.',
        '',
        '/',
        '/pub/',
        'a/b',
        '?C=N;O=D',
        'j?k',
        'l#m',
        '%2e%2e/',
        '../pub/n/../o',
        'p%2fq',
        'r%00',
      ],
      ...[
        'http://files.example.com/pub/s',
        'https://files.example.com:8443/pub/t',
        'https://elsewhere.example.com/pub/u',
      ],
      ...[
        'javascript:alert(1)',
        'mailto:v@example.com',
        '\\w',
        '/public/x',
        'https://files.example.com@elsewhere.example.com/pub/y',
      ],
    ];
    expect(html(page(links.map((link) => `<a href="${link}">x</a>`).join('')))).toEqual([
      '/pub/a',
      '/pub/b:c',
      '/pub/d/',
      '/pub/e',
      '/pub/f',
      '/pub/g',
      '/pub/h&i%3F',
    ]);
  });

  test('reads no link out of a script, a comment or another attribute', () => {
    const body = `<script>var a = '<a href="x">x</a>';</script><!-- <a href="y">y</a> --><p title='<a href="z">'></p><a name="n">n</a>`;
    expect(html(page(body))).toEqual([]);
    expect(html(page('<pre><a href="in">in</a></pre>'))).toEqual(['/pub/in']);
  });

  test('that lists nothing is told from a page of another sort, and from half of one', () => {
    expect(html(page('<a href="../">../</a>', 'x'))).toEqual([]);
    expect(html(page('', 'Directory listing for /pub/'))).toEqual([]);
    expect(html(page('', '/pub/'))).toEqual([]);
    expect(html(page('<a href="https://elsewhere.example.com/">Sign in</a>', 'Welcome'))).toBeUndefined();
    expect(html(page('<a href="a">a</a><a href="b">b</a>').slice(0, -20))).toBeUndefined();
    expect(readIndex('text/plain', page('<a href="a">a</a>'), '/pub/', server)).toBeUndefined();
  });

  test('in JSON gives size and date, and is believed as a whole or not at all', () => {
    const file = { name: 'a b?.txt', type: 'file', mtime: 'Wed, 21 Oct 2015 07:28:00 GMT', size: 3 };
    expect(json([{ name: 'd', type: 'directory' }, file])).toEqual([
      { kind: 'folder', id: '/pub/d/', name: 'd', path: '/pub/d/' },
      {
        kind: 'object',
        id: '/pub/a%20b%3F.txt',
        name: 'a b?.txt',
        path: '/pub/a b?.txt',
        size: 3,
        modified: 1445412480000,
      },
    ]);
    for (const name of ['..', '.', '', 'a/b', 'a\0', 7]) expect(json([file, { ...file, name }])).toBeUndefined();
    expect(json({ error: 'no' })).toBeUndefined();
    expect(json([])).toEqual([]);
    expect(readIndex('application/json', '[{"name":"a","type":"file"}', '/pub/', server)).toBeUndefined();
  });
});
