import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const probe = path.join(import.meta.dirname, 'memoryProbe.ts');

/** The same work in a process of its own, whose heap could never hold the entries. */
async function probed(heap: number, total: number, batch: number) {
  const args = [`--max-old-space-size=${heap}`, probe, `${total}`, `${batch}`];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout);
}

test('half a million objects are planned, deleted, reported and retried in a heap of 48 MB', {
  timeout: 120_000,
}, async () => {
  const seen = await probed(48, 500_000, 1000);
  expect(seen).toMatchObject({
    planned: 500_000,
    rows: 500_000,
    retried: 5_000,
    results: { deleted: 495_000, failed: 5_000 },
  });
  expect(seen.mostAhead).toBeLessThanOrEqual(9 * 1000);
});

test('so are objects that must go one by one', { timeout: 120_000 }, async () => {
  const seen = await probed(48, 3_000, 1);
  expect(seen).toMatchObject({
    planned: 3_000,
    rows: 3_000,
    retried: 30,
    results: { deleted: 2_970, failed: 30 },
  });
  expect(seen.mostAhead).toBeLessThanOrEqual(9);
});
