import { Paces } from '../removal/pace.ts';
import type { PlannedCredential, RunRequest } from '../removal/removal.ts';
import { RunningRemovals } from '../removal/runningRemovals.ts';
import type { Lease } from '../sessions/sessions.ts';
import { leaving } from './leaving.ts';

/** What the servers take, as far as the removals of this window have found out. */
const paces = new Paces();

/** The removals of this window, to be looked at, paused and cancelled. */
export const running = new RunningRemovals();

/** A credential as a plan keeps it. */
export function plannedCredential({ provider, record }: Pick<Lease, 'provider' | 'record'>): PlannedCredential {
  const { id, name, revision, settings } = record;
  return { id, name, revision, origin: provider.origin(settings) };
}

/** What a removal runs with, of an open credential. */
export function runnable(
  lease: Lease,
): Required<Pick<RunRequest, 'client' | 'provider' | 'conditional' | 'paceOf' | 'leaving'>> {
  const { provider, record } = lease;
  const paceOf = paces.at(provider.origin(record.settings));
  return { ...plannable(lease), paceOf, leaving: leaving.signal };
}

/** What a removal is planned with, of an open credential. */
export function plannable({
  client,
  provider,
  record,
}: Lease): Required<Pick<RunRequest, 'client' | 'provider' | 'conditional'>> {
  return { client, provider, conditional: provider.conditional(record.settings) };
}
