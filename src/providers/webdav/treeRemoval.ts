import { StorageError, toStorageError } from '../../core/errors.ts';
import type { Outcome, Target } from '../../core/storageClient.ts';
import { resultOf } from '../_shared/outcomes.ts';
import { depthIn, partsOf, readable, refuseWebPath, webEntry } from '../_shared/webPaths.ts';
import type { WholeAnswer } from '../_shared/webServer.ts';
import type { DavConnection } from './connection.ts';
import { fileIdOf, traceOf } from './trash.ts';

/** Milliseconds that a server may be at it before it answers. */
const patience = 10 * 60_000;

/**
 * Deletes a folder and everything in it, also what arrives meanwhile, by one request: an outcome for the folder, and one for
 * each thing in it that the server says it has kept.
 */
export async function removeTree(
  server: DavConnection,
  folder: Target,
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const { id, kind, path } = folder.entry;
  const refusal =
    kind === 'folder'
      ? refuseWebPath(folder.entry, server.options.base)
      : new StorageError('unsupported', `This is no folder: ${path}`);
  if (refusal) return [outcome(folder, refusal)];
  try {
    const fileId = await fileIdOf(server, id, signal);
    const answer = await server.ask({ method: 'DELETE', target: id, headers: {}, patience }, signal);
    if (answer.status === 204) {
      const trace = traceOf(server, answer, { tree: id, ...(fileId === undefined ? {} : { fileId }) });
      return [{ target: folder, result: 'deleted', ...trace }];
    }
    if (isDetailed(answer)) return keptIn(server, folder, answer);
    const failure = server.refusal(answer, id);
    // Where the server says it of the folder alone, it has not begun.
    if (failure.kind !== 'not-found') return [outcome(folder, failure)];
    if (!server.seen) await server.propfind(server.options.base, 0, [], signal);
    return [{ target: folder, result: 'already-gone' }];
  } catch (error) {
    return [outcome(folder, toStorageError(error))];
  }
}

/** Whether an answer tells of each thing by itself: with status 207, or 424 as Apache has it where something is locked. */
export function isDetailed({ status, body }: WholeAnswer): boolean {
  return status === 207 || (status === 424 && body.includes('multistatus'));
}

/** What a detailed answer to a deletion says of a folder and of what is in it, the folder first where it is named. */
export function statusesIn(server: DavConnection, answer: WholeAnswer, folder: string) {
  const inFolder = partsOf(folder) ?? [];
  return server
    .multistatus(answer, folder)
    .map(({ path, status }) => {
      const parts = path === undefined ? undefined : partsOf(path);
      const depth = parts && depthIn(inFolder, parts);
      if (path === undefined || depth === undefined || status === undefined) {
        throw new StorageError('unexpected', `The server told of something else than was asked: ${readable(folder)}`, {
          detail: JSON.stringify(path ?? null),
        });
      }
      return { path, depth, status };
    })
    .toSorted((a, b) => a.depth - b.depth);
}

/** A server names what it could not delete, and not what it left since something in it stayed. */
function keptIn(server: DavConnection, folder: Target, answer: WholeAnswer): readonly Outcome[] {
  const kept = statusesIn(server, answer, folder.entry.id).filter(({ status }) => status < 200 || status > 299);
  const members = kept
    .filter(({ depth }) => depth > 0)
    .map(({ path, status }): Outcome => {
      const entry = webEntry(path.endsWith('/') ? 'folder' : 'object', path);
      const target: Target = { entry, mode: folder.mode };
      if (status === 404) return { target, result: 'already-gone' };
      return outcome(target, server.refusal({ ...answer, status, body: Buffer.alloc(0) }, path));
    });
  const own = kept.find(({ depth }) => depth === 0);
  const error =
    own === undefined || own.status === 424
      ? new StorageError('not-empty', `Something in this folder was kept: ${folder.entry.path}`)
      : server.refusal({ ...answer, status: own.status, body: Buffer.alloc(0) }, folder.entry.id);
  return [outcome(folder, error), ...members];
}

function outcome(target: Target, error: StorageError): Outcome {
  return { target, result: resultOf(error), error };
}
