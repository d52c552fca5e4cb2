import { choice, number, secret, text } from '../../core/fields.ts';
import { defineProvider, pathFolders } from '../../core/provider.ts';
import { basePathField, hostField, serverAddress } from '../_shared/hostFields.ts';
import { trustFields, warnOfConnection } from '../_shared/trustFields.ts';

const [plainPort, implicitPort] = [21, 990];
const encrypted = { tls: ['try', 'required', 'implicit'] };
const { verifyCertificate, caBundle } = trustFields;

/** As other programs write them. */
const schemes = { try: 'ftp', required: 'ftpes', implicit: 'ftps', off: 'ftp' } as const;

const usualPort = (tls: string) => (tls === 'implicit' ? implicitPort : plainPort);

export default defineProvider({
  id: 'ftp',
  label: 'FTP',
  noun: { one: 'folder', many: 'folders' },
  fields: {
    host: hostField('The FTP host, for example ftp.example.com.'),
    port: number({
      label: 'Port',
      help: 'Usually 21, with implicit TLS 990.',
      default: plainPort,
      min: 1,
      max: 65_535,
    }),
    username: text({ label: 'Username', help: 'For a public server: anonymous.', required: true }),
    password: secret({
      label: 'Password',
      help: 'May be left empty where the server asks for none.',
      refuse: (value) => (/[\r\n\0]/.test(value) ? 'FTP can not carry a password with a line break.' : undefined),
    }),
    tls: choice({
      label: 'TLS',
      help: 'A server that offers TLS and shows a wrong certificate is refused in every mode.',
      choices: [
        { value: 'try', label: 'Explicit, where the server offers it' },
        { value: 'required', label: 'Explicit, required' },
        { value: 'implicit', label: 'Implicit' },
        { value: 'off', label: 'Off' },
      ],
      fills: (tls, { port }): { port?: number } =>
        Number(port) === (tls === 'implicit' ? plainPort : implicitPort) ? { port: usualPort(tls) } : {},
    }),
    verifyCertificate: { ...verifyCertificate, when: encrypted },
    caBundle: { ...caBundle, when: { ...encrypted, ...caBundle.when } },
    basePath: basePathField,
    connections: number({
      label: 'Active connections',
      help: 'The most that are open at once. Some servers allow few for each user.',
      default: 4,
      min: 1,
      max: 16,
      advanced: true,
    }),
    encoding: choice({
      label: 'Encoding of names',
      help: 'Of a server that does not know UTF-8.',
      choices: [
        { value: 'utf8', label: 'UTF-8' },
        { value: 'latin1', label: 'Latin-1' },
      ],
      advanced: true,
    }),
  },
  capabilities: ['remove', 'walk', 'stat', 'read', 'recovery', 'properties'],
  limits: { batch: 256 },
  folders: pathFolders,
  origin: ({ tls, ...server }) => `${schemes[tls]}://${serverAddress(server)}`,
  describe: ({ tls, username, basePath, ...server }) =>
    [`${username}@${serverAddress(server, usualPort(tls))}`, basePath].filter(Boolean).join(' · '),
  warn: ({ tls, verifyCertificate }) =>
    tls === 'off'
      ? 'TLS is off: the password and all data can be read on the way.'
      : warnOfConnection(undefined, verifyCertificate),
  urls: {
    of: ({ id }, { tls, username, ...server }) =>
      `${tls === 'implicit' ? 'ftps' : 'ftp'}://${encodeURIComponent(username)}@${serverAddress(server, usualPort(tls))}${id.split('/').map(encodeURIComponent).join('/')}`,
  },
  connect: () => import('./client.ts'),
});
