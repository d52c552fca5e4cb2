import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultKinds } from '../faults/kinds.ts';
import {
  isApplicable,
  type MatrixProvider,
  MatrixRow,
  matrixProviders,
  shortenTimeLimits,
  type Verdict,
  writeTable,
} from '../faults/matrix.ts';

shortenTimeLimits();
const verdicts = new Map<MatrixProvider, Verdict[]>();
const missing = new Map<MatrixProvider, string>();
const file = path.resolve(import.meta.dirname, '../../test-results/fault-matrix');
const seed = Number(process.env.STORAGE_CREDENTIALS_MATRIX_SEED ?? 1);

describe.each(matrixProviders)('every fault at %s', (id) => {
  let row: MatrixRow | string;
  beforeAll(async () => {
    row = await MatrixRow.open(id);
    if (typeof row === 'string') missing.set(id, row);
    verdicts.set(id, []);
  });
  afterAll(async () => {
    if (typeof row !== 'string') await row.close();
  });

  it.each(faultKinds)('%s', { timeout: 120_000 }, async (kind) => {
    if (typeof row === 'string') return;
    const verdict = await row.try(kind, seed).catch((error: Error): Verdict => {
      return { kind, hits: 0, seconds: 0, counts: {}, wrong: [String(error.stack)] };
    });
    verdicts.get(id)?.push(verdict);
    await writeTable(file, verdicts, missing);
    expect('reason' in verdict).toBe(!isApplicable(id, kind));
    if ('wrong' in verdict) expect(verdict.wrong).toEqual([]);
  });
});

afterAll(async () => {
  console.log(await writeTable(file, verdicts, missing));
});
