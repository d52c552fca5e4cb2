import type { ErrorKind } from '../../../core/errors.ts';
import type { Page, Place } from '../../../core/storageClient.ts';
import { formatCounted } from '../../../core/text.ts';
import { failedStep, type VerificationStep } from '../../../core/verification.ts';
import { buckets, foundSentence, nameTheContainer, notTheService } from '../accessSteps.ts';
import { startPlace } from '../entries.ts';
import { orAborted } from '../orAborted.ts';
import { reachServer } from '../reach.ts';
import type { S3Connection } from './connection.ts';
import { probeDelete } from './deleteProbe.ts';
import { isS3Answer } from './errors.ts';
import { listPage, startOf } from './listing.ts';

/**
 * Reach, trust, sign in, list, and may delete: where one bucket is named it is that bucket which is tried.
 * Leaves everything as it is.
 */
export async function* verifyS3(s3: S3Connection, at: Place, signal: AbortSignal): AsyncGenerator<VerificationStep> {
  let ahead = 0;
  const onClock = (milliseconds: number) => {
    ahead = milliseconds;
  };
  for await (const step of reachServer(s3.options.server, s3.agent, signal, onClock)) {
    yield step;
    if (step.status === 'failed') return;
  }
  yield* verifyAccess(s3, at.kind === 'root' ? startPlace(startOf(s3)) : at, clockHint(ahead), signal);
}

async function* verifyAccess(
  s3: S3Connection,
  at: Place,
  hint: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<VerificationStep> {
  const start = performance.now();
  const elapsed = () => Math.round(performance.now() - start);
  const signedIn = () => signInStep(s3, hint, elapsed());
  try {
    await orAborted(s3.keySource.keys(), signal);
  } catch (error) {
    yield failedStep('sign-in', s3.fail(error, {}, signal), elapsed());
    return;
  }
  let found: Page;
  try {
    found = await listPage(s3, at, { limit: 1 }, signal);
  } catch (error) {
    const failure = s3.fail(error, {}, signal);
    const known = listingFailures.has(failure.kind);
    if (known && !isS3Answer(failure.cause)) {
      yield failedStep(
        'sign-in',
        failure.kind === 'invalid-settings' ? failure : notTheService('S3', s3.options.server, failure),
        elapsed(),
      );
      return;
    }
    if (known) yield await signedIn();
    yield failedStep(known ? 'list' : 'sign-in', nameTheContainer(failure, at, buckets), elapsed());
    return;
  }
  yield await signedIn();
  yield { stage: 'list', status: 'ok', sentence: foundSentence(at, found, buckets), ms: elapsed() };
  yield await probeDelete(s3, at, signal);
}

const listingFailures: ReadonlySet<ErrorKind> = new Set(['forbidden', 'not-found', 'invalid-settings']);

async function signInStep(
  { keySource }: S3Connection,
  clock: string | undefined,
  ms: number,
): Promise<VerificationStep> {
  const keys = await keySource.chain?.();
  const sentence = keys ? `Signed in with: ${keys.source}` : 'The server accepts the keys.';
  const expires = keys?.expiration?.getTime();
  const end = expires === undefined ? undefined : `The keys expire: ${new Date(expires).toLocaleString()}`;
  const hint = [clock, end].filter(Boolean).join(' ');
  return {
    stage: 'sign-in',
    status: 'ok',
    sentence,
    ms,
    ...(expires === undefined ? {} : { expires }),
    ...(hint === '' ? {} : { hint }),
  };
}

/** Milliseconds from which the SDK signs with the server's time in place of this machine's. */
const correctedFrom = 5 * 60_000;

function clockHint(ahead: number): string | undefined {
  if (Math.abs(ahead) < correctedFrom) return undefined;
  const minutes = formatCounted(Math.round(Math.abs(ahead) / 60_000), 'minute', 'minutes');
  return `This machine's clock is ${minutes} ${ahead > 0 ? 'fast' : 'slow'}; it was corrected for.`;
}
