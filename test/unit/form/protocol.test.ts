import { describe, expect, test } from 'vitest';
import { CredentialForms } from '../../../src/form/credentialForms.ts';
import { parsePageMessage, valueLimit } from '../../../src/form/protocol.ts';
import { FakePanel, fakeDependencies, saved, settled } from './support/fakes.ts';
import { createRandom } from './support/random.ts';

const types = [
  'ready',
  'change',
  'leave',
  'clearSecret',
  'keepSecret',
  'chooseFile',
  'fetchChoices',
  'runAction',
  'openLink',
  'verify',
  'cancelVerify',
  'save',
  'discardMine',
  'overwrite',
  'close',
];
const fields = [
  'endpoint',
  'secretKey',
  'drive',
  'generate',
  'privateKey',
  'signUp',
  'credential-name',
  'credential-provider',
];
const oddNames = ['', '__proto__', 'constructor', 'toString', 'endpoint.', 'nothing', 'x'.repeat(101), 5, null, {}];

describe('a message of the page', () => {
  test('is taken in when it is one', () => {
    expect(parsePageMessage({ type: 'change', id: 3, field: 'endpoint', value: 'x' })).toBeDefined();
    expect(parsePageMessage({ type: 'save', id: 0 })).toBeDefined();
  });

  test.each([
    ['no number', { type: 'save' }],
    ['a number below 0', { type: 'save', id: -1 }],
    ['more than it may hold', { type: 'save', id: 1, field: 'endpoint' }],
    ['no such type', { type: 'delete', id: 1 }],
    ['no field', { type: 'openLink', id: 1 }],
    ['an address instead of a field', { type: 'openLink', id: 1, field: 'a', href: 'https://evil.example' }],
    ['a value that is too long', { type: 'change', id: 1, field: 'a', value: 'x'.repeat(valueLimit + 1) }],
    ['a value that is no value', { type: 'change', id: 1, field: 'a', value: { a: 1 } }],
    ['nothing', undefined],
    ['a text', 'save'],
    ['a list', [{ type: 'save', id: 1 }]],
  ])('is dropped when it has %s', (_why, raw) => {
    expect(parsePageMessage(raw)).toBeUndefined();
  });
});

describe('10,000 messages that no page sends', () => {
  test('crash nothing and do nothing', async () => {
    const seed = Number(process.env.SEED ?? 20_260_101);
    const random = createRandom(seed);
    const { dependencies, credentials, calls, warnings, errors } = fakeDependencies();
    credentials.set('one', saved);
    const panel = new FakePanel();
    await new CredentialForms(() => panel, dependencies).edit('one');
    const before = await panel.ask({ type: 'ready' });

    for (let n = 0; n < 10_000; n++) panel.send(wrongMessage(random));
    await settled();
    const after = await panel.ask({ type: 'leave', field: 'notes' });

    expect({ seed, calls, errors }).toEqual({ seed, calls: [], errors: [] });
    expect(warnings).toHaveLength(10_000);
    expect(panel.closed).toBe(false);
    expect({ ...after, sequence: 0, answered: 0 }).toEqual({ ...before, sequence: 0, answered: 0 });
  });
});

type Random = ReturnType<typeof createRandom>;

/** Almost a message: in one place at least it is wrong. */
function wrongMessage(random: Random): unknown {
  const type = random.pick(types);
  const field = random.pick(fields);
  const id = random.below(1000);
  return random.pick([
    () => random.value(),
    () => ({ type: random.pick(['', 'Save', 'eval', '__proto__', 'constructor', 7, null, {}]), id, field }),
    () => ({
      type,
      id: random.pick([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '1', null, {}]),
      field,
      value: 'x',
    }),
    () => ({ type: random.pick(['leave', 'clearSecret', 'chooseFile', 'openLink']), id, field: random.pick(oddNames) }),
    () => ({ type: 'change', id, field: random.pick(oddNames), value: random.value() }),
    () => ({
      type: 'change',
      id,
      field,
      value: random.pick([null, undefined, {}, [], () => 1, Symbol('x'), 10n, Number.NaN]),
    }),
    () => ({
      type: 'change',
      id,
      field: random.pick(['generate', 'signUp', 'secureHost', 'endpoint']),
      value: random.pick([1, {}]),
    }),
    () => ({
      type: 'change',
      id,
      field: 'credential-provider',
      value: random.pick(['', 'none', '__proto__', 1, true]),
    }),
    () => ({
      type: random.pick(['clearSecret', 'keepSecret']),
      id,
      field: random.pick(['endpoint', 'credential-name']),
    }),
    () => ({ type: random.pick(['chooseFile', 'runAction', 'openLink', 'fetchChoices']), id, field: 'secretKey' }),
    () => ({ type, id, field, value: 'x', extra: random.value() }),
    () => ({ ...random.pick([{ type: 'save' }, { type: 'verify' }, { type: 'close' }, { type: 'ready' }]), id, field }),
    () => JSON.parse(`{"__proto__": {"type": "save", "id": ${id}}}`) as unknown,
    () => JSON.stringify({ type, id, field, value: 'x' }),
    () => [{ type, id, field }],
  ])();
}
