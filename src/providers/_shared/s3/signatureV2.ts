import { createHmac } from 'node:crypto';

/** A key pair, and the token that comes with temporary ones. */
export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

interface Request {
  method: string;
  hostname: string;
  /** As it stands in the request line, encoded. */
  path: string;
  /** Decoded; null is a name without a value. */
  query?: Record<string, string | string[] | null>;
  headers: Record<string, string>;
}

/**
 * Signs with Signature Version 2, for services that know nothing newer: an SDK client takes it as its `signer`.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
 */
export function createSignerV2(keys: () => Promise<Keys>, server: URL) {
  return {
    async sign<R extends Request>(
      request: R,
      { signingDate = new Date() }: { signingDate?: Date | string | number } = {},
    ) {
      const { accessKeyId, secretAccessKey, sessionToken } = await keys();
      const headers = withoutSignature(request.headers);
      headers.date = new Date(signingDate).toUTCString();
      if (sessionToken) headers['x-amz-security-token'] = sessionToken;
      const resource =
        bucketInHost(request.hostname, server.hostname) + request.path + subResources(request.query ?? {});
      const signature = signatureOf(secretAccessKey, stringToSign(request.method, headers, headers.date, resource));
      headers.authorization = `AWS ${accessKeyId}:${signature}`;
      return Object.assign(request, { headers });
    },
  };
}

/**
 * A URL with its Signature Version 2 in the query: whoever holds it may GET the object until `expires`.
 * @param url the object's own, encoded; its query may name a version or response headers
 * @param server the service's, to tell a bucket in the host's name
 * @param expires seconds since the epoch
 */
export function presignV2(url: string, server: URL, keys: Keys, expires: number): string {
  const [, origin = '', path = '/', query = ''] = /^(https?:\/\/[^/?#]+)([^?#]*)\??([^#]*)/.exec(url) ?? [];
  const headers: Record<string, string> = keys.sessionToken ? { 'x-amz-security-token': keys.sessionToken } : {};
  const asked = Object.fromEntries(new URLSearchParams(query));
  const resource = bucketInHost(new URL(origin).hostname, server.hostname) + (path || '/') + subResources(asked);
  const signed = {
    ...headers,
    AWSAccessKeyId: keys.accessKeyId,
    Expires: String(expires),
    Signature: signatureOf(keys.secretAccessKey, stringToSign('GET', headers, String(expires), resource)),
  };
  const parts = Object.entries(signed).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `${origin}${path || '/'}?${[query, ...parts].filter(Boolean).join('&')}`;
}

/** What the signature covers: exported for the vendor's own examples. */
export function stringToSign(method: string, headers: Record<string, string>, date: string, resource: string): string {
  const byName = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value.trim()]));
  const amazon = [...byName].filter(([name]) => name.startsWith('x-amz-')).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    method,
    byName.get('content-md5') ?? '',
    byName.get('content-type') ?? '',
    byName.has('x-amz-date') ? '' : date,
    ...amazon.map(([name, value]) => `${name}:${value.replace(/\r?\n\s+/g, ' ')}`),
    resource,
  ].join('\n');
}

/** The part of a query that is signed: sorted by name, decoded. */
export function subResources(query: Readonly<Record<string, string | string[] | null>>): string {
  const signed = Object.entries(query)
    .filter(([name]) => signedNames.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (value === null || value === '' ? name : `${name}=${value}`));
  return signed.length === 0 ? '' : `?${signed.join('&')}`;
}

const signedNames: ReadonlySet<string> = new Set([
  'accelerate',
  'acl',
  'analytics',
  'cors',
  'defaultObjectAcl',
  'delete',
  'encryption',
  'inventory',
  'lifecycle',
  'location',
  'logging',
  'metrics',
  'notification',
  'object-lock',
  'partNumber',
  'policy',
  'policyStatus',
  'publicAccessBlock',
  'replication',
  'requestPayment',
  'response-cache-control',
  'response-content-disposition',
  'response-content-encoding',
  'response-content-language',
  'response-content-type',
  'response-expires',
  'restore',
  'select',
  'select-type',
  'storageClass',
  'tagging',
  'torrent',
  'uploadId',
  'uploads',
  'versionId',
  'versioning',
  'versions',
  'website',
]);

/** The signature itself, in base64. */
export function signatureOf(secretAccessKey: string, text: string): string {
  return createHmac('sha1', secretAccessKey).update(text, 'utf8').digest('base64');
}

/** The bucket as a path, where it stands in the host's name: the signature names it all the same. */
function bucketInHost(hostname: string, serverHostname: string): string {
  const amazon = /^(.+)\.s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?$/.exec(hostname)?.[1];
  if (amazon !== undefined) return `/${amazon}`;
  return hostname.endsWith(`.${serverHostname}`) ? `/${hostname.slice(0, -serverHostname.length - 1)}` : '';
}

/** A request that is sent again was signed before. */
function withoutSignature(headers: Readonly<Record<string, string>>): Record<string, string> {
  const replaced = new Set(['authorization', 'date', 'x-amz-date', 'x-amz-security-token', 'x-amz-content-sha256']);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !replaced.has(name.toLowerCase())));
}
