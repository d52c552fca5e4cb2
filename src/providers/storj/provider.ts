import { link, secret, text } from '../../core/fields.ts';
import { defineProvider } from '../../core/provider.ts';
import { containerField, subfolderField } from '../_shared/placeFields.ts';
import { parseEndpoint, refuseEndpoint } from '../_shared/s3/endpoint.ts';
import { parseS3Url, s3ArtifactUrl, s3Scope } from '../_shared/s3/urls.ts';
import { gateway } from './gateway.ts';

export default defineProvider({
  id: 'storj',
  label: 'Storj',
  noun: { one: 'bucket', many: 'buckets' },
  preselected: true,
  fields: {
    signup: link({
      label: 'Signup for account',
      help: 'Create or open an account of Storj iX, make S3 credentials there and come back.',
      href: 'https://storj.dev/partners/ix-storj',
    }),
    accessKeyId: text({ label: 'Access Key ID', required: true }),
    secretAccessKey: secret({ label: 'Secret Access Key', required: true }),
    bucket: containerField('bucket', 'Leave empty for every bucket that the keys may see.'),
    subfolder: subfolderField('bucket'),
    endpoint: text({
      label: 'Endpoint',
      help: 'Another gateway of Storj, for a tier of its own. Left empty, the usual one.',
      placeholder: gateway,
      refuse: (value) =>
        refuseEndpoint(value) ?? (/^http:/i.test(value) ? 'Storj is spoken to over https alone.' : undefined),
    }),
  },
  capabilities: [
    'remove',
    'walk',
    'stat',
    'read',
    'recovery',
    'versions',
    'uploads',
    'restore',
    'undelete',
    'share',
    'properties',
    'createContainer',
    'removeContainer',
  ],
  limits: { batch: 1000, share: 604_800 },
  origin: ({ endpoint }) => parseEndpoint(endpoint || gateway, true)?.origin ?? '',
  describe: ({ bucket, subfolder, endpoint }) =>
    [parseEndpoint(endpoint, true)?.host, bucket && [bucket, subfolder].filter(Boolean).join('/')]
      .filter(Boolean)
      .join(' · '),
  refuseContainerName: (name) =>
    /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(name)
      ? undefined
      : 'Use 3 to 63 lower-case letters, digits and hyphens, with a letter or a digit at both ends.',
  urls: {
    of: ({ kind, container, id }) => (kind === 'container' ? `s3://${id}` : `s3://${container}/${id}`),
    artifactOf: (entry, settings) => s3ArtifactUrl(entry, asS3(settings)),
    parse: (url) => parseS3Url(url).filter(({ server }) => /(^|\.)storjshare\.io:443$/.test(server)),
    scopeOf: (settings) => s3Scope(asS3(settings)),
    draftOf: ({ server, container }) => ({
      ...(server === 'gateway.storjshare.io:443' ? {} : { endpoint: `https://${server}` }),
      bucket: container,
    }),
  },
  connect: () => import('./client.ts'),
});

function asS3<S extends { readonly endpoint: string }>(settings: S) {
  return { ...settings, endpoint: settings.endpoint || gateway, secure: true };
}
