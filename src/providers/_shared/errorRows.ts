import { type ErrorKind, StorageError } from '../../core/errors.ts';

/** What a failed call was about; it stands in the sentence. */
export interface Subject {
  readonly server: URL;
  readonly container?: string | undefined;
  readonly id?: string | undefined;
}

/** What an error code means: a kind for the program, a sentence for a person, and what can be done. */
export interface ErrorRow {
  readonly kind: ErrorKind;
  readonly sentence: (subject: Subject) => string;
  readonly hint?: string;
}

/** What the call was about, as narrow as it is known. */
export const what = ({ container, id, server }: Subject) => id ?? container ?? server.host;

/** The meanings that every object store has, in the same words. */
export const rows = {
  denied: {
    kind: 'forbidden',
    sentence: (subject) => `These credentials may not do this: ${what(subject)}`,
    hint: 'Ask whoever administers the storage for the permission, or use another key.',
  },
  noObject: { kind: 'not-found', sentence: ({ id }) => `There is no such object: ${id ?? 'unnamed'}` },
  notThere: { kind: 'not-found', sentence: (subject) => `This is not there: ${what(subject)}` },
  locked: { kind: 'locked', sentence: ({ id }) => `Locked against deletion: ${id ?? ''}` },
  changed: { kind: 'changed', sentence: ({ id }) => `It changed in the meantime: ${id ?? ''}` },
  notOffered: { kind: 'unsupported', sentence: (subject) => `The server does not offer this: ${what(subject)}` },
  slowDown: {
    kind: 'rate-limited',
    sentence: () => 'The server asks to slow down.',
    hint: 'Try again in a moment.',
  },
  busyElsewhere: {
    kind: 'rate-limited',
    sentence: (subject) => `The server is at something else with it: ${what(subject)}`,
    hint: 'Try again in a moment.',
  },
  gaveUp: { kind: 'timed-out', sentence: ({ server }) => `The server gave up waiting: ${server.host}` },
  trouble: {
    kind: 'unexpected',
    sentence: ({ server }) => `The server had trouble of its own: ${server.host}`,
    hint: 'Try again in a moment.',
  },
  elsewhere: {
    kind: 'invalid-settings',
    sentence: (subject) =>
      `The server sends this on to another address, which is not followed with your keys: ${subject.container ?? subject.server.host}`,
  },
  proxySignIn: {
    kind: 'unreachable',
    sentence: ({ server }) => `A proxy on the way asks for a sign-in: ${server.host}`,
  },
} satisfies Record<string, ErrorRow>;

/** What a status means where no code says more; undefined for those that each protocol reads its own way: 401, and 300 to 399. */
export function rowOfStatus(status: number): ErrorRow | undefined {
  if (status === 403) return rows.denied;
  if (status === 404) return rows.notThere;
  if (status === 405 || status === 501) return rows.notOffered;
  if (status === 407) return rows.proxySignIn;
  if (status === 409) return rows.busyElsewhere;
  if (status === 412) return rows.changed;
  if (status === 429 || status === 503) return rows.slowDown;
  return status >= 500 ? rows.trouble : undefined;
}

/** What codes mean: in one operation, or everywhere. */
export type Meanings = Readonly<Record<string, ErrorRow>>;

/** The row that the first of these tables has for a code. */
export function rowOfCode(code: string | undefined, ...tables: readonly Meanings[]): ErrorRow | undefined {
  if (code === undefined) return undefined;
  return tables.find((table) => Object.hasOwn(table, code))?.[code];
}

/** An answer that refuses, as far as an error tells of it. */
interface Refused extends Error {
  readonly status: number;
  readonly code: string | undefined;
  readonly retryAfter: number | undefined;
}

/** What a refusal ends a call with. @param notWhole the sentence for an answer that says it succeeded and is not what was asked for */
export function errorOfRefusal(
  refusal: Refused,
  row: ErrorRow | undefined,
  subject: Subject,
  notWhole: string,
): StorageError {
  const { status, code, message, retryAfter } = refusal;
  const facts = {
    detail: [String(status), code, message].filter(Boolean).join(' · '),
    cause: refusal,
    retryAfter,
    hint: row?.hint,
    ...(row === rows.trouble ? { retryable: true } : {}),
  };
  if (row) return new StorageError(row.kind, row.sentence(subject), facts);
  const sentence = status >= 200 && status < 300 ? notWhole : `The server refused what was asked: ${what(subject)}`;
  return new StorageError('unexpected', sentence, facts);
}
