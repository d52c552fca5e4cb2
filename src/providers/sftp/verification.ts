import { type StorageError, toStorageError } from '../../core/errors.ts';
import type { Place } from '../../core/storageClient.ts';
import { failedStep, type Stage, type VerificationStep } from '../../core/verification.ts';
import { deleteSentences, deleteStep } from '../_shared/accessSteps.ts';
import { type Progress, type SftpConnection, trySignIn } from './connection.ts';
import { listPage } from './listing.ts';

/** Reach, trust the host key, sign in, list, and may delete. Leaves everything as it is. */
export async function* verifyServer(
  sftp: SftpConnection,
  at: Place,
  signal: AbortSignal,
): AsyncGenerator<VerificationStep> {
  const { steps, failed } = await signInStepwise(sftp, signal);
  yield* steps;
  if (failed) return;
  const start = performance.now();
  const elapsed = () => Math.round(performance.now() - start);
  try {
    const { entries } = await listPage(sftp, at, {}, signal);
    const where = at.kind === 'folder' ? at.id : (await sftp.open(signal)).base;
    const sentence =
      entries.length === 0
        ? `The credentials are valid. Nothing is stored there yet: ${where}`
        : `The credentials are valid for: ${where}`;
    yield { stage: 'list', status: 'ok', sentence, ms: elapsed() };
  } catch (error) {
    yield failedStep('list', toStorageError(error), elapsed());
    return;
  }
  yield deleteStep('unknown', deleteSentences.later, performance.now());
}

/** Signs in on a connection of its own, whose steps can be told apart. */
async function signInStepwise(sftp: SftpConnection, signal: AbortSignal) {
  const { options, server } = sftp;
  const steps: VerificationStep[] = [];
  let before = performance.now();
  const elapsed = () => {
    const ms = Math.round(performance.now() - before);
    before = performance.now();
    return ms;
  };
  const onProgress = (progress: Progress, fingerprint = '') => {
    const said =
      progress === 'reached'
        ? ({ stage: 'reach', sentence: `The server answers: ${server.host}` } as const)
        : ({ stage: 'tls', sentence: `The server is the right one: ${fingerprint}` } as const);
    steps.push({ ...said, status: 'ok', ms: elapsed() });
  };
  try {
    await trySignIn(options, onProgress, signal);
    steps.push({ stage: 'sign-in', status: 'ok', sentence: `Signed in as: ${options.username}`, ms: elapsed() });
    return { steps, failed: false };
  } catch (error) {
    const failure = toStorageError(error);
    steps.push(failedStep(stageOf(failure, steps), failure, elapsed()));
    return { steps, failed: true };
  }
}

/** The stage after the last that was passed; what names no folder was found out after signing in. */
function stageOf(failure: StorageError, passed: readonly VerificationStep[]): Stage {
  const stage = (['reach', 'tls', 'sign-in'] as const)[passed.length] ?? 'sign-in';
  return stage === 'sign-in' && ['not-found', 'forbidden'].includes(failure.kind) ? 'list' : stage;
}
