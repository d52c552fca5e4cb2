import type { Draft } from '../../../core/fields.ts';
import type { Location, Scope } from '../../../core/provider.ts';
import type { Entry } from '../../../core/storageClient.ts';
import { decodedOrRaw } from '../urlNames.ts';
import { parseEndpoint } from './endpoint.ts';

interface Settings {
  readonly endpoint: string;
  readonly secure: boolean;
  readonly bucket: string;
  readonly subfolder: string;
}

/** Reads `s3://bucket/key`, `s3://host:port/bucket/key`, and a web address of Amazon's or of any other server that has the bucket in its path. */
export function parseS3Url(url: string): readonly Location[] {
  const [, scheme, authority, path] = /^(s3|https?):\/\/([^/?#@\\\s]+)\/(.+)$/is.exec(url) ?? [];
  if (scheme === undefined || authority === undefined || path === undefined) return [];
  if (/^s3$/i.test(scheme)) {
    if (/:\d+$/.test(authority)) return below(authority.toLowerCase(), path, asItIs);
    return authority.includes(':') ? [] : [{ server: '', container: authority, ids: [path] }];
  }
  const host = authority.toLowerCase();
  const amazons = amazonHost.exec(host.replace(scheme.length === 5 ? /:443$/ : /:80$/, ''));
  if (!amazons) return below(withPort(host, scheme), path, decodedOrRaw);
  const [, container] = amazons;
  return container === undefined ? below('', path, decodedOrRaw) : [{ server: '', container, ids: decodedOrRaw(path) }];
}

/** What a credential with these settings is for. */
export function s3Scope({ endpoint, secure, bucket, subfolder }: Settings): Scope {
  return {
    server: serverOf(endpoint, secure),
    ...(bucket === '' ? {} : { container: bucket }),
    ...(bucket === '' || subfolder === '' ? {} : { folder: subfolder.replace(/\/$/, '') }),
  };
}

/** The URL under which ClearML registers an object. */
export function s3ArtifactUrl({ kind, container, id }: Entry, { endpoint, secure }: Settings): string | undefined {
  if (kind !== 'object') return undefined;
  return `s3://${[serverOf(endpoint, secure), container, id].filter(Boolean).join('/')}`;
}

/** What the form of a credential for a place begins with. */
export function s3Draft({ server, container }: Location, url: string): Draft {
  if (server === '') return { bucket: container };
  return {
    service: 'other',
    endpoint: `${/^http:/i.test(url) ? 'http://' : ''}${server}`,
    pathStyle: true,
    bucket: container,
  };
}

/** Amazon's own servers, with the bucket before them or not. Its website servers have other names. */
const amazonHost =
  /^(?:(.+)\.)?s3(?:-fips|-accelerate)?(?:[.-]dualstack)?(?:[.-](?!website)[a-z]+(?:-[a-z]+)*-\d+)?\.amazonaws\.com(?:\.cn)?$/;

function serverOf(endpoint: string, secure: boolean): string {
  const url = parseEndpoint(endpoint, secure);
  // What is no endpoint is no server either, least of all Amazon's.
  if (!url) return endpoint;
  return amazonHost.test(url.hostname) ? '' : withPort(url.host, url.protocol);
}

function withPort(host: string, scheme: string): string {
  return /:\d+$/.test(host) ? host : `${host}:${/^https/i.test(scheme) ? 443 : 80}`;
}

function below(server: string, path: string, idsOf: (name: string) => readonly string[]): readonly Location[] {
  const slash = path.indexOf('/');
  const id = path.slice(slash + 1);
  return slash < 1 || id === '' ? [] : [{ server, container: path.slice(0, slash), ids: idsOf(id) }];
}

function asItIs(name: string): readonly string[] {
  return [name];
}
