import { choice, fetchedChoice, number, secret, text, toggle } from '../../core/fields.ts';
import { defineProvider } from '../../core/provider.ts';
import { containerField, subfolderField } from '../_shared/placeFields.ts';
import { amazonDomain } from '../_shared/s3/amazon.ts';
import { refuseBucketName } from '../_shared/s3/bucketNames.ts';
import { parseEndpoint, refuseEndpoint, refuseRegion, withoutScheme } from '../_shared/s3/endpoint.ts';
import { parseS3Url, s3ArtifactUrl, s3Draft, s3Scope } from '../_shared/s3/urls.ts';
import { trustFields, warnOfConnection } from '../_shared/trustFields.ts';
import { type FlavourId, flavours, followRegion, honoursConditions, presetOf } from './flavours.ts';

export default defineProvider({
  id: 's3',
  label: 'Amazon S3',
  noun: { one: 'bucket', many: 'buckets' },
  fields: {
    service: choice({
      label: 'Service',
      help: 'Amazon S3, or another service that speaks its protocol. Choosing one fills in what is known of it.',
      choices: flavours.map(({ id, label }) => ({ value: id as FlavourId, label })),
      fills: (service, draft) => presetOf(service, String(draft.endpoint ?? '')),
    }),
    credentialsChain: toggle({
      label: 'Credentials Chain',
      help: 'Use the AWS keys that this machine has. Looked for in this order: environment, shared files (keys, assumed role, web identity, process, SSO), web identity, container, instance metadata.',
    }),
    profile: fetchedChoice({
      label: 'Profile',
      help: "One profile of this machine's AWS files. Leave empty to look in every place of the chain.",
      when: { credentialsChain: [true] },
    }),
    accessKeyId: text({
      label: 'Access Key ID',
      when: { credentialsChain: [false] },
      renew: true,
      help: 'On AWS found under My account > Security Credentials > Access Keys; elsewhere given by the service.',
      required: true,
      hint: (value) => lengthHint('Access Key ID', value, 5, 20),
    }),
    secretAccessKey: secret({
      label: 'Secret Access Key',
      when: { credentialsChain: [false] },
      renew: true,
      help: 'Shown once, when the key pair was made. If you cannot find it, create a new pair: on AWS under My account > Security Credentials > Access Keys, elsewhere with the service.',
      required: true,
      hint: (value) => lengthHint('Secret Access Key', value, 8, 40),
    }),
    sessionToken: secret({
      label: 'Access token',
      when: { credentialsChain: [false] },
      renew: true,
      help: 'The session token, needed only with temporary keys.',
    }),
    bucket: containerField(
      'bucket',
      'Leave empty for a default credential that applies to every bucket of the host. Given, it is for that bucket alone.',
    ),
    subfolder: subfolderField('bucket'),
    endpoint: text({
      label: 'Endpoint URL',
      help: 'A URL, or host and port such as minio.example.com:9000. With Amazon S3 it can be left empty.',
      placeholder: 'https://minio.example.com:9000',
      requiredWhen: { service: flavours.map(({ id }) => id).filter((id) => id !== 'aws') },
      refuse: refuseEndpoint,
    }),
    secure: toggle({
      label: 'Secure host',
      help: 'Use TLS (https).',
      default: true,
      when: { endpoint: { matches: withoutScheme } },
    }),
    ...trustFields,
    region: text({
      label: 'Region',
      help: 'Leave empty to have the region of each bucket found. A private region such as us-gov-east-1 can be given.',
      placeholder: 'us-east-1',
      refuse: refuseRegion,
      fills: (region, draft) => ({
        endpoint: followRegion(draft.service as FlavourId, region.trim(), String(draft.endpoint ?? '')),
      }),
    }),
    maxUploadParts: number({
      label: 'Maximum Upload Parts',
      help: 'The most parts of a multipart upload, for services that allow fewer than 10,000. Takes effect with uploads and in exports.',
      default: 10_000,
      min: 1,
      max: 10_000,
      advanced: true,
    }),
    signaturesV2: toggle({
      label: 'Use Signature Version 2',
      help: 'Only for old services that know no newer signature.',
      advanced: true,
    }),
    skipRegion: toggle({
      label: 'Disable Endpoint Region',
      help: 'Never look up or follow the region of a bucket. Only for services without regions.',
      advanced: true,
    }),
    pathStyle: toggle({
      label: 'Path-style addressing',
      help: 'Name the bucket in the path and not in the host name. Most services other than Amazon need it.',
      default: false,
      advanced: true,
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
    'share',
    'properties',
    'lifecycle',
    'createContainer',
    'removeContainer',
  ],
  limits: { batch: 1000, share: 604_800 },
  conditional: ({ endpoint, service }) => endpoint.trim() === '' && honoursConditions(service),
  origin: ({ endpoint, secure, region }) =>
    parseEndpoint(endpoint, secure)?.origin ?? `https://s3.${amazonDomain(region)}`,
  describe: ({ bucket, subfolder, endpoint, secure, profile }) =>
    [profile, parseEndpoint(endpoint, secure)?.host, bucket && [bucket, subfolder].filter(Boolean).join('/')]
      .filter(Boolean)
      .join(' · '),
  warn: ({ endpoint, secure, verifyCertificate }) =>
    warnOfConnection(parseEndpoint(endpoint, secure), verifyCertificate),
  containerFields: {
    region: text({ label: 'Region', help: 'Where its data is kept. Empty: where the credential points.' }),
    objectLock: toggle({ label: 'Object Lock', help: 'Can be turned on only now. Keeps versions too.' }),
    versioning: toggle({
      label: 'Versioning',
      help: 'What is deleted or overwritten can be brought back.',
      when: { objectLock: [false] },
    }),
  },
  refuseContainerName: refuseBucketName,
  urls: {
    of: ({ kind, container, id }) => (kind === 'container' ? `s3://${id}` : `s3://${container}/${id}`),
    artifactOf: s3ArtifactUrl,
    parse: parseS3Url,
    scopeOf: s3Scope,
    draftOf: s3Draft,
  },
  connect: () => import('./client.ts'),
});

function lengthHint(label: string, value: string, min: number, max: number): string | undefined {
  if (value.length >= min && value.length <= max) return undefined;
  return `On AWS, ${label} has ${min} to ${max} characters; this one has ${value.length}. Other services differ.`;
}
