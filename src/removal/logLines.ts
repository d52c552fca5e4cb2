import type { Settled } from './batch.ts';
import { type Exception, loggedError, type OutcomeLine } from './outcomeLog.ts';
import type { RunResult } from './removal.ts';

/**
 * What became of neighbours in a manifest, as one line of the log.
 * @param meant what usually becomes of them: the line names the others
 */
export function lineOf(from: number, settled: readonly Settled[], meant: RunResult = 'deleted'): OutcomeLine {
  const exceptions: [number, Exception][] = [];
  for (let index = 0; index < settled.length; index++) {
    const each = settled[index];
    if (each && each.result !== meant) exceptions.push([index, exceptionOf(each)]);
  }
  return {
    from,
    entries: settled.length,
    result: meant,
    ...(exceptions.length > 0 ? { exceptions } : {}),
    ...(settled.some(({ trace }) => trace !== undefined) ? { traces: settled.map(({ trace }) => trace ?? null) } : {}),
  };
}

function exceptionOf({ result, error, fateUnknown, lookedAt }: Settled): Exception {
  return {
    result,
    ...(error ? { error: loggedError(error) } : {}),
    ...(fateUnknown ? { fateUnknown: true as const } : {}),
    ...(lookedAt === undefined ? {} : { lookedAt }),
  };
}
