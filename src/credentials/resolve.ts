import * as z from 'zod/mini';
import { StorageError } from '../core/errors.ts';
import type { Location, Provider, Scope } from '../core/provider.ts';
import { showName } from '../core/text.ts';
import { type Credential, inTreeOrder, scopeText } from './scopes.ts';

/** URLs that begin with one prefix are meant to begin with another: ClearML's `sdk.storage.path_substitution`. */
export interface Substitution {
  readonly registeredPrefix: string;
  readonly localPrefix: string;
}

const rulesSchema = z.array(z.object({ registered_prefix: z.string(), local_prefix: z.string() }));

/** The rules of the setting, in ClearML's own words. One that can't be read makes all of them unusable: without it a URL would mean something else. */
export function parseSubstitutions(setting: unknown): readonly Substitution[] {
  const parsed = rulesSchema.safeParse(setting ?? []);
  if (!parsed.success) {
    throw new StorageError('invalid-settings', 'The setting storageCredentials.pathSubstitution can not be read.', {
      hint: 'Each of its rules needs a registered_prefix and a local_prefix.',
    });
  }
  return parsed.data.map(({ registered_prefix: registeredPrefix, local_prefix: localPrefix }) => ({
    registeredPrefix,
    localPrefix,
  }));
}

/** All that decides which credential a URL belongs to. */
export interface Resolving {
  readonly credentials: readonly Credential[];
  readonly providers: readonly Provider[];
  readonly substitutions: readonly Substitution[];
}

/** One way to understand a URL, and the credential that it belongs to then. */
export interface Reading {
  readonly credential: Credential;
  readonly container: string;
  readonly id: string;
  /** Why this credential, to follow 'because'. */
  readonly rule: string;
  /** What should be looked at before it is believed. */
  readonly warning?: string;
}

/** What a URL could have been resolved to, if there were a credential. */
export interface Wanted {
  readonly provider: Provider;
  readonly location: Location;
}

/** Where a URL leads. */
export type Resolution = { readonly url: string } & (
  | {
      readonly kind: 'resolved';
      /** To be tried in their order: the first that exists is meant. */
      readonly readings: readonly [Reading, ...Reading[]];
      /** Whether the URL can mean more than the first reading: then that counts only if it exists. */
      readonly ambiguous: boolean;
    }
  | { readonly kind: 'unresolved'; readonly reason: string; readonly wanted: readonly Wanted[] }
  | { readonly kind: 'malformed'; readonly reason: string }
);

/** A credential and what it is for. */
interface Claim {
  readonly credential: Credential;
  readonly scope: Scope;
  /** Its place in the tree. */
  readonly order: number;
}

/**
 * Finds the credential that each URL belongs to, by the most specific scope that fits on whole segments. Where none fits, none
 * is guessed. `url` of an answer is as the path substitution left it.
 */
export function createResolver({ credentials, providers, substitutions }: Resolving): (url: string) => Resolution {
  const claims = inTreeOrder(credentials).flatMap((credential, order): Claim[] => {
    const scope = credential.provider.scopeOf(credential.record.settings);
    return scope ? [{ credential, scope, order }] : [];
  });
  return (given) => {
    const url = substitute(given, substitutions);
    if (isLocal(url)) return { kind: 'unresolved', url, reason: localReason(given, url), wanted: [] };
    const wanted = providers.flatMap((provider) =>
      provider.parseUrl(url).flatMap((location) => wantedAt(provider, location)),
    );
    if (wanted.length === 0) return { kind: 'malformed', url, reason: 'It names no object in a form that is known.' };
    const readings = bestReadings(wanted, claims, sameText) ?? bestReadings(wanted, claims, sameButForCase);
    if (readings) return { kind: 'resolved', url, ...readings };
    return { kind: 'unresolved', url, reason: noCredential(url, wanted), wanted };
  };
}

type SameContainer = (ofCredential: string, ofUrl: string) => boolean;

const sameText: SameContainer = (a, b) => a === b;
const sameButForCase: SameContainer = (a, b) => a.toLowerCase() === b.toLowerCase();

interface Ranked {
  readonly reading: Reading;
  readonly rank: number;
  readonly order: number;
}

/** A name that ends in white space may have been pasted with too much. What would climb out of a path is no container. */
function wantedAt(provider: Provider, location: Location): readonly Wanted[] {
  const { container, ids } = location;
  const names = [...new Set([...ids, ...ids.map((id) => id.trimEnd())])].filter((id) => id !== '');
  if (names.length === 0 || /^\.{0,2}$/.test(container)) return [];
  return [{ provider, location: { ...location, ids: names } }];
}

/** The readings of the location that has the best fitting credential; they end where no credential fits, since what can't be looked for can't be ruled out. */
function bestReadings(
  wanted: readonly Wanted[],
  claims: readonly Claim[],
  same: SameContainer,
): { readonly readings: readonly [Reading, ...Reading[]]; readonly ambiguous: boolean } | undefined {
  const found = wanted.map(({ provider, location }) => {
    const each = location.ids.map((id) => best(fitting(claims, provider, location, id, same)));
    const end = each.indexOf(undefined);
    const ranked = each.slice(0, end < 0 ? each.length : end).filter((reading) => reading !== undefined);
    return { ranked, ambiguous: each.length > 1 };
  });
  const winner = best(found.flatMap(({ ranked }) => best(ranked) ?? []));
  const chosen = found.find(({ ranked }) => winner !== undefined && ranked.includes(winner));
  const [first, ...others] = chosen?.ranked ?? [];
  if (!chosen || !first) return undefined;
  return { readings: [first.reading, ...others.map(({ reading }) => reading)], ambiguous: chosen.ambiguous };
}

/** The most specific; of equals the first in the tree. */
function best(candidates: readonly Ranked[]): Ranked | undefined {
  return candidates.toSorted((a, b) => b.rank - a.rank || a.order - b.order)[0];
}

function fitting(
  claims: readonly Claim[],
  provider: Provider,
  { server, container }: Location,
  id: string,
  same: SameContainer,
): readonly Ranked[] {
  const fits = claims.flatMap((claim) => {
    if (claim.credential.provider.id !== provider.id) return [];
    const rank = rankOf(claim.scope, server, container, id, same);
    return rank === undefined ? [] : [{ ...claim, rank }];
  });
  return fits.map(({ credential, scope, rank, order }) => {
    const equals = fits.filter((other) => other.rank === rank).length;
    const tie = equals > 1 ? `, and comes first of ${equals} that are` : '';
    const rule = `it is ${scopeText(scope, provider)}${tie}`;
    const reading = { credential, container, id, rule };
    if (scope.container === undefined || scope.container === container) return { reading, rank, order };
    const warning = `The ${provider.noun.one} is written otherwise in the credential: ${showName(scope.container)}`;
    return { reading: { ...reading, warning }, rank, order };
  });
}

/** How specific a scope is that holds an object; undefined when it doesn't. */
function rankOf(scope: Scope, server: string, container: string, id: string, same: SameContainer): number | undefined {
  if (scope.server.toLowerCase() !== server.toLowerCase()) return undefined;
  if (scope.container === undefined) return 0;
  if (!same(scope.container, container)) return undefined;
  if (scope.folder === undefined) return 1;
  return isBelow(id, scope.folder) ? 2 + scope.folder.length : undefined;
}

/** The first rule that fits is applied, on whole segments. */
function substitute(url: string, substitutions: readonly Substitution[]): string {
  const rule = substitutions.find(
    ({ registeredPrefix }) => registeredPrefix !== '' && isBelow(url, withoutSlash(registeredPrefix)),
  );
  if (!rule) return url;
  return withoutSlash(rule.localPrefix) + url.slice(withoutSlash(rule.registeredPrefix).length);
}

function isBelow(name: string, folder: string): boolean {
  return name === folder || name.startsWith(`${folder}/`);
}

function withoutSlash(prefix: string): string {
  return prefix.replace(/\/$/, '');
}

function isLocal(url: string): boolean {
  return /^(?:file:|[/\\~]|\.{1,2}[/\\]|[a-z]:[/\\])/i.test(url);
}

function localReason(given: string, url: string): string {
  if (given === url) return 'A local file is never deleted from here.';
  return `The path substitution makes it a local file, which is never deleted from here: ${showName(url)}`;
}

function noCredential(url: string, wanted: readonly Wanted[]): string {
  const places = [...new Set(wanted.map(placeText))].join(', or ');
  const fileServer = /^https?:/i.test(url) ? ' Files of a ClearML file server are not deleted from here yet.' : '';
  return `No credential is for ${places}.${fileServer}`;
}

/** The place that a credential would have to be for. */
export function placeText({ provider, location: { server, container } }: Wanted): string {
  return `the ${provider.noun.one} ${showName(container)} of ${server === '' ? provider.label : server}`;
}
