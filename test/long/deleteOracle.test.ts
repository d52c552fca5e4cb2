import { expect, inject, it } from 'vitest';
import { consultOracle } from '../oracle/oracle.ts';

const rgw = inject('rgw');
const minute = 60_000;

it.skipIf('unavailable' in rgw)(
  'leaves in 1,000 random buckets what the model says, under random faults and kills',
  { timeout: 60 * minute },
  async () => {
    if ('unavailable' in rgw) return;
    const tried = await consultOracle(
      rgw,
      Array.from({ length: 1000 }, (_, n) => 1 + n),
      4,
    );
    expect(tried).toHaveLength(1000);
    const sum = (count: (one: (typeof tried)[number]) => number) => tried.reduce((total, one) => total + count(one), 0);
    // What was to happen did.
    expect(sum(({ killed }) => killed)).toBeGreaterThan(50);
    expect(sum(({ abandoned }) => abandoned)).toBeGreaterThan(300);
    expect(sum(({ faults }) => faults)).toBeGreaterThan(1000);
  },
);
