import { toStorageError } from '../core/errors.ts';
import { concludeVerification, failedStep, redactStep, stages, type VerificationStep } from '../core/verification.ts';
import { itemsUntilAborted } from '../removal/waiting.ts';
import type { VerificationView } from './protocol.ts';

/** A verification as far as it has come. */
export type Report = Omit<VerificationView, 'stale'>;

/** A verification as it comes along: one report after each step, and a last one with what came out. Never throws, and ends at once when the signal is aborted. */
export async function* reports(
  steps: AsyncIterable<VerificationStep>,
  signal: AbortSignal,
  redact: (text: string) => string,
): AsyncIterable<Report> {
  const seen: VerificationStep[] = [];
  let since = performance.now();
  try {
    for await (const step of itemsUntilAborted(steps, signal)) {
      seen.push(redactStep(step, redact));
      since = performance.now();
      yield { running: true, steps: [...seen] };
    }
  } catch (error) {
    const stage = stages.find((each) => !seen.some((step) => step.stage === each)) ?? 'reach';
    if (!signal.aborted)
      seen.push(redactStep(failedStep(stage, toStorageError(error), performance.now() - since), redact));
  }
  const { works, sentence, steps: all, at } = concludeVerification(seen, Date.now());
  if (signal.aborted) yield cancelledReport(seen);
  else yield { running: false, works, sentence, steps: [...all], at };
}

/** What is shown of a verification that a person has ended. */
export function cancelledReport(steps: VerificationStep[]): Report {
  return { running: false, works: false, sentence: 'Cancelled.', steps };
}
