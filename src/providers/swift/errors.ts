import { StorageError } from '../../core/errors.ts';
import { type ErrorRow, rowOfStatus, rows, type Subject, what } from '../_shared/errorRows.ts';
import { waitAsked } from '../_shared/retryAfter.ts';

/** What an answer says beside its body. */
export interface Head {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** In words, where there are some. */
  readonly reason?: string;
}

/** An answer that refuses, by its status. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  /** Whether Swift itself has answered, and not a web server or proxy in its place. */
  readonly ofSwift: boolean;

  constructor(head: Head) {
    super(detailOf(head));
    this.status = head.status;
    this.ofSwift = isOfSwift(head);
  }
}

/** Swift names the transaction in every answer, and so do those who speak like it. */
export function isOfSwift({ headers }: Head): boolean {
  return headers['x-trans-id'] !== undefined || headers['x-openstack-request-id'] !== undefined;
}

/** Whether a failure came from Swift itself, as far as it came with an answer. */
export function speaksOfSwift({ cause }: StorageError): boolean {
  return !(cause instanceof Refusal) || cause.ofSwift;
}

/** What a refusal of the object storage means, decided by its status. @param meanings what a status means in this operation and in no other */
export function refusalError(head: Head, subject: Subject, meanings: Meanings = {}): StorageError {
  const row = meanings[head.status] ?? byStatus(head.status, subject);
  if (row) return errorOf(row, head, subject);
  const sentence =
    head.status >= 200 && head.status < 300
      ? incomplete(subject.server).message
      : `The server refused what was asked: ${what(subject)}`;
  return new StorageError('unexpected', sentence, { detail: detailOf(head), cause: new Refusal(head) });
}

export type Meanings = Readonly<Record<number, ErrorRow>>;

/** What a refusal of a sign-in means. @param version of the identity service */
export function signInError(head: Head, server: URL, version: string): StorageError {
  return errorOf(signInRows(version)[head.status] ?? elseOf(head.status) ?? strangeSignIn, head, { server });
}

/** What an answer ends with that was cut off, or that something else than Swift gave. */
export function incomplete(server: URL): StorageError {
  return new StorageError('unexpected', `The server's answer was cut off or is no OpenStack Swift: ${server.host}`, {
    retryable: true,
    hint: 'Check the Authentication URL and the Storage URL, and try again.',
  });
}

/** What a token that was entered ends with when it is no longer taken. */
export function expiredToken(failure: StorageError): StorageError {
  return new StorageError('expired', 'The server no longer accepts the Auth Token.', {
    hint: 'Get a new one and enter it.',
    detail: failure.detail,
    cause: failure.cause,
  });
}

const notSignedIn: ErrorRow = {
  kind: 'unauthenticated',
  sentence: ({ server }) => `The object storage does not accept the token that was got for it: ${server.host}`,
  hint: 'Sign in again. If it stays so, check that the Storage URL belongs to the Authentication URL.',
};
const noContainer: ErrorRow = {
  kind: 'not-found',
  sentence: ({ container }) => `There is no such container: ${container ?? 'unnamed'}`,
  hint: 'It may have been deleted, or its name is spelled differently.',
};
const noAccount: ErrorRow = {
  kind: 'invalid-settings',
  sentence: ({ server }) => `There is no such account at this server: ${server.host}`,
  hint: 'Check the Storage URL, and the tenant.',
};
const wrongName: ErrorRow = {
  kind: 'unsupported',
  sentence: (subject) => `The server does not take this as a name: ${what(subject)}`,
};
const limitReached: ErrorRow = { kind: 'rate-limited', sentence: rows.slowDown.sentence, hint: rows.slowDown.hint };

function byStatus(status: number, subject: Subject): ErrorRow | undefined {
  if (status === 401) return notSignedIn;
  if (status === 404)
    return subject.id !== undefined ? rows.noObject : subject.container === undefined ? noAccount : noContainer;
  if (status === 400 || status === 412) return wrongName;
  // The middleware that limits rates answers so: https://docs.openstack.org/swift/latest/ratelimit.html
  if (status === 498) return limitReached;
  return elseOf(status);
}

function elseOf(status: number): ErrorRow | undefined {
  return status >= 300 && status < 400 ? rows.elsewhere : rowOfStatus(status);
}

const notLetIn: ErrorRow = {
  kind: 'unauthenticated',
  sentence: ({ server }) => `The identity service does not let in with what was entered: ${server.host}`,
  hint: 'Check the user, the password or key, the tenant and the domains.',
};

/** https://docs.openstack.org/api-ref/identity/v3/#password-authentication-with-unscoped-authorization */
function signInRows(version: string): Meanings {
  const noService: ErrorRow = {
    kind: 'invalid-settings',
    sentence: ({ server }) => `There is no identity service of version ${version} at this address: ${server.host}`,
    hint: 'Check the Authentication URL, and set AuthVersion explicitly.',
  };
  const notTaken: ErrorRow = {
    kind: 'invalid-settings',
    sentence: ({ server }) => `The identity service does not understand this sign-in: ${server.host}`,
    hint: 'Check the AuthVersion, the tenant and the domains.',
  };
  return {
    300: noService,
    400: notTaken,
    401: notLetIn,
    403: notLetIn,
    404: noService,
    405: noService,
    410: noService,
    498: limitReached,
  };
}

const strangeSignIn: ErrorRow = {
  kind: 'unexpected',
  sentence: ({ server }) => `What answers there is no identity service: ${server.host}`,
  hint: 'Check the Authentication URL.',
};

function errorOf(row: ErrorRow, head: Head, subject: Subject): StorageError {
  return new StorageError(row.kind, row.sentence(subject), {
    hint: row.hint,
    detail: detailOf(head),
    cause: new Refusal(head),
    retryAfter: waitAsked(head.headers['retry-after']),
    ...(row === rows.trouble ? { retryable: true } : {}),
  });
}

function detailOf({ status, headers, reason }: Head): string {
  return [reason ?? status, headers['x-trans-id'] ?? headers['x-openstack-request-id']].filter(Boolean).join(' · ');
}

/** As Swift writes it in headers. */
export function isTrue(header: string | undefined): boolean {
  return header?.toLowerCase() === 'true';
}
