import type { Provider, Scope } from '../core/provider.ts';
import { showName } from '../core/text.ts';
import type { CredentialRecord } from './record.ts';

/** A credential and the provider that it is of. */
export interface Credential {
  readonly record: CredentialRecord;
  readonly provider: Provider;
}

/** Credentials in the order of the tree, which decides between two for the same. */
export function inTreeOrder<C extends Credential>(credentials: readonly C[]): readonly C[] {
  return credentials.toSorted((a, b) => a.provider.label.localeCompare(b.provider.label));
}

/** What a credential is for, to follow 'it is': 'the default for minio:9000', 'for the bucket photos'. */
export function scopeText({ server, container, folder }: Scope, { label, noun }: Provider): string {
  const where = server === '' ? label : server;
  if (container === undefined) return `the default for ${where}`;
  const inside = folder === undefined ? '' : `the folder ${showName(folder)}/ of `;
  return `for ${inside}the ${noun.one} ${showName(container)}${server === '' ? '' : ` of ${server}`}`;
}

/** Another credential with the same scope, and whether URLs go to that one. */
export interface Rival {
  readonly name: string;
  readonly wins: boolean;
}

/** The rivals of credentials that have one: of several with the same scope, the first in the tree wins. */
export function rivalsAmong<C extends Credential>(credentials: readonly C[]): ReadonlyMap<C, Rival> {
  const bySamePlace = Map.groupBy(inTreeOrder(credentials), ({ provider, record }) => {
    const scope = provider.scopeOf(record.settings);
    return scope && JSON.stringify([provider.id, scope.server, scope.container, scope.folder]);
  });
  bySamePlace.delete(undefined);
  const rivals = new Map<C, Rival>();
  for (const [winner, ...losers] of bySamePlace.values()) {
    for (const loser of losers) {
      if (!winner) continue;
      rivals.set(winner, { name: loser.record.name, wins: false });
      rivals.set(loser, { name: winner.record.name, wins: true });
    }
  }
  return rivals;
}
