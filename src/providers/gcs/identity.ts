import { type ErrorFacts, StorageError } from '../../core/errors.ts';
import { rowOfStatus } from '../_shared/errorRows.ts';
import { codeOf, connectionError } from '../_shared/http.ts';

/** From which difference of clocks on a signed request is refused. */
const skewAllowed = 5 * 60_000;

interface TokenAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly data?: { readonly error?: unknown; readonly error_description?: unknown };
}

/** What failed while a token was asked for: decided by the code in the answer, by the clocks, else by the connection. */
export function tokenError(error: unknown, server: URL, person: boolean): StorageError {
  if (error instanceof StorageError) return error;
  const answer = answerIn(error);
  if (!answer) return connectionError(innermost(error), server) ?? unreadable(error, server);
  const { status, data, headers } = answer;
  const code = typeof data?.error === 'string' ? data.error : undefined;
  const detail = [status, code, data?.error_description].filter(Boolean).join(' · ');
  const ahead = Date.now() - Date.parse(headers.get('date') ?? '');
  if (code === 'invalid_grant' && Math.abs(ahead) > skewAllowed) {
    return refused("This machine's clock and the server's differ too much.", "Set this machine's clock.", detail);
  }
  if (code === 'invalid_grant' && person) {
    const facts = { hint: 'Sign in anew: gcloud auth application-default login', detail };
    return new StorageError('expired', "This machine's application default credentials have expired.", facts);
  }
  if (code !== undefined && signInCodes.has(code)) {
    const hint = 'It may have been deleted or disabled, or its account was. Enter another key.';
    return refused('Google does not accept this key.', hint, detail);
  }
  const row = rowOfStatus(status);
  if (row) return new StorageError(row.kind, row.sentence({ server }), { hint: row.hint, detail });
  return new StorageError('unexpected', `The sign-in was answered in an unexpected way: ${server.host}`, { detail });
}

/** What went wrong below the library, whose own errors hold the whole request. */
export function innermost(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? innermost(error.cause) : error;
}

const signInCodes: ReadonlySet<string> = new Set([
  'invalid_grant',
  'invalid_client',
  'unauthorized_client',
  'invalid_scope',
  'access_denied',
]);

function refused(sentence: string, hint: string, detail: string): StorageError {
  return new StorageError('unauthenticated', sentence, { hint, detail });
}

function unreadable(error: unknown, server: URL): StorageError {
  const facts: ErrorFacts = { detail: codeOf(error) ?? (error instanceof Error ? error.name : undefined) };
  return new StorageError('unexpected', `The sign-in was answered in an unexpected way: ${server.host}`, facts);
}

function answerIn(error: unknown): TokenAnswer | undefined {
  return error instanceof Error && 'response' in error ? (error.response as TokenAnswer | undefined) : undefined;
}
