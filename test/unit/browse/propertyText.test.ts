import { expect, test } from 'vitest';
import { propertyText } from '../../../src/browse/propertyText.ts';
import type { Entry } from '../../../src/core/storageClient.ts';

const entry: Entry = { kind: 'object', container: 'b', id: 'k\u202e', name: 'k\u202e', path: 'b/k\u202e' };

test('shows groups as columns', () => {
  const groups = [
    { title: 'Object', rows: [['Size', '1 byte'] as const, ['Storage class', 'STANDARD'] as const] },
    { title: 'Tags', rows: [['team', 'vision'] as const] },
  ];
  expect(propertyText(entry, 'Research', groups)).toBe(
    [
      'b/k\\u202e',
      'Credential: Research',
      '',
      'Object',
      '  Size           1 byte',
      '  Storage class  STANDARD',
      '',
      'Tags',
      '  team           vision',
      '',
    ].join('\n'),
  );
});

test('lets no value begin a line of its own', () => {
  const text = propertyText(entry, 'R', [
    { title: 'Metadata', rows: [['note\r', 'a\nLock\n  Legal hold  OFF\u200b']] },
  ]);
  expect(text.split('\n')).toHaveLength(6);
  expect(text).toContain('note\\u000d  a\\u000aLock\\u000a  Legal hold  OFF\\u200b');
});
