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

/** For each credential that has the scope of an earlier one: that one, which URLs are resolved to. */
export function overruled<C extends Credential>(credentials: readonly C[]): ReadonlyMap<C, C> {
  const first = new Map<string, C>();
  const losers = new Map<C, C>();
  for (const credential of inTreeOrder(credentials)) {
    const scope = credential.provider.scopeOf(credential.record.settings);
    if (!scope) continue;
    const key = JSON.stringify([credential.provider.id, scope.server, scope.container, scope.folder]);
    const winner = first.get(key);
    if (winner) losers.set(credential, winner);
    else first.set(key, credential);
  }
  return losers;
}
