import { StorageError } from '../../core/errors.ts';
import { isObject, isText, parseJson } from '../../core/json.ts';
import { incomplete } from './errors.ts';
import { isBackblaze } from './urls.ts';

/** What signing in gave: where the API is, a token for it, and what the key is for. */
export interface Account {
  readonly accountId: string;
  readonly token: string;
  readonly api: URL;
  readonly downloads: URL;
  readonly capabilities: ReadonlySet<string>;
  /** The only buckets that the key is for; undefined for all. One that is gone has no name. */
  readonly buckets: readonly { readonly id: string; readonly name: string }[] | undefined;
  /** Of names that the key is for; '' for all. */
  readonly namePrefix: string;
}

/**
 * Reads the answer to a sign-in: fails when it is not whole, so that a key is never taken for less restricted than it is, and
 * when it points to a server that is not to have the token.
 * https://www.backblaze.com/apidocs/b2-authorize-account
 */
export function readAccount(text: string, server: URL): Account {
  const answer = parseJson(text);
  const { accountId, authorizationToken, apiInfo } = isObject(answer) ? answer : {};
  const storage = isObject(apiInfo) ? apiInfo.storageApi : undefined;
  const { apiUrl, downloadUrl, allowed } = isObject(storage) ? storage : {};
  if (!isObject(allowed) || !isText(accountId, 1) || !isText(authorizationToken, 1)) throw incomplete({ server });
  const { capabilities, buckets, namePrefix } = allowed;
  const restricted = buckets === null ? undefined : readBuckets(buckets);
  if (!isTexts(capabilities) || (buckets !== null && restricted === undefined)) throw incomplete({ server });
  if (namePrefix !== null && !isText(namePrefix)) throw incomplete({ server });
  return {
    accountId,
    token: authorizationToken,
    api: trusted(apiUrl, server),
    downloads: trusted(downloadUrl, server),
    capabilities: new Set(capabilities),
    buckets: restricted,
    namePrefix: namePrefix ?? '',
  };
}

/** The server that tokens may go to: encrypted like the endpoint, and Backblaze's own where the endpoint is. */
function trusted(address: unknown, server: URL): URL {
  const url = isText(address, 1) ? URL.parse(address) : null;
  if (!url) throw incomplete({ server });
  const plain = url.pathname === '/' && url.search === '' && url.hash === '' && url.username + url.password === '';
  const encrypted = url.protocol === 'https:' || (url.protocol === 'http:' && server.protocol === 'http:');
  const same = isBackblaze(server) ? isBackblaze(url) && url.port === '' : true;
  if (plain && encrypted && same) return url;
  throw new StorageError('untrusted-server', `The sign-in points to a server that gets no keys: ${url.host}`, {
    hint: 'Check the endpoint: what answers there may not be Backblaze.',
    detail: `${url.protocol}//${url.host}`,
  });
}

function readBuckets(value: unknown): Account['buckets'] {
  if (!Array.isArray(value)) return undefined;
  const buckets = value.map((each: unknown) => {
    const { id, name } = isObject(each) ? each : {};
    return isText(id, 1) ? { id, name: isText(name) ? name : '' } : undefined;
  });
  return buckets.every((each) => each !== undefined) ? buckets : undefined;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => isText(each));
}
