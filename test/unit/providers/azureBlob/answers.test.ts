import { describe, expect, test } from 'vitest';
import { readMarker, wholeBatch, wholeDocument } from '../../../../src/providers/azureBlob/answers.ts';

const root = 'EnumerationResults';
const listing = (content: string) =>
  `\ufeff<?xml version="1.0" encoding="utf-8"?><${root} ServiceEndpoint="https://a/">${content}</${root}>`;
const namesIn = (document: string) =>
  [...document.matchAll(/<Name Encoded="true">([^<]*)<\/Name>/g)].map(([, name = '']) => decodeURIComponent(name));

describe('a listing', () => {
  test.each([
    ['plain', 'plain'],
    ['&lt;&amp;&gt;&quot;&apos;', '<&>"\''],
    ['a&#10;b&#13;c&#9;d', 'a\nb\rc\td'],
    ['a&#xD;&#xA;b', 'a\r\nb'],
    ['raw\r\nend', 'raw\r\nend'],
    ['&#x1F600;', '\u{1f600}'],
    [' outer ', ' outer '],
    ['007', '007'],
    ['1e5', '1e5'],
    ['true', 'true'],
    ['&amp;lt;', '&lt;'],
    ['a%20b', 'a%20b'],
    ['__proto__', '__proto__'],
  ])('hands on a name as it is: %j', (written, name) => {
    const blob = `<Blobs><Blob><Name>${written}</Name></Blob><BlobPrefix><Name>${written}</Name></BlobPrefix></Blobs>`;
    const document = wholeDocument(listing(`${blob}<NextMarker>${written}</NextMarker>`), root);
    expect(namesIn(document)).toEqual([name, name]);
    expect(readMarker(/<NextMarker>(.*)<\/NextMarker>/s.exec(document)?.[1])).toBe(name);
  });

  test('leaves a name that the service encoded as it is', () => {
    const document = wholeDocument(listing('<Blobs><Blob><Name Encoded="true">a%EF%BF%BF</Name></Blob></Blobs>'), root);
    expect(namesIn(document)).toEqual(['a\uffff']);
  });

  test.each(['&unknown;', '&#xD800;'])('believes no name that can not be read: %s', (name) => {
    expect(() => wholeDocument(listing(`<Blobs><Blob><Name>${name}</Name></Blob></Blobs>`), root)).toThrow(/decoded/);
  });

  test('marks a folder that exists by itself, and no object beside it', () => {
    const blob = (name: string, type: string) =>
      `<Blob><Name>${name}</Name><Properties><Etag>1</Etag>${type}<Size>0</Size></Properties></Blob>`;
    const folder = '<ResourceType>directory</ResourceType>';
    const blobs = `<Blobs>${blob('file', '<ResourceType>file</ResourceType>')}${blob('dir', folder)}${blob('dir/a', '')}</Blobs>`;
    const [file, dir, inside] = wholeDocument(listing(blobs), root).split('<Blob>').slice(1);
    expect([file, dir, inside].map((each) => each?.includes('hdi_isfolder'))).toEqual([false, true, false]);
  });

  test.each([
    '',
    '<html></html>',
    listing(''),
    listing('<Blobs></Blobs>').slice(0, -5),
    listing('<Blobs><Blob><Name>a</Name></Blob>'),
    '<Error><Code>X</Code></Error>',
    `<${root}X><Blobs/></${root}>`,
  ])('counts only when it is whole: %s', (text) => {
    expect(() => wholeDocument(text, root)).toThrow(/cut off/);
  });

  test.each(['<Blobs/>', '<Blobs />', '<Blobs></Blobs>', '<Containers/>'])('may be empty: %s', (content) => {
    expect(wholeDocument(listing(content), root)).toContain(content);
  });
});

describe('the answer to a batch', () => {
  const type = 'multipart/mixed; boundary="b_1"';
  const reply = (id: number, line: string, rest = '') =>
    `--b_1\r\nContent-Type: application/http\r\nContent-ID: ${id}\r\n\r\nHTTP/1.1 ${line}\r\n${rest}\r\n`;
  const statuses = (text: string, parts: number) => {
    const whole = wholeBatch(type, text, parts);
    return 'refusal' in whole
      ? whole
      : [...whole.body.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
  };

  test('is put into the order that was asked', () => {
    expect(statuses(`${reply(1, '404 Not Found')}${reply(0, '202 Accepted')}--b_1--`, 2)).toEqual([202, 404]);
  });

  test('finds the code in the text where no header says it', () => {
    const text = `${reply(0, '409 Conflict', '\r\n<Error><Code>BlobImmutableDueToPolicy</Code></Error>')}--b_1--`;
    const whole = wholeBatch(type, text, 1);
    expect('body' in whole && whole.body).toContain('x-ms-error-code: BlobImmutableDueToPolicy');
  });

  test('is not misled by what stands in the text of a reply', () => {
    const text = `${reply(0, '500 Error', '\r\nContent-ID: 1\r\n\r\nHTTP/1.1 202 Accepted')}--b_1--`;
    expect(statuses(text, 2)).toEqual([500, 500]);
  });

  test.each([
    ['cut off', type, reply(0, '202 Accepted')],
    ['of another kind', 'text/html', '<html></html>'],
    ['with another boundary', 'multipart/mixed; boundary=x', `${reply(0, '202 Accepted')}--b_1--`],
    ['empty', type, ''],
  ])('counts only when it is whole: %s', (_, contentType, text) => {
    expect(() => wholeBatch(contentType, text, 1)).toThrow(/cut off/);
  });
});
