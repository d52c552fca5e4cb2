import { secret, text } from '../../core/fields.ts';
import { defineProvider } from '../../core/provider.ts';
import { containerField, subfolderField } from '../_shared/placeFields.ts';
import { refuseEndpoint } from '../_shared/s3/endpoint.ts';
import { trustFields, warnOfConnection } from '../_shared/trustFields.ts';
import { bucketDraft } from '../_shared/urlNames.ts';
import { refuseBucketName } from './names.ts';
import { b2Url, parseUrl, scopeServer, serverOf } from './urls.ts';

export default defineProvider({
  id: 'b2',
  label: 'Backblaze B2',
  noun: { one: 'bucket', many: 'buckets' },
  fields: {
    keyId: text({
      label: 'Key ID',
      help: 'The keyID of an application key: App Keys page of the Backblaze account.',
      required: true,
      refuse: (value) => (/[\s:]/.test(value) ? 'A key ID has neither spaces nor colons.' : undefined),
    }),
    applicationKey: secret({
      label: 'Application Key',
      help: 'Shown once, when the key is made. The key may be restricted to buckets and to the beginning of names.',
      required: true,
    }),
    bucket: containerField('bucket', 'Leave empty for every bucket that the key may see.'),
    subfolder: subfolderField('bucket'),
    endpoint: text({
      label: 'Endpoint URL',
      help: "Where the keys sign in. Leave empty for Backblaze's own.",
      placeholder: 'https://api.backblazeb2.com',
      advanced: true,
      refuse: refuseEndpoint,
    }),
    verifyCertificate: { ...trustFields.verifyCertificate, advanced: true },
    caBundle: { ...trustFields.caBundle, advanced: true },
  },
  capabilities: [
    'remove',
    'walk',
    'ranges',
    'stat',
    'read',
    'recovery',
    'uploads',
    'restore',
    'undelete',
    'share',
    'properties',
    'createContainer',
    'removeContainer',
    'versions',
  ],
  limits: { batch: 100, share: 604_800 },
  origin: ({ endpoint }) => serverOf(endpoint).origin,
  describe: ({ bucket, subfolder, endpoint }) =>
    [endpoint && serverOf(endpoint).host, bucket && [bucket, subfolder].filter(Boolean).join('/')]
      .filter(Boolean)
      .join(' · '),
  warn: ({ endpoint, verifyCertificate }) => warnOfConnection(serverOf(endpoint), verifyCertificate),
  refuseContainerName: refuseBucketName,
  urls: {
    of: b2Url,
    parse: parseUrl,
    scopeOf: ({ endpoint, bucket, subfolder }) => ({
      server: scopeServer(endpoint),
      ...(bucket === '' ? {} : { container: bucket }),
      ...(subfolder === '' ? {} : { folder: subfolder.replace(/\/$/, '') }),
    }),
    draftOf: bucketDraft,
  },
  connect: () => import('./client.ts'),
});
