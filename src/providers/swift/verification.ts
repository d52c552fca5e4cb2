import { randomBytes } from 'node:crypto';
import { type ErrorKind, type StorageError, toStorageError } from '../../core/errors.ts';
import type { Page, Place } from '../../core/storageClient.ts';
import { failedStep, type VerificationStep } from '../../core/verification.ts';
import { deleteSentences, deleteStep, foundSentence, nameTheContainer, notTheService } from '../_shared/accessSteps.ts';
import { startPlace } from '../_shared/entries.ts';
import { reachServer } from '../_shared/reach.ts';
import type { SwiftConnection } from './connection.ts';
import { isOfSwift, speaksOfSwift } from './errors.ts';
import { listPage } from './listing.ts';
import { headOfContainer, versioningOf } from './versioning.ts';

const noun = { one: 'container', many: 'containers' };

/** Reach, trust, sign in, list, and may delete: where one container is named it is that one which is tried. Leaves everything as it is. */
export async function* verifySwift(
  swift: SwiftConnection,
  at: Place,
  signal: AbortSignal,
): AsyncGenerator<VerificationStep> {
  const servers = swift.servers();
  for (const [index, server] of servers.entries()) {
    for await (const step of reachServer(new URL(server.origin), swift.agentAt(server), signal)) {
      if (step.status === 'failed' || index === servers.length - 1) yield step;
      if (step.status === 'failed') return;
    }
  }
  yield* verifyAccess(swift, at.kind === 'root' ? startPlace(swift.options) : at, signal);
}

/** What a listing fails with though the sign-in is good. */
const signInFailures: ReadonlySet<ErrorKind> = new Set(['unauthenticated', 'expired']);

async function* verifyAccess(swift: SwiftConnection, at: Place, signal: AbortSignal): AsyncGenerator<VerificationStep> {
  let start = performance.now();
  const elapsed = () => Math.round(performance.now() - start);
  try {
    await swift.session(signal);
  } catch (error) {
    yield failedStep('sign-in', toStorageError(error), elapsed());
    return;
  }
  // A token that was entered shows only now whether it is good.
  if (swift.renews()) yield signedIn('The identity service lets in.', elapsed());
  if (swift.renews()) start = performance.now();
  let found: Page;
  try {
    found = await listPage(swift, at, { limit: 1 }, signal);
  } catch (error) {
    yield* listFailed(swift, at, toStorageError(error), elapsed());
    return;
  }
  if (!swift.renews()) yield signedIn(tokenAccepted, elapsed());
  yield { stage: 'list', status: 'ok', sentence: foundSentence(at, found, noun), ms: elapsed() };
  yield await probeDelete(swift, at, signal);
}

const tokenAccepted = 'The server accepts the Auth Token.';

function* listFailed(
  swift: SwiftConnection,
  at: Place,
  failure: StorageError,
  ms: number,
): Generator<VerificationStep> {
  const [storage] = swift.servers().slice(-1);
  const said = speaksOfSwift(failure) || !storage ? failure : notTheService('OpenStack Swift', storage, failure);
  const ofSignIn = !swift.renews() && (signInFailures.has(failure.kind) || said !== failure);
  if (!swift.renews() && !ofSignIn) yield signedIn(tokenAccepted, ms);
  yield failedStep(ofSignIn ? 'sign-in' : 'list', nameTheContainer(said, at, noun), ms);
}

function signedIn(sentence: string, ms: number): VerificationStep {
  return { stage: 'sign-in', status: 'ok', sentence, ms };
}

/** A tag that no object has. Swift itself doesn't look at it: what keeps everything as it is, is the name. */
const neverATag = '"0x0"';

/**
 * Whether these credentials may delete at a place, found out by deleting a random name that nothing has: Swift says 'not found'
 * only to who may. Not where versions are kept, since that would leave a marker. Without a container it is a container's name.
 */
async function probeDelete(swift: SwiftConnection, at: Place, signal: AbortSignal): Promise<VerificationStep> {
  const start = performance.now();
  const container = at.kind === 'folder' ? at.container : at.kind === 'container' ? at.id : undefined;
  const name = randomBytes(16).toString('hex');
  const about =
    container === undefined ? { container: name } : { container, id: `${at.kind === 'folder' ? at.id : ''}${name}` };
  try {
    if (container !== undefined && versioningOf(await headOfContainer(swift, container, signal)) !== 'none') {
      return deleteStep('unknown', deleteSentences.later, start);
    }
    const answer = await swift.answer({ method: 'DELETE', ...about, headers: { 'if-match': neverATag } }, signal);
    if (answer.status === 404 && isOfSwift(answer)) return deleteStep('ok', deleteSentences.ok, start);
    throw await swift.refusal(answer, about);
  } catch (error) {
    const { kind, detail } = toStorageError(error);
    if (kind !== 'forbidden') return deleteStep('unknown', deleteSentences.notFound, start, detail);
    return container === undefined
      ? deleteStep('unknown', deleteSentences.dependsOn(noun), start)
      : deleteStep('denied', deleteSentences.denied, start);
  }
}
