import type { Outcome, Target } from '../../core/storageClient.ts';
import { encodeKey, encodeSegment } from '../_shared/keys.ts';
import { resultOf, unanswered } from '../_shared/outcomes.ts';
import type { SwiftConnection } from './connection.ts';
import type { Head } from './errors.ts';
import type { Answer } from './signIn.ts';

/** What a bulk deletion says of itself: https://docs.openstack.org/swift/latest/middleware.html#bulk-delete */
export interface BulkReport {
  /** Of the whole: 400 where any was refused. */
  readonly status: number;
  readonly deleted: number;
  readonly notFound: number;
  /** Path and status of each that was refused. */
  readonly errors: readonly Refused[];
}

/** One that was refused; status 0 where another reason is given than a status. */
export interface Refused extends Head {
  readonly path: string;
}

/** The report in an answer; undefined where it holds none. */
export function bulkReportIn({ status, text }: Answer): BulkReport | undefined {
  if (status !== 200) return undefined;
  try {
    const report = JSON.parse(text) as Readonly<Record<string, unknown>> | null;
    const { 'Number Deleted': deleted, 'Number Not Found': notFound, Errors: errors } = report ?? {};
    const whole = statusIn(report?.['Response Status']);
    if (!isCount(deleted) || !isCount(notFound) || !Array.isArray(errors) || whole === undefined) return undefined;
    return { status: whole, deleted, notFound, errors: errors.map(refusedIn) };
  } catch {
    return undefined;
  }
}

/** An object as a line of a request and in a report names it. */
export function pathIn({ container = '', id }: Target['entry']): string {
  return `/${container}/${id}`;
}

/** The same as it stands in a request. */
export function lineOf({ container = '', id }: Target['entry']): string {
  return `/${encodeSegment(container)}/${encodeKey(id)}`;
}

/**
 * What a report says of each target. It names only what was refused: when the numbers don't add up to what was asked, nothing
 * is known of the others. Which of them were gone before, it doesn't say: as many as it counts are called so, the first of
 * them, since that is where an earlier try got to. All the others were deleted.
 */
export async function outcomesOf(
  swift: SwiftConnection,
  targets: readonly Target[],
  { deleted, notFound, errors }: BulkReport,
): Promise<readonly Outcome[]> {
  const refused = new Map(errors.map((error) => [error.path, error]));
  const others = targets.filter(({ entry }) => !refused.has(pathIn(entry)));
  const addsUp = others.length + errors.length === targets.length && deleted + notFound === others.length;
  const gone = new Set(others.slice(0, notFound));
  return await Promise.all(
    targets.map(async (target): Promise<Outcome> => {
      const refusal = refused.get(pathIn(target.entry));
      if (refusal === undefined) {
        if (!addsUp) return unanswered(target);
        return { target, result: gone.has(target) ? 'already-gone' : 'deleted' };
      }
      const error = await swift.refusal(refusal, target.entry);
      return { target, result: resultOf(error), error };
    }),
  );
}

function refusedIn([path, line]: readonly unknown[]): Refused {
  const reason = typeof line === 'string' ? { reason: line.slice(0, 200) } : {};
  return { path: decodeURIComponent(String(path)), status: statusIn(line) ?? 0, headers: {}, ...reason };
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0;
}

/** The number in a status line such as '404 Not Found'. */
function statusIn(line: unknown): number | undefined {
  const [, digits] = typeof line === 'string' ? (/^(\d{3})\b/.exec(line) ?? []) : [];
  return digits === undefined ? undefined : Number(digits);
}
