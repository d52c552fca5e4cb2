import { beforeEach, describe, expect, test } from 'vitest';
import { StorageError } from '../../../src/core/errors.ts';
import type { VerificationStep } from '../../../src/core/verification.ts';
import { CredentialForms, type FormsDependencies } from '../../../src/form/credentialForms.ts';
import { nameField, providerField } from '../../../src/form/protocol.ts';
import { FakePanel, fakeDependencies, saved, settled, storedSecret, typedSecret } from './support/fakes.ts';

let fake: ReturnType<typeof fakeDependencies>;
let panel: FakePanel;

beforeEach(() => {
  fake = fakeDependencies();
  fake.credentials.set('one', saved);
  panel = new FakePanel();
});

async function open(id: string | undefined, change: Partial<FormsDependencies> = {}) {
  const forms = new CredentialForms(() => panel, { ...fake.dependencies, ...change });
  await (id === undefined ? forms.add() : forms.edit(id));
  return await panel.ask({ type: 'ready' });
}

const change = (field: string, value: string | boolean) => ({ type: 'change', field, value }) as const;
const verifying = (verify: FormsDependencies['operations']['verify']) => ({
  operations: { ...fake.dependencies.operations, verify },
});

describe('the page', () => {
  test('gets nothing before it is ready', async () => {
    const forms = new CredentialForms(() => panel, fake.dependencies);
    await forms.edit('one');
    await panel.ask({ type: 'ready' });
    panel.hide();
    const count = panel.states.length;
    panel.send({ type: 'save', id: 1 });
    await settled();
    expect(panel.states).toHaveLength(count);
    expect(fake.calls).toEqual([]);
  });

  test('learns which of its requests a state takes into account', async () => {
    await open('one');
    const state = await panel.ask(change('keyId', 'A'), change('keyId', 'AB'));
    expect(state.answered).toBe(2);
    expect(panel.field('keyId').value).toBe('AB');
  });

  test('gets everything again when it was hidden, secrets shown as entered', async () => {
    await open('one');
    await panel.ask(change('secretKey', typedSecret), change('keyId', 'KEY99999'));
    panel.hide();
    const state = await panel.ask({ type: 'ready' });
    expect(state.answered).toBe(0);
    expect(panel.field('keyId').value).toBe('KEY99999');
    expect(panel.field('secretKey')).toMatchObject({ secret: 'entered' });
  });

  test('never gets a secret, whatever is done and whatever a server answers', async () => {
    const leaky: FormsDependencies['operations'] = {
      async *verify({ secrets }) {
        const all = JSON.stringify(secrets);
        yield {
          stage: 'reach',
          status: 'ok',
          sentence: `Sent ${all}`,
          hint: all,
          detail: encodeURIComponent(all),
          ms: 1,
        };
        throw new StorageError('forbidden', `Refused ${all}`, { detail: all, hint: all });
      },
      fetchChoices: ({ secrets }) => Promise.reject(new StorageError('forbidden', `No: ${JSON.stringify(secrets)}`)),
      runAction: async () => ({ secretKey: typedSecret, token: typedSecret }),
    };
    await open('one', { operations: leaky });
    await panel.ask(
      { type: 'verify' },
      { type: 'fetchChoices', field: 'drive' },
      { type: 'runAction', field: 'generate' },
    );
    await panel.ask(change('privateKey', typedSecret), { type: 'chooseFile', field: 'privateKey' });
    await panel.ask(change('passphrase', typedSecret), { type: 'verify' }, { type: 'fetchChoices', field: 'drive' });
    await panel.ask({ type: 'save' });
    const posted = JSON.stringify(panel.states);
    expect(posted).toContain('Refused');
    expect(fake.saves).toHaveLength(1);
    for (const secret of [storedSecret, typedSecret]) expect(posted).not.toContain(secret);
  });
});

describe('a new credential', () => {
  test('is saved and the form closed', async () => {
    await open(undefined);
    await panel.ask(
      change('endpoint', 'https://a.example'),
      change('keyId', 'KEY12345'),
      change('secretKey', typedSecret),
      { type: 'save' },
    );
    expect(fake.saves).toEqual([
      expect.objectContaining({ provider: 'specimen', name: 'Specimen', secrets: { secretKey: typedSecret } }),
    ]);
    expect(panel.closed).toBe(true);
    expect(fake.offers).toEqual([]);
  });

  test('is refused with every error shown and the first gone to', async () => {
    await open(undefined);
    const state = await panel.ask({ type: 'save' });
    expect(state.focus).toBe('endpoint');
    expect(panel.field('endpoint').error).toBe('Enter a value: Endpoint URL');
    expect(panel.field('secretKey').error).toBe('Enter a value: Secret Access Key');
    expect(fake.calls).toEqual([]);
    expect(await panel.ask({ type: 'leave', field: 'endpoint' })).not.toHaveProperty('focus');
  });

  test("shows at its field what the provider's own code finds wrong, and neither saves nor verifies", async () => {
    await open(undefined);
    await panel.ask(
      change('endpoint', 'https://a.example'),
      change('keyId', 'KEY12345'),
      change('secretKey', typedSecret),
      change('privateKey', 'PUBLIC KEY'),
    );
    for (const type of ['verify', 'save'] as const) {
      const state = await panel.ask({ type });
      expect(state.focus).toBe('privateKey');
      expect(state).not.toHaveProperty('verification');
      expect(panel.field('privateKey').error).toBe('This is the public half of a key.');
    }
    expect(fake.calls).toEqual([]);
    await panel.ask(change('privateKey', 'a key'));
    expect(panel.field('privateKey').error).toBeUndefined();
    await panel.ask({ type: 'verify' });
    await panel.ask({ type: 'save' });
    expect(fake.calls).toEqual(['verify', 'save']);
  });

  test("says as soon as a file is chosen what the provider's own code finds wrong with it", async () => {
    const chosen = { name: 'key.pub', content: 'PUBLIC KEY' };
    await open(undefined, { ui: { ...fake.dependencies.ui, chooseFile: async () => chosen } });
    await panel.ask({ type: 'chooseFile', field: 'privateKey' });
    expect(panel.field('privateKey').error).toBe('This is the public half of a key.');
  });

  test('proposes a name that follows the provider, and refuses one in use', async () => {
    fake.credentials.set('two', { ...saved, id: 'two', name: 'Other Storage' });
    await open(undefined);
    expect(panel.field(nameField).value).toBe('Specimen');
    await panel.ask(change(providerField, 'other'));
    expect(panel.field(nameField).value).toBe('Other Storage (2)');
    await panel.ask(change(nameField, 'My Server'), { type: 'leave', field: nameField });
    expect(panel.field(nameField).error).toBe('Choose another name. This one is in use: My Server');
    await panel.ask(change(providerField, 'specimen'));
    expect(panel.field(nameField).value).toBe('My Server');
  });

  test('whose saving fails says why and keeps everything', async () => {
    const failing = { save: () => Promise.reject(new StorageError('unexpected', 'The disk is full.')) };
    await open('one', { credentials: { ...fake.dependencies.credentials, ...failing } });
    const state = await panel.ask(change('keyId', 'KEY99999'), { type: 'save' });
    expect(state).toMatchObject({ failure: 'The disk is full.', busy: false, dirty: true });
    expect(panel.closed).toBe(false);
  });
});

describe('a credential that changed elsewhere', () => {
  beforeEach(async () => {
    await open('one');
    fake.credentials.set('one', { ...saved, revision: 'r2', settings: { ...saved.settings, keyId: 'THEIRS' } });
    await panel.ask(change('keyId', 'MINE1'), change('token', typedSecret), { type: 'save' });
  });

  test('is not overwritten, and the draft stays', () => {
    expect(panel.state).toMatchObject({ conflict: 'changed', dirty: true });
    expect(panel.field('keyId').value).toBe('MINE1');
    expect(fake.saves).toEqual([]);
  });

  test('can be reloaded', async () => {
    const state = await panel.ask({ type: 'discardMine' });
    expect(panel.field('keyId').value).toBe('THEIRS');
    expect(state.dirty).toBe(false);
    expect(state).not.toHaveProperty('conflict');
  });

  test('can be overwritten knowingly', async () => {
    await panel.ask({ type: 'overwrite' });
    expect(fake.saves).toEqual([
      expect.objectContaining({
        basedOn: { id: 'one', revision: 'r2' },
        keep: ['secretKey'],
        secrets: { token: typedSecret },
      }),
    ]);
    expect(panel.closed).toBe(true);
  });

  test('and was removed is said to be so', async () => {
    fake.credentials.delete('one');
    expect(await panel.ask({ type: 'save' })).toMatchObject({ conflict: 'removed' });
    const state = await panel.ask({ type: 'overwrite' });
    expect(state.focus).toBe('secretKey');
    await panel.ask(change('secretKey', typedSecret), { type: 'save' });
    expect(fake.saves[0]).not.toHaveProperty('basedOn');
  });
});

describe('a verification', () => {
  const step: VerificationStep = { stage: 'reach', status: 'ok', sentence: 'The server answers.', ms: 5 };

  test('tries the draft with the stored secrets that stay', async () => {
    await open('one');
    const state = await panel.ask(change('token', typedSecret), { type: 'verify' });
    expect(fake.connections[0]).toMatchObject({
      settings: { endpoint: 'https://storage.example' },
      secrets: { secretKey: storedSecret, token: typedSecret },
    });
    expect(state.verification).toMatchObject({ running: false, works: true, sentence: 'The server answers.' });
    expect(await panel.ask(change('keyId', 'KEY99999'))).toMatchObject({ verification: { stale: true } });
  });

  test('whose secrets an unexpected failure repeats keeps them out of the log', async () => {
    const leaky = () => Promise.reject(new Error(`Odd answer: ${storedSecret} ${typedSecret}`));
    fake.dependencies.operations.fetchChoices = leaky;
    await open('one');
    await panel.ask(change('token', typedSecret), { type: 'fetchChoices', field: 'drive' });
    expect(String(fake.errors[0])).toContain(storedSecret);
    expect(fake.dependencies.redactor.redact(String(fake.errors[0]))).toBe('Error: Odd answer: ••• •••');
  });

  test('does not send a stored secret to another host', async () => {
    await open('one');
    await panel.ask(change('endpoint', 'https://elsewhere.example'), { type: 'verify' });
    expect(fake.connections).toEqual([]);
    await panel.ask({ type: 'clearSecret', field: 'token' }, change('secretKey', typedSecret), { type: 'verify' });
    expect(fake.connections[0]?.secrets).toEqual({ secretKey: typedSecret });
    expect(fake.calls).not.toContain('readSecrets');
  });

  test('needs no good name', async () => {
    await open('one');
    await panel.ask(change(nameField, ''), { type: 'verify' });
    expect(fake.connections).toHaveLength(1);
  });

  test('shows steps as they come, is not started twice, and can be stopped', async () => {
    let started = 0;
    async function* slow(_draft: unknown, signal: AbortSignal) {
      started++;
      yield step;
      await new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(new StorageError('cancelled', ''))),
      );
    }
    await open('one', verifying(slow));
    const running = await panel.ask({ type: 'verify' }, { type: 'verify' });
    expect(running.verification).toMatchObject({ running: true, steps: [step] });
    expect(started).toBe(1);
    const stopped = await panel.ask({ type: 'cancelVerify' });
    expect(stopped.verification).toMatchObject({ running: false, works: false, sentence: 'Cancelled.', steps: [step] });
  });

  test('that throws ends with a failed step', async () => {
    const failure = new StorageError('unreachable', 'Nothing answers.', { hint: 'Check the endpoint.' });
    const broken = () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(failure) }) });
    await open('one', verifying(broken));
    const { verification } = await panel.ask({ type: 'verify' });
    expect(verification).toMatchObject({ running: false, works: false, sentence: 'Nothing answers.' });
    expect(verification?.steps[0]).toMatchObject({ stage: 'reach', status: 'failed', hint: 'Check the endpoint.' });
    expect(verification?.steps[1]).toMatchObject({ status: 'skipped' });
  });

  test('that can not read a stored secret says so and is not left running', async () => {
    const locked = { readSecrets: () => Promise.reject(new StorageError('locked', 'The keyring is locked.')) };
    await open('one', { credentials: { ...fake.dependencies.credentials, ...locked } });
    const state = await panel.ask({ type: 'verify' });
    expect(state.failure).toBe('The keyring is locked.');
    expect(state).not.toHaveProperty('verification');
    await panel.ask(change('secretKey', typedSecret), { type: 'clearSecret', field: 'token' }, { type: 'verify' });
    expect(panel.state).toMatchObject({ verification: { running: false, works: true } });
    expect(panel.state).not.toHaveProperty('failure');
  });

  test('that waits for the keyring is ended at once, and another can be started', async () => {
    const keyring = Promise.withResolvers<Readonly<Record<string, string>>>();
    fake.dependencies.credentials.readSecrets = () => keyring.promise;
    await open('one');
    expect(await panel.ask({ type: 'verify' })).toMatchObject({ verification: { running: true, steps: [] } });
    const stopped = await panel.ask({ type: 'cancelVerify' });
    expect(stopped.verification).toMatchObject({ running: false, sentence: 'Cancelled.' });
    expect(stopped).not.toHaveProperty('failure');
    fake.dependencies.credentials.readSecrets = async () => ({ secretKey: storedSecret });
    expect(await panel.ask({ type: 'verify' })).toMatchObject({ verification: { running: false, works: true } });
    keyring.resolve({});
    expect(await panel.ask({ type: 'leave', field: 'notes' })).toMatchObject({ verification: { works: true } });
    expect(fake.connections).toHaveLength(1);
  });

  test('of a client that does not listen is ended at once', async () => {
    async function* deaf() {
      yield step;
      await new Promise(() => {});
    }
    await open('one', verifying(deaf));
    await panel.ask({ type: 'verify' });
    const stopped = await panel.ask({ type: 'cancelVerify' });
    expect(stopped.verification).toMatchObject({ running: false, sentence: 'Cancelled.', steps: [step] });
  });

  test('of another provider is dropped', async () => {
    await open('one');
    await panel.ask({ type: 'verify' });
    expect(await panel.ask(change(providerField, 'other'))).not.toHaveProperty('verification');
  });
});

describe('a field', () => {
  test('gets its fetched choices, or says why not', async () => {
    await open('one');
    await panel.ask({ type: 'fetchChoices', field: 'drive' });
    expect(panel.field('drive')).toMatchObject({ busy: false, choices: [{ value: 'drive-1', label: 'First drive' }] });
    fake.dependencies.operations.fetchChoices = () => Promise.reject(new StorageError('forbidden', 'Not allowed.'));
    await panel.ask({ type: 'fetchChoices', field: 'drive' });
    expect(panel.field('drive').error).toBe('Not allowed.');
    await panel.ask(change('drive', 'x'));
    expect(panel.field('drive')).not.toHaveProperty('error');
  });

  test('is filled in by an action, secrets unseen', async () => {
    await open(undefined);
    await panel.ask({ type: 'runAction', field: 'generate' });
    expect(panel.field('keyId').value).toBe('GENERATED1');
    expect(panel.field('secretKey').secret).toBe('entered');
  });

  test('takes a secret of another credential that is picked, and nothing else of it', async () => {
    fake.credentials.clear();
    await open(undefined);
    await panel.ask({ type: 'runAction', field: 'take' });
    expect(panel.field('take').error).toBe('No other credential of Specimen keeps this: Secret Access Key');
    fake.credentials.set('two', { ...saved, id: 'two', name: 'Another' });
    await panel.ask({ type: 'runAction', field: 'take' });
    expect(fake.calls.slice(-2)).toEqual(['pick Take from Another Credential', 'readSecretsOf two']);
    expect(panel.field('secretKey').secret).toBe('entered');
    expect(panel.field('token').secret).toBe('empty');
    expect(fake.dependencies.redactor.redact(`x ${storedSecret}`)).not.toContain(storedSecret);
    expect(JSON.stringify(panel.states)).not.toContain(storedSecret);
  });

  test('takes nothing when none is picked', async () => {
    await open(undefined, { ui: { ...fake.dependencies.ui, pick: async () => undefined } });
    await panel.ask({ type: 'runAction', field: 'take' });
    expect(panel.field('secretKey').secret).toBe('empty');
    expect(fake.calls).not.toContain('readSecretsOf one');
  });

  test('takes the content of a file and shows a preview', async () => {
    await open(undefined);
    await panel.ask({ type: 'chooseFile', field: 'certificates' });
    expect(panel.field('certificates')).toMatchObject({
      value: 'BEGIN CERTIFICATE\n',
      preview: 'chosen.pem: Certificates: 1',
    });
    await panel.ask({ type: 'chooseFile', field: 'privateKey' });
    expect(panel.field('privateKey')).toMatchObject({ secret: 'entered', preview: 'chosen.pem: 2 lines' });
    expect(panel.field('privateKey')).not.toHaveProperty('value');
  });

  test('opens the page that its provider named', async () => {
    await open(undefined);
    await panel.ask({ type: 'openLink', field: 'signUp' });
    expect(fake.opened).toEqual(['https://storage.example/sign-up']);
  });
});

describe('a verification before saving', () => {
  test('is saved with the draft that it was of', async () => {
    await open('one');
    await panel.ask(change('secretKey', typedSecret), { type: 'verify' });
    await panel.ask({ type: 'save' });
    expect(fake.saves[0]?.verification).toMatchObject({ works: true, sentence: 'The server answers.' });
    expect(fake.saves[0]?.verification?.at).toBeGreaterThan(0);
  });

  test('is not, once the draft has changed', async () => {
    await open('one');
    await panel.ask(change('secretKey', typedSecret), { type: 'verify' });
    await panel.ask(change('keyId', 'KEY54321'));
    await panel.ask({ type: 'save' });
    expect(fake.saves).toHaveLength(1);
    expect(fake.saves[0]).not.toHaveProperty('verification');
  });
});
