import { StorageError, stoppedBy } from '../../core/errors.ts';
import {
  type ErrorRow,
  errorOfRefusal,
  type Meanings,
  rowOfCode,
  rowOfStatus,
  rows,
  type Subject,
  what,
} from '../_shared/errorRows.ts';
import { connectionError } from '../_shared/http.ts';
import { waitAsked } from '../_shared/retryAfter.ts';
import { parseXml, textOf } from '../_shared/xml.ts';

/** An answer of Cloud Storage, whole. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** An answer that refuses, by its codes. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  /** The reason of the JSON API, or the code of the XML API; absent when something else than Cloud Storage answered. */
  readonly code: string | undefined;
  readonly retryAfter: number | undefined;

  constructor({ status, headers, text }: Answer) {
    const { code, message } = readError(text);
    super(message ?? '');
    this.status = status;
    this.code = code;
    this.retryAfter = waitAsked(headers.get('retry-after'));
  }
}

/** Any failure as ours: decided by the reason or code in the answer, else by the status, else by the connection's error code. */
export function toGcsError(
  error: unknown,
  subject: Subject,
  signal: AbortSignal,
  meanings: Meanings = {},
): StorageError {
  const ours = storageErrorIn(error);
  if (ours) return ours;
  if (signal.aborted) return stoppedBy(signal, subject.server.host);
  if (error instanceof Refusal) return ofRefusal(error, subject, meanings);
  return (
    connectionError(error, subject.server) ??
    new StorageError('unexpected', `The server gave an answer that was not expected: ${subject.server.host}`, {
      detail: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    })
  );
}

/** The error for a code that stands in an answer beside others, of one object or of one call. */
export function toPartError(code: string | undefined, message: string | undefined, subject: Subject): StorageError {
  const row = rowOfCode(code, byCode);
  const detail = [code, message].filter(Boolean).join(': ') || 'The server gave no reason.';
  return row
    ? new StorageError(row.kind, row.sentence(subject), {
        hint: row.hint,
        detail,
        ...(row === rows.trouble ? { retryable: true } : {}),
      })
    : new StorageError('unexpected', `The server refused to delete: ${subject.id}`, { detail });
}

/** What an answer ends with that was cut off, or that something else than Cloud Storage gave. */
export function incomplete({ server }: Subject): StorageError {
  return new StorageError('unexpected', `The server's answer was cut off or is no Cloud Storage: ${server.host}`, {
    retryable: true,
    hint: 'Check that the endpoint is Cloud Storage, and try again.',
  });
}

/** Whether a refusal came with a code of Cloud Storage, and not as a bare status. */
export function isGcsAnswer(error: unknown): boolean {
  return error instanceof Refusal && error.code !== undefined;
}

function ofRefusal(refusal: Refusal, subject: Subject, meanings: Meanings): StorageError {
  const row = rowOfCode(refusal.code, meanings, byCode) ?? byStatus(refusal.status);
  return errorOfRefusal(refusal, row, subject, incomplete(subject).message);
}

const notSignedIn: ErrorRow = {
  kind: 'unauthenticated',
  sentence: ({ server }) => `The server does not accept this sign-in: ${server.host}`,
  hint: 'Check that the key is for this server, and that its account still exists.',
};
const gone: ErrorRow = {
  kind: 'not-found',
  sentence: (subject) =>
    subject.id === undefined
      ? `There is no such bucket: ${subject.container ?? 'unnamed'}`
      : rows.noObject.sentence(subject),
  hint: 'It may have been deleted, or its name is spelled differently.',
};
const noBucket: ErrorRow = { ...gone, sentence: ({ container }) => gone.sentence({ container } as Subject) };
const needsBilling: ErrorRow = {
  kind: 'forbidden',
  sentence: (subject) => `The bucket has requests paid by whoever makes them: ${subject.container ?? what(subject)}`,
  hint: 'This needs an account of the project that owns the bucket.',
};
const unpaid: ErrorRow = {
  kind: 'forbidden',
  sentence: (subject) => `The project of this bucket is suspended or not billed: ${subject.container ?? what(subject)}`,
  hint: 'Whoever administers the project can mend that.',
};

const byCode: Meanings = {
  // https://cloud.google.com/storage/docs/json_api/v1/status-codes
  authError: notSignedIn,
  required: notSignedIn,
  unauthorized: notSignedIn,
  forbidden: rows.denied,
  insufficientPermissions: rows.denied,
  accountDisabled: unpaid,
  userProjectMissing: needsBilling,
  userProjectAccessDenied: needsBilling,
  notFound: gone,
  methodNotAllowed: rows.notOffered,
  conditionNotMet: rows.changed,
  conflict: rows.busyElsewhere,
  objectUnderActiveHold: rows.locked,
  retentionPolicyNotMet: rows.locked,
  rateLimitExceeded: rows.slowDown,
  userRateLimitExceeded: rows.slowDown,
  backendError: rows.slowDown,
  internalError: rows.trouble,
  gatewayTimeout: rows.gaveUp,
  // https://cloud.google.com/storage/docs/xml-api/reference-status
  AccessDenied: rows.denied,
  AccountProblem: unpaid,
  UserProjectMissing: needsBilling,
  UserProjectAccessDenied: needsBilling,
  AuthenticationRequired: notSignedIn,
  InvalidSecurity: notSignedIn,
  ExpiredToken: notSignedIn,
  NoSuchBucket: noBucket,
  NoSuchKey: rows.noObject,
  NoSuchVersion: rows.noObject,
  MethodNotAllowed: rows.notOffered,
  NotImplemented: rows.notOffered,
  PreconditionFailed: rows.changed,
  ObjectUnderActiveHold: rows.locked,
  RetentionPolicyNotMet: rows.locked,
  SlowDown: rows.slowDown,
  ServiceUnavailable: rows.slowDown,
  OperationAborted: rows.busyElsewhere,
  InternalError: rows.trouble,
};

function byStatus(status: number): ErrorRow | undefined {
  if (status === 401) return notSignedIn;
  if (status >= 300 && status < 400) return rows.elsewhere;
  return status === 404 ? rows.notThere : rowOfStatus(status);
}

/** The code and message of an error document of either API. */
function readError(text: string): { code: string | undefined; message: string | undefined } {
  const nothing = { code: undefined, message: undefined };
  if (/^\s*\{/.test(text)) return readJsonError(text) ?? nothing;
  const root = parseXml(text);
  return root?.name === 'Error' ? { code: textOf(root, 'Code'), message: textOf(root, 'Message') } : nothing;
}

interface JsonError {
  readonly error?: { readonly message?: string; readonly errors?: readonly { readonly reason?: string }[] };
}

function readJsonError(text: string): { code: string | undefined; message: string | undefined } | undefined {
  try {
    const { error } = JSON.parse(text) as JsonError;
    const code = error?.errors?.[0]?.reason;
    return { code: typeof code === 'string' ? code : undefined, message: error?.message };
  } catch {
    return undefined;
  }
}

/** A library wraps what it didn't throw itself. */
function storageErrorIn(error: unknown): StorageError | undefined {
  if (error instanceof StorageError) return error;
  return error instanceof Error ? storageErrorIn(error.cause) : undefined;
}
