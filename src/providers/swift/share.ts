import { createHmac } from 'node:crypto';
import { StorageError } from '../../core/errors.ts';
import type { Entry, SharedLink } from '../../core/storageClient.ts';
import { encodeKey, encodeSegment } from '../_shared/keys.ts';
import { refuseToShare } from '../_shared/links.ts';
import type { SwiftConnection } from './connection.ts';
import type { Head } from './errors.ts';
import { infoOf } from './info.ts';
import { headOfAccount, headOfContainer } from './versioning.ts';

/** The longest life of a link: Swift has no limit of its own. */
const longest = { seconds: 31_536_000, text: '365 days' };

/** A temporary URL, signed with a key that the account or the container has: https://docs.openstack.org/swift/latest/api/temporary_url_middleware.html */
export async function shareObject(
  swift: SwiftConnection,
  entry: Entry,
  { seconds }: { readonly seconds: number },
  signal: AbortSignal,
): Promise<SharedLink> {
  const { container = '', id } = entry;
  const refusal = refuseToShare(entry, seconds, longest) ?? refusePath(entry);
  if (refusal) throw refusal;
  const { storage } = await swift.session(signal);
  const [, base = '', account] = /^(.*?)\/v1\/([^/]+)$/.exec(storage.pathname) ?? [];
  if (account === undefined) throw notOffered();
  const digest = digestOf((await infoOf(swift, signal)).tempurl);
  const key = await keyFor(swift, container, signal);
  const expires = Math.ceil(Date.now() / 1000 + seconds);
  const signed = `GET\n${expires}\n/v1/${decodeURIComponent(account)}/${container}/${id}`;
  const signature = createHmac(digest, key).update(signed).digest('hex');
  const path = `${base}/v1/${account}/${encodeSegment(container)}/${encodeKey(id)}`;
  return {
    url: `${storage.origin}${path}?temp_url_sig=${signature}&temp_url_expires=${expires}`,
    expires: expires * 1000,
    caveat: 'It ends sooner when the key that signs it is changed.',
  };
}

/** The middleware makes no links to names that are slashes alone, nor to one version. */
function refusePath({ id, path, version }: Entry): StorageError | undefined {
  if (version !== undefined)
    return new StorageError('unsupported', `A link opens what is current, not one version: ${path}`);
  return /^\/+$/.test(id) ? new StorageError('unsupported', `Swift makes no link to such a name: ${path}`) : undefined;
}

const preferred = ['sha256', 'sha512', 'sha1'] as const;

/** Where the server doesn't say what it takes, it takes this since 2017. */
function digestOf(tempurl: Readonly<Record<string, unknown>> | undefined): (typeof preferred)[number] {
  const allowed = tempurl?.allowed_digests;
  if (!Array.isArray(allowed)) return 'sha256';
  const digest = preferred.find((each) => allowed.includes(each));
  if (digest === undefined) throw notOffered();
  return digest;
}

async function keyFor(swift: SwiftConnection, container: string, signal: AbortSignal): Promise<string> {
  const key =
    (await keyIn('account', () => headOfAccount(swift, signal))) ??
    (await keyIn('container', () => headOfContainer(swift, container, signal)));
  if (key === undefined) {
    throw new StorageError(
      'unsupported',
      'Links are signed with a key of the account or container, and none is shown to these credentials.',
      {
        hint: "Its owner sees and sets one: swift post -m 'Temp-URL-Key: …'. None is set here, since whoever knows it can open everything.",
      },
    );
  }
  swift.learn(key);
  return key;
}

/** Owners alone are shown it. */
async function keyIn(what: 'account' | 'container', ask: () => Promise<Head['headers']>): Promise<string | undefined> {
  try {
    const headers = await ask();
    return headers[`x-${what}-meta-temp-url-key`] || headers[`x-${what}-meta-temp-url-key-2`] || undefined;
  } catch (error) {
    if (error instanceof StorageError && error.kind === 'forbidden') return undefined;
    throw error;
  }
}

function notOffered(): StorageError {
  return new StorageError('unsupported', 'This server makes no temporary links.');
}
