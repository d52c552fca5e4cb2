import type { ErrorKind } from '../../core/errors.ts';
import type { Page, Place } from '../../core/storageClient.ts';
import { failedStep, type VerificationStep } from '../../core/verification.ts';
import {
  buckets,
  deleteSentences,
  deleteStep,
  foundSentence,
  nameTheContainer,
  notTheService,
} from '../_shared/accessSteps.ts';
import { startPlace } from '../_shared/entries.ts';
import { reachServer } from '../_shared/reach.ts';
import type { Account } from './account.ts';
import type { B2Connection } from './connection.ts';
import { speaksOfB2 } from './errors.ts';
import { listPage } from './listing.ts';
import { startFor } from './scope.ts';

/** Reach, trust, sign in, list, and may delete, which the sign-in tells: where one bucket is named it is that bucket which is tried. Reads alone. */
export async function* verifyB2(b2: B2Connection, at: Place, signal: AbortSignal): AsyncGenerator<VerificationStep> {
  for await (const step of reachServer(b2.options.server, b2.agent, signal)) {
    yield step;
    if (step.status === 'failed') return;
  }
  const start = performance.now();
  const elapsed = () => Math.round(performance.now() - start);
  let account: Account;
  try {
    account = await b2.account(signal);
  } catch (error) {
    const failure = b2.fail(error, {}, signal);
    const stranger = strange.has(failure.kind) && !speaksOfB2(failure);
    yield failedStep(
      'sign-in',
      stranger ? notTheService('Backblaze B2', b2.options.server, failure) : failure,
      elapsed(),
    );
    return;
  }
  yield { stage: 'sign-in', status: 'ok', sentence: 'The server accepts the application key.', ms: elapsed() };
  const place = at.kind === 'root' ? startPlace(startFor(b2, account)) : at;
  let found: Page;
  try {
    found = await listPage(b2, place, { limit: 1 }, signal);
  } catch (error) {
    yield failedStep('list', nameTheContainer(b2.fail(error, {}, signal), place, buckets), elapsed());
    return;
  }
  yield { stage: 'list', status: 'ok', sentence: foundSentence(place, found, buckets), ms: elapsed() };
  yield mayDelete(account);
}

/** What a status without B2's own words may mean of any web server. */
const strange: ReadonlySet<ErrorKind> = new Set(['forbidden', 'not-found', 'unauthenticated', 'unsupported']);

/** Hiding is a write: with that alone nothing can be deleted for good, and without it only versions can. */
function mayDelete({ capabilities }: Account): VerificationStep {
  const start = performance.now();
  const [hide, remove] = [capabilities.has('writeFiles'), capabilities.has('deleteFiles')];
  if (!hide && !remove) return deleteStep('denied', deleteSentences.denied, start);
  const notes = [
    hide ? '' : 'They may not hide objects: versions can be deleted one by one.',
    remove ? '' : 'They may only hide objects, not delete them for good.',
    capabilities.has('readFiles') ? '' : 'They may not open objects.',
  ];
  return deleteStep('ok', [deleteSentences.ok, ...notes].filter(Boolean).join(' '), start);
}
