import { type ErrorFacts, type ErrorKind, StorageError, stoppedBy } from '../../../core/errors.ts';
import type { RemovalResult } from '../../../core/storageClient.ts';
import { connectionError } from '../http.ts';

/** What a failed call was about; it stands in the sentence. */
export interface Subject {
  readonly server: URL;
  readonly container?: string | undefined;
  readonly id?: string | undefined;
}

/** Any error of the SDK as ours: decided by the S3 error code, else by the HTTP status, else by the socket's error code. */
export function toS3Error(error: unknown, subject: Subject, signal?: AbortSignal): StorageError {
  if (error instanceof StorageError) return error;
  if (signal?.aborted) return stoppedBy(signal, subject.server.host);
  const { code, status } = answerOf(error);
  const row = rowOf(code) ?? (status === undefined ? undefined : byStatus(status));
  if (row) return new StorageError(row.kind, row.sentence(subject), { ...factsOf(error, row), hint: row.hint });
  return (
    connectionError(error, subject.server) ??
    unreadable(error, subject) ??
    new StorageError(
      'unexpected',
      `The server gave an answer that was not expected: ${subject.server.host}`,
      factsOf(error),
    )
  );
}

/** The result that a per-key or single-delete error code means; anything unknown is 'failed'. */
export function resultOfCode(error: StorageError, code: string | undefined): RemovalResult {
  if (code === 'NoSuchKey' || code === 'NoSuchVersion' || code === 'NoSuchUpload') return 'already-gone';
  return resultOfKind[error.kind] ?? 'failed';
}

/** The error for one key in an answer of DeleteObjects. */
export function keyError(code: string | undefined, message: string | undefined, subject: Subject): StorageError {
  const row = rowOf(code);
  const detail = [code, message].filter(Boolean).join(': ') || 'The server gave no reason.';
  return row
    ? new StorageError(row.kind, row.sentence(subject), { hint: row.hint, detail })
    : new StorageError('unexpected', `The server refused to delete: ${subject.id}`, { detail });
}

/** The S3 error code and HTTP status in an error of the SDK. */
export function answerOf(error: unknown): { code: string | undefined; status: number | undefined } {
  if (!(error instanceof Error)) return { code: undefined, status: undefined };
  const code = 'Code' in error && typeof error.Code === 'string' ? error.Code : error.name;
  return { code, status: metadataOf(error)?.httpStatusCode };
}

/** Whether an error came as an S3 error document, and not as a bare status. */
export function isS3Answer(error: unknown): boolean {
  return error instanceof Error && 'Code' in error && typeof error.Code === 'string';
}

interface Row {
  readonly kind: ErrorKind;
  readonly sentence: (subject: Subject) => string;
  readonly hint?: string;
}

const resultOfKind: Partial<Record<ErrorKind, RemovalResult>> = {
  forbidden: 'denied',
  locked: 'locked',
  changed: 'changed',
};

const what = ({ container, id, server }: Subject) => id ?? container ?? server.host;

const wrongKey: Row = {
  kind: 'unauthenticated',
  sentence: () => 'The server does not know this Access Key ID.',
  hint: 'Check the Access Key ID, and that it belongs to this endpoint.',
};
const wrongSecret: Row = {
  kind: 'unauthenticated',
  sentence: () => 'The Secret Access Key does not fit the Access Key ID.',
  hint: 'Enter the Secret Access Key again.',
};
const denied: Row = {
  kind: 'forbidden',
  sentence: (subject) => `These credentials may not do this: ${what(subject)}`,
  hint: 'Ask whoever administers the storage for the permission, or use another key.',
};
const expired: Row = {
  kind: 'expired',
  sentence: () => 'The session token has expired.',
  hint: 'Get a new set of temporary keys and enter them.',
};
const noBucket: Row = {
  kind: 'not-found',
  sentence: ({ container }) => `There is no such bucket: ${container ?? 'unnamed'}`,
  hint: 'It may have been deleted, or its name is spelled differently.',
};
const noKey: Row = { kind: 'not-found', sentence: ({ id }) => `There is no such object: ${id ?? 'unnamed'}` };
const busy: Row = {
  kind: 'rate-limited',
  sentence: () => 'The server asks to slow down.',
  hint: 'Try again in a moment.',
};
const wrongRegion: Row = {
  kind: 'invalid-settings',
  sentence: ({ container }) => `The bucket lives in another region than the one given: ${container ?? 'unnamed'}`,
  hint: "Enter the bucket's region, or the endpoint of that region.",
};
const clock: Row = {
  kind: 'unauthenticated',
  sentence: () => "This machine's clock and the server's differ too much.",
  hint: "Set this machine's clock.",
};
const trouble: Row = {
  kind: 'unexpected',
  sentence: ({ server }) => `The server had trouble of its own: ${server.host}`,
  hint: 'Try again in a moment.',
};

const busyElsewhere: Row = {
  kind: 'rate-limited',
  sentence: (subject) => `The server is at something else with it: ${what(subject)}`,
  hint: 'Try again in a moment.',
};

const byCode: Readonly<Record<string, Row>> = {
  InvalidAccessKeyId: wrongKey,
  SignatureDoesNotMatch: wrongSecret,
  InvalidToken: { ...wrongKey, sentence: () => 'The server does not accept the session token.' },
  ExpiredToken: expired,
  ExpiredTokenException: expired,
  TokenRefreshRequired: expired,
  AccessDenied: denied,
  AllAccessDisabled: denied,
  AccountProblem: denied,
  UserSuspended: denied,
  MethodNotAllowed: { kind: 'unsupported', sentence: (subject) => `The server does not offer this: ${what(subject)}` },
  NotImplemented: { kind: 'unsupported', sentence: (subject) => `The server does not offer this: ${what(subject)}` },
  NoSuchBucket: noBucket,
  NoSuchKey: noKey,
  NoSuchVersion: noKey,
  NoSuchUpload: { kind: 'not-found', sentence: ({ id }) => `There is no such upload: ${id ?? 'unnamed'}` },
  NotFound: { kind: 'not-found', sentence: (subject) => `This is not there: ${what(subject)}` },
  InvalidBucketName: {
    kind: 'invalid-settings',
    sentence: ({ container }) => `The server does not take this as a bucket's name: ${container ?? ''}`,
    hint: 'Bucket names have 3 to 63 lower-case letters, digits, dots and hyphens.',
  },
  BucketAlreadyExists: {
    kind: 'already-exists',
    sentence: ({ container }) => `This bucket exists already: ${container ?? ''}`,
  },
  BucketAlreadyOwnedByYou: {
    kind: 'already-exists',
    sentence: ({ container }) => `You have this bucket already: ${container ?? ''}`,
  },
  BucketNotEmpty: {
    kind: 'not-empty',
    sentence: ({ container }) => `The bucket is not empty: ${container ?? ''}`,
    hint: 'Delete everything in it first: objects, their versions, and unfinished uploads.',
  },
  TooManyBuckets: {
    kind: 'forbidden',
    sentence: () => 'This account may have no more buckets.',
    hint: 'Delete one that is not needed, or ask for a higher limit.',
  },
  InvalidLocationConstraint: {
    kind: 'invalid-settings',
    sentence: ({ server }) => `The server knows no such region: ${server.host}`,
    hint: 'Leave the region empty for its default.',
  },
  ObjectLocked: { kind: 'locked', sentence: ({ id }) => `Locked against deletion: ${id ?? ''}` },
  InvalidObjectState: {
    kind: 'unsupported',
    sentence: ({ id }) => `The object is archived and must be restored first: ${id ?? ''}`,
  },
  PreconditionFailed: { kind: 'changed', sentence: ({ id }) => `It changed in the meantime: ${id ?? ''}` },
  ConditionalRequestConflict: { kind: 'changed', sentence: ({ id }) => `It changed in the meantime: ${id ?? ''}` },
  PermanentRedirect: wrongRegion,
  TemporaryRedirect: wrongRegion,
  AuthorizationHeaderMalformed: wrongRegion,
  IllegalLocationConstraintException: wrongRegion,
  RequestTimeTooSkewed: clock,
  RequestExpired: clock,
  OperationAborted: busyElsewhere,
  SlowDown: busy,
  SlowDownWrite: busy,
  SlowDownRead: busy,
  ServiceUnavailable: busy,
  Throttling: busy,
  TooManyRequests: busy,
  BandwidthLimitExceeded: busy,
  InternalError: trouble,
  RequestTimeout: { kind: 'timed-out', sentence: ({ server }) => `The server gave up waiting: ${server.host}` },
};

function rowOf(code: string | undefined): Row | undefined {
  return code !== undefined && Object.hasOwn(byCode, code) ? byCode[code] : undefined;
}

function byStatus(status: number): Row | undefined {
  if (status === 401) return { ...wrongKey, sentence: () => 'The server does not accept these keys.' };
  if (status === 403) return denied;
  if (status === 404) return byCode.NotFound;
  if (status === 405 || status === 501) return byCode.NotImplemented;
  if (status === 407) {
    return { kind: 'unreachable', sentence: ({ server }) => `A proxy on the way asks for a sign-in: ${server.host}` };
  }
  if (status === 409) return busyElsewhere;
  if (status === 412) return byCode.PreconditionFailed;
  if (status === 429 || status === 503) return busy;
  if (status >= 500) return trouble;
  if (status >= 300 && status < 400) return { ...wrongRegion, sentence: elsewhere };
  return undefined;
}

function elsewhere({ container, server }: Subject): string {
  return `The server sends this on to another address, which is not followed with your keys: ${container ?? server.host}`;
}

function factsOf(error: unknown, row?: Row): ErrorFacts {
  const { code, status } = answerOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const retryAfter = retryAfterOf(error);
  return {
    detail: [status, code, message]
      .filter((part) => part !== undefined && part !== '' && part !== 'UnknownError')
      .join(' · '),
    cause: error,
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(row === trouble ? { retryable: true } : {}),
  };
}

/** An answer that ended early or is no XML: what it would have said is not known, asking again may help. */
function unreadable(error: unknown, subject: Subject): StorageError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { status } = answerOf(error);
  if (status !== undefined && status >= 300) return undefined;
  if (error instanceof SyntaxError || status !== undefined) {
    return new StorageError('unexpected', `The server's answer was cut off or is no S3: ${subject.server.host}`, {
      ...factsOf(error),
      retryable: true,
      hint: 'Check that the endpoint is an S3 service, and try again.',
    });
  }
  return undefined;
}

function retryAfterOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('$response' in error)) return undefined;
  const headers = (error.$response as { headers?: Record<string, string> } | undefined)?.headers;
  const seconds = Number(headers?.['retry-after']);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}

function metadataOf(error: Error): { httpStatusCode?: number } | undefined {
  return '$metadata' in error ? (error.$metadata as { httpStatusCode?: number }) : undefined;
}
