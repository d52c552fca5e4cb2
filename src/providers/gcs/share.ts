import type { Entry, SharedLink } from '../../core/storageClient.ts';
import { encodeKey } from '../_shared/keys.ts';
import { refuseToShare, sevenDays, unaddressable } from '../_shared/links.ts';
import type { GcsConnection } from './connection.ts';

/** A signed URL that opens one object. Asks nothing of the server. */
export async function shareObject(
  gcs: GcsConnection,
  entry: Entry,
  { seconds }: { readonly seconds: number },
  signal: AbortSignal,
): Promise<SharedLink> {
  const refusal = refuseToShare(entry, seconds, sevenDays);
  if (refusal) throw refusal;
  const { container = '', id } = entry;
  // The signature counts whole seconds.
  const expires = Math.floor(Date.now() / 1000 + seconds) * 1000;
  try {
    const url = await gcs.identity.sign(container, id, expires);
    // The library lets a URL parser write the address, which normalises it.
    if (!url.startsWith(`${gcs.options.server.origin}/${encodeKey(`${container}/${id}`)}?`)) throw unaddressable(entry);
    return { url, expires };
  } catch (error) {
    throw gcs.fail(error, { bucket: container, key: id }, signal);
  }
}
