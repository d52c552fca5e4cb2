import { expect, test } from 'vitest';
import { StorageError } from '../../../src/core/errors.ts';
import type { Entry, StorageClient } from '../../../src/core/storageClient.ts';
import { createResolver } from '../../../src/credentials/resolve.ts';
import { type SearchRequest, searchArtifacts } from '../../../src/removal/artifactSearch.ts';
import { linesOf, resolveLines } from '../../../src/removal/artifacts.ts';
import { credential, gs, onS3, providers } from '../credentials/owners.ts';
import { facts, fakeClient, object } from './fakeStorage.ts';

const minio = { service: 'minio', endpoint: 'http://minio:9000' };

interface Asked {
  readonly ids: string[];
  most: number;
}

/** A server that holds what is named, and fails where told. */
function serverWith(entries: readonly Entry[], failures: Readonly<Record<string, StorageError>> = {}) {
  const asked: Asked = { ids: [], most: 0 };
  let now = 0;
  const client: StorageClient = {
    ...fakeClient({
      recovery: async (place) => {
        const failure = failures[`in ${'id' in place ? place.id : ''}`];
        if (failure) throw failure;
        return { recoverable: 'yes', because: 'It keeps versions.' };
      },
    }),
    async stat({ id }) {
      asked.ids.push(id);
      asked.most = Math.max(asked.most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 1));
      now--;
      const failure = failures[id];
      if (failure) throw failure;
      const found = entries.find((entry) => entry.id === id);
      if (!found) throw new StorageError('not-found', 'Nothing is there.');
      return found;
    },
  };
  return { client, asked };
}

function search(client: StorageClient, urls: readonly string[], more: Partial<SearchRequest> = {}) {
  const resolve = createResolver({
    credentials: [onS3('Amazon'), onS3('Minio', minio), credential(gs, 'Google', {})],
    providers,
    substitutions: [],
  });
  return searchArtifacts({
    rows: resolveLines(linesOf(urls.join('\n')), { resolve, redact: (text) => text }),
    all: true,
    open: async () => ({ client, provider: facts() }),
    signal: new AbortController().signal,
    ...more,
  });
}

async function fates(...given: Parameters<typeof search>) {
  return (await search(...given)).map(({ fate }) => {
    if (fate.kind === 'delete') return `${fate.artifact.entry.id}${fate.artifact.found ? ' found' : ''}`;
    return fate.kind === 'duplicate' ? `like ${fate.of}` : fate.kind;
  });
}

const forbidden = new StorageError('forbidden', 'These credentials may not do this.');

test('the first reading that exists is meant, and no other is looked for', async () => {
  const { client, asked } = serverWith([object('a b'), object('c%20d')]);
  const urls = ['http://minio:9000/photos/a%20b', 'http://minio:9000/photos/c%20d', 'http://minio:9000/photos/e%20f'];
  expect(await fates(client, urls, { all: false })).toEqual(['a b found', 'c%20d found', 'missing']);
  expect(asked.ids.toSorted()).toEqual(['a b', 'c d', 'c%20d', 'e f', 'e%20f'].toSorted());
});

test('where a reading can not be looked for, none is chosen', async () => {
  const { client } = serverWith([object('a%20b'), object('plain')], {
    'a b': forbidden,
    'c d': new StorageError('unreachable', 'No answer.'),
    plain: forbidden,
  });
  const urls = ['http://minio:9000/photos/a%20b', 'http://minio:9000/photos/c%20d', 's3://minio:9000/photos/plain'];
  const rows = await search(client, urls);
  expect(rows.map(({ fate }) => fate)).toEqual([
    {
      kind: 'unresolved',
      reason: "It can mean a b or a%20b, and it can't be told which: These credentials may not do this.",
    },
    { kind: 'unresolved', reason: "It can mean c d or c%20d, and it can't be told which: No answer." },
    expect.objectContaining({ kind: 'delete' }),
  ]);
});

test('where a backend has no way to look, only what is clear is deleted', async () => {
  const { client, asked } = serverWith([object('a b'), object('c')]);
  const open = async () => {
    const known = facts();
    return {
      client,
      provider: { ...known, capabilities: new Set([...known.capabilities].filter((each) => each !== 'stat')) },
    };
  };
  const urls = ['http://minio:9000/photos/a%20b', 's3://minio:9000/photos/c'];
  expect(await fates(client, urls, { open })).toEqual(['unresolved', 'c']);
  expect(asked.ids).toEqual([]);
});

test('what turns out to be the same object is one target', async () => {
  const { client } = serverWith([object('a b')]);
  const urls = ['http://minio:9000/photos/a%20b', 's3://minio:9000/photos/a b', 's3://minio:9000/photos/a%20b'];
  expect(await fates(client, urls)).toEqual(['a b found', 'like 1', 'missing']);
});

test('of what is there, size, tag and locks are taken over, and no version', async () => {
  const { client } = serverWith([
    object('k', {
      size: 7,
      tag: 't',
      version: { id: 'v', latest: true, marker: false },
      locks: [{ kind: 'legal-hold' }],
    }),
  ]);
  const [row] = await search(client, ['s3://minio:9000/photos/k']);
  expect(row?.fate).toMatchObject({
    artifact: {
      entry: { id: 'k', container: 'photos', path: 'photos/k', size: 7, tag: 't', locks: [{ kind: 'legal-hold' }] },
      recovery: { recoverable: 'yes' },
    },
  });
  expect(JSON.stringify(row?.fate)).not.toContain('"version"');
});

test('a folder is no object', async () => {
  const { client } = serverWith([object('k', { kind: 'folder' })]);
  expect(await fates(client, ['s3://minio:9000/photos/k'])).toEqual(['unresolved']);
});

test('what is in a container that is gone is missing, without a look', async () => {
  const { client, asked } = serverWith([], { 'in photos': new StorageError('not-found', 'No such bucket.') });
  const urls = ['s3://minio:9000/photos/a', 'http://minio:9000/photos/b%20c'];
  expect(await fates(client, urls, { all: false })).toEqual(['missing', 'missing']);
  expect(asked.ids).toEqual([]);
});

test('a credential that is refused leaves its rows unresolved, and the others alone', async () => {
  const { client } = serverWith([object('a')]);
  let opened = 0;
  const open: SearchRequest['open'] = async (reading) => {
    opened++;
    if (reading.credential.record.name === 'Google') throw new StorageError('unauthenticated', 'The keys are wrong.');
    return { client, provider: facts() };
  };
  const rows = await search(client, ['gs://photos/a', 'gs://photos/b', 's3://minio:9000/photos/a'], { open });
  expect(rows.map(({ fate }) => ('reason' in fate ? fate.reason : fate.kind))).toEqual([
    'Google: The keys are wrong.',
    'Google: The keys are wrong.',
    'delete',
  ]);
  expect(opened).toBe(2);
});

test('a server that does not answer is not asked for each object', async () => {
  const { client, asked } = serverWith([], { 'in photos': new StorageError('unreachable', 'No answer.') });
  const urls = Array.from({ length: 50 }, (_, n) => `s3://minio:9000/photos/${n}`);
  const rows = await search(client, urls);
  expect(asked.ids).toEqual([]);
  expect(rows.every(({ fate }) => fate.kind === 'delete' && fate.artifact.note === 'No answer.')).toBe(true);
});

test('several are looked for at once, not all, and each is counted', async () => {
  const entries = Array.from({ length: 90 }, (_, n) => object(`k${n}`));
  const { client, asked } = serverWith(entries);
  const counts: number[] = [];
  await search(
    client,
    entries.map(({ id }) => `s3://minio:9000/photos/${id}`),
    { onProgress: (done, total) => counts.push(done, total) },
  );
  expect(asked.most).toBeGreaterThan(1);
  expect(asked.most).toBeLessThanOrEqual(16);
  expect(counts).toEqual(entries.flatMap((_, n) => [n + 1, 90]));
});

test('a cancel ends it at once, whatever the server does', async () => {
  const cancel = new AbortController();
  const client: StorageClient = {
    ...fakeClient(),
    stat: () => {
      cancel.abort();
      return new Promise(() => undefined);
    },
  };
  const searching = search(client, ['s3://minio:9000/photos/a'], { signal: cancel.signal });
  await expect(searching).rejects.toMatchObject({ kind: 'cancelled' });
});
