/** What says where an account is. */
export interface AccountAddress {
  readonly account: string;
  readonly endpoint: string;
}

/** Where the accounts of Azure's public cloud are. */
export const publicSuffix = 'blob.core.windows.net';

/**
 * The URL under which the containers of an account lie, without a slash at its end: the endpoint where it is a URL, which
 * then names the account too; else made of account and suffix. Undefined as long as neither can be told.
 */
export function serviceUrl({ account, endpoint }: AccountAddress): URL | undefined {
  const given = endpoint || publicSuffix;
  if (refuseEndpoint(given) !== undefined || (!hasScheme(given) && refuseAccount(account) !== undefined))
    return undefined;
  const url = new URL(hasScheme(given) ? given : `https://${hostOf(account, given)}`);
  url.pathname = url.pathname.replace(/\/+$/, '');
  return url;
}

/** Host, port unless it is the usual one, and the path under which the containers lie: the account's name in the words of URLs. */
export function serverName(url: URL): string {
  return url.host + (url.pathname === '/' ? '' : url.pathname);
}

/** What is wrong with an endpoint as a person typed it, if anything is. */
export function refuseEndpoint(endpoint: string): string | undefined {
  if (!hasScheme(endpoint)) return suffix.test(endpoint) ? undefined : notAnEndpoint;
  if (!URL.canParse(endpoint) || /\s/.test(endpoint)) return notAnEndpoint;
  const url = new URL(endpoint);
  const { protocol, username, password, search, hash } = url;
  if (protocol !== 'https:' && protocol !== 'http:') return notAnEndpoint;
  if (`${username}${password}${search}${hash}` !== '')
    return 'Leave out user and password, and everything from ? or # on.';
  return url.hostname.startsWith('blob.') && url.pathname === '/' ? notAnEndpoint : undefined;
}

export function refuseAccount(account: string): string | undefined {
  return /^[a-z0-9\-.]+$/i.test(account) ? undefined : 'An account name has letters, digits, hyphens and dots only.';
}

export function refuseAccountKey(key: string): string | undefined {
  return key !== '' && isBase64(key)
    ? undefined
    : 'An account key is base64: letters, digits, + and /, with = at its end.';
}

/** A SAS token as it stands in a URL, without the question mark. */
export function sasParameters(token: string): string {
  return token.trim().replace(/^\?/, '');
}

export function refuseSasToken(token: string): string | undefined {
  if (/^[a-z]+:\/\//i.test(token.trim())) return 'Enter only what stands behind the ? of the SAS URL.';
  const parameters = sasParameters(token);
  const signed = /(^|&)sig=[^&]/.test(parameters);
  if (!signed || /[\s#?]/.test(parameters)) return 'A SAS token has a signature: sv=…&se=…&sig=…';
  const asking = [...new URLSearchParams(parameters).keys()].find((name) => asksFor.has(name.toLowerCase()));
  return asking === undefined ? undefined : `Leave out what is no part of the token itself: ${asking}`;
}

/** Parameters of a URL that say what is done and to what: in a token they would change what each request means. */
const asksFor: ReadonlySet<string> = new Set(['restype', 'comp', 'snapshot', 'versionid', 'deletetype']);

/** When a SAS token expires, in milliseconds since the epoch; undefined where it doesn't say. */
export function expiryOf(token: string): number | undefined {
  const until = Date.parse(new URLSearchParams(sasParameters(token)).get('se') ?? '');
  return Number.isNaN(until) ? undefined : until;
}

const notAnEndpoint =
  'Enter a URL that names the account, such as https://myaccount.blob.core.windows.net, or a suffix alone.';

/** A host's name of two parts or more. */
const suffix = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/i;

function hasScheme(endpoint: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(endpoint);
}

/** Who types the whole host means it, and not a suffix. */
function hostOf(account: string, endpoint: string): string {
  return endpoint.toLowerCase().startsWith(`${account.toLowerCase()}.`) ? endpoint : `${account}.${endpoint}`;
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text);
}
