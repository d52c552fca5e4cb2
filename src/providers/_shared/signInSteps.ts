import { type StorageError, toStorageError } from '../../core/errors.ts';
import { failedStep, type Stage, type VerificationStep } from '../../core/verification.ts';

/** A stage that was passed on the way to being signed in. */
export type Passed = Pick<VerificationStep, 'sentence'> & {
  readonly stage: 'reach' | 'tls';
  /** 'ok' by default. */
  readonly status?: 'unknown';
};

/**
 * Signs in to a server whose protocol keeps a connection, stage by stage.
 * @param signIn is given what to call after each stage
 */
export async function signInStepwise(
  username: string,
  signIn: (onPassed: (passed: Passed) => void) => Promise<void>,
): Promise<{ readonly steps: readonly VerificationStep[]; readonly failed: boolean }> {
  const steps: VerificationStep[] = [];
  let before = performance.now();
  const elapsed = () => {
    const ms = Math.round(performance.now() - before);
    before = performance.now();
    return ms;
  };
  try {
    await signIn((passed) => steps.push({ status: 'ok', ...passed, ms: elapsed() }));
    steps.push({ stage: 'sign-in', status: 'ok', sentence: `Signed in as: ${username}`, ms: elapsed() });
    return { steps, failed: false };
  } catch (error) {
    const failure = toStorageError(error);
    steps.push(failedStep(stageOf(failure, steps), failure, elapsed()));
    return { steps, failed: true };
  }
}

/** What a verification says when the server answers. */
export function reached(server: URL): Passed {
  return { stage: 'reach', sentence: `The server answers: ${server.host}` };
}

/** The step that lists. @param list what was found at which path */
export async function listStep(
  list: () => Promise<{ readonly isEmpty: boolean; readonly where: string }>,
): Promise<VerificationStep> {
  const start = performance.now();
  const elapsed = () => Math.round(performance.now() - start);
  try {
    const { isEmpty, where } = await list();
    const sentence = isEmpty
      ? `The credentials are valid. Nothing is stored there yet: ${where}`
      : `The credentials are valid for: ${where}`;
    return { stage: 'list', status: 'ok', sentence, ms: elapsed() };
  } catch (error) {
    return failedStep('list', toStorageError(error), elapsed());
  }
}

/** The stage after the last that was passed; what names no folder was found out after signing in. */
function stageOf(failure: StorageError, passed: readonly VerificationStep[]): Stage {
  const stage = (['reach', 'tls', 'sign-in'] as const)[passed.length] ?? 'sign-in';
  return stage === 'sign-in' && ['not-found', 'forbidden'].includes(failure.kind) ? 'list' : stage;
}
