import { StorageError } from '../../core/errors.ts';
import type { Connection } from '../../core/provider.ts';
import type { StorageClient } from '../../core/storageClient.ts';
import { prefixOf } from '../_shared/entries.ts';
import { openS3 } from '../_shared/s3/client.ts';
import { parseEndpoint } from '../_shared/s3/endpoint.ts';
import { gateway } from './gateway.ts';

interface Settings {
  readonly accessKeyId: string;
  readonly endpoint: string;
  readonly bucket: string;
  readonly subfolder: string;
}

/** Opens a gateway of Storj: S3 over https, without regions, with the bucket in the path. */
export function openClient(connection: Connection<Settings, { readonly secretAccessKey: string }>): StorageClient {
  const { settings, secrets, ...surroundings } = connection;
  const { accessKeyId, bucket, subfolder } = settings;
  const server = parseEndpoint(settings.endpoint || gateway, true);
  if (server?.protocol !== 'https:') {
    throw new StorageError('invalid-settings', `Storj is spoken to over https alone: ${settings.endpoint}`);
  }
  return openS3(
    {
      ...{ accessKeyId, secretAccessKey: secrets.secretAccessKey, sessionToken: '' },
      ...{ server, customEndpoint: true, pathStyle: true, region: 'us-east-1', followRegions: false },
      ...{ verifyCertificate: true, caBundle: '', bucket, prefix: prefixOf(subfolder), noLifecycle: true },
    },
    surroundings,
  );
}
