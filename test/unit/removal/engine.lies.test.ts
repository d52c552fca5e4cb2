import { expect, test } from 'vitest';
import { type ErrorKind, errorKinds, StorageError } from '../../../src/core/errors.ts';
import {
  type Entry,
  identityOf,
  type RemovalResult,
  removalResults,
  type Target,
} from '../../../src/core/storageClient.ts';
import { readOutcomes } from '../../../src/removal/outcomeLog.ts';
import {
  collect,
  facts,
  fakeClient,
  folder,
  keyspace,
  object,
  plan,
  run,
  seededRandom,
  temporaryFolder,
} from './fakeStorage.ts';

const rounds = 25;

/** A client that errs in every way it can, and remembers each thing it ever said of an identity. */
function liar(
  random: () => number,
  keys: readonly Entry[],
  said: Map<string, Set<RemovalResult>>,
  cancel: AbortController,
) {
  const oneOf = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)] as T;
  const say = (target: Target, result: RemovalResult) => {
    const identity = identityOf(target.entry);
    said.set(identity, (said.get(identity) ?? new Set()).add(result));
    const kind =
      random() < 0.05 ? oneOf<ErrorKind>(errorKinds) : oneOf<ErrorKind>(['rate-limited', 'unreachable', 'forbidden']);
    return { target, result, ...(random() < 0.8 ? { error: new StorageError(kind, 'A lie.') } : {}) };
  };
  return fakeClient({
    pages: keyspace(keys, 7),
    recovery: { recoverable: oneOf(['yes', 'no', 'unknown'] as const), because: 'So it says.' },
    async remove(batch, signal) {
      if (random() < 0.02) cancel.abort();
      const mood = random();
      if (mood < 0.06)
        throw new StorageError(
          oneOf<ErrorKind>(['rate-limited', 'unreachable', 'timed-out', 'forbidden', 'unexpected']),
          'No.',
        );
      if (mood < 0.08) throw new TypeError('A bug in the client.');
      if (mood < 0.1) return undefined;
      if (mood < 0.14) return new Promise(() => {});
      if (mood < 0.17) return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      const outcomes = batch.flatMap((target) => {
        const lie = random();
        if (lie < 0.06) return [];
        if (lie < 0.1) return [say(target, 'deleted'), say(target, oneOf(removalResults))];
        if (lie < 0.14) return [say({ ...target, entry: object(`foreign ${random()}`) }, 'deleted')];
        if (lie < 0.18) return [say({ ...target, entry: { ...target.entry, container: 'elsewhere' } }, 'deleted')];
        if (lie < 0.22)
          return [
            say(
              { ...target, entry: { ...target.entry, version: { id: 'v9', latest: true, marker: false } } },
              'deleted',
            ),
          ];
        if (lie < 0.24) return [null, { result: 'deleted' }];
        return [say(target, lie < 0.8 ? 'deleted' : oneOf(removalResults))];
      });
      return random() < 0.5 ? outcomes : outcomes.toSorted(() => random() - 0.5);
    },
  });
}

test(`whatever a client says, the outcomes add up to the plan and deleted is never made up (${rounds} random clients)`, {
  timeout: 120_000,
}, async () => {
  const storage = temporaryFolder();
  const seen = new Set<RemovalResult>();
  for (let seed = 1; seed <= rounds; seed++) {
    const random = seededRandom(seed);
    const keys = Array.from({ length: Math.floor(random() * 60) }, (_, index) =>
      random() < 0.15 ? folder(`d/${String(index).padStart(3, '0')}/`) : object(`d/${String(index).padStart(3, '0')}`),
    );
    const provider = facts({ batch: 1 + Math.floor(random() * 9), folders: { real: random() < 0.5 } });
    const said = new Map<string, Set<RemovalResult>>();
    const cancel = new AbortController();
    const client = liar(random, keys, said, cancel);
    const removal = await plan(client, [folder('d/'), object('z')], { provider, folder: storage });
    const progress: number[] = [];
    const report = await run(client, removal, {
      provider,
      signal: cancel.signal,
      times: { batch: 15, grace: 5, retry: 1, longestWait: 10 },
      onProgress: ({ done, total, results }) => {
        expect(Object.values(results).reduce((sum, count) => sum + count)).toBe(done);
        expect(total).toBe(removal.plan.manifest.entries);
        progress.push(done);
      },
    });

    const outcomes = await collect(readOutcomes(removal));
    const context = `seed ${seed}`;
    expect(outcomes, context).toHaveLength(removal.plan.manifest.entries);
    expect(progress.at(-1), context).toBe(outcomes.length);
    for (const result of removalResults) {
      const matching = outcomes.filter((outcome) => outcome.result === result);
      expect(matching.length, context).toBe(report.results[result]);
      if (matching.length > 0) seen.add(result);
      if (result === 'deleted' || result === 'already-gone') {
        for (const { entry, error } of matching) {
          expect(said.get(identityOf(entry))?.has(result), `${context}: ${entry.id}`).toBe(true);
          expect(error).toBeUndefined();
        }
      } else for (const { error } of matching) expect(error?.sentence, context).toBeTruthy();
    }
    expect(outcomes.filter(({ fateUnknown }) => fateUnknown).length, context).toBe(report.fateUnknown);
    const planned = new Set(outcomes.map(({ entry }) => identityOf(entry)));
    expect(
      client.calls.flat().every(({ entry }) => planned.has(identityOf(entry))),
      context,
    ).toBe(true);
    const sent = new Set(client.calls.flat().map(({ entry }) => identityOf(entry)));
    for (const { entry, result } of outcomes) {
      if (!sent.has(identityOf(entry))) expect(result, context).toBe('not-attempted');
    }
  }
  expect([...seen].toSorted()).toEqual([...removalResults].toSorted());
});
