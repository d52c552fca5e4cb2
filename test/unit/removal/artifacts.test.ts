import { describe, expect, test } from 'vitest';
import { createRedactor } from '../../../src/core/redaction.ts';
import { createResolver } from '../../../src/credentials/resolve.ts';
import { planText } from '../../../src/removal/artifactReport.ts';
import { linesOf, linesOfInput, resolveLines } from '../../../src/removal/artifacts.ts';
import { azure, credential, gs, onS3, providers } from '../credentials/owners.ts';

const { redact } = createRedactor();
const credentials = [
  onS3('Amazon'),
  onS3('Minio', { service: 'minio', endpoint: 'http://minio:9000' }),
  credential(gs, 'Google', {}),
  credential(azure, 'Azure', { account: 'acc' }),
];
const resolve = createResolver({ credentials, providers, substitutions: [] });

function rowsOf(...texts: readonly string[]) {
  return resolveLines(linesOf(texts.join('\n')), { resolve, redact });
}

test('lines are counted as an editor counts them, and names keep what stands behind them', () => {
  expect(linesOf('\ufeffs3://b/a\r\n\r\n  \n\ts3://b/c \rs3://b/d', 10)).toEqual([
    { line: 10, text: 's3://b/a' },
    { line: 13, text: 's3://b/c ' },
    { line: 14, text: 's3://b/d' },
  ]);
});

test('what lost its line breaks is told apart by its schemes, and a space in a name stays', () => {
  expect(linesOfInput(' s3://b/a b gs://c/d  https://minio:9000/b/k').map(({ text }) => text)).toEqual([
    's3://b/a b',
    'gs://c/d',
    'https://minio:9000/b/k',
  ]);
});

test('every line is one row with one fate', () => {
  const rows = rowsOf(
    's3://b/a',
    's3://b/a',
    'https://b.s3.amazonaws.com/a',
    's3://minio:9000/b/a',
    'http://MINIO:9000/b/a',
    'http://minio:9000/b/%61',
    'azure://acc.blob.core.windows.net/c/a%20b',
    'azure://other.blob.core.windows.net/c/a',
    'azure://other.blob.core.windows.net/c/a',
    '/srv/a',
    'a',
  );
  expect(rows.map(({ fate }) => (fate.kind === 'duplicate' ? `like ${fate.of}` : fate.kind))).toEqual([
    'delete',
    'like 1',
    'like 1',
    'delete',
    'like 4',
    'ambiguous',
    'ambiguous',
    'unresolved',
    'like 8',
    'unresolved',
    'malformed',
  ]);
});

describe('a URL with a secret', () => {
  test.each([
    'https://b.s3.amazonaws.com/k?X-Amz-Credential=x&X-Amz-Signature=deadbeefdeadbeef',
    'https://acc.blob.core.windows.net/c/k?sv=2024&sig=deadbeefdeadbeef',
    'https://user:deadbeefdeadbeef@minio:9000/b/k',
    's3://user:deadbeefdeadbeef@minio:9000/b/k',
  ])('is no name of an object, and is masked: %s', (url) => {
    const rows = rowsOf(url);
    expect(rows[0]?.fate.kind).toBe('malformed');
    expect(`${JSON.stringify(rows)}${planText(rows)}`).not.toContain('deadbeef');
  });

  test('is none where the name of an object only looks like one', () => {
    expect(rowsOf('s3://b/k?sig=deadbeefdeadbeef')[0]).toMatchObject({
      url: 's3://b/k?sig=deadbeefdeadbeef',
      fate: { kind: 'delete', artifact: { entry: { id: 'k?sig=deadbeefdeadbeef' } } },
    });
  });
});
