import { type ErrorFacts, StorageError, stoppedBy } from '../../../core/errors.ts';
import type { RemovalResult } from '../../../core/storageClient.ts';
import { type ErrorRow, rowOfStatus, rows, type Subject } from '../errorRows.ts';
import { connectionError } from '../http.ts';
import { resultOf } from '../outcomes.ts';
import { waitAsked } from '../retryAfter.ts';

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
  return resultOf(error);
}

/** The error for one key in an answer of DeleteObjects. */
export function keyError(code: string | undefined, message: string | undefined, subject: Subject): StorageError {
  const row = rowOf(code);
  const detail = [code, message].filter(Boolean).join(': ') || 'The server gave no reason.';
  return row
    ? new StorageError(row.kind, row.sentence(subject), { hint: row.hint, detail, ...ofTrouble(row) })
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

const wrongKey: ErrorRow = {
  kind: 'unauthenticated',
  sentence: () => 'The server does not know this Access Key ID.',
  hint: 'Check the Access Key ID, and that it belongs to this endpoint.',
};
const wrongSecret: ErrorRow = {
  kind: 'unauthenticated',
  sentence: () => 'The Secret Access Key does not fit the Access Key ID.',
  hint: 'Enter the Secret Access Key again.',
};
const expired: ErrorRow = {
  kind: 'expired',
  sentence: () => 'The session token has expired.',
  hint: 'Get a new set of temporary keys and enter them.',
};
const noBucket: ErrorRow = {
  kind: 'not-found',
  sentence: ({ container }) => `There is no such bucket: ${container ?? 'unnamed'}`,
  hint: 'It may have been deleted, or its name is spelled differently.',
};
const wrongRegion: ErrorRow = {
  kind: 'invalid-settings',
  sentence: ({ container }) => `The bucket lives in another region than the one given: ${container ?? 'unnamed'}`,
  hint: "Enter the bucket's region, or the endpoint of that region.",
};
const clock: ErrorRow = {
  kind: 'unauthenticated',
  sentence: () => "This machine's clock and the server's differ too much.",
  hint: "Set this machine's clock.",
};
const byCode: Readonly<Record<string, ErrorRow>> = {
  InvalidAccessKeyId: wrongKey,
  SignatureDoesNotMatch: wrongSecret,
  InvalidToken: { ...wrongKey, sentence: () => 'The server does not accept the session token.' },
  ExpiredToken: expired,
  ExpiredTokenException: expired,
  TokenRefreshRequired: expired,
  AccessDenied: rows.denied,
  AllAccessDisabled: rows.denied,
  AccountProblem: rows.denied,
  UserSuspended: rows.denied,
  MethodNotAllowed: rows.notOffered,
  NotImplemented: rows.notOffered,
  NoSuchBucket: noBucket,
  NoSuchKey: rows.noObject,
  NoSuchVersion: rows.noObject,
  NoSuchUpload: { kind: 'not-found', sentence: ({ id }) => `There is no such upload: ${id ?? 'unnamed'}` },
  NotFound: rows.notThere,
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
  ObjectLocked: rows.locked,
  InvalidObjectState: {
    kind: 'unsupported',
    sentence: ({ id }) => `The object is archived and must be restored first: ${id ?? ''}`,
  },
  PreconditionFailed: rows.changed,
  ConditionalRequestConflict: rows.changed,
  PermanentRedirect: wrongRegion,
  TemporaryRedirect: wrongRegion,
  AuthorizationHeaderMalformed: wrongRegion,
  IllegalLocationConstraintException: wrongRegion,
  RequestTimeTooSkewed: clock,
  RequestExpired: clock,
  OperationAborted: rows.busyElsewhere,
  SlowDown: rows.slowDown,
  SlowDownWrite: rows.slowDown,
  SlowDownRead: rows.slowDown,
  ServiceUnavailable: rows.slowDown,
  Throttling: rows.slowDown,
  TooManyRequests: rows.slowDown,
  BandwidthLimitExceeded: rows.slowDown,
  InternalError: rows.trouble,
  RequestTimeout: rows.gaveUp,
};

/** Whether a code says that temporary keys are over: other ones may be taken. */
export function isExpired(code: string | undefined): boolean {
  return rowOf(code) === expired;
}

function rowOf(code: string | undefined): ErrorRow | undefined {
  return code !== undefined && Object.hasOwn(byCode, code) ? byCode[code] : undefined;
}

function byStatus(status: number): ErrorRow | undefined {
  if (status === 401) return { ...wrongKey, sentence: () => 'The server does not accept these keys.' };
  if (status >= 300 && status < 400) return { ...wrongRegion, ...rows.elsewhere };
  return rowOfStatus(status);
}

function factsOf(error: unknown, row?: ErrorRow): ErrorFacts {
  const { code, status } = answerOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const retryAfter = retryAfterOf(error);
  return {
    detail: [status, code, message]
      .filter((part) => part !== undefined && part !== '' && part !== 'UnknownError')
      .join(' · '),
    cause: error,
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...ofTrouble(row),
  };
}

/** A server that had trouble of its own may have none the next time. */
function ofTrouble(row: ErrorRow | undefined): { retryable?: true } {
  return row === rows.trouble ? { retryable: true } : {};
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
  return waitAsked(headers?.['retry-after']);
}

function metadataOf(error: Error): { httpStatusCode?: number } | undefined {
  return '$metadata' in error ? (error.$metadata as { httpStatusCode?: number }) : undefined;
}
