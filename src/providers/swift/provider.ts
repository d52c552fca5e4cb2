import { choice, secret, text } from '../../core/fields.ts';
import { defineProvider } from '../../core/provider.ts';
import { containerField, subfolderField } from '../_shared/placeFields.ts';
import { trustFields, warnOfConnection } from '../_shared/trustFields.ts';
import { noVersion, originsOf, parseServer, refuseServer, urlOf, versionOf, weakestOf } from './servers.ts';

const withAccount = { authVersion: ['auto', '1', '2'], storageUrl: { matches: '^$' } };
const v3 = { when: { authVersion: ['3'] }, advanced: true };
const advanced = { advanced: true };

export default defineProvider({
  id: 'swift',
  label: 'OpenStack Swift',
  noun: { one: 'container', many: 'containers' },
  fields: {
    user: text({ label: 'User Name', help: 'OS_USERNAME; with v1 often account:user.', requiredWhen: withAccount }),
    key: secret({ label: 'API Key or Password', help: 'OS_PASSWORD.', requiredWhen: withAccount }),
    authUrl: text({
      label: 'Authentication URL',
      help: 'OS_AUTH_URL.',
      placeholder: 'https://identity.example.com:5000/v3',
      requiredWhen: { storageUrl: { matches: '^$' } },
      refuse: refuseServer,
    }),
    authVersion: choice({
      label: 'AuthVersion',
      help: 'Choose it where the Authentication URL has no version.',
      choices: [
        { value: 'auto', label: 'Auto(vX)' },
        { value: '1', label: 'v1' },
        { value: '2', label: 'v2' },
        { value: '3', label: 'v3' },
      ],
    }),
    container: containerField('container', 'Leave empty for every container of the account.'),
    subfolder: subfolderField('container'),
    userId: text({ label: 'User ID', help: 'Instead of the name.', ...v3 }),
    userDomain: text({ label: 'User Domain', help: 'Its name or ID. Default if left empty.', ...v3 }),
    tenantName: text({ label: 'Tenant Name', help: 'OS_TENANT_NAME or OS_PROJECT_NAME.', ...advanced }),
    tenantId: text({ label: 'Tenant ID', help: 'Instead of the name.', ...advanced }),
    tenantDomain: text({ label: 'Tenant Domain', help: 'That of the user if left empty.', ...v3 }),
    applicationCredentialId: text({ label: 'Application Credential ID', ...v3 }),
    applicationCredentialName: text({ label: 'Application Credential Name', help: 'Needs the user too.', ...v3 }),
    applicationCredentialSecret: secret({ label: 'Application Credential Secret', ...v3 }),
    authToken: secret({
      label: 'Auth Token',
      help: 'Instead of a password. With a Storage URL nothing is signed in.',
      renew: true,
      ...advanced,
    }),
    region: text({ label: 'Region Name', help: 'OS_REGION_NAME. The first if left empty.', ...advanced }),
    storageUrl: text({ label: 'Storage URL', help: 'Instead of the one found.', refuse: refuseServer, ...advanced }),
    endpointType: choice({
      label: 'Endpoint Type',
      choices: [
        { value: 'public', label: 'Public' },
        { value: 'internal', label: 'Internal' },
        { value: 'admin', label: 'Admin' },
      ],
      ...advanced,
    }),
    verifyCertificate: { ...trustFields.verifyCertificate, ...advanced },
    caBundle: { ...trustFields.caBundle, ...advanced },
  },
  capabilities: [
    'remove',
    'walk',
    'ranges',
    'stat',
    'read',
    'recovery',
    'restore',
    'undelete',
    'share',
    'properties',
    'createContainer',
    'removeContainer',
    'versions',
    'segments',
  ],
  // Swift works through a list two at a time and is silent meanwhile: many short lists at once are faster than long ones.
  limits: { batch: 100, share: 31_536_000 },
  origin: (settings) => originsOf(settings).join(' '),
  describe: ({ user, authUrl, storageUrl, container, subfolder }) =>
    [user, parseServer(authUrl || storageUrl)?.host, container && [container, subfolder].filter(Boolean).join('/')]
      .filter(Boolean)
      .join(' · '),
  warn: (settings) => warnOfConnection(weakestOf(settings), settings.verifyCertificate),
  refuseContainerName: (name) =>
    name !== '' && !name.includes('/') && new TextEncoder().encode(name).length <= 256
      ? undefined
      : 'A container name has 1 to 256 bytes in UTF-8 and no slash.',
  check: ({ authUrl, authVersion }) =>
    authUrl === '' || versionOf(authUrl, authVersion)
      ? []
      : [{ field: 'authVersion', severity: 'error', sentence: noVersion }],
  urls: { of: (entry, { storageUrl }) => urlOf(entry, storageUrl) },
  connect: () => import('./client.ts'),
});
