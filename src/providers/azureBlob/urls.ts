import type { Draft } from '../../core/fields.ts';
import type { Location } from '../../core/provider.ts';
import type { Entry } from '../../core/storageClient.ts';
import { encodeKey } from '../_shared/keys.ts';
import { decodedOrRaw } from '../_shared/urlNames.ts';
import { publicSuffix, serverName } from './account.ts';

/** The https URL of an entry, which a browser opens where it may. */
export function urlOf({ kind, container = '', id }: Entry, service: URL): string {
  const base = `${service.origin}${service.pathname === '/' ? '' : service.pathname}`;
  return kind === 'container' ? `${base}/${id}` : `${base}/${container}/${encodeKey(id)}`;
}

/** The URL under which ClearML registers an object: the name stands in it raw. Only for an account whose name is in the host. */
export function artifactUrlOf({ kind, container, id }: Entry, service: URL): string | undefined {
  const named = /^[^.]+\.blob\./.test(service.hostname) && service.pathname === '/';
  return named && kind === 'object' ? `azure://${service.host}/${container}/${id}` : undefined;
}

/**
 * Every reading of a URL: the account in the host, as Azure has it, and the account in the path, as emulators have it.
 * A name stands raw in azure: and encoded in http(s), and the other reading comes second; nothing is cut off, since # and ?
 * are part of raw names.
 */
export function parseUrl(url: string): readonly Location[] {
  const [, scheme = '', host = '', path = ''] = /^(azure|https?):\/\/([^/?#@]+)\/(.*)$/is.exec(url) ?? [];
  const server = serverOf(scheme, host);
  if (server === undefined) return [];
  const [, account = '', inAccount = ''] = /^([^/]+)\/(.*)$/s.exec(path) ?? [];
  const readings = (name: string) => (/^azure$/i.test(scheme) ? decodedOrRaw(name).toReversed() : decodedOrRaw(name));
  const inHost = locate(server, path, readings);
  return account === '' ? inHost : [...inHost, ...locate(`${server}/${account}`, inAccount, readings)];
}

/** What the form of a credential for a place begins with. A host that is none of Azure's doesn't say the account. */
export function draftFor({ server, container }: Location, url: string): Draft {
  const [, inHost, suffix = ''] = /^([^.:/]+)\.((?:z\d+\.)?blob\.[^:/]+)$/.exec(server) ?? [];
  if (inHost !== undefined) return { account: inHost, endpoint: suffix === publicSuffix ? '' : suffix, container };
  const [, account = ''] = server.split('/');
  return { account, endpoint: `${/^http:/i.test(url) ? 'http' : 'https'}://${server}`, container };
}

/** Undefined for what is no host. The usual port goes. */
function serverOf(scheme: string, host: string): string | undefined {
  const written = `${/^http$/i.test(scheme) ? 'http' : 'https'}://${host}`;
  return host !== '' && URL.canParse(written) ? serverName(new URL(written)) : undefined;
}

function locate(server: string, path: string, readings: (name: string) => readonly string[]): readonly Location[] {
  const [, container, raw] = /^([^/]+)\/(.+)$/s.exec(path) ?? [];
  if (container === undefined || raw === undefined) return [];
  return [{ server, container, ids: readings(raw) }];
}
