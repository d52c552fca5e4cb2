import { toStorageError } from '../core/errors.ts';
import {
  concludeVerification,
  failedStep,
  stageLabels,
  type Verification,
  type VerificationStep,
  verificationLimits,
} from '../core/verification.ts';
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

async function verify(
  { sessions, redactor }: Parts,
  { id }: CredentialNode,
  report: ReportProgress,
  signal: AbortSignal,
): Promise<Verification | undefined> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(verificationLimits.whole)]);
  const steps: VerificationStep[] = [];
  try {
    await using lease = await sessions.open(id);
    for await (const step of lease.client.verify({ kind: 'root' }, { signal: limited })) {
      steps.push(step.detail === undefined ? step : { ...step, detail: redactor.redact(step.detail) });
      report(`${stageLabels[step.stage]}: ${step.status}`);
    }
  } catch (error) {
    steps.push(failedStep('sign-in', toStorageError(error), 0));
  }
  return signal.aborted ? undefined : concludeVerification(steps, Date.now());
}

/** Said without waiting for an answer: the result is on the row already. */
function tell(parts: Parts, target: CredentialNode, { works, sentence, steps }: Verification): void {
  const { dialogs, forms, log, tree } = parts;
  log.info(`Verified ${target.record.name}: ${steps.map(({ stage, status }) => `${stage} ${status}`).join(', ')}`);
  const hint = steps.find(({ hint }) => hint !== undefined)?.hint;
  const mend = tree.isLocked(target.record) ? 'Enter Secret Again' : 'Edit Credential';
  const buttons = works ? ['Details'] : [mend, 'Details'];
  void dialogs
    .notify(works ? 'info' : 'error', [`${target.record.name}: ${sentence}`, hint].filter(Boolean).join(' '), buttons)
    .then(async (answer) => {
      if (answer === mend) await forms.edit(target.id);
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
