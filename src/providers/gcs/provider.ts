import { file, text, toggle } from '../../core/fields.ts';
import { defineProvider } from '../../core/provider.ts';
import { containerField, subfolderField } from '../_shared/placeFields.ts';
import { refuseEndpoint } from '../_shared/s3/endpoint.ts';
import { trustFields, warnOfConnection } from '../_shared/trustFields.ts';
import { bucketDraft } from '../_shared/urlNames.ts';
import { refuseBucketName } from './bucketNames.ts';
import { artifactUrl, gsUrl, parseUrl, scopeServer, serverOf } from './urls.ts';

export default defineProvider({
  id: 'gcs',
  label: 'Google Cloud Storage',
  noun: { one: 'bucket', many: 'buckets' },
  fields: {
    project: text({
      label: 'Project',
      help: 'Whose buckets are listed, and where new ones are made. Leave empty for the project that the key names.',
    }),
    applicationDefault: toggle({
      label: 'Use application default credentials',
      help: 'Sign in with what this machine has: the file that GOOGLE_APPLICATION_CREDENTIALS names, that of gcloud auth application-default login, or the account of the virtual machine.',
    }),
    serviceAccountKey: file({
      label: 'Service Account Key',
      help: 'The JSON file that was downloaded when the key was made: Google Cloud Console > IAM & Admin > Service Accounts > Keys.',
      secret: true,
      required: true,
      accept: ['json'],
      when: { applicationDefault: [false] },
      preview: previewKey,
    }),
    bucket: containerField(
      'bucket',
      'Leave empty for a default credential that applies to every bucket. Given, it is for that bucket alone.',
    ),
    subfolder: subfolderField('bucket'),
    endpoint: text({
      label: 'Endpoint URL',
      help: "Leave empty for Google's own. Otherwise a URL, for example of a private or a regional endpoint.",
      placeholder: 'https://storage.europe-west3.rep.googleapis.com',
      advanced: true,
      refuse: refuseEndpoint,
    }),
    ...trustFields,
  },
  capabilities: [
    'remove',
    'conditional',
    'walk',
    'ranges',
    'stat',
    'read',
    'recovery',
    'undelete',
    'share',
    'properties',
    'lifecycle',
    'createContainer',
    'removeContainer',
  ],
  limits: { batch: 1000, share: 604_800 },
  origin: ({ endpoint }) => serverOf(endpoint).origin,
  describe: ({ project, bucket, subfolder, endpoint }) =>
    [project, endpoint && serverOf(endpoint).host, bucket && [bucket, subfolder].filter(Boolean).join('/')]
      .filter(Boolean)
      .join(' · '),
  warn: ({ endpoint, verifyCertificate }) => warnOfConnection(serverOf(endpoint), verifyCertificate),
  examine: async (settings, { serviceAccountKey }) =>
    serviceAccountKey === '' ? [] : (await import('./serviceAccountKey.ts')).examineKey(serviceAccountKey, settings),
  containerFields: {
    location: text({ label: 'Location', help: 'Where its data is kept, for example EU or europe-west3. Empty: US.' }),
    versioning: toggle({ label: 'Versioning', help: 'What is deleted or overwritten can be brought back.' }),
  },
  refuseContainerName: refuseBucketName,
  urls: {
    of: gsUrl,
    artifactOf: (entry, { endpoint }) => artifactUrl(entry, endpoint),
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

/** All that a key file says but the key itself; of any other file the names alone. */
function previewKey(content: string): string {
  const shown = /^(type|project_id|private_key_id|client_(email|id)|\w+_ur[il]|universe_domain)$/;
  try {
    const said = JSON.parse(content, (name, value: unknown) =>
      typeof value === 'object' || shown.test(name) ? value : '•••',
    );
    return `Preview JSON Service Account Key\n${JSON.stringify(said, null, 2)}`;
  } catch {
    return '';
  }
}
