/** Every way a storage operation can fail; the kind alone decides what the person is offered next. */
export const errorKinds = [
  'invalid-settings',
  'unauthenticated',
  'expired',
  'forbidden',
  'not-found',
  'already-exists',
  'not-empty',
  'locked',
  'changed',
  'rate-limited',
  'unreachable',
  'untrusted-server',
  'timed-out',
  'unsupported',
  'cancelled',
  'unexpected',
] as const;

export type ErrorKind = (typeof errorKinds)[number];

const passing: ReadonlySet<ErrorKind> = new Set(['rate-limited', 'unreachable', 'timed-out']);

export interface ErrorFacts {
  /** What the person can do about it, one sentence. */
  readonly hint?: string | undefined;
  /** The server's own answer, for 'Details'. Redacted before it is shown or logged. */
  readonly detail?: string | undefined;
  /** Whether the same call may succeed later; by default decided by the kind. */
  readonly retryable?: boolean | undefined;
  /** Milliseconds the server asked to wait. */
  readonly retryAfter?: number | undefined;
  readonly cause?: unknown;
}

/** The one error that leaves a provider: a sentence for a person, and a kind for the program. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly kind: ErrorKind;
  readonly retryable: boolean;
  readonly hint: string | undefined;
  readonly detail: string | undefined;
  readonly retryAfter: number | undefined;

  constructor(kind: ErrorKind, sentence: string, facts: ErrorFacts = {}) {
    super(sentence, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.kind = kind;
    this.retryable = facts.retryable ?? passing.has(kind);
    this.hint = facts.hint;
    this.detail = facts.detail;
    this.retryAfter = facts.retryAfter;
  }
}

/** The same error, if it is ours; anything else becomes 'cancelled' (an abort) or 'unexpected'. */
export function toStorageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  if (isAbort(error)) return cancelled();
  if (isMissingChunk(error)) {
    return new StorageError('unexpected', 'The extension was updated. Reload the window to go on.', { cause: error });
  }
  return new StorageError('unexpected', 'Something unexpected went wrong.', { detail: String(error), cause: error });
}

/** What a call ends with when its signal was aborted. */
export function cancelled(): StorageError {
  return new StorageError('cancelled', 'Cancelled.');
}

/** What a call ends with when its signal was aborted: 'timed-out' where a time limit did it, else 'cancelled'. */
export function stoppedBy(signal: AbortSignal, server: string): StorageError {
  const reason: unknown = signal.reason;
  if (!(reason instanceof Error) || reason.name !== 'TimeoutError') return cancelled();
  return new StorageError('timed-out', `The server did not answer in time: ${server}`, {
    hint: 'Try again, and check whether a firewall or a proxy stands between.',
  });
}

/** Whether code that is loaded later was gone from disk, as after an update. */
export function isMissingChunk(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && error.code === 'ERR_MODULE_NOT_FOUND') || isMissingChunk(error.cause);
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
