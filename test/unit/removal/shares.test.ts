import { expect, test } from 'vitest';
import { StorageError } from '../../../src/core/errors.ts';
import type { Outcome, Target } from '../../../src/core/storageClient.ts';
import { createResolver } from '../../../src/credentials/resolve.ts';
import {
  artifactCsv,
  artifactReportText,
  jobReport,
  outcomesOfRows,
  planText,
  skippedText,
} from '../../../src/removal/artifactReport.ts';
import { type ArtifactRow, linesOf, resolveLines } from '../../../src/removal/artifacts.ts';
import { confirmationForAll } from '../../../src/removal/confirm.ts';
import { planRemoval } from '../../../src/removal/plan.ts';
import { canRetry, summaryOf } from '../../../src/removal/report.ts';
import { retryFailed } from '../../../src/removal/retry.ts';
import { joinReports, outcomesOf, runShares, type Share } from '../../../src/removal/shares.ts';
import { azure, credential, gs, onS3, providers } from '../credentials/owners.ts';
import { deletedAll, type FakeClient, facts, fakeClient, temporaryFolder } from './fakeStorage.ts';

const clouds = [
  { credential: onS3('Amazon'), batch: 1000, url: (n: number) => `s3://b${n % 2}/k${n}` },
  { credential: credential(gs, 'Google', {}), batch: 1000, url: (n: number) => `gs://b/k${n}` },
  {
    credential: credential(azure, 'Azure', { account: 'acc' }),
    batch: 256,
    url: (n: number) => `azure://acc.blob.core.windows.net/c/k${n}`,
  },
] as const;

/** So many URLs of each cloud, in turns, with what would be skipped among them. */
function manyRows(each: number, ...others: readonly string[]): readonly ArtifactRow[] {
  const urls = Array.from({ length: each }, (_, n) => clouds.map(({ url }) => url(n))).flat();
  const credentials = clouds.map((cloud) => cloud.credential);
  const resolve = createResolver({ credentials, providers, substitutions: [] });
  return resolveLines(linesOf([...urls, ...others].join('\n')), { resolve, redact: (text) => text });
}

/** A plan for each cloud, with a client that answers as told. */
async function sharesOf(rows: readonly ArtifactRow[], clients: readonly FakeClient[]): Promise<readonly Share[]> {
  const folder = temporaryFolder();
  const signal = new AbortController().signal;
  return await Promise.all(
    clouds.map(async ({ credential: { record }, batch }, index): Promise<Share> => {
      const client = clients[index] ?? fakeClient();
      const provider = { ...facts({ batch }), label: `Cloud ${index + 1}` };
      const selection = rows.flatMap(({ fate }) =>
        fate.kind === 'delete' && fate.artifact.reading.credential.record === record ? [fate.artifact.entry] : [],
      );
      const sorted = selection.toSorted((a, b) => (a.container ?? '').localeCompare(b.container ?? ''));
      const removal = await planRemoval({ client, provider, credential: record, selection: sorted, folder, signal });
      return { removal, client, provider };
    }),
  );
}

function refuse(...ids: readonly string[]): (batch: readonly Target[]) => readonly Outcome[] {
  const error = new StorageError('unexpected', 'Refused.');
  return (batch) =>
    batch.map((target) =>
      ids.includes(target.entry.id) ? { target, result: 'failed', error } : { target, result: 'deleted' },
    );
}

const never = new AbortController().signal;

test('3,000 URLs of three clouds are one question and one report, in batches as each cloud takes them', async () => {
  const rows = manyRows(1000, 's3://b0/k0', 'file:///srv/x', 'nothing');
  const clients = [fakeClient(), fakeClient(), fakeClient()];
  const shares = await sharesOf(rows, clients);
  expect(confirmationForAll(shares.map(({ removal }) => removal.plan))).toEqual({
    kind: 'typeName',
    title: 'Delete 3,000 objects?',
    detail: [
      "Amazon (Cloud 1): 1,000 objects. This can't be undone. The bucket keeps no versions.",
      "Google (Cloud 2): 1,000 objects. This can't be undone. The bucket keeps no versions.",
      "Azure (Cloud 3): 1,000 objects. This can't be undone. The bucket keeps no versions.",
    ],
    button: 'Delete 3,000 Objects',
    name: '3,000 objects',
    prompt: 'To delete them, type: 3,000 objects',
  });
  const counts: number[] = [];
  const ended = await runShares(shares, never, ({ done, total }) => counts.push(done, total));
  expect(counts.slice(-2)).toEqual([3000, 3000]);
  expect(clients.map(({ calls }) => calls.map((batch) => batch.length))).toEqual([
    [500, 500],
    [1000],
    [256, 256, 256, 232],
  ]);

  const outcomes = outcomesOfRows(rows, await outcomesOf(shares.map(({ removal }) => removal)));
  const report = jobReport(outcomes, joinReports(ended));
  expect(summaryOf(report)).toBe('Deleted 3,000');
  expect(skippedText(rows)).toBe('unresolved: 1, malformed: 1, duplicate: 1');
  expect(outcomes).toHaveLength(rows.length);
  const csv = [...artifactCsv(outcomes)];
  expect(csv).toHaveLength(1 + 3003);
  expect(csv[3001]).toMatch(/^Skipped: duplicate of line 1,3001,s3:\/\/b0\/k0,/);
  const text = artifactReportText(outcomes, report).split('\n');
  expect(text.filter((line) => /^\d+ +Deleted/.test(line))).toHaveLength(3000);
  expect(text).toContain('URLs: 3,003, of which skipped: 3');
  expect(
    planText(rows)
      .split('\n')
      .filter((line) => /^\d+ +delete/.test(line)),
  ).toHaveLength(3000);
});

test('what ends one share leaves the others alone, and only what is left is tried again', async () => {
  const rows = manyRows(4);
  const lost = new StorageError('expired', 'The keys have expired.');
  const clients = [
    fakeClient({ remove: refuse('k2') }),
    fakeClient({
      remove: (batch, _, call) => {
        if (call === 1) throw lost;
        return deletedAll(batch);
      },
    }),
    fakeClient(),
  ];
  const shares = await sharesOf(rows, clients);
  const ended = await runShares(shares, never);
  const removals = shares.map(({ removal }) => removal);
  const first = outcomesOfRows(rows, await outcomesOf(removals));
  expect(summaryOf(jobReport(first, joinReports(ended)))).toBe('Deleted 7. Failed: 5');
  expect(joinReports(ended).results).toMatchObject({ deleted: 7, failed: 5 });

  const again: Share[] = [];
  for (const [index, { removal, report }] of ended.entries()) {
    const share = shares[index];
    if (share && report && canRetry(report)) again.push({ ...share, removal: await retryFailed(removal) });
  }
  expect(again.map(({ removal }) => removal.plan.manifest.entries)).toEqual([1, 4]);
  const endedAgain = await runShares(again, never);
  const all = outcomesOfRows(rows, await outcomesOf([...removals, ...again.map(({ removal }) => removal)]));
  expect(summaryOf(jobReport(all, joinReports(endedAgain)))).toBe('Deleted 11. Failed: 1');
});

test('what may be deleted already is said to be so still when trying again was cancelled', async () => {
  const rows = manyRows(2);
  const unsure = fakeClient({
    remove() {
      throw new StorageError('unreachable', 'The connection was cut.', { retryable: false });
    },
  });
  const [share] = await sharesOf(rows, [unsure]);
  if (!share) throw new Error('There is a share for each cloud.');
  await runShares([share], never);
  const again = { ...share, removal: await retryFailed(share.removal) };
  await runShares([again], AbortSignal.abort());
  const outcomes = [...(await outcomesOf([share.removal, again.removal])).values()];
  expect(outcomes.map(({ result, fateUnknown }) => [result, fateUnknown])).toEqual([
    ['not-attempted', true],
    ['not-attempted', true],
  ]);
});

test('a share that could not run at all is told as failed, and hides nothing of the others', async () => {
  const rows = manyRows(2);
  const shares = await sharesOf(rows, []);
  const [first] = shares;
  if (first) await runShares([first], never);
  const ended = await runShares(shares, never);
  expect(ended.map(({ error }) => error?.kind)).toEqual(['already-exists', undefined, undefined]);
  expect(joinReports(ended)).toMatchObject({ results: { deleted: 4, failed: 2 }, fateUnknown: 2 });
});

test('what was to be deleted and of which nothing is known has failed', () => {
  const outcomes = outcomesOfRows(manyRows(1), new Map());
  expect(outcomes.map(({ result, fateUnknown, reason }) => [result, fateUnknown, reason])).toEqual(
    clouds.map(() => ['failed', true, 'What became of it was not recorded.']),
  );
});

test('a cancel leaves every object with an outcome', async () => {
  const rows = manyRows(3);
  const shares = await sharesOf(rows, []);
  const ended = await runShares(shares, AbortSignal.abort());
  const outcomes = outcomesOfRows(rows, await outcomesOf(shares.map(({ removal }) => removal)));
  expect(summaryOf(jobReport(outcomes, joinReports(ended)))).toBe('Deleted 0. Not attempted: 9');
  expect(joinReports(ended).stopped?.kind).toBe('cancelled');
});
