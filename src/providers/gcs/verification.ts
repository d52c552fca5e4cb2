import type { ErrorKind } from '../../core/errors.ts';
import type { Page, Place } from '../../core/storageClient.ts';
import { failedStep, type VerificationStep } from '../../core/verification.ts';
import {
  buckets,
  deleteSentences,
  deleteStep,
  foundSentence,
  nameTheContainer,
  notTheService,
} from '../_shared/accessSteps.ts';
import { startPlace } from '../_shared/entries.ts';
import { orAborted } from '../_shared/orAborted.ts';
import { reachServer } from '../_shared/reach.ts';
import { bucketPath, type GcsConnection } from './connection.ts';
import { isGcsAnswer } from './errors.ts';
import { listPage } from './listing.ts';

/** Reach, trust, sign in, list, and may delete: where one bucket is named it is that bucket which is tried. Reads alone. */
export async function* verifyGcs(gcs: GcsConnection, at: Place, signal: AbortSignal): AsyncGenerator<VerificationStep> {
  for await (const step of reachServer(gcs.options.server, gcs.agent, signal)) {
    yield step;
    if (step.status === 'failed') return;
  }
  yield* verifyAccess(gcs, at.kind === 'root' ? startPlace(gcs.options.start) : at, signal);
}

async function* verifyAccess(gcs: GcsConnection, at: Place, signal: AbortSignal): AsyncGenerator<VerificationStep> {
  const start = performance.now();
  const elapsed = () => Math.round(performance.now() - start);
  let signedIn: VerificationStep;
  try {
    const account = await orAborted(gcs.identity.signIn(), signal);
    const sentence = account === undefined ? 'The server accepts the keys.' : `Signed in as: ${account}`;
    signedIn = { stage: 'sign-in', status: 'ok', sentence, ms: elapsed() };
  } catch (error) {
    yield failedStep('sign-in', gcs.fail(error, {}, signal), elapsed());
    return;
  }
  let found: Page;
  try {
    found = await listPage(gcs, at, { limit: 1 }, signal);
  } catch (error) {
    const failure = gcs.fail(error, {}, signal);
    const known = listingFailures.has(failure.kind);
    if (known && failure.cause !== undefined && !isGcsAnswer(failure.cause)) {
      const { server } = gcs.options;
      const stranger = failure.kind === 'invalid-settings' ? failure : notTheService('Cloud Storage', server, failure);
      yield failedStep('sign-in', stranger, elapsed());
      return;
    }
    if (known) yield signedIn;
    yield failedStep(known ? 'list' : 'sign-in', nameTheContainer(failure, at, buckets), elapsed());
    return;
  }
  yield signedIn;
  yield { stage: 'list', status: 'ok', sentence: foundSentence(at, found, buckets), ms: elapsed() };
  yield await askPermissions(gcs, at, signal);
}

const listingFailures: ReadonlySet<ErrorKind> = new Set(['forbidden', 'not-found', 'invalid-settings']);
const deleting = 'storage.objects.delete';
const reading = 'storage.objects.get';

/** Which permissions these keys have on a bucket, by their own right. */
async function askPermissions(gcs: GcsConnection, at: Place, signal: AbortSignal): Promise<VerificationStep> {
  const start = performance.now();
  const bucket = at.kind === 'folder' ? at.container : at.kind === 'container' ? at.id : undefined;
  if (bucket === undefined) return deleteStep('unknown', deleteSentences.dependsOn(buckets), start);
  const asked = {
    path: `${bucketPath(bucket)}/iam/testPermissions`,
    query: { permissions: ['storage.objects.list', reading, deleting] },
  };
  try {
    const kind = 'storage#testIamPermissionsResponse';
    const { permissions = [] } = await gcs.read<{ permissions?: readonly string[] }>(kind, asked, { bucket }, signal);
    if (permissions.includes(deleting)) {
      const sentence = permissions.includes(reading)
        ? deleteSentences.ok
        : `${deleteSentences.ok} They may not open objects.`;
      return deleteStep('ok', sentence, start);
    }
    // A right that holds for a folder alone is none on its bucket.
    return at.kind === 'folder'
      ? deleteStep('unknown', deleteSentences.later, start)
      : deleteStep('denied', deleteSentences.denied, start);
  } catch (error) {
    const { detail } = gcs.fail(error, { bucket }, signal);
    return deleteStep('unknown', deleteSentences.notFound, start, detail);
  }
}
