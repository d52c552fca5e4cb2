import { StorageError, toStorageError } from '../core/errors.ts';
import { joinSentences } from '../core/text.ts';
import {
  concludeVerification,
  failedStep,
  redactStep,
  stageLabels,
  type Verification,
  type VerificationStep,
  verificationLimits,
} from '../core/verification.ts';
import { untilAborted } from '../removal/waiting.ts';
import type { Lease } from '../sessions/sessions.ts';
import type { CredentialNode } from '../tree/nodes.ts';
import type { ReportProgress } from '../ui/dialogs.ts';
import type { Handler, Parts } from './parts.ts';
import { credentialTarget } from './targets.ts';

/** Verifies a saved credential; the result stays on its row. */
export const verifyCredential: Handler = async (parts, node) => {
  const target = await credentialTarget(parts, 'Verify Credential', node);
  if (!target) return;
  const verification = await parts.dialogs.progress(`Verifying: ${target.record.name}`, (report, signal) =>
    verify(parts, target, report, signal),
  );
  if (!verification) return;
  await parts.verifications.keep(target.record, verification);
  parts.tree.redraw(target);
  tell(parts, target, verification);
};

/** Undefined when it was cancelled. */
export async function verify(
  parts: Parts,
  { id }: CredentialNode,
  report: ReportProgress,
  signal: AbortSignal,
): Promise<Verification | undefined> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(verificationLimits.whole)]);
  const steps: VerificationStep[] = [];
  const keep = (step: VerificationStep) => steps.push(redactStep(step, parts.redactor.redact));
  try {
    await using lease = await openUntilAborted(parts, id, limited);
    for await (const step of lease.client.verify({ kind: 'root' }, { signal: limited })) {
      keep(step);
      report(`${stageLabels[step.stage]}: ${step.status}`);
    }
  } catch (error) {
    keep(failedStep('sign-in', toStorageError(error), 0));
  }
  return signal.aborted ? undefined : concludeVerification(steps, Date.now());
}

/** A lease, unless the signal comes first: a keyring may keep one waiting for ever. What is opened too late is let go of. */
async function openUntilAborted({ sessions, log }: Parts, id: string, signal: AbortSignal): Promise<Lease> {
  const opening = sessions.open(id);
  try {
    return await untilAborted(opening, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    void opening
      .then((lease) => lease[Symbol.asyncDispose]())
      .catch((late: unknown) => log.error('A credential that nobody waits for any more could not be opened.', late));
    throw new StorageError('timed-out', 'The stored secrets could not be read in time.', {
      hint: "Unlock this machine's keyring and try again.",
      cause: error,
    });
  }
}

/** Said without waiting for an answer: the result is on the row already. */
function tell(parts: Parts, target: CredentialNode, { works, sentence, steps }: Verification): void {
  const { dialogs, forms, log, tree } = parts;
  log.info(`Verified ${target.record.name}: ${steps.map(({ stage, status }) => `${stage} ${status}`).join(', ')}`);
  const hint = steps.find(({ hint }) => hint !== undefined)?.hint;
  const locked = tree.isLocked(target.record);
  const mend = locked ? 'Enter Secret Again' : 'Edit Credential';
  const buttons = works ? ['Details'] : [mend, 'Details'];
  void dialogs
    .notify(works ? 'info' : 'error', joinSentences(`${target.record.name}: ${sentence}`, hint), buttons)
    .then(async (answer) => {
      if (answer === mend) await forms.edit(target.id, locked ? { focus: 'secret' } : {});
      if (answer === 'Details') await showSteps(parts, target, steps);
    })
    .catch((error: unknown) => log.error('The answer to a verification failed.', error));
}

async function showSteps({ dialogs }: Parts, { record }: CredentialNode, steps: readonly VerificationStep[]) {
  await dialogs.pick(
    `Verification: ${record.name}`,
    steps.map((step) => ({
      label: `${marks[step.status]} ${stageLabels[step.stage]}`,
      description: `${step.status} · ${step.ms} ms`,
      detail: [step.sentence, step.hint, step.detail].filter(Boolean).join(' · '),
      value: step,
    })),
  );
}

const marks = { ok: '✓', failed: '✗', denied: '✗', unknown: '?', skipped: '–' } as const;
