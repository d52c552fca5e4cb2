import type { Location } from '../../core/provider.ts';
import type { Entry } from '../../core/storageClient.ts';
import { encodeKey } from '../_shared/keys.ts';
import { parseEndpoint } from '../_shared/s3/endpoint.ts';
import { decodedOrRaw, withPort } from '../_shared/urlNames.ts';

/** Where Cloud Storage itself answers. */
export const googleEndpoint = 'https://storage.googleapis.com';

/** The server of an endpoint field. */
export function serverOf(endpoint: string): URL {
  return parseEndpoint(endpoint, true) ?? new URL(googleEndpoint);
}

/** Host and port of a server of one's own; '' for every address of Google's. */
export function scopeServer(endpoint: string): string {
  const { hostname, port, protocol } = serverOf(endpoint);
  return /(^|\.)googleapis\.com$/.test(hostname) ? '' : withPort(hostname, port, protocol);
}

export function gsUrl({ kind, container, id }: Entry): string {
  return kind === 'container' ? `gs://${id}` : `gs://${container}/${id}`;
}

/** The URL under which ClearML has an object: `gs:` on Google's own servers, that of the server elsewhere. */
export function artifactUrl(entry: Entry, endpoint: string): string | undefined {
  if (entry.kind !== 'object') return undefined;
  const server = scopeServer(endpoint);
  if (server === '') return gsUrl(entry);
  return `${serverOf(endpoint).protocol}//${server}/${encodeKey(`${entry.container}/${entry.id}`)}`;
}

/** Every reading of a URL as an object of Cloud Storage: what `gs:` says is raw, what http says is encoded, or else raw. */
export function parseUrl(url: string): readonly Location[] {
  const [, ofGoogle, key] = /^gs:\/\/([^/]+)\/(.+)$/is.exec(url) ?? [];
  if (ofGoogle !== undefined && key !== undefined) return [{ server: '', container: ofGoogle, ids: [key] }];
  const [, protocol = '', host = '', port = '', path = ''] =
    /^(https?):\/\/([^/:@?#\s]+|\[[^\]]+\])(?::(\d+))?\/(.+)$/is.exec(url) ?? [];
  const name = host.toLowerCase();
  const [, hosted] = /^(.+)\.storage\.googleapis\.com$/.exec(name) ?? [];
  if (hosted !== undefined) return [{ server: '', container: hosted, ids: decodedOrRaw(path) }];
  const [, container, id] = /^([^/]+)\/(.+)$/s.exec(path) ?? [];
  if (container === undefined || id === undefined) return [];
  const google = name === 'storage.googleapis.com' || name === 'storage.cloud.google.com';
  const server = google ? '' : withPort(name, port, `${protocol.toLowerCase()}:`);
  return [{ server, container: decodedOrRaw(container)[0] ?? container, ids: decodedOrRaw(id) }];
}
