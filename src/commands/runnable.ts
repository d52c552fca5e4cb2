import { Paces } from '../removal/pace.ts';
import type { RunRequest } from '../removal/removal.ts';
import type { Lease } from '../sessions/sessions.ts';

/** What the servers take, as far as the removals of this window have found out. */
const paces = new Paces();

/** What a removal runs with, of an open credential. */
export function runnable({ client, provider, record }: Lease): Pick<RunRequest, 'client' | 'provider' | 'paceOf'> {
  return { client, provider, paceOf: paces.at(provider.origin(record.settings)) };
}
