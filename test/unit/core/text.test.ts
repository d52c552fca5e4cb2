import { expect, test } from 'vitest';
import { formatBytes, formatCount, formatCounted, formatNames, showName } from '../../../src/core/text.ts';

test('what turns text around or draws nothing is shown as its code', () => {
  expect(showName('invoice\u202efdp.exe')).toBe('invoice\\u202efdp.exe');
  expect(showName('a\nb\tc\0d\u007f\u0085')).toBe('a\\u000ab\\u0009c\\u0000d\\u007f\\u0085');
  expect(showName('x\u200by\ufeffz\u2066\u2028')).toBe('x\\u200by\\ufeffz\\u2066\\u2028');
  expect(showName('\ud800 and \u{e0041}')).toBe('\\ud800 and \\u{e0041}');
});

test('ordinary names, in any script and with emoji, stay as they are', () => {
  for (const name of ['a b/c', 'Grüße', 'שלום', '日本', '👩‍👩‍👧', '<img src=x>', 'C:\\temp'])
    expect(showName(name)).toBe(name);
});

test('counts and sizes are written for reading', () => {
  expect(formatCount(1204)).toBe('1,204');
  expect(formatCounted(1, 'object', 'objects')).toBe('1 object');
  expect(formatCounted(0, 'object', 'objects')).toBe('0 objects');
  expect(formatBytes(0)).toBe('0 bytes');
  expect(formatBytes(1)).toBe('1 byte');
  expect(formatBytes(999)).toBe('999 bytes');
  expect(formatBytes(1000)).toBe('1 kB');
  expect(formatBytes(999_960)).toBe('1 MB');
  expect(formatBytes(3_400_000_000)).toBe('3.4 GB');
  expect(formatBytes(340_000_000_000)).toBe('340 GB');
});

test('a long list of names says how many are left out', () => {
  expect(formatNames(['a', 'b'])).toBe('a, b');
  expect(formatNames(['a', 'b', 'c', 'd'], 2)).toBe('a, b and 2 more');
});
