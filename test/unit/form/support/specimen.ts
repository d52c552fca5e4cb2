import {
  action,
  choice,
  fetchedChoice,
  file,
  link,
  number,
  secret,
  text,
  textArea,
  toggle,
} from '../../../../src/core/fields.ts';
import { defineProvider, type Provider } from '../../../../src/core/provider.ts';

const connect = () => Promise.reject(new Error('The specimen has no client.'));

/** A provider with every kind of field and everything that can be said of one. */
export const specimen: Provider = defineProvider({
  id: 'specimen',
  label: 'Specimen',
  noun: { one: 'bucket', many: 'buckets' },
  capabilities: [],
  limits: { batch: 1 },
  fields: {
    service: choice({
      label: 'Service',
      help: 'Fills in the endpoint.',
      choices: [
        { value: 'own', label: 'Own server' },
        { value: 'hosted', label: 'Hosted service' },
      ],
      fills: (service) => (service === 'hosted' ? { endpoint: 'https://hosted.example' } : {}),
    }),
    endpoint: text({
      label: 'Endpoint URL',
      help: 'Where the server answers.',
      placeholder: 'https://storage.example',
      required: true,
      refuse: (value) => (/^https?:\/\/[^/ ]+$/.test(value) ? undefined : 'Enter a URL like https://storage.example.'),
    }),
    keyId: text({
      label: 'Access Key ID',
      required: true,
      hint: (value) =>
        value.length < 5 || value.length > 20 ? 'Access keys usually have 5 to 20 characters.' : undefined,
    }),
    secretKey: secret({ label: 'Secret Access Key', required: true, help: 'Shown once, when the key was made.' }),
    token: secret({ label: 'Session token' }),
    drive: fetchedChoice({ label: 'Drive', help: 'Type its name, or fetch the list of drives.' }),
    take: action({ label: 'Take from Another', takes: ['secretKey'] }),
    generate: action({ label: 'Generate Key', help: 'Makes a new key pair and fills it in.' }),
    privateKey: file({
      label: 'Private key',
      secret: true,
      accept: ['pem'],
      preview: (content) => `${content.split('\n').length} lines`,
    }),
    certificates: file({
      label: 'CA bundle',
      accept: ['pem', 'crt'],
      preview: (content) => `Certificates: ${content.split('BEGIN CERTIFICATE').length - 1}`,
    }),
    notes: textArea({ label: 'Notes', help: 'For yourself.' }),
    secureHost: toggle({ label: 'Secure host', default: true, help: 'Talks to the server through TLS.' }),
    verifyCertificate: toggle({ label: 'Verify SSL certificate', default: true, when: { secureHost: [true] } }),
    signUp: link({ label: 'Create an account', href: 'https://storage.example/sign-up' }),
    parts: number({ label: 'Maximum Upload Parts', min: 1, max: 10_000, advanced: true, default: 10_000 }),
    region: text({ label: 'Region', advanced: true, help: 'Leave blank to ask the server.' }),
    passphrase: secret({ label: 'Passphrase', advanced: true }),
  },
  origin: ({ endpoint }) => endpoint,
  describe: ({ keyId }) => keyId,
  warn: ({ secureHost }) => (secureHost ? undefined : 'The connection is not encrypted.'),
  check: ({ endpoint, drive }) =>
    drive === endpoint && drive !== ''
      ? [{ field: 'drive', severity: 'error', sentence: 'A drive is not called like its server.' }]
      : [],
  examine: async (_settings, { privateKey }) =>
    privateKey.includes('PUBLIC')
      ? [{ field: 'privateKey', severity: 'error', sentence: 'This is the public half of a key.' }]
      : [],
  urls: { of: () => undefined },
  connect,
});

/** A provider that shares some fields with the specimen. */
export const other: Provider = defineProvider({
  id: 'other',
  label: 'Other Storage',
  noun: { one: 'share', many: 'shares' },
  capabilities: [],
  limits: { batch: 1 },
  fields: {
    endpoint: text({ label: 'Server', required: true }),
    keyId: secret({ label: 'Key', required: true }),
    notes: textArea({ label: 'Notes' }),
  },
  origin: ({ endpoint }) => endpoint,
  urls: { of: () => undefined },
  connect,
});

/** What a hostile or careless provider, server or person might write anywhere. */
export const markup = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>{{1+1}}&amp;';

/** A provider whose every sentence is markup. */
export const hostile: Provider = defineProvider({
  id: 'hostile',
  label: `Hostile ${markup}`,
  noun: { one: 'bucket', many: 'buckets' },
  capabilities: [],
  limits: { batch: 1 },
  fields: {
    host: text({
      label: `Host ${markup}`,
      help: `Help ${markup}`,
      placeholder: markup,
      default: markup,
      refuse: () => `Refused ${markup}`,
    }),
    kind: choice({ label: `Kind ${markup}`, choices: [{ value: 'a', label: `Choice ${markup}` }] }),
    token: secret({ label: `Token ${markup}`, hint: () => `Hint ${markup}` }),
    drive: fetchedChoice({ label: `Drive ${markup}` }),
    ca: file({ label: `File ${markup}`, preview: () => `Preview ${markup}` }),
    area: textArea({ label: `Area ${markup}` }),
    flag: toggle({ label: `Flag ${markup}` }),
    go: action({ label: `Go ${markup}` }),
    open: link({ label: `Open ${markup}`, href: 'https://storage.example' }),
  },
  origin: () => 'https://hostile.example',
  warn: () => `Warned ${markup}`,
  urls: { of: () => undefined },
  connect,
});
