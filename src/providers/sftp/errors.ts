import { StorageError, stoppedBy } from '../../core/errors.ts';
import { type ErrorRow, rows, type Subject, what } from '../_shared/errorRows.ts';
import { connectionError } from '../_shared/http.ts';

/** The answers of a server (draft-ietf-secsh-filexfer-02, 7). */
export const status = { noSuchFile: 2, permissionDenied: 3, failure: 4, noConnection: 6, connectionLost: 7 } as const;

/** Any error of a call as ours: decided by the protocol's status, else by the stage of SSH that failed, else by the connection's code. */
export function toSftpError(error: unknown, subject: Subject, signal: AbortSignal): StorageError {
  if (error instanceof StorageError) return error;
  if (signal.aborted) return stoppedBy(signal, subject.server.host);
  const row = rowOf(error);
  const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  if (row) return new StorageError(row.kind, row.sentence(subject), { hint: row.hint, detail, cause: error });
  return (
    connectionError(error, subject.server) ??
    new StorageError('unexpected', `The server gave an answer that was not expected: ${what(subject)}`, {
      detail,
      cause: error,
    })
  );
}

/** The error of a request that was under way when its connection ended: what became of it is not known. */
export function connectionLost(server: URL, cause?: unknown): StorageError {
  return new StorageError('unreachable', `The connection was cut: ${server.host}`, { hint: 'Try again.', cause });
}

const notFound: ErrorRow = { kind: 'not-found', sentence: (subject) => `This is not there: ${what(subject)}` };

const notDone: ErrorRow = {
  kind: 'unexpected',
  sentence: (subject) => `The server could not do this and does not say why: ${what(subject)}`,
};

const cut: ErrorRow = {
  kind: 'unreachable',
  sentence: ({ server }) => `The connection was cut: ${server.host}`,
  hint: 'Try again.',
};

const byStatus: Readonly<Record<number, ErrorRow>> = {
  [status.noSuchFile]: notFound,
  [status.permissionDenied]: rows.denied,
  [status.failure]: notDone,
  [status.noConnection]: cut,
  [status.connectionLost]: cut,
  8: rows.notOffered,
};

/** By the stage that ssh2 names (`level` of its errors). */
const byStage: Readonly<Record<string, ErrorRow>> = {
  'client-authentication': {
    kind: 'unauthenticated',
    sentence: ({ server }) => `The server does not accept this user with this password or key: ${server.host}`,
    hint: 'Check the user name, and enter the password or key again.',
  },
  'client-timeout': {
    kind: 'timed-out',
    sentence: ({ server }) => `The server did not answer in time: ${server.host}`,
    hint: 'Check the host and the port, and whether a firewall stands between.',
  },
  agent: {
    kind: 'unauthenticated',
    sentence: () => 'The SSH agent of this machine does not answer.',
    hint: 'Start it, or sign in with a password or a private key.',
  },
  protocol: {
    kind: 'unreachable',
    sentence: ({ server }) => `What answers there does not speak SSH as it should: ${server.host}`,
    hint: 'Check the port.',
  },
  handshake: {
    kind: 'untrusted-server',
    sentence: ({ server }) => `No way of encrypting could be agreed on: ${server.host}`,
    hint: 'The server may offer nothing but what is no longer held for safe.',
  },
};

function rowOf(error: unknown): ErrorRow | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'number') return byStatus[error.code];
  return 'level' in error && typeof error.level === 'string' ? byStage[error.level] : undefined;
}
