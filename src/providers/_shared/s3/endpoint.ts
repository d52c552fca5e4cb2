/** The URL that an endpoint field means: a URL as it stands, or host:port with the scheme that `secure` says. Undefined when it is neither. */
export function parseEndpoint(endpoint: string, secure: boolean): URL | undefined {
  if (endpoint === '') return undefined;
  const written = hasScheme(endpoint) ? endpoint : `${secure ? 'https' : 'http'}://${endpoint}`;
  if (!URL.canParse(written)) return undefined;
  const url = new URL(written);
  return url.protocol === 'https:' || url.protocol === 'http:' ? url : undefined;
}

/** What is wrong with an endpoint as a person typed it, if anything is. */
export function refuseEndpoint(endpoint: string): string | undefined {
  const url = parseEndpoint(endpoint, true);
  if (!url || mistyped.test(endpoint)) return 'Enter a URL that begins with https:// or http://, or host:port.';
  if (url.username !== '' || url.password !== '') return 'Leave user and password out of the endpoint.';
  if (url.search !== '' || url.hash !== '') return 'Leave out everything from ? or # on.';
  if (url.pathname !== '/') return 'Leave out the path. A bucket has a field of its own.';
  if (!hasScheme(endpoint) && !/:\d+$/.test(endpoint)) {
    return 'A host needs its port, for example minio.example.com:9000. Or begin with https://.';
  }
  return undefined;
}

/** What is wrong with a region, which becomes part of a host's name, if anything is. */
export function refuseRegion(region: string): string | undefined {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(region)) return undefined;
  return 'A region has letters, digits and hyphens, for example eu-west-1.';
}

/** The pattern of an endpoint without a scheme: then a toggle must say whether TLS is used. */
export const withoutScheme = '^(?![A-Za-z][A-Za-z0-9+.-]*://).+';

/** What would be read as something else than was meant: a space, a slash first, a colon before neither // nor a port. */
const mistyped = /\s|^\/|^[^/@[\]]*:(?!\/\/|\d)[^@]*$/;

function hasScheme(endpoint: string): boolean {
  return !new RegExp(withoutScheme).test(endpoint);
}
