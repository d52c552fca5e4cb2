import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { StorageError } from '../../../src/core/errors.ts';
import { createRedactor } from '../../../src/core/redaction.ts';
import { harmlessTexts, type Sample, secretSamples } from './redactionCorpus.ts';

const samples = secretSamples();

/** How a text gets into a log: as it is, in an error's message, stack and detail, down a chain of causes, in a dumped object. */
const wrappings: Readonly<Record<string, (text: string) => string>> = {
  'as it is': (text) => text,
  'in a stack': (text) => new Error(text).stack ?? '',
  'in a dumped error': (text) => inspect(new StorageError('forbidden', 'Refused.', { detail: text })),
  'in a chain of causes': (text) => {
    const cause = new Error('inner', { cause: new Error(text) });
    return inspect(new StorageError('unexpected', 'Outer.', { cause }), { depth: 10 });
  },
  'in a dumped object': (text) => inspect({ request: { body: text } }, { depth: 10 }),
  'in JSON': (text) => JSON.stringify({ response: { body: text } }),
};

test('the corpus has 200 samples at least', () => {
  expect(samples.length).toBeGreaterThanOrEqual(200);
});

test.each(Object.entries(wrappings))('no secret of the corpus is left, %s', (_name, wrap) => {
  const { redact } = createRedactor();
  const leaks = samples.filter((sample) => leaked(redact(wrap(sample.text)), sample).length > 0);
  expect(leaks.map(({ name }) => name)).toEqual([]);
});

test('less than one in a hundred harmless texts is changed', () => {
  const { redact } = createRedactor();
  const texts = harmlessTexts();
  const changed = texts.filter((text) => redact(text) !== text);
  expect(texts.length).toBeGreaterThanOrEqual(200);
  expect(changed.length / texts.length, changed.join('\n')).toBeLessThan(0.01);
});

test('what stands around a secret stays readable', () => {
  const { redact } = createRedactor();
  expect(redact('sftp://alice:pa55@files.example/in')).toBe('sftp://alice:•••@files.example/in');
  expect(redact('{"password":"a\\"b","port":22}')).toBe('{"password":"•••","port":22}');
  expect(redact('user = a\npassword = b\nport = 1')).toBe('user = a\npassword = •••\nport = 1');
  expect(redact('https://b.example/k?sig=abc%3D&x=1')).toBe('https://b.example/k?sig=•••&x=1');
});

const awkward = ['pa55 wörd/+=', `quo"te'd & <x>\\y`, 'four', '-----BEGIN X-----\nAAAABBBBCCCCDDDDEEEEFFFF0123\n'];

test.each(awkward)('a known value is masked in every form it takes: %j', (secret) => {
  const redactor = createRedactor();
  redactor.add([secret]);
  const encoded = encodeURIComponent(secret);
  const forms = [
    secret,
    JSON.stringify(secret),
    JSON.stringify({ a: secret }),
    inspect(secret),
    inspect(Buffer.from(secret)),
    Buffer.from(secret).toString('hex'),
    encoded,
    encodeURIComponent(encoded),
    encoded.replace(/%../g, (code) => code.toLowerCase()),
    new URLSearchParams({ a: secret }).toString(),
    new URL(`https://u:${encoded}@h.example`).href,
    secret
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&apos;'),
  ];
  for (const form of forms) expect(redactor.redact(`before ${form} after`)).toContain('•••');
  for (const form of forms) expect(redactor.redact(form)).not.toContain(secret.trimEnd().slice(-6));
});

test('a known value is masked inside base64, wherever it starts', () => {
  const redactor = createRedactor();
  redactor.add(['correct-horse-battery']);
  for (const before of ['', 'a', 'ab', 'abc', 'user:']) {
    const encoded = Buffer.from(`${before}correct-horse-battery`).toString('base64');
    const redacted = redactor.redact(encoded);
    expect(Buffer.from(redacted.replaceAll('•••', ''), 'base64').toString()).not.toContain('horse');
    expect(redacted).toContain('•••');
  }
});

test('of two known values where one holds the other, nothing of the longer is left', () => {
  const redactor = createRedactor();
  redactor.add(['battery']);
  redactor.add(['battery-staple']);
  expect(redactor.redact('x battery-staple y battery z')).toBe('x ••• y ••• z');
});

test('a secret of a million characters is taken', () => {
  const redactor = createRedactor();
  const secret = 'k3y-'.repeat(250_000);
  redactor.add([secret]);
  expect(redactor.redact(`got ${secret}`)).toBe('got •••');
});

test('values too short to be told from words are left alone', () => {
  const redactor = createRedactor();
  redactor.add(['', 'abc']);
  expect(redactor.redact('abc of everything')).toBe('abc of everything');
});

function leaked(redacted: string, { secrets }: Sample): readonly string[] {
  return secrets.filter((secret) => redacted.includes(secret) || redacted.includes(secret.slice(-8)));
}
