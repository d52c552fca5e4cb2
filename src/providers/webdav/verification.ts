import { type ErrorKind, type StorageError, toStorageError } from '../../core/errors.ts';
import type { Place } from '../../core/storageClient.ts';
import { failedStep, type VerificationStep } from '../../core/verification.ts';
import { deleteSentences, deleteStep, notTheService } from '../_shared/accessSteps.ts';
import { reachServer } from '../_shared/reach.ts';
import { readable } from '../_shared/webPaths.ts';
import { type DavConnection, folderOf } from './connection.ts';
import { listFolder } from './listing.ts';
import { type DavResource, isFolder, privilegesOf, properties, propertyOf } from './multistatus.ts';

/** Reach, trust, sign in, list, and may delete, told by what the server says of its rights. Leaves everything as it is. */
export async function* verifyServer(
  server: DavConnection,
  at: Place,
  signal: AbortSignal,
): AsyncGenerator<VerificationStep> {
  const { web } = server;
  for await (const step of reachServer(web.url, web.agent, signal)) {
    yield step;
    if (step.status === 'failed') return;
  }
  yield* verifyAccess(server, folderOf(server, at), signal);
}

/** What a question about a folder fails with though the sign-in is good. */
const listingFailures: ReadonlySet<ErrorKind> = new Set(['forbidden', 'not-found', 'changed']);

async function* verifyAccess(
  server: DavConnection,
  folder: string,
  signal: AbortSignal,
): AsyncGenerator<VerificationStep> {
  const start = performance.now();
  const elapsed = () => Math.round(performance.now() - start);
  const signedIn = (): VerificationStep => ({
    stage: 'sign-in',
    status: 'ok',
    sentence: signInSentence(server),
    ms: elapsed(),
  });
  let empty: boolean;
  let rights: readonly DavResource[];
  try {
    rights = await server.propfind(folder, 0, rightProperties, signal);
    yield signedIn();
  } catch (error) {
    const failure = toStorageError(error);
    if (listingFailures.has(failure.kind)) yield signedIn();
    yield failedStep(listingFailures.has(failure.kind) ? 'list' : 'sign-in', notDav(server, failure), elapsed());
    return;
  }
  try {
    empty = (await listFolder(server, folder, signal)).entries.length === 0;
  } catch (error) {
    yield failedStep('list', toStorageError(error), elapsed());
    return;
  }
  const where = readable(folder);
  const sentence = empty
    ? `The credentials are valid. Nothing is stored there yet: ${where}`
    : `The credentials are valid for: ${where}`;
  yield { stage: 'list', status: 'ok', sentence, ms: elapsed() };
  yield await mayDelete(server, folder, rights, signal);
}

function signInSentence({ options: { username } }: DavConnection): string {
  return username === '' ? 'The server accepts the token.' : `Signed in as: ${username}`;
}

/** Where WebDAV is not known, another server answers, or another path is meant. */
function notDav({ web }: DavConnection, failure: StorageError): StorageError {
  const strange = failure.kind === 'unsupported' || failure.kind === 'unexpected';
  return strange && failure.hint === undefined ? notTheService('WebDAV', web.url, failure) : failure;
}

const rightProperties = [properties.kind, properties.permissions, properties.privileges];

/** Nextcloud and ownCloud write rights as letters, others name privileges, and some only say which methods they know. */
async function mayDelete(
  server: DavConnection,
  folder: string,
  [itself]: readonly DavResource[],
  signal: AbortSignal,
): Promise<VerificationStep> {
  const start = performance.now();
  const said = (may: boolean) =>
    may ? deleteStep('ok', deleteSentences.ok, start) : deleteStep('denied', deleteSentences.denied, start);
  try {
    if (itself && isFolder(itself)) {
      const inside = await server.propfind(folder, 1, [properties.permissions], signal);
      const letters = inside.flatMap((each) => propertyOf(each, properties.permissions) ?? []);
      if (letters.length > 0) return said(letters.some((each) => each.includes('D')));
      const privileges = privilegesOf(itself);
      if (privileges) return said(privileges.some((each) => ['all', 'write', 'unbind'].includes(each)));
    }
    const { headers } = await server.ask({ method: 'OPTIONS', target: folder, headers: {} }, signal);
    const known = headers.allow?.split(',').map((method) => method.trim().toUpperCase());
    // That it is known does not say that it is allowed.
    return known === undefined || known.includes('DELETE')
      ? deleteStep('unknown', deleteSentences.later, start)
      : said(false);
  } catch (error) {
    return deleteStep('unknown', deleteSentences.notFound, start, toStorageError(error).detail);
  }
}
