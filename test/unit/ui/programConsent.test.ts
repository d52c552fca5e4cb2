import { expect, it } from 'vitest';
import type { Confirming } from '../../../src/ui/dialogs.ts';
import { createConsent } from '../../../src/ui/programConsent.ts';

it('asks once for each program, by its whole line, also when two wait for the answer', async () => {
  const asked: Confirming[] = [];
  const mayRun = createConsent({
    confirm: async (question) => {
      asked.push(question);
      return question.title.includes('good');
    },
  });
  expect(await Promise.all([mayRun('/bin/good --x'), mayRun('/bin/good --x')])).toEqual([true, true]);
  expect(await mayRun('/bin/other')).toBe(false);
  expect(await mayRun('/bin/other')).toBe(false);
  expect(asked.map(({ title }) => title)).toEqual([
    'Run this program to get keys: /bin/good --x',
    'Run this program to get keys: /bin/other',
  ]);
});
