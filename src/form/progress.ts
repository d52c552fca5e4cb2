import type { Choice } from '../core/fields.ts';
import type { VerificationStep } from '../core/verification.ts';
import type { SaveRequest } from './dependencies.ts';
import type { VerificationView } from './protocol.ts';

/** What goes on around a draft and is not part of it: plain data that every function here returns anew. */
export interface Progress {
  /** Fetched choices by field. */
  readonly choices: Readonly<Record<string, readonly Choice[]>>;
  /** Names of the files chosen. */
  readonly fileNames: Readonly<Record<string, string>>;
  /** Why something could not be fetched for a field. */
  readonly fieldErrors: Readonly<Record<string, string>>;
  readonly busyFields: readonly string[];
  readonly saving: boolean;
  readonly verification?: VerificationView;
  readonly conflict?: 'changed' | 'removed';
  readonly failure?: string;
}

/** Nothing has gone on yet. */
export const untouched: Progress = { choices: {}, fileNames: {}, fieldErrors: {}, busyFields: [], saving: false };

/** The progress without what an earlier request left to say. */
export function without(progress: Progress, part: 'conflict' | 'failure' | 'verification'): Progress {
  const { [part]: _, ...rest } = progress;
  return rest;
}

export function withFieldBusy(progress: Progress, field: string): Progress {
  return { ...withoutFieldError(progress, field), busyFields: [...progress.busyFields, field] };
}

export function withFieldIdle(progress: Progress, field: string): Progress {
  return { ...progress, busyFields: progress.busyFields.filter((name) => name !== field) };
}

export function withFieldError(progress: Progress, field: string, sentence: string): Progress {
  return { ...progress, fieldErrors: { ...progress.fieldErrors, [field]: sentence } };
}

export function withoutFieldError(progress: Progress, field: string): Progress {
  const { [field]: _, ...fieldErrors } = progress.fieldErrors;
  return { ...progress, fieldErrors };
}

/** The progress after the draft has changed in a way that a verification would notice. */
export function withStaleVerification(progress: Progress): Progress {
  const { verification } = progress;
  return verification ? { ...progress, verification: { ...verification, stale: true } } : progress;
}

/** The verification that has ended, if the draft has not changed since. */
export function currentVerification({ verification }: Progress): Pick<SaveRequest, 'verification'> {
  if (!verification || verification.stale) return {};
  const { works, sentence, at, steps } = verification;
  if (works === undefined || sentence === undefined || at === undefined) return {};
  return { verification: { works, sentence, at, steps: steps as readonly VerificationStep[] } };
}
