import { afterAll, expect, it } from 'vitest';
import type { Entry } from '../../src/core/storageClient.ts';
import { checkAgain } from '../../src/removal/checkAgain.ts';
import { runRemoval } from '../../src/removal/engine.ts';
import { planRemoval } from '../../src/removal/plan.ts';
import type { PlanRequest } from '../../src/removal/removal.ts';
import { isDeletion } from '../servers/faultProxy.ts';
import { temporaryFolder } from '../servers/serverProcess.ts';
import { VersionedBuckets } from '../support/versionedBuckets.ts';
import { contractSuite, targetOf } from './contractSuite.ts';

// What Check Again says where a bucket keeps versions, and of unfinished uploads.
await contractSuite(
  'checking removals of versions again',
  ['walk', 'remove', 'versions', 'uploads'],
  (contract) => {
    const { provider, server } = contract;
    const draft = server.draft(server.origin);
    const keys = { accessKeyId: String(draft.accessKeyId), secretAccessKey: String(draft.secretAccessKey) };
    const buckets = new VersionedBuckets({ endpoint: server.origin, ...keys });
    const storage = temporaryFolder('checks');
    const { signal } = new AbortController();
    afterAll(async () => (await storage).remove());

    async function removed(selection: readonly Entry[], more: Partial<PlanRequest> = {}) {
      const proxy = await contract.proxy();
      const client = await contract.open({}, proxy.endpoint);
      const common = { client, provider, signal };
      const credential = { id: 'contract', name: 'Contract' };
      const folder = (await storage).path;
      const removal = await planRemoval({ ...common, credential, selection, folder, ...more });
      const { results } = await runRemoval({ ...common, removal });
      expect(results.deleted).toBe(removal.plan.manifest.entries);
      proxy.reset();
      return {
        async check() {
          const { verdicts, others } = await checkAgain({ ...common, removal });
          expect(proxy.requests.filter(isDeletion)).toEqual([]);
          return { ...Object.fromEntries(Object.entries(verdicts).filter(([, count]) => count > 0)), others };
        },
      };
    }

    it('what stands behind a delete marker is gone, until its name is used again', async () => {
      const bucket = await buckets.create('versioned');
      await buckets.put(bucket, 'a');
      await buckets.put(bucket, 'b');
      const all = await removed([contract.containerEntry(bucket), targetOf(bucket, 'a').entry]);
      const alone = await buckets.put(bucket, 'c').then(() => removed([targetOf(bucket, 'c').entry]));
      expect(await all.check()).toEqual({ gone: 2, others: 0 });
      expect(await alone.check()).toEqual({ gone: 1, others: 0 });
      await buckets.put(bucket, 'a', 'something else');
      await buckets.put(bucket, 'c');
      expect(await all.check()).toEqual({ gone: 1, newer: 1, others: 1 });
      expect(await alone.check()).toEqual({ back: 1, others: 0 });
    });

    it('versions and markers are told by their ids', async () => {
      const bucket = await buckets.create('versioned');
      for (const key of ['a', 'a', 'b']) await buckets.put(bucket, key);
      await buckets.mark(bucket, 'b');
      await buckets.beginUpload(bucket, 'half');
      const { check } = await removed([contract.containerEntry(bucket)], { versions: true });
      expect(await check()).toEqual({ gone: 5, others: 0 });
      await buckets.put(bucket, 'a');
      await buckets.mark(bucket, 'b');
      await buckets.beginUpload(bucket, 'half');
      expect(await check()).toEqual({ gone: 5, others: 3 });
    });

    it('one version that was deleted by itself is gone, whatever else stands there', async () => {
      const bucket = await buckets.create('versioned');
      const first = await buckets.put(bucket, 'a');
      await buckets.put(bucket, 'a');
      const { entry } = targetOf(bucket, 'a');
      const { check } = await removed([{ ...entry, version: { id: first, latest: false, marker: false } }]);
      expect(await check()).toEqual({ gone: 1, others: 0 });
    });
  },
  (provider, server) => provider.id === 's3' && server.name === 'Ceph RGW',
  ['s3'],
);
