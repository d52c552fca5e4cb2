import { expect, test } from 'vitest';
import { splitAnswer } from '../../../../src/providers/_shared/s3/rows.ts';

const list = (rows: string) =>
  `<?xml version="1.0"?><ListBucketResult xmlns="x"><Name>b</Name>${rows}<IsTruncated>false</IsTruncated></ListBucketResult>`;

test('takes the rows of a list and leaves the rest', () => {
  const row = `<Contents><Key>a&amp;b&#x1F600;</Key><LastModified>2026-11-28T01:02:03.000Z</LastModified><ETag>&quot;e-1&quot;</ETag>
    <Size>12</Size><Owner><ID>Key</ID><DisplayName/></Owner><StorageClass>STANDARD</StorageClass></Contents>`;
  expect(
    splitAnswer('ListBucketResult', list(`${row}${row}<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>`)),
  ).toEqual({
    rows: {
      Contents: Array.from({ length: 2 }, () => ({
        Key: 'a&b😀',
        LastModified: new Date('2026-11-28T01:02:03Z'),
        ETag: '"e-1"',
        Size: 12,
        StorageClass: 'STANDARD',
      })),
    },
    rest: list('<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>'),
  });
});

test('keys stay text: nothing is trimmed or taken for a number', () => {
  const keys = ['007', '1e5', 'true', ' a ', '-0', '__proto__', '&lt;b&gt;'];
  const rows = keys.map((key) => `<Deleted><Key>${key}</Key></Deleted>`).join('');
  const answer = splitAnswer('DeleteResult', `<DeleteResult>${rows}<Error><Key>x</Key></Error></DeleteResult>`);
  expect(answer?.rows.Deleted?.map(({ Key }) => Key)).toEqual(['007', '1e5', 'true', ' a ', '-0', '__proto__', '<b>']);
  expect(answer?.rest).toBe('<DeleteResult><Error><Key>x</Key></Error></DeleteResult>');
});

test('versions and markers are two lists, in their order', () => {
  const version = (id: string) =>
    `<Version><Key>k</Key><VersionId>${id}</VersionId><IsLatest>true</IsLatest></Version>`;
  const marker = '<DeleteMarker><Key>k</Key><VersionId>m</VersionId><IsLatest>false</IsLatest></DeleteMarker>';
  const text = `<ListVersionsResult>${version('1')}${marker}${version('2')}</ListVersionsResult>`;
  expect(splitAnswer('ListVersionsResult', text)).toEqual({
    rows: {
      Versions: ['1', '2'].map((VersionId) => ({ Key: 'k', VersionId, IsLatest: true })),
      DeleteMarkers: [{ Key: 'k', VersionId: 'm', IsLatest: false }],
    },
    rest: '<ListVersionsResult></ListVersionsResult>',
  });
});

test('a row is read as if it stood alone, whatever the rows around it look like', () => {
  const pick = seeded(20261128);
  const key = () => pick(['a', 'a b', 'x/y&amp;z', '&#x1F600;', '&quot;', "it's", '']);
  const parts = [
    () => pick(['<ETag>&quot;e&quot;</ETag>', '<ETag>e</ETag>', '<ETag/>', '']),
    () => pick(['<Size>7</Size>', '', ' <Size>0</Size>\n']),
    () => pick(['<Owner><ID>Key</ID><DisplayName/></Owner>', '<Type>Normal</Type>', '']),
    () =>
      pick([
        '<LastModified>2026-02-28T01:02:03Z</LastModified>',
        '<LastModified>2026-02-31T01:02:03.5Z</LastModified>',
        '',
      ]),
    () => pick(['<StorageClass>STANDARD</StorageClass>', '']),
  ];
  for (let round = 0; round < 300; round++) {
    const rows = Array.from({ length: 8 }, () => {
      const written = [`<Key>${key()}</Key>`, ...parts.map((part) => part())];
      return `<Contents>${(pick([true, false]) ? written : written.toReversed()).join('')}</Contents>`;
    });
    const alone = rows.map((row) => splitAnswer('ListBucketResult', list(row))?.rows.Contents?.[0]);
    const together = splitAnswer('ListBucketResult', list(rows.join('')));
    expect(together?.rows.Contents ?? []).toEqual(alone.includes(undefined) ? [] : alone);
  }
});

function seeded(seed: number): <T>(choices: readonly T[]) => T {
  let state = seed;
  return (choices) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return choices[(state >>> 8) % choices.length] as (typeof choices)[number];
  };
}

test.each([
  '<Contents><Key><![CDATA[a]]></Key></Contents>',
  '<Contents><Key>a<!-- b --></Key></Contents>',
  '<Contents><Key>a</Key><Key>b</Key></Contents>',
  '<Contents><Key/><Key>a</Key></Contents>',
  '<Contents><Key>a</Key><Key/></Contents>',
  '<Contents><Key a="b">a</Key></Contents>',
  '<Contents><Key>a<b/></Key></Contents>',
  '<Contents><Key>a&unknown;</Key></Contents>',
  '<Contents><Key>a\r\n</Key></Contents>',
  '<Contents><Key>a\nb</Key></Contents>',
  '<Contents>text<Key>a</Key></Contents>',
  '<Contents><Key>a</Key><Size>many</Size></Contents>',
  '<Contents><Key>a</Key><LastModified>yesterday</LastModified></Contents>',
  '<Contents><Key>a</Contents>',
  '<Contents><Key>a</Key></Contents><Contents x="y"><Key>b</Key></Contents>',
  '<Contents><Key>a</Key></Contents><Contents/>',
])('leaves to the SDK what is not written plainly: %s', (row) => {
  expect(splitAnswer('ListBucketResult', list(row))).toBeUndefined();
});

test('elements of any name and number are passed over', () => {
  const names = ['constructor', 'toString', '__proto__', ...Array.from({ length: 5000 }, (_, n) => `e${n}`)];
  const unused = names.map((name) => `<${name}>x</${name}>`).join('');
  const rows = ['a', 'b'].map((key) => `<Contents>${unused}<Key>${key}</Key></Contents>`).join('');
  expect(splitAnswer('ListBucketResult', list(rows))?.rows.Contents).toEqual([{ Key: 'a' }, { Key: 'b' }]);
});

test('other answers are none of its business', () => {
  expect(splitAnswer('VersioningConfiguration', '<VersioningConfiguration/>')).toBeUndefined();
});
