import type { Place } from '../../core/storageClient.ts';
import type { VerificationStep } from '../../core/verification.ts';
import { deleteSentences, deleteStep } from '../_shared/accessSteps.ts';
import { listStep, type Passed, reached, signInStepwise } from '../_shared/signInSteps.ts';
import type { FtpConnection } from './connection.ts';
import { folderOf, listingOf } from './listing.ts';
import type { Listing } from './lists.ts';
import type { Progress } from './session.ts';

/** Reach, encrypt, sign in, list, and may delete. Leaves everything as it is. */
export async function* verifyServer(
  ftp: FtpConnection,
  at: Place,
  signal: AbortSignal,
): AsyncGenerator<VerificationStep> {
  const { steps, failed } = await signInStepwise(ftp.options.username, (onPassed) =>
    ftp.signInAnew((progress) => onPassed(progress === 'reached' ? reached(ftp.server) : encryption[progress]), signal),
  );
  yield* steps;
  if (failed) return;
  let listing: Listing | undefined;
  const listed = await listStep(async () => {
    const where = await folderOf(ftp, at, signal);
    listing = await listingOf(ftp, where, signal);
    return { isEmpty: listing.all.length === 0, where };
  });
  yield listed;
  if (listing) yield mayDelete(listing.self?.perm);
}

const encryption: Readonly<Record<Exclude<Progress, 'reached'>, Passed>> = {
  encrypted: { stage: 'tls', sentence: 'The connection is encrypted and the certificate accepted.' },
  plain: {
    stage: 'tls',
    status: 'unknown',
    sentence: 'The connection is not encrypted: anyone on the way can read along, the password too.',
  },
};

/** What the server says of the folder itself: 'p' lets what is in it be deleted (RFC 3659, 7.5.5). */
function mayDelete(perm: string | undefined): VerificationStep {
  const start = performance.now();
  if (perm === undefined) return deleteStep('unknown', deleteSentences.later, start);
  return perm.includes('p')
    ? deleteStep('ok', deleteSentences.ok, start)
    : deleteStep('denied', deleteSentences.denied, start);
}
