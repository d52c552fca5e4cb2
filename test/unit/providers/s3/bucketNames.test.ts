import { expect, test } from 'vitest';
import { refuseBucketName } from '../../../../src/providers/_shared/s3/bucketNames.ts';

test.each([
  'abc',
  'a1b',
  '123',
  'my-bucket',
  'my.bucket.example',
  'a--b',
  'a-.b',
  '1.2.3',
  '1.2.3.4.5',
  '1.2.3.4a',
  'x'.repeat(63),
  'not-xn--prefix',
  'sthree',
  's3alias',
  'a-s3alias-b',
])('a bucket may be called %s', (name) => {
  expect(refuseBucketName(name)).toBeUndefined();
});

test.each([
  ['', '3 to 63'],
  ['ab', '3 to 63'],
  ['x'.repeat(64), '3 to 63'],
  ['My-bucket', 'lower-case'],
  ['my_bucket', 'lower-case'],
  ['my bucket', 'lower-case'],
  ['bücher', 'lower-case'],
  ['a/b', 'lower-case'],
  ['abc\n', 'lower-case'],
  ['-abc', 'both ends'],
  ['abc-', 'both ends'],
  ['.abc', 'both ends'],
  ['abc.', 'both ends'],
  ['a..b', 'side by side'],
  ['192.168.5.4', 'IP address'],
  ['999.1.2.3', 'IP address'],
  ['xn--bcher', 'xn--'],
  ['sthree-a', 'sthree-'],
  ['sthree-configurator', 'sthree-'],
  ['amzn-s3-demo-a', 'amzn-s3-demo-'],
  ['abc-s3alias', '-s3alias'],
  ['abc--ol-s3', '--ol-s3'],
  ['abc--usw2-az1--x-s3', '--x-s3'],
  ['abc--table-s3', '--table-s3'],
  ['abc.mrap', '.mrap'],
])('no bucket may be called %j', (name, why) => {
  expect(refuseBucketName(name)).toContain(why);
});
