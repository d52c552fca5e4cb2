import { expect, test } from 'vitest';
import { OpenedPlaces, type Remembering } from '../../../src/browse/openedPlaces.ts';

function memory(): Remembering {
  const kept = new Map<string, unknown>();
  return {
    get: <T>(key: string) => kept.get(key) as T | undefined,
    update: async (key, value) => void kept.set(key, value),
  };
}

test('opens a place once, keeps it apart by credential, and closes it', async () => {
  const places = new OpenedPlaces(memory());
  const folder = { kind: 'folder', container: 'b', id: 'x/' } as const;
  const entry = await places.open('one', folder);
  await places.open('one', folder);
  await places.open('one', { kind: 'container', id: 'b' });
  expect(places.of('one').map(({ path }) => path)).toEqual(['b/x/', 'b']);
  expect(places.of('two')).toEqual([]);
  await places.close('one', entry);
  expect(places.of('one').map(({ path }) => path)).toEqual(['b']);
});
