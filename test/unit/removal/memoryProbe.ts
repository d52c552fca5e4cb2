// Plans, runs, reports and retries a removal of generated entries, then prints what it saw. Run with a small heap.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { StorageError } from '../../../src/core/errors.ts';
import { prefixFolders } from '../../../src/core/provider.ts';
import type { Entry, StorageClient } from '../../../src/core/storageClient.ts';
import { runRemoval } from '../../../src/removal/engine.ts';
import { planRemoval } from '../../../src/removal/plan.ts';
import type { ProviderFacts } from '../../../src/removal/removal.ts';
import { csvReport } from '../../../src/removal/report.ts';
import { retryFailed } from '../../../src/removal/retry.ts';

const total = Number(process.argv[2]);
const batch = Number(process.argv[3]);
const pageSize = 1000;
let mostAhead = 0;
let removed = 0;

function entry(index: number): Entry {
  const id = `data/2026/part-${String(index).padStart(9, '0')}.parquet`;
  return { kind: 'object', container: 'b', id, name: id.slice(10), path: `b/${id}`, size: 1000, tag: `"${index}"` };
}

const client: StorageClient = {
  async *verify() {},
  list: async () => ({ entries: [] }),
  async *walk() {
    for (let at = 0; at < total; at += pageSize) {
      yield { entries: Array.from({ length: Math.min(pageSize, total - at) }, (_, index) => entry(at + index)) };
    }
  },
  async remove(targets) {
    // What was read of the manifest but not yet answered.
    const last = targets.at(-1)?.entry.tag ?? '';
    mostAhead = Math.max(mostAhead, Number(last.slice(1, -1)) + 1 - removed);
    await new Promise((resolve) => setImmediate(resolve));
    removed += targets.length;
    return targets.map((target) =>
      target.entry.tag?.endsWith('77"')
        ? { target, result: 'failed', error: new StorageError('unsupported', 'It can not be.') }
        : { target, result: 'deleted' },
    );
  },
  async [Symbol.asyncDispose]() {},
};

const provider: ProviderFacts = {
  id: 'fake',
  label: 'Fake Storage',
  noun: { one: 'bucket', many: 'buckets' },
  capabilities: new Set(['walk', 'remove']),
  limits: { batch },
  folders: prefixFolders,
};

const folder = await mkdtemp(path.join(tmpdir(), 'removal-memory-'));
try {
  const { signal } = new AbortController();
  const removal = await planRemoval({
    client,
    provider,
    credential: { id: 'c', name: 'Production' },
    selection: [{ kind: 'container', id: 'b', name: 'b', path: 'b' }],
    folder,
    signal,
  });
  const report = await runRemoval({ removal, client, provider, signal });
  let rows = -1;
  for await (const _ of csvReport(removal)) rows++;
  const retry = await retryFailed(removal);
  console.log(
    JSON.stringify({
      planned: removal.plan.manifest.entries,
      results: report.results,
      mostAhead,
      rows,
      retried: retry.plan.manifest.entries,
    }),
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
