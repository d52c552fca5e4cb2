import { StorageError } from '../../../core/errors.ts';
import type { Page, Place } from '../../../core/storageClient.ts';
import { failedStep, type VerificationStep } from '../../../core/verification.ts';
import { reachServer } from '../reach.ts';
import type { S3Connection } from './connection.ts';
import { isS3Answer } from './errors.ts';
import { listPage, startOf } from './listing.ts';

/** Reach, trust, sign in, list: where one bucket is named it is that bucket which is listed. Writes nothing. */
export async function* verifyS3(s3: S3Connection, at: Place, signal: AbortSignal): AsyncGenerator<VerificationStep> {
  for await (const step of reachServer(s3.options.server, s3.agent, signal)) {
    yield step;
    if (step.status === 'failed') return;
  }
  yield* verifyAccess(s3, at.kind === 'root' ? startOf(s3) : at, signal);
}

async function* verifyAccess(s3: S3Connection, at: Place, signal: AbortSignal): AsyncGenerator<VerificationStep> {
  const start = performance.now();
  const elapsed = () => Math.round(performance.now() - start);
  try {
    const page = await listPage(s3, at, { limit: 1 }, signal);
    yield signedIn(elapsed());
    yield { stage: 'list', status: 'ok', sentence: foundSentence(at, page), ms: elapsed() };
    yield {
      stage: 'delete',
      status: 'unknown',
      sentence: 'Whether these keys may delete shows only when something is deleted.',
      ms: 0,
    };
  } catch (error) {
    const failure = s3.fail(error, {}, signal);
    const known = failure.kind === 'forbidden' || failure.kind === 'not-found' || failure.kind === 'invalid-settings';
    if (known && !isS3Answer(failure.cause)) {
      yield failedStep('sign-in', noS3(s3, failure), elapsed());
      return;
    }
    if (known) yield signedIn(elapsed());
    yield failedStep(known ? 'list' : 'sign-in', nameTheBucket(failure, at), elapsed());
  }
}

function signedIn(ms: number): VerificationStep {
  return { stage: 'sign-in', status: 'ok', sentence: 'The server accepts the keys.', ms };
}

function foundSentence(at: Place, { entries }: Page): string {
  if (at.kind === 'root') {
    return entries.length === 0
      ? 'The credentials are valid. There are no buckets yet.'
      : `The credentials are valid. Buckets found: ${entries.length}`;
  }
  const path = at.kind === 'folder' ? `${at.container}/${at.id}` : at.id;
  return entries.length === 0
    ? `The credentials are valid. Nothing is stored there yet: ${path}`
    : `The credentials are valid for: ${path}`;
}

/** A status without an S3 error document may come from any web server: it says nothing of the keys. */
function noS3({ options }: S3Connection, failure: StorageError): StorageError {
  return new StorageError('unexpected', `What answers there is no S3 service: ${options.server.host}`, {
    hint: 'Check the endpoint. A web server, a proxy or a firewall may have answered in its place.',
    detail: failure.detail,
    cause: failure,
  });
}

/** Keys that may use one bucket and list none are common: the way on is to name the bucket. */
function nameTheBucket(failure: StorageError, at: Place): StorageError {
  if (failure.kind !== 'forbidden' || at.kind !== 'root') return failure;
  return new StorageError('forbidden', 'The keys are good, but may not list the buckets.', {
    hint: 'Enter the name of the bucket they are for.',
    detail: failure.detail,
    cause: failure,
  });
}
