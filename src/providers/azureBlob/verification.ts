import { randomBytes } from 'node:crypto';
import type { ErrorKind } from '../../core/errors.ts';
import type { Page, Place } from '../../core/storageClient.ts';
import { failedStep, type VerificationStep } from '../../core/verification.ts';
import { deleteSentences, deleteStep, foundSentence, nameTheContainer, notTheService } from '../_shared/accessSteps.ts';
import { startPlace } from '../_shared/entries.ts';
import { reachServer } from '../_shared/reach.ts';
import type { AzureConnection } from './connection.ts';
import { speaksOfAzure } from './errors.ts';
import { listPage } from './listing.ts';

/**
 * Reach, trust, sign in, list, and may delete: where one container is named it is that one which is tried.
 * Leaves everything as it is.
 */
export async function* verifyAccount(
  azure: AzureConnection,
  at: Place,
  signal: AbortSignal,
): AsyncGenerator<VerificationStep> {
  for await (const step of reachServer(new URL(azure.options.service.origin), azure.agent, signal)) {
    yield step;
    if (step.status === 'failed') return;
  }
  yield* verifyAccess(azure, at.kind === 'root' ? startPlace(azure.options) : at, signal);
}

const noun = { one: 'container', many: 'containers' };

/** What a listing fails with though the key or token is good. */
const listingFailures: ReadonlySet<ErrorKind> = new Set(['forbidden', 'not-found', 'invalid-settings']);

async function* verifyAccess(azure: AzureConnection, at: Place, signal: AbortSignal): AsyncGenerator<VerificationStep> {
  const start = performance.now();
  const elapsed = () => Math.round(performance.now() - start);
  let found: Page;
  try {
    found = await listPage(azure, at, { limit: 1 }, signal);
  } catch (error) {
    const failure = azure.fail(error, {}, signal);
    const known = listingFailures.has(failure.kind);
    if (known && !speaksOfAzure(failure)) {
      const { service } = azure.options;
      const stranger = failure.kind === 'invalid-settings' ? failure : notTheService('Azure Blob', service, failure);
      yield failedStep('sign-in', stranger, elapsed());
      return;
    }
    if (known) yield signInStep(azure, elapsed());
    yield failedStep(known ? 'list' : 'sign-in', nameTheContainer(failure, at, noun), elapsed());
    return;
  }
  yield signInStep(azure, elapsed());
  yield { stage: 'list', status: 'ok', sentence: foundSentence(at, found, noun), ms: elapsed() };
  yield await probeDelete(azure, at, signal);
}

function signInStep({ options: { expires, sasToken } }: AzureConnection, ms: number): VerificationStep {
  const sentence = `The server accepts the ${sasToken === '' ? 'account key' : 'SAS token'}.`;
  const step = { stage: 'sign-in', status: 'ok', sentence, ms } as const;
  if (expires === undefined) return step;
  return { ...step, expires, hint: `The SAS token expires: ${new Date(expires).toLocaleString()}` };
}

/** A tag that no object has. */
const neverATag = '"0x0"';

/**
 * Whether these credentials may delete at a place, found out by deleting a random name that no object has, on a condition
 * that none would meet. An account key may always, but for what is locked.
 */
async function probeDelete(azure: AzureConnection, at: Place, signal: AbortSignal): Promise<VerificationStep> {
  const start = performance.now();
  const container = at.kind === 'folder' ? at.container : at.kind === 'container' ? at.id : undefined;
  if (container === undefined) {
    return azure.options.sasToken === ''
      ? deleteStep('ok', 'An account key may delete whatever is not locked.', start)
      : deleteStep('unknown', deleteSentences.dependsOn(noun), start);
  }
  const id = `${at.kind === 'folder' ? at.id : ''}${randomBytes(16).toString('hex')}`;
  try {
    await azure.run({ container, id }, { method: 'DELETE', answer: 'nothing' }, signal, () =>
      azure.library.remover
        .getContainerClient(container)
        .getBlobClient(id)
        .delete({ abortSignal: signal, conditions: { ifMatch: neverATag } }),
    );
  } catch (error) {
    const failure = azure.fail(error, { container, id }, signal);
    if (failure.kind === 'forbidden') return deleteStep('denied', deleteSentences.denied, start);
    if (failure.kind !== 'not-found' && failure.kind !== 'changed') {
      return deleteStep('unknown', deleteSentences.notFound, start, failure.detail);
    }
  }
  return deleteStep('ok', deleteSentences.ok, start);
}
