import { S3Client } from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import { parseDraft } from '../../src/core/drafts.ts';
import s3 from '../../src/providers/s3/provider.ts';
import { direct } from '../contract/contractSuite.ts';
import { startFaultProxy } from '../servers/faultProxy.ts';
import { createRgwUser } from '../servers/rgw.ts';
import { temporaryFolder } from '../servers/serverProcess.ts';
import type { RgwAccess } from '../support/rgwGlobal.ts';
import { type Tried, tryBucket } from './runBucket.ts';

/** Tries the buckets of these seeds, some at once, prints what happened to them all, and fails for what was not as the model says. */
export async function consultOracle(
  rgw: RgwAccess,
  seeds: readonly number[],
  atOnce: number,
): Promise<readonly Tried[]> {
  const keys = await createRgwUser(rgw.configFile, {}, ['--max-buckets=0']);
  const queue = seeds.values();
  const tried: Tried[] = [];
  const failures: string[] = [];
  const fail = (sentence: string) => {
    failures.push(sentence);
    console.log(`${sentence}\nThe bucket alone: STORAGE_CREDENTIALS_ORACLE_SEED=<seed>, npm run test:contract`);
  };
  const worker = async () => {
    await using bench = await openBench(rgw, keys);
    for (const seed of queue) {
      const outcome = await tryBucket(seed, bench).catch((error: Error) => {
        fail(`Seed ${seed} broke: ${error.stack}`);
        return undefined;
      });
      if (!outcome) continue;
      tried.push(outcome);
      for (const sentence of outcome.wrong) fail(`Seed ${seed} (${outcome.kind}): ${sentence}`);
      if (tried.length % 50 === 0) console.log(summaryOf(tried));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  console.log(summaryOf(tried));
  expect(failures).toEqual([]);
  return tried;
}

/** What happened, in one line. */
function summaryOf(tried: readonly Tried[]): string {
  const sum = (count: (one: Tried) => number) => tried.reduce((total, one) => total + count(one), 0);
  const kinds = Object.entries(Object.groupBy(tried, ({ kind }) => kind)).map(
    ([kind, some]) => `${kind} ${some?.length}`,
  );
  return [
    `Delete oracle: ${tried.length} buckets (${kinds.join('; ')})`,
    `${sum(({ entries }) => entries)} entries`,
    `${sum(({ faults }) => faults)} faults`,
    `${sum(({ killed }) => killed)} processes killed`,
    `${sum(({ abandoned }) => abandoned)} runs abandoned`,
    `${sum(({ foreign }) => foreign)} changes by others`,
    `${sum(({ unknown }) => unknown)} of unknown fate`,
    `${sum(({ wrong }) => wrong.length)} wrong`,
  ].join(', ');
}

async function openBench(rgw: RgwAccess, keys: { readonly accessKeyId: string; readonly secretAccessKey: string }) {
  const { accessKeyId, secretAccessKey } = keys;
  const proxy = await startFaultProxy({ target: rgw.endpoint });
  const folder = await temporaryFolder('oracle');
  const judge = new S3Client({
    endpoint: rgw.endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  });
  const draft = { service: 'ceph', endpoint: proxy.endpoint, accessKeyId, secretAccessKey, pathStyle: true } as const;
  return {
    proxy,
    judge,
    draft,
    folder: folder.path,
    client: async () => await s3.open({ ...parseDraft(s3.fields, draft), network: direct }),
    async [Symbol.asyncDispose]() {
      judge.destroy();
      await proxy.stop();
      await folder.remove();
    },
  };
}
