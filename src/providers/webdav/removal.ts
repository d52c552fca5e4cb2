import { StorageError, toStorageError } from '../../core/errors.ts';
import type { Entry, Outcome, Target } from '../../core/storageClient.ts';
import { removeInWays, singlesInFlight } from '../_shared/batchRemoval.ts';
import { resultOf } from '../_shared/outcomes.ts';
import { readable, refuseWebPath } from '../_shared/webPaths.ts';
import type { WholeAnswer } from '../_shared/webServer.ts';
import type { DavConnection } from './connection.ts';
import { isStrong, listFolder, opaque, statEntry, strongTag } from './listing.ts';
import { properties } from './multistatus.ts';
import { traceOf } from './trash.ts';
import { isDetailed, statusesIn } from './treeRemoval.ts';

/** The batch that a call takes: each target is a request, some of them under way at once. */
export const batchSize = 8 * singlesInFlight;

/** Deletes files and empty folders by exactly the paths that were listed: one outcome for each, in their order. */
export function removeFiles(
  server: DavConnection,
  batch: readonly Target[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  return removeInWays(
    batch,
    {
      refuse: ({ entry }) => refuseWebPath(entry, server.options.base),
      groupOf: () => undefined,
      together: async () => undefined,
      one: (target, limited) => removeOne(server, target, limited),
      explain: async (outcomes) => outcomes,
    },
    signal,
  );
}

async function removeOne(server: DavConnection, target: Target, signal: AbortSignal): Promise<Outcome> {
  try {
    const answer =
      target.entry.kind === 'folder'
        ? await deleteEmptyFolder(server, target.entry, signal)
        : await deleteFile(server, target, signal);
    return await outcomeOf(server, target, answer, signal);
  } catch (error) {
    const failure = toStorageError(error);
    return isGone(failure) ? await missing(server, target, signal) : failed(target, failure);
  }
}

/**
 * A file goes only while it is the one that was planned. Depth 0 has a server refuse that finds a folder in its place, which
 * it would delete with all that is in it.
 */
async function deleteFile(server: DavConnection, target: Target, signal: AbortSignal): Promise<WholeAnswer> {
  const tag = await conditionFor(server, target, signal);
  const condition = tag === undefined ? {} : { 'if-match': tag };
  return await server.ask({ method: 'DELETE', target: target.entry.id, headers: { depth: '0', ...condition } }, signal);
}

/**
 * The tag that a server compares itself. One that it can't, or a date in place of a tag, is compared here by a look before;
 * Apache gives a file a weak tag within the second in which it was written, and then the same as a strong one.
 */
async function conditionFor(
  server: DavConnection,
  { entry, ifTag = entry.tag }: Target,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (isStrong(ifTag)) return ifTag;
  if (ifTag === undefined && entry.size === undefined) return undefined;
  const found = await statEntry(server, entry, signal);
  const same = ifTag === undefined ? found.size === entry.size : opaque(found.tag) === opaque(ifTag);
  if (!same) throw changed(entry);
  return isStrong(found.tag) ? found.tag : undefined;
}

/**
 * A server deletes a folder with all that is in it: it is asked to only when nothing is. What arrives between the look and
 * the deletion is kept where the server knows a folder by a tag and takes that as a condition; elsewhere it goes too.
 */
async function deleteEmptyFolder(server: DavConnection, { id }: Entry, signal: AbortSignal): Promise<WholeAnswer> {
  const send = (tag: string | undefined) => {
    const condition = tag === undefined ? {} : { 'if-match': tag };
    return server.ask({ method: 'DELETE', target: id, headers: condition }, signal);
  };
  const before = await tagOfEmpty(server, id, signal);
  const condition = server.folderConditions ? before : undefined;
  const answer = await send(condition);
  // SabreDAV holds that a folder has no tag; old ones stumble over the question.
  if (condition === undefined || (answer.status !== 412 && answer.status !== 500)) return answer;
  const now = await tagOfEmpty(server, id, signal);
  if (now !== before) throw new StorageError('changed', `It changed in the meantime: ${readable(id)}`);
  server.folderConditions = false;
  return await send(undefined);
}

/** The tag of a folder in which nothing is; fails with 'not-empty' when something is. */
async function tagOfEmpty(server: DavConnection, id: string, signal: AbortSignal): Promise<string | undefined> {
  const { itself, entries } = await listFolder(server, id, signal);
  if (entries.length === 0) return strongTag(itself);
  throw new StorageError('not-empty', `Something is in this folder: ${readable(id)}`);
}

/** What an answer to a deletion means: only a 204 says that it is done. */
async function outcomeOf(
  server: DavConnection,
  target: Target,
  answer: WholeAnswer,
  signal: AbortSignal,
): Promise<Outcome> {
  const { id, kind } = target.entry;
  const { status } = answer;
  if (status === 204) {
    server.seen = true;
    return { target, result: 'deleted', ...traceOf(server, answer) };
  }
  if (isDetailed(answer)) {
    const [said] = statusesIn(server, answer, id);
    return failed(target, server.refusal({ ...answer, status: said?.status ?? 207 }, id));
  }
  const failure = server.refusal(answer, id);
  if (isGone(failure)) return await missing(server, target, signal);
  if (status !== 200 && status !== 202 && status !== 400 && status !== 412) return failed(target, failure);
  const found = await now(server, target.entry, signal);
  if (found === 'gone')
    return status < 300
      ? { target, result: 'deleted', ...traceOf(server, answer) }
      : await missing(server, target, signal);
  return failed(target, found === 'changed' || (status === 412 && kind === 'object') ? changed(target.entry) : failure);
}

/** A stranger in front of the server would say of everything that it is not there: believed of a server that has answered as one. */
async function missing(server: DavConnection, target: Target, signal: AbortSignal): Promise<Outcome> {
  try {
    if (!server.seen) await server.propfind(server.options.base, 0, [properties.kind], signal);
    return { target, result: 'already-gone' };
  } catch (error) {
    return failed(target, toStorageError(error));
  }
}

/** What stands at a path after an answer that does not tell. */
async function now(server: DavConnection, entry: Entry, signal: AbortSignal): Promise<'gone' | 'changed' | 'there'> {
  try {
    const found = await statEntry(server, entry, signal);
    return entry.tag !== undefined && opaque(found.tag) !== opaque(entry.tag) ? 'changed' : 'there';
  } catch (error) {
    const failure = toStorageError(error);
    if (isGone(failure)) return 'gone';
    if (failure.kind === 'changed') return 'changed';
    throw failure;
  }
}

function isGone({ kind }: StorageError): boolean {
  return kind === 'not-found';
}

function changed({ path }: Entry): StorageError {
  return new StorageError('changed', `It changed in the meantime: ${path}`);
}

export function failed(target: Target, error: StorageError): Outcome {
  return { target, result: resultOf(error), error };
}
