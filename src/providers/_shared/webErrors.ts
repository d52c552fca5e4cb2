import { StorageError } from '../../core/errors.ts';
import { type ErrorRow, rowOfStatus, rows, type Subject, what } from './errorRows.ts';
import { schemesOf } from './httpSignIn.ts';
import { waitAsked } from './retryAfter.ts';
import type { WholeAnswer } from './webServer.ts';

const notSignedIn: ErrorRow = {
  kind: 'unauthenticated',
  sentence: ({ server }) => `The server does not accept this sign-in: ${server.host}`,
  hint: 'Check the user name, and enter the password or token again.',
};

const notUnderstood: ErrorRow = {
  kind: 'unexpected',
  sentence: ({ server }) => `The server does not understand what it was asked: ${server.host}`,
  hint: 'If it serves https, begin the URL with https://.',
};

const byStatus: Readonly<Record<number, ErrorRow>> = {
  401: notSignedIn,
  409: {
    kind: 'unexpected',
    sentence: (subject) => `The server says that this does not fit what is there now: ${what(subject)}`,
    hint: 'Refresh, and try again.',
  },
  423: {
    kind: 'locked',
    sentence: (subject) => `Locked by whoever is working on it: ${what(subject)}`,
    hint: 'It can be deleted when the lock is given back or runs out.',
  },
  424: {
    kind: 'unexpected',
    sentence: (subject) => `The server kept this together with something else: ${what(subject)}`,
  },
  507: {
    kind: 'unexpected',
    sentence: ({ server }) => `The server has no room left, not even to delete: ${server.host}`,
    hint: 'Empty its deleted files, or ask its operator.',
  },
};

/** What an answer of a web server that is no success means: decided by its status alone. */
export function webRefusal({ status, headers, body }: WholeAnswer, subject: Subject): StorageError {
  const detail = detailOf(status, body);
  if (status >= 300 && status < 400) return sentElsewhere(headers.location, subject, detail);
  const row =
    byStatus[status] ?? (status === 400 && subject.server.protocol === 'http:' ? notUnderstood : rowOfStatus(status));
  if (!row) return unexpectedAnswer(subject, detail);
  const retryAfter = waitAsked(headers['retry-after']);
  return new StorageError(row.kind, row.sentence(subject), {
    hint: status === 401 ? signInHint(headers['www-authenticate'], row.hint) : row.hint,
    detail,
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(row === rows.trouble ? { retryable: true } : {}),
  });
}

/** For an answer that is not what was asked for, or not all of it. */
export function unexpectedAnswer(subject: Subject, detail: string, retryable = false): StorageError {
  return new StorageError('unexpected', `The server gave an answer that was not expected: ${what(subject)}`, {
    detail,
    retryable,
  });
}

/** The status of an answer, and what a person can read of its body. */
export function detailOf(status: number, body: Buffer): string {
  const text = body
    .toString('utf8', 0, 4096)
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return `HTTP ${status}${text === '' ? '' : `: ${text.slice(0, 300)}`}`;
}

function sentElsewhere(location: string | undefined, subject: Subject, detail: string): StorageError {
  const { kind, sentence } = rows.elsewhere;
  const there = location === undefined ? undefined : URL.parse(location, subject.server)?.href;
  return new StorageError(kind, sentence(subject), {
    hint: there === undefined ? 'Check the URL.' : `If that is right, enter its address as the URL: ${there}`,
    detail,
  });
}

function signInHint(header: string | undefined, hint: string | undefined): string | undefined {
  const schemes = schemesOf(header);
  if (schemes.length === 0 || schemes.some((scheme) => ['basic', 'digest', 'bearer'].includes(scheme))) return hint;
  return `The server asks for a way of signing in that is not possible here: ${schemes.join(', ')}`;
}
