import { GetObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Entry, SharedLink } from '../../../core/storageClient.ts';
import { encodeKey } from '../keys.ts';
import { refuseToShare, sevenDays, unaddressable } from '../links.ts';
import type { S3Connection } from './connection.ts';
import { presignV2 } from './signatureV2.ts';

/** A signed URL that opens one object, or one version of it. Asks nothing of the server. */
export async function shareObject(
  s3: S3Connection,
  entry: Entry,
  { seconds }: { readonly seconds: number },
  signal: AbortSignal,
): Promise<SharedLink> {
  const refusal = refuseToShare(entry, seconds, sevenDays);
  if (refusal) throw refusal;
  const { container = '', id, version } = entry;
  const { config } = s3.reader;
  try {
    const identity = await config.credentials();
    const command = new GetObjectCommand({
      Bucket: container,
      Key: id,
      ...(version === undefined ? {} : { VersionId: version.id }),
    });
    const now = Date.now();
    // The server counts the lifetime by its own clock.
    const signingDate = new Date(now + config.systemClockOffset);
    const signed = await getSignedUrl(s3.reader, command, { expiresIn: seconds, signingDate });
    const url = s3.options.signaturesV2 ? await signedByV2(s3, signed, signingDate.getTime() + seconds * 1000) : signed;
    if (!arrivesExactly(url, container, id)) throw unaddressable(entry);
    const wanted = now + seconds * 1000;
    const keysEnd = identity.expiration?.getTime();
    return {
      url,
      expires: keysEnd === undefined ? wanted : Math.min(wanted, keysEnd),
      ...(identity.sessionToken !== undefined && keysEnd === undefined ? { caveat: endsWithToken } : {}),
    };
  } catch (error) {
    throw s3.fail(error, { bucket: container, key: id }, signal);
  }
}

/** The SDK signs links by version 4 alone: its address is kept, its signature is not. */
async function signedByV2(s3: S3Connection, signed: string, expires: number): Promise<string> {
  const [address = '', query = ''] = signed.split('?');
  const version = new URLSearchParams(query).get('versionId');
  const url = version === null ? address : `${address}?versionId=${encodeURIComponent(version)}`;
  return presignV2(url, s3.options.server, await s3.keySource.keys(), Math.floor(expires / 1000));
}

const endsWithToken = 'It ends sooner if the session token does.';

/** Whether bucket and key stand in the URL as they must be sent: what is parsed is normalised, so the text itself is compared. */
function arrivesExactly(url: string, bucket: string, key: string): boolean {
  const [, host = '', path = ''] = /^https?:\/\/([^/]+)(\/[^?]*)\?/.exec(url) ?? [];
  const inHost = host.startsWith(`${bucket}.`) || bucket.startsWith('arn:');
  return path === `/${encodeKey(bucket)}/${encodeKey(key)}` || (inHost && path === `/${encodeKey(key)}`);
}
