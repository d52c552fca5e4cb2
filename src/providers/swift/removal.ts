import { StorageError } from '../../core/errors.ts';
import type { Entry, Outcome, Target } from '../../core/storageClient.ts';
import { type RemovalWays, removeInWays } from '../_shared/batchRemoval.ts';
import { refuseTarget, resultOf, unanswered } from '../_shared/outcomes.ts';
import { bulkReportIn, lineOf, outcomesOf, pathIn } from './bulkDelete.ts';
import type { Asked, SwiftConnection } from './connection.ts';
import { incomplete, isOfSwift } from './errors.ts';
import { askBulkLimit } from './info.ts';
import { headOfContainer } from './versioning.ts';

/** Deletes objects and versions of objects: objects together where the server takes them so, the rest one by one. */
export function removeBatch(
  swift: SwiftConnection,
  batch: readonly Target[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const ways: RemovalWays = {
    refuse: ({ entry }) => refuseTarget(entry, swift.options, ['object']),
    groupOf: ({ entry }) => (goesAlone(entry) ? undefined : (entry.container ?? '')),
    together: (targets, limited) => removeTogether(swift, targets, limited),
    one: (target, limited) => removeOne(swift, target, limited),
    explain: (outcomes, limited) => doubtAbsence(swift, outcomes, limited),
  };
  return removeInWays(batch, ways, signal);
}

/** The longest line that a server reads whole, whatever else is in its buffer. */
const longestLine = 1024;

/** A list of names can't say which version is meant, nor that segments go too; and a name of slashes alone may be taken for its container there. */
function goesAlone(entry: Entry): boolean {
  const { id, version, segmented } = entry;
  return version !== undefined || segmented === true || /^\/+$/.test(id) || lineOf(entry).length > longestLine;
}

/** Undefined where the server takes no lists: then nothing was done yet. */
async function removeTogether(
  swift: SwiftConnection,
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<readonly Outcome[] | undefined> {
  const outcomes: Outcome[] = [];
  let left = targets;
  while (left.length > 0) {
    if (swift.bulkLimit === 0) return outcomes.length === 0 ? undefined : [...outcomes, ...left.map(unanswered)];
    const some = left.slice(0, swift.bulkLimit);
    const sent = await sendBulk(swift, some, signal).catch((error: unknown) => failed(some, error));
    if (sent === 'too many' || sent === 'not offered') continue;
    outcomes.push(...sent);
    left = left.slice(some.length);
  }
  return outcomes;
}

function failed(targets: readonly Target[], error: unknown): readonly Outcome[] {
  if (!(error instanceof StorageError)) throw error;
  return targets.map((target) => ({ target, result: resultOf(error), error }));
}

/** After 'too many' and 'not offered' nothing was done, and the limit is known. */
async function sendBulk(
  swift: SwiftConnection,
  targets: readonly Target[],
  signal: AbortSignal,
  renewed = false,
): Promise<readonly Outcome[] | 'too many' | 'not offered'> {
  const session = await swift.session(signal);
  const answer = await swift.answer(
    {
      method: 'POST',
      query: { 'bulk-delete': '' },
      headers: { 'content-type': 'text/plain', accept: 'application/json' },
      body: targets.map(({ entry }) => `${lineOf(entry)}\n`).join(''),
    },
    signal,
  );
  const report = bulkReportIn(answer);
  if (!report) {
    if (answer.status === 200) throw incomplete((await swift.subject({})).server);
    if (!takesNoLists(answer.status) || !isOfSwift(answer)) throw await swift.refusal(answer, {});
    swift.bulkLimit = 0;
    return 'not offered';
  }
  const { status, deleted, notFound, errors } = report;
  const nothingDone = deleted === 0 && notFound === 0 && errors.length === 0;
  if (status === 413 && nothingDone) {
    swift.bulkLimit = await askBulkLimit(swift, targets.length, signal);
    return 'too many';
  }
  if (nothingDone) throw await swift.refusal({ status, headers: answer.headers }, {});
  // Each deletion within is signed in by itself: an expired token shows here and not in the answer's status.
  const unsigned = new Set(errors.filter((error) => error.status === 401).map(({ path }) => path));
  const outcomes = await outcomesOf(swift, targets, report);
  const again = targets.filter(({ entry }) => unsigned.has(pathIn(entry)));
  if (again.length === 0 || renewed || !swift.renews()) return outcomes;
  swift.forget(session);
  const after = await sendBulk(swift, again, signal, true);
  if (typeof after === 'string') return outcomes;
  const settled = new Map(after.map((outcome) => [outcome.target, outcome]));
  return outcomes.map((outcome) => settled.get(outcome.target) ?? outcome);
}

/** Without the middleware, the request means to change nothing in the account's metadata, and is answered so. */
function takesNoLists(status: number): boolean {
  return status < 300 || [400, 404, 405, 406, 411, 501].includes(status);
}

async function removeOne(swift: SwiftConnection, target: Target, signal: AbortSignal): Promise<Outcome> {
  try {
    return target.entry.segmented ? await removeLarge(swift, target, signal) : await removeSmall(swift, target, signal);
  } catch (error) {
    return failed([target], error)[0] ?? unanswered(target);
  }
}

async function removeSmall(swift: SwiftConnection, target: Target, signal: AbortSignal): Promise<Outcome> {
  const { container, id, version } = target.entry;
  const query = version === undefined ? {} : { 'version-id': version.id };
  const answer = await swift.answer({ method: 'DELETE', container, id, query }, signal);
  if (answer.status === 204 && isOfSwift(answer)) {
    // Of a marker; the answer to the deletion of a version names that version.
    const marker = version === undefined ? answer.headers['x-object-version-id'] : undefined;
    return { target, result: 'deleted', ...(marker === undefined ? {} : { trace: marker }) };
  }
  if (answer.status === 404 && isOfSwift(answer)) return { target, result: 'already-gone' };
  if (answer.status < 300) throw incomplete((await swift.subject({})).server);
  throw await swift.refusal(answer, target.entry);
}

/** Deletes a large object with the segments that it lists. The answer counts them all alike, so where it counts others than deleted ones it is asked whether the object is still there. */
async function removeLarge(
  swift: SwiftConnection,
  target: Target,
  signal: AbortSignal,
  renewed = false,
): Promise<Outcome> {
  const { container, id, path } = target.entry;
  const session = await swift.session(signal);
  const asked: Asked = { method: 'DELETE', container, id, query: { 'multipart-manifest': 'delete' } };
  const answer = await swift.answer({ ...asked, headers: { accept: 'application/json' } }, signal);
  const report = bulkReportIn(answer);
  if (!report) {
    if (answer.status < 300) throw incomplete((await swift.subject({})).server);
    throw await swift.refusal(answer, target.entry);
  }
  const { deleted, notFound, errors } = report;
  if (errors.length === 0 && notFound === 0 && deleted > 0) return { target, result: 'deleted' };
  if (errors.some(({ status }) => status === 401) && !renewed && swift.renews()) {
    swift.forget(session);
    return await removeLarge(swift, target, signal, true);
  }
  const own = errors.find((error) => error.path === pathIn(target.entry));
  if (own) throw await swift.refusal(own, target.entry);
  if (await isThere(swift, target.entry, signal)) return unanswered(target);
  if (errors.length === 0) return { target, result: deleted > 0 ? 'deleted' : 'already-gone' };
  throw new StorageError('unexpected', `It is gone, but some of its segments could not be deleted: ${path}`, {
    hint: `Segments that stay: ${errors.length}. Delete them where they are.`,
    detail: errors
      .slice(0, 10)
      .map(({ path: segment, status }) => `${status} · ${segment}`)
      .join('\n'),
  });
}

async function isThere(swift: SwiftConnection, { container, id }: Entry, signal: AbortSignal): Promise<boolean> {
  const answer = await swift.answer({ method: 'HEAD', container, id }, signal);
  if (answer.status === 404 && isOfSwift(answer)) return false;
  if (answer.status === 200 && isOfSwift(answer)) return true;
  throw await swift.refusal(answer, { container, id });
}

/** 'Not found' may mean the container: then nobody knows what it was that was asked for. It is asked where nothing was deleted in it. */
async function doubtAbsence(
  swift: SwiftConnection,
  outcomes: readonly Outcome[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const inContainer = ({ target }: Outcome) => target.entry.container ?? '';
  const missing = new Map<string, StorageError>();
  for (const [container, all] of Map.groupBy(outcomes, inContainer)) {
    if (!all.some(({ result }) => result === 'already-gone') || all.some(({ result }) => result === 'deleted'))
      continue;
    await headOfContainer(swift, container, signal).catch((error: unknown) => {
      if (error instanceof StorageError && error.kind === 'not-found') missing.set(container, error);
    });
  }
  return outcomes.map((outcome): Outcome => {
    const error = outcome.result === 'already-gone' ? missing.get(inContainer(outcome)) : undefined;
    return error ? { target: outcome.target, result: 'failed', error } : outcome;
  });
}
