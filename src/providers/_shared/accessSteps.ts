import { StorageError } from '../../core/errors.ts';
import type { Page, Place } from '../../core/storageClient.ts';
import type { VerificationStep } from '../../core/verification.ts';

/** What a provider calls a container. */
interface Noun {
  readonly one: string;
  readonly many: string;
}

/** What most object stores call their containers. */
export const buckets: Noun = { one: 'bucket', many: 'buckets' };

/** What a verification says of a listing that worked. */
export function foundSentence(at: Place, { entries }: Page, { many }: Noun): string {
  if (at.kind === 'root') {
    return entries.length === 0
      ? `The credentials are valid. There are no ${many} yet.`
      : `The credentials are valid. ${many[0]?.toUpperCase()}${many.slice(1)} found: ${entries.length}`;
  }
  const path = at.kind === 'folder' ? `${at.container}/${at.id}` : at.id;
  return entries.length === 0
    ? `The credentials are valid. Nothing is stored there yet: ${path}`
    : `The credentials are valid for: ${path}`;
}

/** Keys that may use one container and list none are common: the way on is to name the container. */
export function nameTheContainer(failure: StorageError, at: Place, { one, many }: Noun): StorageError {
  if (failure.kind !== 'forbidden' || at.kind !== 'root') return failure;
  return new StorageError('forbidden', `The keys are good, but may not list the ${many}.`, {
    hint: `Enter the name of the ${one} they are for.`,
    detail: failure.detail,
    cause: failure,
  });
}

/** A status without the service's own words may come from any web server: it says nothing of the keys. */
export function notTheService(service: string, server: URL, failure: StorageError): StorageError {
  return new StorageError('unexpected', `What answers there is no ${service} service: ${server.host}`, {
    hint: 'Check the endpoint. A web server, a proxy or a firewall may have answered in its place.',
    detail: failure.detail,
    cause: failure,
  });
}

/** The last step of a verification. @param start by performance.now() */
export function deleteStep(
  status: 'ok' | 'denied' | 'unknown',
  sentence: string,
  start: number,
  detail?: string,
): VerificationStep {
  const step = { stage: 'delete', status, sentence, ms: Math.round(performance.now() - start) } as const;
  return detail === undefined ? step : { ...step, detail };
}

/** What a verification says of deleting. */
export const deleteSentences = {
  ok: 'These keys may delete.',
  denied: 'These keys may not delete.',
  dependsOn: ({ one }: Noun) => `Whether these keys may delete depends on the ${one}.`,
  later: 'Whether these keys may delete shows only when something is deleted.',
  notFound: 'Whether these keys may delete could not be found out.',
} as const;
