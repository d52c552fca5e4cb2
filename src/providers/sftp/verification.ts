import type { Place } from '../../core/storageClient.ts';
import type { VerificationStep } from '../../core/verification.ts';
import { deleteSentences, deleteStep } from '../_shared/accessSteps.ts';
import { listStep, reached, signInStepwise } from '../_shared/signInSteps.ts';
import { type SftpConnection, trySignIn } from './connection.ts';
import { folderOf, listPage } from './listing.ts';

/** Reach, trust the host key, sign in, list, and may delete. Leaves everything as it is. */
export async function* verifyServer(
  sftp: SftpConnection,
  at: Place,
  signal: AbortSignal,
): AsyncGenerator<VerificationStep> {
  const { options, server } = sftp;
  // On a connection of its own, whose steps can be told apart.
  const { steps, failed } = await signInStepwise(options.username, (onPassed) =>
    trySignIn(
      options,
      (progress, fingerprint = '') =>
        onPassed(
          progress === 'reached'
            ? reached(server)
            : { stage: 'tls', sentence: `The server is the right one: ${fingerprint}` },
        ),
      signal,
    ),
  );
  yield* steps;
  if (failed) return;
  const listed = await listStep(async () => {
    const { entries } = await listPage(sftp, at, {}, signal);
    return { isEmpty: entries.length === 0, where: await folderOf(sftp, at, signal) };
  });
  yield listed;
  if (listed.status === 'ok') yield deleteStep('unknown', deleteSentences.later, performance.now());
}
