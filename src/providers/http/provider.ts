import { secret, text } from '../../core/fields.ts';
import { defineProvider, pathFolders } from '../../core/provider.ts';
import { trustFields, warnOfConnection } from '../_shared/trustFields.ts';
import { refuseWebUrl, webUrl } from '../_shared/webUrl.ts';

export default defineProvider({
  id: 'http',
  label: 'HTTP',
  noun: { one: 'folder', many: 'folders' },
  fields: {
    url: text({
      label: 'URL',
      help: 'A folder whose files the server lists. They can be opened and not deleted: HTTP servers only show files.',
      placeholder: 'https://files.example.com/pub/',
      required: true,
      refuse: refuseWebUrl,
    }),
    username: text({ label: 'Username', help: 'Only where the server asks for one.' }),
    password: secret({ label: 'Password', when: { username: { matches: '.' } } }),
    ...trustFields,
  },
  capabilities: ['stat', 'read', 'properties'],
  limits: { batch: 1 },
  folders: pathFolders,
  origin: ({ url }) => webUrl(url)?.origin ?? '',
  describe: ({ url, username }) =>
    [username, url.replace(/^https?:\/\//i, ''), 'read-only'].filter(Boolean).join(' · '),
  warn: ({ url, verifyCertificate }) => warnOfConnection(webUrl(url), verifyCertificate),
  urls: { of: ({ id }, { url }) => `${webUrl(url)?.origin ?? ''}${id}` },
  connect: () => import('./client.ts'),
});
