import { expect, test, vi } from 'vitest';
import { waitAsked } from '../../../../src/providers/_shared/retryAfter.ts';

test.each([
  ['7', 7000],
  ['0', 0],
  ['-5', 0],
  ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
  ['Thu, 01 Jan 2025 00:00:00 GMT', 0],
  ['soon', undefined],
  ['Infinity', undefined],
  ['', undefined],
  [null, undefined],
  [undefined, undefined],
])('Retry-After: %s', (header, wait) => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
  expect(waitAsked(header)).toBe(wait);
  vi.useRealTimers();
});
