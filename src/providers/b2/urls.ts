import type { Location } from '../../core/provider.ts';
import type { Entry } from '../../core/storageClient.ts';
import { parseEndpoint } from '../_shared/s3/endpoint.ts';
import { decodedOrRaw, withPort } from '../_shared/urlNames.ts';

const ownDomain = '.backblazeb2.com';

/** Where the keys of an endpoint field are shown. */
export function serverOf(endpoint: string): URL {
  return parseEndpoint(endpoint, true) ?? new URL(`https://api${ownDomain}`);
}

/** Whether a server is one of Backblaze's own. */
export function isBackblaze({ hostname }: URL): boolean {
  return hostname.endsWith(ownDomain);
}

/** Host and port of a server of one's own; '' for every address of Backblaze's. */
export function scopeServer(endpoint: string): string {
  const server = serverOf(endpoint);
  return isBackblaze(server) ? '' : withPort(server.hostname, server.port, server.protocol);
}

export function b2Url({ kind, container, id }: Entry): string {
  return kind === 'container' ? `b2://${id}` : `b2://${container}/${id}`;
}

/** Every reading of a URL as a file of B2: what `b2:` says is raw, what the download URL of the native API says is encoded, or else raw. */
export function parseUrl(url: string): readonly Location[] {
  const [, bucket, key] = /^b2:\/\/([^/]+)\/(.+)$/is.exec(url) ?? [];
  if (bucket !== undefined && key !== undefined) return [{ server: '', container: bucket, ids: [key] }];
  const [, protocol = '', host = '', port = '', container, id] =
    /^(https?):\/\/([^/:@?#\s]+|\[[^\]]+\])(?::(\d+))?\/file\/([^/]+)\/(.+)$/is.exec(url) ?? [];
  if (container === undefined || id === undefined) return [];
  const name = host.toLowerCase();
  const server = name.endsWith(ownDomain) ? '' : withPort(name, port, `${protocol.toLowerCase()}:`);
  return [{ server, container: decodedOrRaw(container)[0] ?? container, ids: decodedOrRaw(id) }];
}
