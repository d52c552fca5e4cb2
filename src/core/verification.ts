import type { ErrorKind, StorageError } from './errors.ts';

/** The stages of a verification, in the order in which they are tried. */
export const stages = ['reach', 'tls', 'sign-in', 'list', 'delete'] as const;

export type Stage = (typeof stages)[number];

export const stageLabels: Readonly<Record<Stage, string>> = {
  reach: 'Reach the server',
  tls: 'Trust the connection',
  'sign-in': 'Sign in',
  list: 'List',
  delete: 'May delete',
};

export interface VerificationStep {
  readonly stage: Stage;
  /**
   * 'denied' is what the credential works without; 'unknown' is what can't be known without writing;
   * 'skipped' is what an earlier failure kept from being tried.
   */
  readonly status: 'ok' | 'failed' | 'denied' | 'unknown' | 'skipped';
  readonly sentence: string;
  /** Milliseconds that this stage took. */
  readonly ms: number;
  /** When what was signed in with expires, in milliseconds since the epoch. */
  readonly expires?: number;
  readonly kind?: ErrorKind;
  readonly hint?: string;
  /** The server's own answer, redacted. */
  readonly detail?: string;
}

/** A finished verification: never a bare boolean. */
export interface Verification {
  readonly works: boolean;
  /** What a person reads first. */
  readonly sentence: string;
  readonly steps: readonly VerificationStep[];
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** When what was signed in with expires, in milliseconds since the epoch, where that is known. */
  readonly expires?: number;
}

/** Time limits of a verification, in milliseconds. */
export const verificationLimits = { connect: 10_000, whole: 30_000 } as const;

/** Adds the stages that were not reached and says in one sentence what came out. */
export function concludeVerification(steps: readonly VerificationStep[], at: number): Verification {
  const failed = steps.find((step) => step.status === 'failed');
  const seen = new Set(steps.map((step) => step.stage));
  const skipped = failed
    ? stages.filter((stage) => !seen.has(stage) && stages.indexOf(stage) > stages.indexOf(failed.stage))
    : [];
  const expires = steps.find((step) => step.expires !== undefined)?.expires;
  return {
    works: !failed,
    sentence: failed ? failed.sentence : workingSentence(steps),
    steps: [...steps, ...skipped.map(skip)],
    at,
    ...(expires === undefined ? {} : { expires }),
  };
}

function workingSentence(steps: readonly VerificationStep[]): string {
  const denied = steps.filter(({ status }) => status === 'denied').map(({ sentence }) => sentence);
  const works = steps.findLast(({ stage, status }) => status === 'ok' && stage !== 'delete')?.sentence;
  return [...denied, works ?? 'Nothing was checked.'].join(' ');
}

/** The step that an error ends. */
export function failedStep(stage: Stage, error: StorageError, ms: number): VerificationStep {
  return {
    stage,
    status: 'failed',
    sentence: error.message,
    ms,
    kind: error.kind,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.detail === undefined ? {} : { detail: error.detail }),
  };
}

/** The step as it may be shown and kept: without a secret in anything that was said. */
export function redactStep(step: VerificationStep, redact: (text: string) => string): VerificationStep {
  const { sentence, hint, detail, ...facts } = step;
  return {
    ...facts,
    sentence: redact(sentence),
    ...(hint === undefined ? {} : { hint: redact(hint) }),
    ...(detail === undefined ? {} : { detail: redact(detail) }),
  };
}

function skip(stage: Stage): VerificationStep {
  return { stage, status: 'skipped', sentence: 'Not tried.', ms: 0 };
}
