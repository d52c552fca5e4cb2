import { action, choice, file, number, secret, text } from '../../core/fields.ts';
import { defineProvider, pathFolders } from '../../core/provider.ts';
import { basePathField, hostField, serverAddress } from '../_shared/hostFields.ts';

const byKey = { signIn: ['key'] };

export default defineProvider({
  id: 'sftp',
  label: 'SFTP',
  noun: { one: 'folder', many: 'folders' },
  fields: {
    host: hostField('The SSH host, for example sftp.example.com.'),
    port: number({ label: 'Port', default: 22, min: 1, max: 65_535 }),
    username: text({ label: 'Username', required: true }),
    signIn: choice({
      label: 'Sign in with',
      choices: [
        { value: 'password', label: 'Password' },
        { value: 'key', label: 'Private key' },
        { value: 'agent', label: "This machine's SSH agent" },
      ],
    }),
    privateKey: file({
      label: 'Private Key',
      help: 'Choose the file, or paste it: OpenSSH, PEM or PuTTY.',
      secret: true,
      required: true,
      when: byKey,
    }),
    passphrase: secret({ label: 'Passphrase', help: 'Only of a key that is encrypted.', when: byKey }),
    takeKey: action({
      label: 'Take from Another Credential…',
      help: 'The private key of another SFTP credential, and its passphrase.',
      when: byKey,
      takes: ['privateKey', 'passphrase'],
    }),
    generateKey: action({ label: 'Generate New', help: 'A new ed25519 key pair for this credential.', when: byKey }),
    publicKey: text({
      label: 'Public key',
      help: "For the server's authorized_keys, where the pair was generated here.",
      when: byKey,
    }),
    password: secret({
      label: 'Password',
      requiredWhen: { signIn: ['password'] },
      when: { signIn: ['password', 'key'] },
      help: 'Beside a private key only where the server asks for both.',
    }),
    basePath: basePathField,
    fetchHostKey: action({ label: 'Fetch Host Key', help: 'Asks the server for its key, without signing in.' }),
    hostKey: text({
      label: 'Host key',
      help: 'The fingerprint of the one key that the server may have. Compare it with what its operator says. Left empty, known_hosts of this machine decides.',
      placeholder: 'ssh-ed25519 SHA256:…',
      refuse: (value) =>
        /^(\S+ )?SHA256:[A-Za-z0-9+/]{43}$/.test(value)
          ? undefined
          : 'A fingerprint has 43 characters after SHA256: and may follow the type of the key.',
    }),
  },
  capabilities: ['remove', 'walk', 'stat', 'read', 'recovery', 'properties'],
  limits: { batch: 256 },
  folders: pathFolders,
  origin: (settings) => `sftp://${serverAddress(settings)}`,
  describe: ({ username, basePath, ...server }) =>
    [`${username}@${serverAddress(server, 22)}`, basePath].filter(Boolean).join(' · '),
  urls: {
    of: ({ id }, { username, ...server }) =>
      `sftp://${encodeURIComponent(username)}@${serverAddress(server, 22)}${id.split('/').map(encodeURIComponent).join('/')}`,
  },
  examine: async ({ signIn }, { privateKey, passphrase }) =>
    signIn === 'key' ? (await import('./keyPairs.ts')).examineKey(privateKey, passphrase) : [],
  connect: () => import('./client.ts'),
});
