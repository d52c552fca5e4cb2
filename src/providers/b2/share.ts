import { StorageError } from '../../core/errors.ts';
import { isText } from '../../core/json.ts';
import type { Entry, SharedLink } from '../../core/storageClient.ts';
import { encodeKey, encodeSegment } from '../_shared/keys.ts';
import { refuseToShare, sevenDays, unaddressable } from '../_shared/links.ts';
import type { B2Connection } from './connection.ts';
import { bucketFor } from './scope.ts';

/**
 * A URL that downloads one object for as long as the token in it lives. The server is asked for that token.
 * https://www.backblaze.com/apidocs/b2-get-download-authorization
 */
export async function shareFile(
  b2: B2Connection,
  entry: Entry,
  { seconds }: { readonly seconds: number },
  signal: AbortSignal,
): Promise<SharedLink> {
  const refusal = refuseToShare(entry, seconds, sevenDays);
  if (refusal) throw refusal;
  if (entry.version && !entry.version.latest) {
    throw new StorageError('unsupported', `A link opens the newest version only, which this is not: ${entry.path}`);
  }
  const { container = '', id } = entry;
  const bucketId = await bucketFor(b2, container, id, signal);
  const parameters = { bucketId, fileNamePrefix: id, validDurationInSeconds: seconds };
  const expires = Date.now() + seconds * 1000;
  const token = await b2.change(
    'b2_get_download_authorization',
    parameters,
    { bucket: container, key: id },
    signal,
    ({ authorizationToken, fileNamePrefix }) =>
      isText(authorizationToken, 1) && fileNamePrefix === id ? authorizationToken : undefined,
  );
  b2.learn(token);
  const { downloads } = await b2.account(signal);
  const path = `/file/${encodeSegment(container)}/${encodeKey(id)}`;
  if (new URL(path, downloads).pathname !== path) throw unaddressable(entry);
  return {
    url: `${downloads.origin}${path}?Authorization=${encodeSegment(token)}`,
    expires,
    caveat: 'Whoever holds it can also open objects whose names begin with the name of this one.',
  };
}
