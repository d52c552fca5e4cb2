import { describe, expect, it } from 'vitest';
import type { StorageError } from '../../src/core/errors.ts';
import { call, collect, containerPlace, targetOf } from './contractSuite.ts';
import { namesDeletedBy } from './gcs.server.ts';
import { GcsBench, objectOf, planned, results } from './gcs.support.ts';

const batchPath = '/batch/storage/v1';
const names = (count: number) => Array.from({ length: count }, (_, n) => `k${String(n).padStart(4, '0')}`);

describe('the chain of ways to delete many', () => {
  it.each([
    ['all at once', [], ['POST /b']],
    [
      'in batches of 100 where the server deletes none at once',
      ['multiDelete'],
      ['POST /b', ...Array(3).fill(`POST ${batchPath}`)],
    ],
  ] as const)('deletes %s', async (_, without, expected) => {
    await using bench = await GcsBench.start({ without });
    bench.gcs.store.createBucket('b', bench.gcs.project);
    for (const name of [...names(250), 'bystander']) bench.gcs.store.put('b', name);
    const client = await bench.open();
    const outcomes = await client.remove(
      names(250).map((name) => targetOf('b', name)),
      call(),
    );
    expect(new Set(outcomes.map(({ result }) => result))).toEqual(new Set(['deleted']));
    expect(bench.sent.toSorted()).toEqual([...expected].sort());
    expect(bench.gcs.store.names('b')).toEqual(['bystander']);
  });

  it('deletes one by one where the server has no batches either, and asks for neither again', async () => {
    await using bench = await GcsBench.start({ without: ['multiDelete', 'batch'] });
    bench.gcs.store.createBucket('b', bench.gcs.project);
    for (const name of names(6)) bench.gcs.store.put('b', name);
    const client = await bench.open();
    const remove = (some: readonly string[]) =>
      client.remove(
        some.map((name) => targetOf('b', name)),
        call(),
      );
    expect(results(await remove(names(3)))).toEqual(names(3).map((name) => [name, 'deleted']));
    expect(bench.sent.slice(0, 2)).toEqual(['POST /b', `POST ${batchPath}`]);
    bench.proxy.reset();
    await remove(names(6));
    expect(bench.sent.every((request) => request.startsWith('DELETE '))).toBe(true);
    expect(bench.proxy.requests.flatMap(namesDeletedBy).sort()).toEqual(names(6));
    expect(bench.gcs.store.names('b')).toEqual([]);
  });

  it('goes no other way when the fate of the first request is unknown', async () => {
    for (const fault of [
      { kind: 'status', status: 500 },
      { kind: 'reset-after' },
      { kind: 'status', status: 503 },
    ] as const) {
      await using bench = await GcsBench.start();
      bench.gcs.store.createBucket('b', bench.gcs.project);
      const client = await bench.open();
      bench.proxy.addRule({ when: () => true, fault });
      await client
        .remove(
          ['a', 'b'].map((name) => targetOf('b', name)),
          call(),
        )
        .catch(() => undefined);
      expect(bench.sent).toEqual(['POST /b']);
    }
  });
});

describe('an answer to a list of names', () => {
  async function removeWith(content: string, ids = ['a', 'b', 'c']) {
    await using bench = await GcsBench.start();
    bench.gcs.store.createBucket('b', bench.gcs.project);
    const client = await bench.open();
    const body = `<?xml version="1.0" encoding="UTF-8"?><DeleteResult>${content}</DeleteResult>`;
    bench.proxy.addRule({ when: ({ method }) => method === 'POST', fault: { kind: 'status', status: 200, body } });
    return results(
      await client.remove(
        ids.map((name) => targetOf('b', name)),
        call(),
      ),
    );
  }
  const deleted = (key: string) => `<Deleted><Key>${key}</Key></Deleted>`;
  const refused = (key: string, code: string) => `<Error><Key>${key}</Key><Code>${code}</Code><Message/></Error>`;

  it('gives each the outcome that its own words mean', async () => {
    const codes = [
      'InternalError',
      'AccessDenied',
      'PreconditionFailed',
      'RetentionPolicyNotMet',
      'NoSuchKey',
      'NeverHeardOf',
    ];
    const answered = await removeWith(deleted('a') + codes.map((code) => refused(code, code)).join(''), [
      'a',
      ...codes,
    ]);
    expect(answered.map(([, result]) => result)).toEqual([
      'deleted',
      'failed',
      'denied',
      'changed',
      'locked',
      'already-gone',
      'failed',
    ]);
  });

  it('counts what it leaves out, and what it says of others, as nothing', async () => {
    const answered = await removeWith(
      deleted('other') + deleted('A') + deleted(' c') + deleted('b') + refused('b', 'InternalError'),
    );
    expect(answered).toEqual([
      ['a', 'failed'],
      ['b', 'failed'],
      ['c', 'failed'],
    ]);
  });
});

describe('an answer to a batch', () => {
  it.each<[string, (page: string) => string, readonly string[]]>([
    [
      'leaves one out',
      (page) => page.replace(/--\S+\r\n(?:(?!\r\n--).)*response-1(?:(?!\r\n--).)*\r\n(?=--)/s, ''),
      ['deleted', 'failed', 'deleted'],
    ],
    ['answers one twice', (page) => page.replaceAll('response-2', 'response-1'), ['deleted', 'failed', 'failed']],
    ['is cut off', (page) => page.slice(0, page.length >> 1), ['failed', 'failed', 'failed']],
    ['refuses in other words than its own', (page) => page.replace(' 204 ', ' 404 '), ['failed', 'deleted', 'deleted']],
  ])('that %s counts for what it says and no more', async (_, change, expected) => {
    await using bench = await GcsBench.start({ without: ['multiDelete'] });
    const { store } = bench.gcs;
    store.createBucket('b', bench.gcs.project);
    const ids = ['a', 'b', 'c'];
    for (const name of ids) store.put('b', name);
    const client = await bench.open();
    bench.proxy.addRule({
      when: ({ target }) => target === batchPath,
      fault: { kind: 'replace-body', body: (page) => Buffer.from(change(page.toString('utf8'))) },
    });
    const targets = ids.map((name) => targetOf('b', name));
    const outcomes = await client
      .remove(targets, call())
      .catch((error: StorageError) => targets.map((target) => ({ target, result: 'failed' as const, error })));
    expect(outcomes.map(({ result }) => result)).toEqual(expected);
  });
});

describe('a generation that was planned', () => {
  it.each(['deleted', 'refused'] as const)(
    'is named to a bucket without versions, and what is there instead stays (missing: %s)',
    async (missing) => {
      await using bench = await GcsBench.start({ missing });
      const { store } = bench.gcs;
      store.createBucket('b', bench.gcs.project);
      const before = new Map(names(5).map((name) => [name, store.put('b', name).generation]));
      store.put('b', 'k0001', 'overwritten');
      store.bucket('b').delete('k0003');
      const client = await bench.open();
      const outcomes = await client.remove(
        names(5).map((name) => planned('b', name, before.get(name) ?? '')),
        call(),
      );
      const kept = results(outcomes).map(([, result]) => (result === 'already-gone' ? 'deleted' : result));
      expect(kept).toEqual(['deleted', 'changed', 'deleted', 'deleted', 'deleted']);
      expect(store.names('b')).toEqual(['k0001']);
      expect(bench.proxy.requests.find(({ method }) => method === 'POST')?.body).toContain('<VersionId>');
    },
  );

  it.each([
    ['keeps versions', { versioning: true }, () => true],
    [
      'may not be asked whether it keeps versions',
      { versioning: true },
      (permission: string) => permission !== 'storage.buckets.get',
    ],
  ])('becomes noncurrent where the bucket %s, and nothing goes for good', async (_, settings, may) => {
    await using bench = await GcsBench.start();
    const { store } = bench.gcs;
    store.createBucket('b', bench.gcs.project, settings);
    const before = new Map(names(120).map((name) => [name, store.put('b', name).generation]));
    store.put('b', 'k0007', 'overwritten');
    const serviceAccountKey = JSON.stringify(bench.gcs.addAccount('limited', may));
    const client = await bench.open({ serviceAccountKey });
    const outcomes = await client.remove(
      names(120).map((name) => planned('b', name, before.get(name) ?? '')),
      call(),
    );
    expect(results(outcomes).filter(([, result]) => result !== 'deleted')).toEqual([['k0007', 'changed']]);
    expect(store.names('b')).toEqual(['k0007']);
    expect(store.bucket('b').noncurrent).toHaveLength(120);
    expect(bench.sent.filter((request) => request === 'POST /b')).toEqual([]);
  });

  it('is told from what is gone, alone too', async () => {
    await using bench = await GcsBench.start();
    const { store } = bench.gcs;
    store.createBucket('b', bench.gcs.project);
    const [a, b, c] = ['a', 'b', 'c'].map((name) => store.put('b', name).generation);
    store.put('b', 'b');
    store.bucket('b').delete('c');
    const client = await bench.open();
    const alone = async (name: string, generation = '') =>
      results(await client.remove([planned('b', name, generation)], call()));
    expect(await alone('a', a)).toEqual([['a', 'deleted']]);
    expect(await alone('b', b)).toEqual([['b', 'changed']]);
    expect(await alone('c', c)).toEqual([['c', 'already-gone']]);
    expect(store.names('b')).toEqual(['b']);
  });

  it('is not called deleted when it is still there', async () => {
    await using bench = await GcsBench.start();
    const { store } = bench.gcs;
    store.createBucket('b', bench.gcs.project);
    const targets = ['a', 'c'].map((name) => planned('b', name, store.put('b', name).generation));
    const client = await bench.open();
    const body = `<DeleteResult>${targets.map(({ entry }) => `<Deleted><Key>${entry.id}</Key></Deleted>`).join('')}</DeleteResult>`;
    bench.proxy.addRule({ when: ({ method }) => method === 'POST', fault: { kind: 'status', status: 200, body } });
    expect(results(await client.remove(targets, call()))).toEqual([
      ['a', 'failed'],
      ['c', 'failed'],
    ]);
  });

  it('is looked after wherever the names lie', async () => {
    await using bench = await GcsBench.start();
    const { store } = bench.gcs;
    store.createBucket('b', bench.gcs.project);
    const far = ['a', 'c', 'e', 'g', 'i', 'm', 'q'];
    for (const letter of far) for (let n = 0; n < 1100; n++) store.put('b', `${letter}-${n}`);
    const targets = far.map((name) => planned('b', name, store.put('b', name).generation));
    store.put('b', 'm');
    const client = await bench.open();
    const outcomes = await client.remove(targets, call());
    expect(results(outcomes).filter(([, result]) => result !== 'deleted')).toEqual([['m', 'changed']]);
    expect(bench.sent.length).toBeLessThan(16);
  });

  it('is no condition when it is none: such a tag is refused before any call', async () => {
    await using bench = await GcsBench.start();
    bench.gcs.store.createBucket('b', bench.gcs.project);
    bench.gcs.store.put('b', 'a');
    const client = await bench.open();
    expect(await client.remove([planned('b', 'a', '"etag"'), planned('b', 'a', '')], call())).toMatchObject([
      { result: 'failed', error: { kind: 'unsupported' } },
      { result: 'failed', error: { kind: 'unsupported' } },
    ]);
    expect(bench.sent).toEqual([]);
  });
});

describe('what is held or retained', () => {
  const until = new Date(Math.ceil(Date.now() / 1000) * 1000 + 86_400_000);

  async function prepared(without: readonly ('multiDelete' | 'batch')[]) {
    const bench = await GcsBench.start({ without });
    const { store } = bench.gcs;
    store.createBucket('b', bench.gcs.project);
    const put = (name: string, lock: object) => Object.assign(store.put('b', name), lock);
    put('event', { eventBasedHold: true });
    put('free', { temporaryHold: false, retainedUntil: new Date(Date.now() - 1000) });
    put('retained', { retainedUntil: until });
    put('temporary', { temporaryHold: true });
    return bench;
  }

  it('is shown as locked', async () => {
    await using bench = await prepared([]);
    const client = await bench.open();
    const expected = {
      event: [{ kind: 'legal-hold' }],
      free: undefined,
      retained: [{ kind: 'retention', until: until.getTime() }],
      temporary: [{ kind: 'legal-hold' }],
    };
    const listed = (await client.list(containerPlace('b'), {}, call())).entries;
    const walked = (await collect(client.walk(containerPlace('b'), {}, call()))).flatMap(({ entries }) => entries);
    const asked = await Promise.all(Object.keys(expected).map((name) => client.stat(objectOf('b', name), call())));
    for (const entries of [listed, walked, asked]) {
      expect(Object.fromEntries(entries.map(({ id, locks }) => [id, locks]))).toEqual(expected);
    }
  });

  it.each([
    ['all at once', [] as const],
    ['in batches', ['multiDelete'] as const],
    ['one by one', ['multiDelete', 'batch'] as const],
  ])('is reported as locked when deleted %s, and why', async (_, without) => {
    await using bench = await prepared([...without]);
    const client = await bench.open();
    const outcomes = await client.remove(
      ['event', 'free', 'retained', 'temporary'].map((name) => targetOf('b', name)),
      call(),
    );
    expect(results(outcomes)).toEqual([
      ['event', 'locked'],
      ['free', 'deleted'],
      ['retained', 'locked'],
      ['temporary', 'locked'],
    ]);
    expect(outcomes[0]?.error?.message).toBe('Under a legal hold: event');
    expect(outcomes[2]?.error?.message).toBe(`Locked until ${until.toISOString().replace('.000Z', 'Z')}: retained`);
    expect(bench.gcs.store.names('b')).toEqual(['event', 'retained', 'temporary']);
  });
});

describe('a token', () => {
  it('that the server takes no more is got anew, in the middle of a run too', async () => {
    await using bench = await GcsBench.start();
    const { store, tokens } = bench.gcs;
    store.createBucket('b', bench.gcs.project);
    for (const name of names(4)) store.put('b', name);
    const learned: string[] = [];
    const client = await bench.open({}, { learn: (secrets) => learned.push(...secrets) });
    await client.list(containerPlace('b'), {}, call());
    expect(tokens.issued).toBe(1);
    tokens.revokeAll();
    expect(results(await client.remove([targetOf('b', 'k0000')], call()))).toEqual([['k0000', 'deleted']]);
    tokens.revokeAll();
    const outcomes = await client.remove(
      names(4).map((name) => targetOf('b', name)),
      call(),
    );
    expect(new Set(outcomes.map(({ result }) => result))).toEqual(new Set(['deleted']));
    expect(tokens.issued).toBe(3);
    expect(learned.filter((secret) => secret.includes(tokens.marker))).toHaveLength(3);
    expect(store.names('b')).toEqual([]);
  });

  it('that lives for seconds is renewed before it ends', async () => {
    await using bench = await GcsBench.start();
    bench.gcs.tokens.lifetime = 1;
    bench.gcs.store.createBucket('b', bench.gcs.project);
    const client = await bench.open();
    for (let n = 0; n < 3; n++) await client.list(containerPlace('b'), {}, call());
    expect(bench.gcs.tokens.issued).toBeGreaterThanOrEqual(3);
  });

  it('that is never accepted ends the call, and deletes nothing twice', async () => {
    await using bench = await GcsBench.start();
    bench.gcs.store.createBucket('b', bench.gcs.project);
    bench.gcs.store.put('b', 'a');
    const client = await bench.open();
    bench.proxy.addRule({ when: () => true, fault: { kind: 'status', status: 401 } });
    const [outcome] = await client.remove([targetOf('b', 'a')], call());
    expect(outcome).toMatchObject({ result: 'failed', error: { kind: 'unauthenticated' } });
    expect(bench.sent).toHaveLength(2);
  });
});
