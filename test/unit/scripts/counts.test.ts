import { expect, it } from 'vitest';
import { addCounts, closingLine, countsOfRun, noCounts } from '../../../scripts/counts.ts';

it('closes with the skipped only where there are any', () => {
  expect(closingLine({ ...noCounts, passed: 3 })).toBe('3 passed, 0 failed');
  expect(closingLine({ ...noCounts, passed: 3, failed: 1, skipped: 2 })).toBe('3 passed, 1 failed, 2 skipped');
});

it('adds up', () => {
  const one = { passed: 1, failed: 2, skipped: 3, remarks: ['✗ one'] };
  expect(addCounts(one, one)).toEqual({
    passed: 2,
    failed: 4,
    skipped: 6,
    remarks: ['✗ one', '✗ one'],
  });
});

it('counts a run that crashed, or ran nothing, as failed', () => {
  expect(countsOfRun({ ...noCounts, passed: 5, failed: 0 }, true).failed).toBe(1);
  expect(countsOfRun(noCounts, false).failed).toBe(1);
  expect(countsOfRun({ ...noCounts, skipped: 4 }, false).failed).toBe(1);
});

it('leaves the counts of a run alone that named its failures', () => {
  expect(countsOfRun({ ...noCounts, passed: 5, failed: 2 }, true).failed).toBe(2);
  expect(countsOfRun({ ...noCounts, passed: 5, failed: 0 }, false).failed).toBe(0);
});
