import { expect, test } from 'vitest';
import { type Migration, migrate } from '../../../src/credentials/migrations.ts';
import { parseRecord } from '../../../src/credentials/record.ts';

const steps = new Map<number, Migration>([
  [-1, ({ title, ...rest }) => ({ ...rest, label: title })],
  [0, ({ label, kind, ...rest }) => ({ ...rest, name: label, provider: kind, settings: {}, secretNames: [] })],
]);

test('a record of an older schema goes through every step to the current one', () => {
  const older = { schema: -1, id: 'a', revision: 'r', title: 'Old', kind: 'toy' };
  expect(parseRecord('a', JSON.stringify(older), steps)).toEqual({
    kind: 'readable',
    id: 'a',
    record: { schema: 1, id: 'a', revision: 'r', name: 'Old', provider: 'toy', settings: {}, secretNames: [] },
  });
});

test('a schema that no step starts from is not guessed at', () => {
  expect(migrate({ schema: -2 }, steps)).toEqual({ kind: 'unknown' });
  expect(migrate({ schema: 0 })).toEqual({ kind: 'unknown' });
  expect(migrate({ schema: '1' }, steps)).toEqual({ kind: 'unknown' });
  expect(migrate([], steps)).toEqual({ kind: 'unknown' });
  expect(migrate(null, steps)).toEqual({ kind: 'unknown' });
});

test('a newer schema is told apart from damage', () => {
  expect(migrate({ schema: 2, anything: true }, steps)).toEqual({ kind: 'newer' });
  expect(parseRecord('a', '{"schema":2}')).toMatchObject({ kind: 'newer', id: 'a' });
});
