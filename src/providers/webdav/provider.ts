import { choice, secret, text } from '../../core/fields.ts';
import { defineProvider, pathFolders } from '../../core/provider.ts';
import { trustFields, warnOfConnection } from '../_shared/trustFields.ts';
import { refuseWebUrl, webUrl } from '../_shared/webUrl.ts';

const byPassword = { signIn: ['password'] };

export default defineProvider({
  id: 'webdav',
  label: 'WebDAV',
  noun: { one: 'folder', many: 'folders' },
  fields: {
    url: text({
      label: 'URL',
      help: 'The folder where WebDAV begins. Nextcloud and ownCloud show it in the settings of Files.',
      placeholder: 'https://cloud.example.com/remote.php/dav/files/USER/',
      required: true,
      refuse: refuseWebUrl,
    }),
    service: choice({
      label: 'WebDAV Service',
      choices: [
        { value: 'nextcloud', label: 'Nextcloud' },
        { value: 'owncloud', label: 'ownCloud' },
        { value: 'sharepoint', label: 'SharePoint' },
        { value: 'other', label: 'Other' },
      ],
      default: 'other',
      hint: (service) =>
        service === 'sharepoint'
          ? 'Only a SharePoint server of your own that takes a password: SharePoint Online signs in by cookies of a browser, which is not possible here.'
          : undefined,
    }),
    signIn: choice({
      label: 'Sign in with',
      choices: [
        { value: 'password', label: 'Username and password (Basic or Digest)' },
        { value: 'token', label: 'Bearer token' },
      ],
    }),
    username: text({
      label: 'Username',
      required: true,
      when: byPassword,
    }),
    password: secret({
      label: 'Password',
      help: 'Nextcloud and ownCloud make an app password for this under Security.',
      required: true,
      when: byPassword,
    }),
    token: secret({ label: 'Bearer token', required: true, when: { signIn: ['token'] } }),
    ...trustFields,
  },
  capabilities: [
    'remove',
    'conditional',
    'walk',
    'stat',
    'read',
    'recovery',
    'undelete',
    'share',
    'properties',
    'removeTree',
  ],
  limits: { batch: 64, share: 31_536_000 },
  folders: pathFolders,
  origin: ({ url }) => webUrl(url)?.origin ?? '',
  describe: ({ url, username }) => [username, url.replace(/^https?:\/\//i, '')].filter(Boolean).join(' · '),
  warn: ({ url, verifyCertificate }) => warnOfConnection(webUrl(url), verifyCertificate),
  urls: { of: ({ id }, { url }) => `${webUrl(url)?.origin ?? ''}${id}` },
  connect: () => import('./client.ts'),
});
