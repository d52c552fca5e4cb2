import { describe, expect, it } from 'vitest';
import { faultKinds } from '../faults/kinds.ts';
import { isApplicable, MatrixRow, matrixProviders, shortenTimeLimits } from '../faults/matrix.ts';
import { Random } from '../oracle/random.ts';

shortenTimeLimits();
const cellsOfEach = 2;
/** Milliseconds after which a provider is tried with one fault only. */
const enough = 30_000;
const seed = Number(process.env.STORAGE_CREDENTIALS_MATRIX_SEED ?? Math.floor(Math.random() * 1e9));
const random = new Random(seed);
console.log(`Fault matrix: a sample by STORAGE_CREDENTIALS_MATRIX_SEED=${seed}; the whole is npm run test:long`);

// Some cells of test/long/faultMatrix.test.ts: others each time.
describe.each(
  matrixProviders.map((id) => ({
    id,
    kinds: random.shuffled(faultKinds.filter((kind) => isApplicable(id, kind))).slice(0, cellsOfEach),
  })),
)('some faults at $id', ({ id, kinds }) => {
  it(kinds.join('; '), async ({ skip }) => {
    const row = await MatrixRow.open(id);
    if (typeof row === 'string') return skip(row);
    try {
      for (const kind of performance.now() < enough ? kinds : kinds.slice(0, 1)) {
        const verdict = await row.try(kind, seed);
        expect('wrong' in verdict ? verdict.wrong : verdict.reason, kind).toEqual([]);
      }
    } finally {
      await row.close();
    }
  });
});
