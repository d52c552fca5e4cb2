import { type ErrorKind, toStorageError } from '../../core/errors.ts';
import type { Entry, Place } from '../../core/storageClient.ts';
import { failedStep, type VerificationStep } from '../../core/verification.ts';
import { deleteStep } from '../_shared/accessSteps.ts';
import { reachServer } from '../_shared/reach.ts';
import { readable } from '../_shared/webPaths.ts';
import { type HttpFolder, listFolder, pathOf } from './listing.ts';

/** Reach, trust, sign in and list; that nothing can be deleted needs no asking. */
export async function* verifyServer(
  folder: HttpFolder,
  at: Place,
  signal: AbortSignal,
): AsyncGenerator<VerificationStep> {
  for await (const step of reachServer(folder.web.url, folder.web.agent, signal)) {
    yield step;
    if (step.status === 'failed') return;
  }
  const start = performance.now();
  const elapsed = () => Math.round(performance.now() - start);
  const signedIn: VerificationStep = { stage: 'sign-in', status: 'ok', sentence: signInSentence(folder), ms: 0 };
  let found: readonly Entry[];
  try {
    found = await listFolder(folder, at, signal);
  } catch (error) {
    const failure = toStorageError(error);
    const known = listingFailures.has(failure.kind);
    if (known) yield { ...signedIn, ms: elapsed() };
    yield failedStep(known ? 'list' : 'sign-in', failure, elapsed());
    return;
  }
  const where = readable(pathOf(folder, at));
  const sentence = found.length === 0 ? `Nothing is there yet: ${where}` : `The server lists its files: ${where}`;
  yield { ...signedIn, ms: elapsed() };
  yield { stage: 'list', status: 'ok', sentence, ms: elapsed() };
  yield deleteStep('denied', 'HTTP servers only show files: nothing can be deleted.', performance.now());
}

const listingFailures: ReadonlySet<ErrorKind> = new Set(['forbidden', 'not-found', 'unsupported', 'invalid-settings']);

function signInSentence({ username }: HttpFolder): string {
  return username === '' ? 'The server asks for no sign-in.' : `Signed in as: ${username}`;
}
