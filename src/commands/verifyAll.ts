import { formatCount, showName } from '../core/text.ts';
import type { Verification } from '../core/verification.ts';
import type { CredentialNode } from '../tree/nodes.ts';
import type { Handler, Parts } from './parts.ts';
import { verify } from './verify.ts';

/** So many are verified at the same time. */
const atOnce = 4;

interface Verified {
  readonly target: CredentialNode;
  readonly verification: Verification;
}

/** Verifies every credential; each result stays on its row, also when the rest is cancelled. */
export const verifyAll: Handler = async (parts) => {
  const targets = await parts.tree.credentials();
  if (targets.length === 0) {
    const add = 'Add Credential';
    if ((await parts.dialogs.notify('info', 'No Cloud Credentials configured', [add])) === add) await parts.forms.add();
    return;
  }
  const results: Verified[] = [];
  await parts.dialogs.progress('Verifying All Credentials', async (report, signal) => {
    const queue = targets.values();
    const drain = async () => {
      for (const target of queue) {
        if (signal.aborted) return;
        const verification = await verify(parts, target, () => undefined, signal);
        if (!verification) return;
        await parts.verifications.keep(target.record, verification);
        parts.tree.redraw(target);
        results.push({ target, verification });
        const done = `${formatCount(results.length)} of ${formatCount(targets.length)}`;
        report(`${done} · ${showName(target.record.name)}`, 100 / targets.length);
      }
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, targets.length) }, drain));
  });
  tell(parts, results, targets.length);
};

/** Said without waiting for an answer: the results are on their rows already. */
function tell(parts: Parts, results: readonly Verified[], total: number): void {
  const failed = results.filter(({ verification }) => !verification.works);
  const left = total - results.length;
  const sentence = [
    `Verified ${formatCount(results.length - failed.length)}`,
    ...(failed.length > 0 ? [`Failed: ${formatCount(failed.length)}`] : []),
    ...(left > 0 ? [`Not verified: ${formatCount(left)}`] : []),
  ].join('. ');
  parts.log.info(`All credentials: ${sentence}`);
  void parts.dialogs
    .notify(failed.length > 0 ? 'warning' : 'info', `${sentence}.`, failed.length > 0 ? ['Show Failures'] : [])
    .then(async (answer) => {
      if (answer === 'Show Failures') await showFailures(parts, failed);
    })
    .catch((error: unknown) => parts.log.error('The answer to a verification failed.', error));
}

/** Choosing one opens its form. */
async function showFailures(parts: Parts, failed: readonly Verified[]): Promise<void> {
  const chosen = await parts.dialogs.pick(
    'Failed: choose a credential to edit',
    failed.map(({ target, verification }) => ({
      label: target.record.name,
      description: target.provider.label,
      detail: verification.sentence,
      value: target,
    })),
  );
  if (chosen) await parts.forms.edit(chosen.id);
}
