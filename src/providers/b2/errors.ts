import { StorageError, stoppedBy } from '../../core/errors.ts';
import { isObject, parseJson } from '../../core/json.ts';
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
import { waitAsked } from '../_shared/retryAfter.ts';

/** An answer of B2, whole. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** An answer that refuses, by its code. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  /** Absent when something else than B2 answered. */
  readonly code: string | undefined;
  readonly retryAfter: number | undefined;

  constructor({ status, headers, text }: Answer) {
    const said = parseJson(text);
    const { code, message } = isObject(said) ? said : {};
    super(typeof message === 'string' ? message : '');
    this.status = status;
    this.code = typeof code === 'string' ? code : undefined;
    this.retryAfter = waitAsked(headers['retry-after']);
  }
}

/** Any failure as ours: decided by the code in the answer, else by the status. */
export function toB2Error(
  error: unknown,
  subject: Subject,
  signal: AbortSignal,
  meanings: Meanings = {},
): StorageError {
  if (error instanceof StorageError) return error;
  if (signal.aborted) return stoppedBy(signal, subject.server.host);
  if (error instanceof Refusal) return ofRefusal(error, subject, meanings);
  return new StorageError('unexpected', `The server gave an answer that was not expected: ${subject.server.host}`, {
    detail: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
  });
}

/** What an answer ends with that was cut off, or that something else than B2 gave. */
export function incomplete({ server }: Pick<Subject, 'server'>): StorageError {
  return new StorageError('unexpected', `The server's answer was cut off or is no Backblaze B2: ${server.host}`, {
    retryable: true,
    hint: 'Check that the endpoint is Backblaze B2, and try again.',
  });
}

/** Whether a failure came in B2's own words, and not as the bare status of a web server or proxy. */
export function speaksOfB2({ cause }: StorageError): boolean {
  return !(cause instanceof Refusal) || cause.code !== undefined;
}

/** The code by which B2 refused, if it did. */
export function codeIn(error: unknown): string | undefined {
  return error instanceof StorageError && error.cause instanceof Refusal ? error.cause.code : undefined;
}

/** Whether the token was refused, and not what was asked with it: then nothing was done, and a new one may help. */
export function refusesToken(answer: Answer): boolean {
  if (answer.status !== 401) return false;
  const { code } = new Refusal(answer);
  return code === 'expired_auth_token' || code === 'bad_auth_token';
}

export function noBucket(name: string): StorageError {
  return new StorageError('not-found', `There is no such bucket: ${name || 'unnamed'}`, { hint: missingHint });
}

function ofRefusal(refusal: Refusal, subject: Subject, meanings: Meanings): StorageError {
  const row = rowOfCode(refusal.code, meanings, byCode) ?? byStatus(refusal.status);
  return errorOfRefusal(refusal, row, subject, incomplete(subject).message);
}

const missingHint = 'It may have been deleted, or its name is spelled differently.';

const tokenRefused: ErrorRow = {
  kind: 'unauthenticated',
  sentence: ({ server }) => `The server does not accept its own sign-in any more: ${server.host}`,
  hint: 'Check that the application key still exists, and try again.',
};
const gone: ErrorRow = {
  kind: 'not-found',
  sentence: (subject) =>
    subject.id === undefined
      ? `There is no such bucket: ${subject.container ?? 'unnamed'}`
      : rows.noObject.sentence(subject),
  hint: missingHint,
};
const goneBucket: ErrorRow = { ...gone, sentence: ({ container }) => gone.sentence({ container } as Subject) };
const capReached: ErrorRow = {
  kind: 'forbidden',
  sentence: (subject) => `The account has used up what its caps allow: ${what(subject)}`,
  hint: 'Raise the cap on the Caps & Alerts page of the Backblaze account, or wait for the next day.',
};
const notTaken: ErrorRow = {
  kind: 'unsupported',
  sentence: (subject) => `The server does not take this: ${what(subject)}`,
  hint: 'B2 has no names with control characters, and none longer than 1,024 bytes.',
};

/** What the codes mean that sign-in answers with. */
export const whenSigningIn: Meanings = {
  unauthorized: {
    kind: 'unauthenticated',
    sentence: () => 'The server does not accept the key ID or the application key.',
    hint: 'Enter both again. An application key is shown once only: make a new one where it is lost.',
  },
  bad_auth_token: {
    kind: 'unauthenticated',
    sentence: () => 'The server does not accept the key ID or the application key.',
    hint: 'Enter both again. An application key is shown once only: make a new one where it is lost.',
  },
  unsupported: {
    kind: 'unsupported',
    sentence: () => 'The server does not take this kind of key here.',
    hint: 'Make another application key for it.',
  },
};

/** https://www.backblaze.com/docs/cloud-storage-native-api-error-handling-and-status-codes */
const byCode: Meanings = {
  unauthorized: rows.denied,
  access_denied: rows.denied,
  bad_auth_token: tokenRefused,
  expired_auth_token: tokenRefused,
  missing_auth_token: tokenRefused,
  cap_exceeded: capReached,
  storage_cap_exceeded: capReached,
  transaction_cap_exceeded: capReached,
  download_cap_exceeded: capReached,
  not_found: gone,
  bad_bucket_id: goneBucket,
  invalid_bucket_id: goneBucket,
  no_such_file: rows.noObject,
  file_not_present: rows.noObject,
  already_hidden: rows.noObject,
  invalid_file_id: rows.noObject,
  bad_request: notTaken,
  method_not_allowed: rows.notOffered,
  request_timeout: rows.gaveUp,
  conflict: rows.busyElsewhere,
  too_many_requests: rows.slowDown,
  service_unavailable: rows.slowDown,
  internal_error: rows.trouble,
};

function byStatus(status: number): ErrorRow | undefined {
  if (status === 401) return tokenRefused;
  if (status === 408) return rows.gaveUp;
  if (status >= 300 && status < 400) return rows.elsewhere;
  return rowOfStatus(status);
}
