import { StorageError, stoppedBy } from '../../core/errors.ts';
import { type ErrorRow, rowOfStatus, rows, type Subject, what } from '../_shared/errorRows.ts';
import { connectionError } from '../_shared/http.ts';
import { AzureAnswer, BrokenConnection } from './wire.ts';

/** Any error of a call as ours: decided by the service's error code, else by the HTTP status, else by the connection's. */
export function toAzureError(error: unknown, subject: Subject, signal: AbortSignal): StorageError {
  if (error instanceof StorageError) return error;
  if (signal.aborted) return stoppedBy(signal, subject.server.host);
  if (error instanceof BrokenConnection) return error.failure;
  if (error instanceof AzureAnswer) return refusalError(error, subject, error);
  return (
    connectionError(error, subject.server) ??
    // The library's own errors hold the request with its signature: only what was said goes on.
    new StorageError('unexpected', `The server gave an answer that was not expected: ${subject.server.host}`, {
      retryable: isUnreadable(error),
      detail: error instanceof Error ? `${error.name}: ${error.message.slice(0, 200)}` : String(error),
    })
  );
}

/** What a refusal means, of a request or of one part of a batch. */
export function refusalError(
  { statusCode, code, message, retryAfter }: RefusalFacts,
  subject: Subject,
  cause?: AzureAnswer,
): StorageError {
  const row = rowOf(code, subject) ?? byStatus(statusCode);
  const facts = {
    detail: message,
    cause,
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(row === rows.trouble ? { retryable: true } : {}),
  };
  return row
    ? new StorageError(row.kind, row.sentence(subject), { ...facts, hint: row.hint })
    : new StorageError('unexpected', `The server gave an answer that was not expected: ${subject.server.host}`, facts);
}

/** What a refusal says. */
export type RefusalFacts = Pick<AzureAnswer, 'statusCode' | 'code' | 'message' | 'retryAfter'>;

/** Whether a failure came in the service's own words, and not from a web server or proxy in its place. */
export function speaksOfAzure({ cause }: StorageError): boolean {
  return !(cause instanceof AzureAnswer) || cause.code !== undefined;
}

const expiredToken: ErrorRow = {
  kind: 'expired',
  sentence: () => 'The SAS token has expired.',
  hint: 'Get a new one and enter it.',
};

/** The same refusal, when it is a SAS token that was refused after its time. */
export function expiredError({ detail }: StorageError, subject: Subject): StorageError {
  return new StorageError(expiredToken.kind, expiredToken.sentence(subject), { hint: expiredToken.hint, detail });
}

const notSignedIn: ErrorRow = {
  kind: 'unauthenticated',
  sentence: () => 'The server does not accept the account key or SAS token.',
  hint: "Check the account's name, and enter the key or token again. Check this machine's clock too.",
};
const notLetIn: ErrorRow = {
  kind: 'unauthenticated',
  sentence: ({ server }) => `The server lets nobody in with this key or token from here: ${server.host}`,
  hint: "Enter the key or token again. If it is right, the account's firewall may keep this machine out.",
};
const noKeys: ErrorRow = {
  kind: 'unauthenticated',
  sentence: () => 'This account takes no account keys.',
  hint: 'Use a SAS token of a user delegation, or allow key access in the settings of the account.',
};
const noAccount: ErrorRow = {
  kind: 'unauthenticated',
  sentence: ({ server }) => `There is no such account at this server: ${server.host}`,
  hint: "Check the account's name and the endpoint.",
};
const noContainer: ErrorRow = {
  kind: 'not-found',
  sentence: ({ container }) => `There is no such container: ${container ?? 'unnamed'}`,
  hint: 'It may have been deleted, or its name is spelled differently.',
};
const wrongName: ErrorRow = {
  kind: 'invalid-settings',
  sentence: (subject) => `The server does not take this as a name: ${what(subject)}`,
  hint: 'Container names have 3 to 63 lower-case letters, digits and single hyphens.',
};
const redirected: ErrorRow = {
  kind: 'invalid-settings',
  sentence: (subject) =>
    `The server sends this on to another address, which is not followed with your keys: ${what(subject)}`,
  hint: 'Check the endpoint.',
};
const leased: ErrorRow = {
  kind: 'locked',
  sentence: (subject) => `Held by a lease: ${what(subject)}`,
  hint: 'It can be deleted when whoever holds the lease gives it back, or when the lease is broken.',
};
const immutable: ErrorRow = {
  kind: 'locked',
  sentence: (subject) => `Kept by an immutability policy or a legal hold: ${what(subject)}`,
  hint: 'It can be deleted when the policy ends and the hold is lifted.',
};
const folderFull: ErrorRow = {
  kind: 'not-empty',
  sentence: ({ id }) => `The folder is not empty: ${id ?? ''}`,
  hint: 'Delete what is in it first.',
};

/** https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes and blob-service-error-codes */
const byCode: Readonly<Record<string, ErrorRow>> = {
  AuthenticationFailed: notSignedIn,
  InvalidAuthenticationInfo: notSignedIn,
  NoAuthenticationInformation: notSignedIn,
  AuthorizationFailure: notLetIn,
  KeyBasedAuthenticationNotPermitted: noKeys,
  AuthorizationPermissionMismatch: rows.denied,
  AuthorizationProtocolMismatch: rows.denied,
  AuthorizationResourceTypeMismatch: rows.denied,
  AuthorizationServiceMismatch: rows.denied,
  AuthorizationSourceIPMismatch: rows.denied,
  InsufficientAccountPermissions: rows.denied,
  AccountIsDisabled: rows.denied,
  UnauthorizedBlobOverwrite: rows.denied,
  ContainerNotFound: noContainer,
  BlobNotFound: rows.noObject,
  ResourceNotFound: rows.notThere,
  PathNotFound: rows.notThere,
  ContainerAlreadyExists: {
    kind: 'already-exists',
    sentence: ({ container }) => `This container exists already: ${container ?? ''}`,
    hint: 'Choose another name.',
  },
  ContainerBeingDeleted: rows.busyElsewhere,
  ContainerDisabled: rows.denied,
  InvalidResourceName: wrongName,
  OutOfRangeInput: wrongName,
  LeaseIdMissing: leased,
  LeaseIdMismatchWithBlobOperation: leased,
  LeaseIdMismatchWithContainerOperation: leased,
  LeaseLost: leased,
  BlobImmutableDueToPolicy: immutable,
  BlobImmutableDueToLegalHold: immutable,
  ContainerImmutableDueToPolicy: immutable,
  ContainerImmutableStorageWithVersioningInUse: immutable,
  ConditionNotMet: rows.changed,
  TargetConditionNotMet: rows.changed,
  BlobArchived: {
    kind: 'unsupported',
    sentence: ({ id }) => `The object is archived and must be restored first: ${id ?? ''}`,
  },
  BlobBeingRehydrated: rows.busyElsewhere,
  PendingCopyOperation: rows.busyElsewhere,
  DirectoryNotEmpty: folderFull,
  DirectoryIsNotEmpty: folderFull,
  UnsupportedHttpVerb: rows.notOffered,
  NotImplemented: rows.notOffered,
  FeatureNotSupportedForAccount: rows.notOffered,
  BlobApiNotYetSupportedForHierarchicalNamespaceAccounts: rows.notOffered,
  ServerBusy: rows.slowDown,
  OperationTimedOut: rows.gaveUp,
  InternalError: rows.trouble,
};

/** Where no container was asked for, it is the account that is not there. */
function rowOf(code: string | undefined, { container }: Subject): ErrorRow | undefined {
  if (code === 'ResourceNotFound' && container === undefined) return noAccount;
  return code !== undefined && Object.hasOwn(byCode, code) ? byCode[code] : undefined;
}

function byStatus(status: number): ErrorRow | undefined {
  if (status === 401) return notSignedIn;
  if (status >= 300 && status < 400) return redirected;
  return rowOfStatus(status);
}

/** An answer that the library could not read: what it would have said is not known, asking again may help. */
function isUnreadable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'PARSE_ERROR';
}
