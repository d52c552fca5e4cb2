import type { Connection } from '../../core/provider.ts';
import type { StorageClient } from '../../core/storageClient.ts';
import { amazonDomain } from '../_shared/s3/amazon.ts';
import { openS3 } from '../_shared/s3/client.ts';
import { parseEndpoint } from '../_shared/s3/endpoint.ts';

interface Settings {
  readonly endpoint: string;
  readonly secure: boolean;
  readonly verifyCertificate: boolean;
  readonly caBundle: string;
  readonly region: string;
  readonly skipRegion: boolean;
  readonly pathStyle: boolean;
  readonly accessKeyId: string;
  readonly bucket: string;
  readonly subfolder: string;
}

interface Secrets {
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** Opens Amazon S3 or what speaks like it. */
export function openClient({ settings, secrets, network }: Connection<Settings, Secrets>): StorageClient {
  const { accessKeyId, bucket, caBundle, endpoint, pathStyle, secure, subfolder, verifyCertificate } = settings;
  const custom = parseEndpoint(endpoint, secure);
  const region = settings.region || 'us-east-1';
  return openS3(
    {
      accessKeyId,
      ...secrets,
      bucket,
      caBundle,
      customEndpoint: custom !== undefined,
      followRegions: !settings.skipRegion,
      // A dot in a bucket's name breaks the certificate of virtual-host style.
      pathStyle: pathStyle || bucket.includes('.'),
      prefix: prefixOf(subfolder),
      region,
      server: custom ?? amazonServer(region),
      verifyCertificate,
    },
    network,
  );
}

function amazonServer(region: string): URL {
  return new URL(`https://s3.${region}.${amazonDomain(region)}`);
}

function prefixOf(subfolder: string): string {
  return subfolder === '' || subfolder.endsWith('/') ? subfolder : `${subfolder}/`;
}
