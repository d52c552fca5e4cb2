import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { type Folders, prefixFolders } from '../../../src/core/provider.ts';
import type {
  Entry,
  Outcome,
  Page,
  Place,
  Recovery,
  StorageClient,
  Target,
  WalkQuery,
} from '../../../src/core/storageClient.ts';
import { runRemoval } from '../../../src/removal/engine.ts';
import { planRemoval } from '../../../src/removal/plan.ts';
import type { PlanRequest, ProviderFacts, Removal, RunRequest } from '../../../src/removal/removal.ts';
import { Random } from '../../oracle/random.ts';

export function object(id: string, more: Partial<Entry> = {}): Entry {
  return { kind: 'object', container: 'photos', id, name: id.split('/').at(-1) || id, path: id, size: 10, ...more };
}

export function folder(id: string, more: Partial<Entry> = {}): Entry {
  return { kind: 'folder', container: 'photos', id, name: id.split('/').at(-2) ?? id, path: id, ...more };
}

export const container: Entry = { kind: 'container', id: 'photos', name: 'photos', path: 'photos' };

export function objects(count: number, prefix = 'k'): readonly Entry[] {
  return Array.from({ length: count }, (_, index) => object(`${prefix}${String(index).padStart(7, '0')}`));
}

export function deletedAll(batch: readonly Target[]): readonly Outcome[] {
  return batch.map((target) => ({ target, result: 'deleted' }));
}

export interface FakeClient extends StorageClient {
  /** Every call of `remove`, in order. */
  readonly calls: (readonly Target[])[];
  /** Every place that was listed. */
  readonly walked: Place[];
}

interface Behaviour {
  readonly pages?: (place: Place, query: WalkQuery) => AsyncIterable<Page> | Iterable<Page>;
  readonly list?: StorageClient['list'];
  readonly uploads?: StorageClient['uploads'];
  readonly remove?: (batch: readonly Target[], signal: AbortSignal, call: number) => unknown;
  readonly recovery?: Recovery | ((place: Place) => Promise<Recovery>);
}

/** A client that does what a test says; by default every delete succeeds and every place is empty. */
export function fakeClient({ pages, list, remove, recovery, uploads }: Behaviour = {}): FakeClient {
  const calls: (readonly Target[])[] = [];
  const walked: Place[] = [];
  return {
    calls,
    walked,
    async *verify() {},
    list: list ?? (async () => ({ entries: [] })),
    async *walk(place, query) {
      walked.push(place);
      yield* pages?.(place, query) ?? [];
    },
    uploads: uploads ?? (async () => ({ entries: [] })),
    async remove(batch, { signal }) {
      calls.push(batch);
      return (await (remove ?? deletedAll)(batch, signal, calls.length)) as readonly Outcome[];
    },
    async recovery(place) {
      if (typeof recovery === 'function') return recovery(place);
      return recovery ?? { recoverable: 'no', because: 'The bucket keeps no versions.' };
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** Pages of a bucket whose keys are these, as a backend with prefixes walks them. */
export function keyspace(entries: readonly Entry[], pageSize = 1000): (place: Place) => Iterable<Page> {
  return function* (place) {
    const prefix = place.kind === 'folder' ? place.id : '';
    const inside = entries.filter(({ id }) => id.startsWith(prefix));
    for (let at = 0; at < inside.length; at += pageSize) {
      const more = at + pageSize < inside.length;
      yield { entries: inside.slice(at, at + pageSize), ...(more ? { cursor: `after ${at}` } : {}) };
    }
  };
}

export function facts(
  more: { batch?: number; folders?: Folders; walks?: boolean; snapshots?: boolean; segments?: boolean } = {},
): ProviderFacts {
  return {
    id: 'fake',
    label: 'Fake Storage',
    noun: { one: 'bucket', many: 'buckets' },
    capabilities: new Set([
      'remove',
      'recovery',
      'stat',
      'read',
      'versions',
      'uploads',
      ...(more.walks === false ? [] : (['walk'] as const)),
      ...(more.snapshots ? (['snapshots'] as const) : []),
      ...(more.segments ? (['segments'] as const) : []),
    ]),
    limits: { batch: more.batch ?? 1000 },
    folders: more.folders ?? prefixFolders,
  };
}

/** A storage folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'removal-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function plan(
  client: StorageClient,
  selection: readonly Entry[],
  more: Partial<PlanRequest> = {},
): Promise<Removal> {
  return planRemoval({
    client,
    provider: facts(),
    credential: { id: 'c1', name: 'Production' },
    selection,
    folder: more.folder ?? temporaryFolder(),
    signal: new AbortController().signal,
    ...more,
  });
}

/** Short enough for a test, long enough for what doesn't hang. */
export const shortTimes = { batch: 10_000, grace: 50, retry: 1, longestWait: 100 };

export function run(client: StorageClient, removal: Removal, more: Partial<RunRequest> = {}) {
  return runRemoval({
    removal,
    client,
    provider: facts(),
    signal: new AbortController().signal,
    times: shortTimes,
    ...more,
  });
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The same numbers in every run. */
export function seededRandom(seed: number): () => number {
  const random = new Random(seed);
  return () => random.next();
}
