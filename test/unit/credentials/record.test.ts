import { expect, test } from 'vitest';
import { type CredentialRecord, formatRecord, parseRecord, recordLimit } from '../../../src/credentials/record.ts';

const record: CredentialRecord = {
  schema: 1,
  revision: 'r1',
  id: 'a',
  provider: 's3',
  name: 'Amazon S3',
  settings: { endpoint: 'https://s3.example', port: 443, tls: true },
  secretNames: ['secretAccessKey'],
  secretRef: 'r1',
};

test('a record is read as it was written', () => {
  expect(parseRecord('a', formatRecord(record))).toEqual({ kind: 'readable', id: 'a', record });
});

test.each([
  ['nothing', ''],
  ['no JSON', '{"schema":1'],
  ['no object', '[]'],
  ['no name', JSON.stringify({ ...record, name: '' })],
  ['a setting that is an object', JSON.stringify({ ...record, settings: { a: {} } })],
  ['a secret reference that climbs', JSON.stringify({ ...record, secretRef: '../b' })],
  ['the id of another', JSON.stringify({ ...record, id: 'b' })],
])('a file with %s is damaged', (_what, text) => {
  expect(parseRecord('a', text)).toMatchObject({ kind: 'damaged', id: 'a' });
});

test('what could not be read again is not written', () => {
  expect(() => formatRecord({ ...record, name: 'x'.repeat(201) })).toThrow('not valid');
  expect(() => formatRecord({ ...record, settings: { ca: 'x'.repeat(recordLimit) } })).toThrow('too long');
});
