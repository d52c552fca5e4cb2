import type { Settled } from './batch.ts';
import { loggedError, type OutcomeLine } from './outcomeLog.ts';

/** What became of neighbours in a manifest, as one line of the log: most of them are usually deleted, so it names the others. */
export function lineOf(from: number, settled: readonly Settled[]): OutcomeLine {
  const exceptions = [...settled.entries()].flatMap(([index, { result, error, fateUnknown }]) =>
    result === 'deleted'
      ? []
      : [
          [
            index,
            {
              result,
              ...(error ? { error: loggedError(error) } : {}),
              ...(fateUnknown ? { fateUnknown: true as const } : {}),
            },
          ] as const,
        ],
  );
  return { from, entries: settled.length, result: 'deleted', ...(exceptions.length > 0 ? { exceptions } : {}) };
}
