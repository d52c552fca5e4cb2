import type { Entry } from '../../core/storageClient.ts';
import { encodeKey } from '../_shared/keys.ts';

/** The URL of a server as a person typed it, without slashes at its end; undefined for what is none. */
export function parseServer(typed: string): URL | undefined {
  if (!/^https?:\/\//i.test(typed) || !URL.canParse(typed)) return undefined;
  const url = new URL(typed);
  url.pathname = url.pathname.replace(/\/+$/, '');
  return url.username + url.password + url.search + url.hash === '' ? url : undefined;
}

export function refuseServer(typed: string): string | undefined {
  return parseServer(typed) ? undefined : 'Enter a whole http(s) URL, without user, ? and #.';
}

/** Where secrets are sent. */
export function originsOf({ authUrl, storageUrl }: { authUrl: string; storageUrl: string }): readonly string[] {
  const origins = [authUrl, storageUrl].flatMap((typed) => parseServer(typed)?.origin ?? []);
  return [...new Set(origins)];
}

/** Of the servers that secrets are sent to, one without TLS, else any. */
export function weakestOf(settings: { authUrl: string; storageUrl: string }): URL | undefined {
  const urls = originsOf(settings).map((origin) => new URL(origin));
  return urls.find(({ protocol }) => protocol === 'http:') ?? urls[0];
}

/** The https URL of an entry, where the settings say in which account it is. */
export function urlOf({ kind, container = '', id }: Entry, storageUrl: string): string | undefined {
  const storage = parseServer(storageUrl);
  if (!storage) return undefined;
  const base = `${storage.origin}${storage.pathname.replace(/\/$/, '')}`;
  return `${base}/${kind === 'container' ? encodeKey(id) : `${encodeKey(container)}/${encodeKey(id)}`}`;
}

export type AuthVersion = 'auto' | '1' | '2' | '3';

/** The version that was chosen, else the newest that the path of the Authentication URL names. */
export function versionOf(authUrl: string, chosen: AuthVersion): Exclude<AuthVersion, 'auto'> | undefined {
  if (chosen !== 'auto') return chosen;
  const path = parseServer(authUrl)?.pathname ?? '';
  return (['3', '2', '1'] as const).find((version) => path.includes(`v${version}`));
}

export const noVersion = 'The Authentication URL names no version: set AuthVersion explicitly.';
