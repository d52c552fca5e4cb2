import { expect, inject, it } from 'vitest';
import { consultOracle } from '../oracle/oracle.ts';

const rgw = inject('rgw');
const again = process.env.STORAGE_CREDENTIALS_ORACLE_SEED;

// A sample of test/long/deleteOracle.test.ts: other buckets each time.
it.skipIf('unavailable' in rgw)(
  'leaves in random buckets what the model says, under random faults and kills',
  async () => {
    if ('unavailable' in rgw) return;
    const first = Math.floor(Math.random() * 1e9);
    const seeds = again ? [Number(again)] : Array.from({ length: 15 }, (_, n) => first + n);
    console.log(`Delete oracle: seeds ${seeds[0]} to ${seeds.at(-1)}`);
    expect(await consultOracle(rgw, seeds, 4)).toHaveLength(seeds.length);
  },
);
