import { choice, secret, text } from '../../core/fields.ts';
import { defineProvider } from '../../core/provider.ts';
import { containerField, subfolderField } from '../_shared/placeFields.ts';
import { trustFields, warnOfConnection } from '../_shared/trustFields.ts';
import { refuseAccount, refuseAccountKey, refuseEndpoint, refuseSasToken, serverName, serviceUrl } from './account.ts';
import { parseConnectionString } from './connectionString.ts';
import { artifactUrlOf, draftFor, parseUrl, urlOf } from './urls.ts';

export default defineProvider({
  id: 'azureBlob',
  label: 'Azure Blob Storage',
  noun: { one: 'container', many: 'containers' },
  fields: {
    connectionString: secret({
      label: 'Connection string',
      help: 'Paste one to fill in the fields below. It is not kept itself.',
      // One that could be read has filled in the others and is gone from here.
      refuse: () => 'No account with a key or a SAS token can be read from this.',
      fills: (value) => {
        const parts = parseConnectionString(String(value));
        return parts ? { ...parts, connectionString: '' } : {};
      },
    }),
    account: text({
      label: 'Account Name',
      required: true,
      refuse: refuseAccount,
    }),
    signIn: choice({
      label: 'Sign in with',
      help: 'The key may do everything in the account, a token what it was made for.',
      choices: [
        { value: 'key', label: 'Account key' },
        { value: 'sas', label: 'SAS token' },
      ],
    }),
    accountKey: secret({
      label: 'Account Key',
      help: 'In the Azure portal under Security + networking > Access keys.',
      when: { signIn: ['key'] },
      required: true,
      refuse: refuseAccountKey,
    }),
    sasToken: secret({
      label: 'SAS token',
      help: 'What stands behind the ? of a SAS URL of the account or of the container.',
      when: { signIn: ['sas'] },
      required: true,
      renew: true,
      refuse: refuseSasToken,
    }),
    container: containerField('container', 'Leave empty for every container of the account.'),
    subfolder: subfolderField('container'),
    endpoint: text({
      label: 'Endpoint',
      help: 'The suffix of another cloud, such as blob.core.usgovcloudapi.net, or the whole URL of the account.',
      placeholder: 'blob.core.windows.net',
      refuse: refuseEndpoint,
    }),
    verifyCertificate: { ...trustFields.verifyCertificate, advanced: true },
    caBundle: { ...trustFields.caBundle, advanced: true },
  },
  capabilities: [
    'remove',
    'walk',
    'stat',
    'read',
    'recovery',
    'undelete',
    'share',
    'properties',
    'createContainer',
    'removeContainer',
    'conditional',
    'snapshots',
  ],
  limits: { batch: 256, share: 31_536_000 },
  origin: (settings) => serviceUrl(settings)?.origin ?? '',
  describe: (settings) => {
    const { account, container, endpoint, subfolder } = settings;
    return [
      account,
      endpoint && serviceUrl(settings)?.host,
      container && [container, subfolder].filter(Boolean).join('/'),
    ]
      .filter(Boolean)
      .join(' · ');
  },
  warn: (settings) => warnOfConnection(serviceUrl(settings), settings.verifyCertificate),
  refuseContainerName: (name) =>
    /^[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]$/.test(name)
      ? undefined
      : 'A container name has 3 to 63 lower-case letters, digits and single hyphens.',
  urls: {
    of: (entry, settings) => {
      const service = serviceUrl(settings);
      return service && urlOf(entry, service);
    },
    artifactOf: (entry, settings) => {
      const service = serviceUrl(settings);
      return service && artifactUrlOf(entry, service);
    },
    parse: parseUrl,
    scopeOf: (settings) => {
      const { container, subfolder } = settings;
      const service = serviceUrl(settings);
      const folder = subfolder.replace(/\/$/, '');
      return {
        server: service ? serverName(service) : '',
        ...(container === '' ? {} : { container }),
        ...(container === '' || folder === '' ? {} : { folder }),
      };
    },
    draftOf: draftFor,
  },
  connect: () => import('./client.ts'),
});
