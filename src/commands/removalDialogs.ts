import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { type Uri, workspace } from 'vscode';
import { toStorageError } from '../core/errors.ts';
import { formatCount, joinSentences } from '../core/text.ts';
import type {
  Confirmation,
  LockQuestion,
  RemovalProgress,
  RemovalReport,
  RuleQuestion,
  WholeQuestion,
} from '../removal/removal.ts';
import { canRetry } from '../removal/report.ts';
import type { Dialogs, ReportProgress } from '../ui/dialogs.ts';
import type { Parts } from './parts.ts';

/** Asks as a confirmation says; closing anything is no. */
export async function isConfirmed(dialogs: Dialogs, confirmation: Confirmation): Promise<boolean> {
  if (confirmation.kind === 'none') {
    void dialogs.notify('info', confirmation.title);
    return false;
  }
  if (confirmation.kind === 'modal') return await dialogs.confirm(confirmation);
  if (!(await dialogs.confirm({ ...confirmation, button: 'Continue…' }))) return false;
  const { name, title, prompt } = confirmation;
  const refuse = (text: string) => (text === name ? undefined : `Type exactly: ${name}`);
  return (await dialogs.ask({ title, prompt, refuse })) === name;
}

/** Whether locks are bypassed, where a confirmation has that question; undefined when it was closed. */
export async function chooseBypass(dialogs: Dialogs, confirmation: Confirmation): Promise<boolean | undefined> {
  const locks: LockQuestion | undefined = confirmation.kind === 'none' ? undefined : confirmation.locks;
  if (!locks) return false;
  return await dialogs.pick(locks.title, [
    { label: locks.keep, value: false },
    { label: locks.bypass, value: true },
  ]);
}

/** Whether folders go whole, where there is that choice; undefined when it was closed. */
export async function chooseWhole(dialogs: Dialogs, question: WholeQuestion | undefined): Promise<boolean | undefined> {
  if (!question) return false;
  return await dialogs.pick(question.title, [
    { label: question.listed, value: false },
    { label: question.whole, value: true },
  ]);
}

/** Whether a lifecycle rule is to do it, where there is that choice; undefined when it was closed. */
export async function chooseRule(dialogs: Dialogs, question: RuleQuestion | undefined): Promise<boolean | undefined> {
  if (!question) return false;
  return await dialogs.pick(question.title, [
    { label: question.listed, value: false },
    { label: question.rule, value: true },
  ]);
}

/** Tells of a removal's progress as VS Code wants it: a count, and what was added in percent. */
export function progressTeller(report: ReportProgress) {
  let percent = 0;
  return ({ phase, done, total }: Pick<RemovalProgress, 'phase' | 'done' | 'total'>) => {
    const now = total === 0 ? 100 : (100 * done) / total;
    const count = `${formatCount(done)} of ${formatCount(total)}`;
    report(phase === 'stopping' ? `Stopping… ${count}` : count, now - percent);
    percent = now;
  };
}

/** Whether nothing is left that was to go. */
export function isClean(report: RemovalReport): boolean {
  const { changed, locked, denied } = report.results;
  return !canRetry(report) && changed + locked + denied === 0;
}

/** What is offered after a removal. What was cancelled was not failed: going on is asked for again. */
export function buttonsFor(report: RemovalReport, shown: boolean): readonly string[] {
  const again = !canRetry(report) ? [] : report.stopped?.kind === 'cancelled' ? ['Delete the Rest…'] : ['Retry Failed'];
  const show = shown ? [] : ['Show Report'];
  const save = isClean(report) ? [] : ['Save Report…'];
  return report.stopped?.kind === 'cancelled' ? [...show, ...again, ...save] : [...again, ...show, ...save];
}

/** Writes a text that comes in pieces to a file on disk or elsewhere. */
export async function writeText(target: Uri, text: Iterable<string> | AsyncIterable<string>): Promise<void> {
  if (target.scheme === 'file') await pipeline(text, createWriteStream(target.fsPath));
  else await workspace.fs.writeFile(target, Buffer.from((await Array.fromAsync(text)).join('')));
}

/** Says why what a button asked for failed; no command is there any more to say it. */
export async function tellFailure({ dialogs, log, redactor }: Parts, error: unknown): Promise<void> {
  const { message, hint } = toStorageError(error);
  log.error('What was asked after a removal failed.', error);
  await dialogs.notify('error', redactor.redact(joinSentences(message, hint)));
}
