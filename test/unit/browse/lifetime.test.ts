import { expect, test } from 'vitest';
import { formatLifetime, parseLifetime } from '../../../src/browse/lifetime.ts';

test.each([
  ['90 minutes', 5400],
  ['90m', 5400],
  ['15 min', 900],
  ['15 mins', 900],
  ['36 h', 129_600],
  ['1 hour', 3600],
  ['3 DAYS', 259_200],
  [' 2d ', 172_800],
  ['1 week', 604_800],
  ['30s', 30],
])('%j is %i seconds', (text, seconds) => {
  expect(parseLifetime(text)).toBe(seconds);
});

test.each(['', '5', 'hours', '0 days', '-1 h', '1.5 h', '1 h 30 m', '3 months', '5 dayz', '9999999999 s', '1 x'])(
  '%j is nothing',
  (text) => {
    expect(parseLifetime(text)).toBeUndefined();
  },
);

test.each([
  [1, '1 second'],
  [90, '90 seconds'],
  [900, '15 minutes'],
  [3600, '1 hour'],
  [86_400, '1 day'],
  [604_800, '7 days'],
])('%i seconds are told as %s', (seconds, text) => {
  expect(formatLifetime(seconds)).toBe(text);
});
