import { FTPError } from 'basic-ftp';
import { StorageError, stoppedBy } from '../../core/errors.ts';
import { type ErrorRow, rows, type Subject, what } from '../_shared/errorRows.ts';
import { codeOf, connectionError } from '../_shared/http.ts';

/** Any error of a call as ours: decided by the code of the server's reply, else by the connection's. */
export function toFtpError(error: unknown, subject: Subject, signal: AbortSignal): StorageError {
  if (error instanceof StorageError) return error;
  if (signal.aborted) return stoppedBy(signal, subject.server.host);
  const detail = error instanceof Error ? error.message : String(error);
  if (error instanceof FTPError) return errorOf(rowOf(error.code), subject, detail, error);
  const code = codeOf(error);
  if (code === 'EPROTO' || code?.startsWith('ERR_SSL_')) return errorOf(noTls, subject, detail, error);
  if (code === unpairedCode) return errorOf(notPaired, subject, detail, error);
  if (code !== undefined && broken.has(code)) return connectionLost(subject.server, error);
  return connectionError(error, subject.server) ?? connectionLost(subject.server, error);
}

/** The reply's code, of an error that is one: the server has read the command and says what came of it. */
export function replyCode(error: unknown): number | undefined {
  if (error instanceof StorageError) return replyCode(error.cause);
  return error instanceof FTPError ? error.code : undefined;
}

/** What a refusal to sign in means. */
export function signInError(error: unknown, server: URL): unknown {
  if (!(error instanceof FTPError) || error.code < 500) return error;
  return errorOf(refusesUser, { server }, error.message, error);
}

/** The error of a command that was under way when its connection ended: what became of it is not known. */
export function connectionLost(server: URL, cause?: unknown): StorageError {
  return new StorageError('unreachable', `The connection was cut: ${server.host}`, {
    hint: 'Try again.',
    ...(cause instanceof Error ? { detail: cause.message } : {}),
    cause,
  });
}

/** The error of a transfer for which no second connection could be opened, or not the one that the server names. */
export function noDataConnection(host: string, cause: unknown): StorageError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new StorageError('unreachable', `${noDataSentence}: ${host}`, { hint: noDataHint, detail, cause });
}

/** The error of commands whose replies are not those that each of them must get: which belongs to which is not known. */
export function unpaired(reply: string): Error {
  return Object.assign(new Error(reply), { code: unpairedCode });
}

/** The error of a command that stayed without an answer. */
export function noAnswer(): Error {
  return Object.assign(new Error('No answer in time.'), { code: 'ETIMEDOUT' });
}

/** The codes of a connection that stood and was cut. */
const broken: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE']);

const unpairedCode = 'UNPAIRED_REPLIES';

const notPaired: ErrorRow = {
  kind: 'unreachable',
  sentence: ({ server }) => `The server's replies do not match what it was told: ${server.host}`,
  hint: 'Try again: from now on it is told one thing at a time.',
};

const noTls: ErrorRow = {
  kind: 'untrusted-server',
  sentence: ({ server }) => `The server does not speak TLS there: ${server.host}`,
  hint: 'Check the port and the choice of TLS: implicit is usually on port 990, explicit on 21.',
};

const refusesUser: ErrorRow = {
  kind: 'unauthenticated',
  sentence: ({ server }) => `The server does not accept this user with this password: ${server.host}`,
  hint: 'Check the user name and enter the password again. Some servers refuse everyone who comes without TLS.',
};

const noDataSentence = 'The second connection, which FTP needs for data, could not be opened';
const noDataHint = 'A firewall may stand between: the server must let passive connections through.';

const noData: ErrorRow = {
  kind: 'unreachable',
  sentence: ({ server }) => `${noDataSentence}: ${server.host}`,
  hint: noDataHint,
};

const tooMany: ErrorRow = {
  kind: 'unreachable',
  sentence: ({ server }) => `The server ends the connection: ${server.host}`,
  hint: 'It may allow fewer connections at once. Lower the number of active connections, or try again later.',
};

const protection: ErrorRow = {
  kind: 'untrusted-server',
  sentence: ({ server }) => `No way of encrypting could be agreed on: ${server.host}`,
  hint: 'Choose another mode of TLS.',
};

const nameRefused: ErrorRow = {
  kind: 'unsupported',
  sentence: (subject) => `The server does not take this name: ${what(subject)}`,
};

/** The replies of RFC 959, RFC 2228 and RFC 4217. 550 is said of what is gone, of what is refused and of folders that hold something: who asks looks afterwards. */
const byReply: Readonly<Record<number, ErrorRow>> = {
  421: tooMany,
  425: noData,
  426: {
    kind: 'unreachable',
    sentence: ({ server }) => `The server broke off a transfer: ${server.host}`,
    hint: 'Try again.',
  },
  430: refusesUser,
  431: protection,
  450: rows.busyElsewhere,
  451: rows.trouble,
  452: { kind: 'unexpected', sentence: ({ server }) => `The server has no space left: ${server.host}` },
  500: rows.notOffered,
  501: nameRefused,
  502: rows.notOffered,
  504: rows.notOffered,
  521: protection,
  522: protection,
  530: refusesUser,
  332: refusesUser,
  532: refusesUser,
  533: protection,
  534: protection,
  535: protection,
  536: protection,
  537: protection,
  550: rows.denied,
  553: nameRefused,
};

function rowOf(code: number): ErrorRow {
  return (
    byReply[code] ?? {
      kind: 'unexpected',
      sentence: (subject) => `The server gave an answer that was not expected: ${what(subject)}`,
    }
  );
}

function errorOf({ kind, sentence, hint }: ErrorRow, subject: Subject, detail: string, cause: unknown): StorageError {
  return new StorageError(kind, sentence(subject), { hint, detail, cause });
}
