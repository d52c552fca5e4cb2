import { secret, text } from '../../../src/core/fields.ts';
import { defineProvider } from '../../../src/core/provider.ts';

export default defineProvider({
  id: 'toy',
  label: 'Toy Drive',
  noun: { one: 'box', many: 'boxes' },
  fields: {
    shelf: text({ label: 'Shelf', help: 'Where the boxes stand.', required: true }),
    password: secret({ label: 'Password', help: 'Opens the boxes.', required: true }),
  },
  capabilities: ['read'],
  limits: { batch: 1 },
  origin: ({ shelf }) => `toy:${shelf}`,
  describe: ({ shelf }) => shelf,
  urls: { of: ({ id }) => `toy://${id}` },
  connect: () => import('./client.ts'),
});
