import { StorageError } from '../../core/errors.ts';
import type { Choice } from '../../core/fields.ts';
import type { Connection } from '../../core/provider.ts';
import type { StorageClient } from '../../core/storageClient.ts';
import { prefixOf } from '../_shared/entries.ts';
import { amazonDomain } from '../_shared/s3/amazon.ts';
import { openS3 } from '../_shared/s3/client.ts';
import { parseEndpoint, refuseRegion } from '../_shared/s3/endpoint.ts';
import { type FlavourId, honoursConditions } from './flavours.ts';

interface Settings {
  readonly service: FlavourId;
  readonly endpoint: string;
  readonly secure: boolean;
  readonly verifyCertificate: boolean;
  readonly caBundle: string;
  readonly region: string;
  readonly skipRegion: boolean;
  readonly pathStyle: boolean;
  readonly credentialsChain: boolean;
  readonly profile: string;
  readonly signaturesV2: boolean;
  readonly accessKeyId: string;
  readonly bucket: string;
  readonly subfolder: string;
}

interface Secrets {
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** Opens Amazon S3 or what speaks like it. */
export function openClient(connection: Connection<Settings, Secrets>): StorageClient {
  const { settings, secrets, ...surroundings } = connection;
  const { accessKeyId, bucket, caBundle, endpoint, pathStyle, secure, subfolder, verifyCertificate } = settings;
  const custom = parseEndpoint(endpoint, secure);
  const region = settings.region || 'us-east-1';
  const refusal = refuseRegion(region);
  if (refusal) throw new StorageError('invalid-settings', refusal);
  return openS3(
    {
      accessKeyId,
      ...secrets,
      bucket,
      caBundle,
      ...(settings.credentialsChain ? { chain: { profile: settings.profile } } : {}),
      conditionalDelete: custom === undefined && honoursConditions(settings.service),
      customEndpoint: custom !== undefined,
      followRegions: !settings.skipRegion,
      // A dot in a bucket's name breaks the certificate of virtual-host style.
      pathStyle: pathStyle || bucket.includes('.'),
      prefix: prefixOf(subfolder),
      region,
      server: custom ?? amazonServer(region),
      signaturesV2: settings.signaturesV2,
      verifyCertificate,
    },
    surroundings,
  );
}

/** The profiles of this machine's AWS files. */
export async function fetchChoices(field: string): Promise<readonly Choice[]> {
  if (field !== 'profile') throw new StorageError('unsupported', `There is nothing to choose from for: ${field}`);
  return await (await import('../_shared/s3/profiles.ts')).profileChoices();
}

function amazonServer(region: string): URL {
  return new URL(`https://s3.${region}.${amazonDomain(region)}`);
}
