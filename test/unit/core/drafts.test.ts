import { expect, test } from 'vitest';
import { emptyDraft, parseDraft, withValue } from '../../../src/core/drafts.ts';
import {
  action,
  choice,
  type Fields,
  fetchedChoice,
  file,
  link,
  number,
  secret,
  text,
  textArea,
  toggle,
} from '../../../src/core/fields.ts';

const fields = {
  signUp: link({ label: 'Sign up', href: 'https://example.com' }),
  host: text({ label: 'Host', required: true }),
  port: number({ label: 'Port', min: 1, max: 65535 }),
  auth: choice({
    label: 'Authentication',
    choices: [
      { value: 'password', label: 'Password' },
      { value: 'key', label: 'Key' },
      { value: 'none', label: 'None' },
    ],
  }),
  password: secret({ label: 'Password', required: true, when: { auth: ['password'] } }),
  key: file({ label: 'Private key', secret: true, required: true, when: { auth: ['key'] } }),
  generate: action({ label: 'Generate', when: { auth: ['key'] } }),
  passphrase: secret({ label: 'Passphrase', when: { auth: ['key'], key: { matches: 'ENCRYPTED' } } }),
  tls: toggle({ label: 'TLS', default: true, when: { host: { matches: '^(?!https?://)' } } }),
  verify: toggle({ label: 'Verify', default: true, when: { tls: [true] } }),
  drive: fetchedChoice({ label: 'Drive' }),
  notes: textArea({ label: 'Notes' }),
} satisfies Fields;

import { completeSecrets, completeSettings, isRequired, isShown } from '../../../src/core/settings.ts';

test('a new form starts with the defaults alone', () => {
  expect(emptyDraft(fields)).toEqual({ auth: 'password', tls: true, verify: true });
});

test('a field is shown when its condition holds, counting defaults', () => {
  expect(isShown(fields, 'host', {})).toBe(true);
  expect(isShown(fields, 'password', {})).toBe(true);
  expect(isShown(fields, 'key', {})).toBe(false);
  expect(isShown(fields, 'key', { auth: 'key' })).toBe(true);
  expect(isShown(fields, 'tls', { host: 'https://a.example' })).toBe(false);
  expect(isShown(fields, 'tls', { host: 'a.example:9000' })).toBe(true);
});

test('every condition must hold, and a field that depends on a hidden one is hidden', () => {
  expect(isShown(fields, 'passphrase', { auth: 'key', key: 'PLAIN' })).toBe(false);
  expect(isShown(fields, 'passphrase', { auth: 'key', key: 'ENCRYPTED' })).toBe(true);
  expect(isShown(fields, 'passphrase', { auth: 'none', key: 'ENCRYPTED' })).toBe(false);
  expect(isShown(fields, 'verify', { host: 'https://a.example', tls: true })).toBe(false);
});

test('conditions in a circle end', () => {
  const circle = {
    a: text({ label: 'A', when: { b: ['x'] } }),
    b: text({ label: 'B', when: { a: ['x'] } }),
  } satisfies Fields;
  expect(isShown(circle, 'a', { a: 'x', b: 'x' })).toBe(true);
  expect(isShown(circle, 'a', { a: 'x', b: 'y' })).toBe(false);
});

test('settings and secrets are parsed apart: text is trimmed, a secret is taken as typed, empty ones are left out', () => {
  const draft = { host: ' a.example ', port: ' 22 ', password: ' pa55 ', drive: '', notes: ' two\nlines ' };
  expect(parseDraft(fields, draft)).toEqual({
    settings: { host: 'a.example', port: 22, auth: 'password', tls: true, verify: true, notes: ' two\nlines ' },
    secrets: { password: ' pa55 ' },
    issues: [],
  });
});

test('what a hidden field holds is dropped, a secret too', () => {
  const draft = { host: 'https://a.example', auth: 'none', password: 'left', key: 'left', tls: false, verify: false };
  expect(parseDraft(fields, draft)).toEqual({
    settings: { host: 'https://a.example', auth: 'none' },
    secrets: {},
    issues: [],
  });
});

test('a required field must be given, unless it is a secret that is stored', () => {
  expect(parseDraft(fields, { host: ' ' }).issues).toEqual([
    { field: 'host', severity: 'error', sentence: 'Enter a value: Host' },
    { field: 'password', severity: 'error', sentence: 'Enter a value: Password' },
  ]);
  const kept = parseDraft(fields, { host: 'a', password: '' }, new Set(['password']));
  expect(kept).toMatchObject({ secrets: {}, issues: [] });
});

test('a field may be required only when another has a certain value', () => {
  const service = {
    service: choice({
      label: 'Service',
      choices: [
        { value: 'known', label: 'Known' },
        { value: 'own', label: 'Own' },
      ],
    }),
    endpoint: text({ label: 'Endpoint', requiredWhen: { service: ['own'] } }),
  } satisfies Fields;
  expect(isRequired(service, 'endpoint', {})).toBe(false);
  expect(parseDraft(service, {}).issues).toEqual([]);
  expect(isRequired(service, 'endpoint', { service: 'own' })).toBe(true);
  expect(parseDraft(service, { service: 'own', endpoint: ' ' }).issues).toEqual([
    { field: 'endpoint', severity: 'error', sentence: 'Enter a value: Endpoint' },
  ]);
  expect(isRequired(fields, 'host', {})).toBe(true);
  expect(isRequired(fields, 'drive', {})).toBe(false);
});

test.each([
  ['port', '0', 'Enter a whole number from 1 to 65535.'],
  ['port', '65536', 'Enter a whole number from 1 to 65535.'],
  ['port', '2.5', 'Enter a whole number from 1 to 65535.'],
  ['port', '0x10', 'Enter a whole number from 1 to 65535.'],
  ['port', 'ssh', 'Enter a whole number from 1 to 65535.'],
  ['auth', 'magic', 'Choose one of the list.'],
  ['host', 7, 'Enter text.'],
])('a value that is not valid is an error at its field: %s = %j', (field, value, sentence) => {
  const { issues, settings } = parseDraft(fields, { host: 'a', password: 'x', [field]: value });
  expect(issues).toContainEqual({ field, severity: 'error', sentence });
  expect(settings).not.toHaveProperty(field);
});

test('opinions of a field come with its value: a refusal is an error, a hint is not', () => {
  const opinionated = {
    id: text({ label: 'Id', hint: (value) => (value.length < 5 ? 'Usually longer.' : undefined) }),
    part: number({ label: 'Part', refuse: (value) => (value === 13 ? 'Not this one.' : undefined) }),
  } satisfies Fields;
  expect(parseDraft(opinionated, { id: 'abc', part: 13 })).toEqual({
    settings: { id: 'abc', part: 13 },
    secrets: {},
    issues: [
      { field: 'id', severity: 'hint', sentence: 'Usually longer.' },
      { field: 'part', severity: 'error', sentence: 'Not this one.' },
    ],
  });
  expect(parseDraft(opinionated, { id: 'abcdef' }).issues).toEqual([]);
});

test('what a record says is completed: shown fields at their default, the rest neutral, no secret and no button', () => {
  expect(completeSettings(fields, { host: 'https://a.example' })).toEqual({
    host: 'https://a.example',
    auth: 'password',
    tls: false,
    verify: false,
    drive: '',
    notes: '',
  });
  expect(completeSettings(fields, { host: 'a', port: 22 })).toMatchObject({ port: 22, tls: true, verify: true });
});

test('secrets are completed to every one that the provider knows, and no other', () => {
  expect(completeSecrets(fields, { key: 'k', stranger: 's' })).toEqual({ password: '', key: 'k', passphrase: '' });
});

test('a record that was parsed and completed parses to itself', () => {
  const draft = { host: 'a.example', port: '22', password: 'x', notes: 'n' };
  const { settings, secrets } = parseDraft(fields, draft);
  const complete = { ...completeSettings(fields, settings), ...completeSecrets(fields, secrets) };
  expect(parseDraft(fields, complete)).toEqual({ settings, secrets, issues: [] });
});

test('a value may fill in others', () => {
  const filling = {
    service: choice({
      label: 'Service',
      choices: [
        { value: 'other', label: 'Other' },
        { value: 'local', label: 'Local' },
      ],
      fills: (value, draft) => (value === 'local' && !draft.host ? { host: 'localhost' } : {}),
    }),
    host: text({ label: 'Host' }),
  } satisfies Fields;
  expect(withValue(filling, {}, 'service', 'local')).toEqual({ service: 'local', host: 'localhost' });
  expect(withValue(filling, { host: 'mine' }, 'service', 'local')).toEqual({ service: 'local', host: 'mine' });
  expect(withValue(filling, {}, 'host', 'x')).toEqual({ host: 'x' });
});
