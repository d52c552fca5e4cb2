import { StorageError } from '../../../../src/core/errors.ts';
import type { Provider } from '../../../../src/core/provider.ts';
import { createRedactor } from '../../../../src/core/redaction.ts';
import type { FormPanel, FormsDependencies } from '../../../../src/form/credentialForms.ts';
import type { DraftConnection, SavedCredential, SaveRequest } from '../../../../src/form/dependencies.ts';
import type { FormState, Request } from '../../../../src/form/protocol.ts';
import { other, specimen } from './specimen.ts';

/** Secrets that must never be seen in a message to the page. */
export const storedSecret = 'stored-canary-7Q2zLw';
export const typedSecret = 'typed-canary-X9fPd3';

export const saved: SavedCredential = {
  id: 'one',
  provider: 'specimen',
  name: 'My Server',
  settings: { service: 'own', endpoint: 'https://storage.example', keyId: 'KEY12345', secureHost: true },
  secretNames: ['secretKey', 'token'],
  lostSecrets: [],
  revision: 'r1',
};

/** Everything a form is built on, in memory, writing down what it was asked. */
export function fakeDependencies(providers: readonly Provider[] = [specimen, other]) {
  const credentials = new Map<string, SavedCredential>();
  const calls: string[] = [];
  const saves: SaveRequest[] = [];
  const connections: DraftConnection[] = [];
  const opened: string[] = [];
  const warnings: string[] = [];
  const errors: unknown[] = [];
  const offers: { sentence: string; answer: (pressed: boolean) => void }[] = [];
  const note = <T>(call: string, result: T): T => {
    calls.push(call);
    return result;
  };
  const dependencies = {
    providers,
    credentials: {
      find: async (id) => credentials.get(id),
      readSecrets: async () => note('readSecrets', { secretKey: storedSecret, token: `${storedSecret}-token` }),
      keepersOf: async (provider, secrets, exceptId) =>
        [...credentials.values()].filter(
          (each) =>
            each.provider === provider &&
            each.id !== exceptId &&
            secrets.some((secret) => each.secretNames.includes(secret)),
        ),
      readSecretsOf: async (id) => note(`readSecretsOf ${id}`, { secretKey: storedSecret, token: 'another token' }),
      nameInUse: async (name, exceptId) =>
        [...credentials.values()].some((each) => each.name === name && each.id !== exceptId),
      proposeName: async (label) =>
        [...credentials.values()].some(({ name }) => name === label) ? `${label} (2)` : label,
      save: async (request) => {
        calls.push('save');
        const { basedOn } = request;
        if (basedOn && credentials.get(basedOn.id)?.revision !== basedOn.revision) {
          throw new StorageError('changed', 'This credential was changed in another window.');
        }
        saves.push(request);
      },
    },
    operations: {
      async *verify(connection) {
        calls.push('verify');
        connections.push(connection);
        yield { stage: 'reach', status: 'ok', sentence: 'The server answers.', ms: 12 };
      },
      fetchChoices: async (connection, field) => {
        connections.push(connection);
        return note(`fetchChoices ${field}`, [{ value: 'drive-1', label: 'First drive' }]);
      },
      runAction: async (connection, field) => {
        connections.push(connection);
        return note(`runAction ${field}`, { keyId: 'GENERATED1', secretKey: typedSecret });
      },
    },
    ui: {
      chooseFile: async (title) => note(`chooseFile ${title}`, { name: 'chosen.pem', content: 'BEGIN CERTIFICATE\n' }),
      pick: async (title, [first]) => note(`pick ${title}`, first),
      openExternal: (href) => {
        calls.push('openExternal');
        opened.push(href);
      },
      offer: (sentence) => new Promise<boolean>((answer) => offers.push({ sentence, answer })),
      showError: (sentence) => note(`showError ${sentence}`, undefined),
    },
    redactor: createRedactor(),
    log: { warn: (sentence) => warnings.push(sentence), error: (_sentence, error) => errors.push(error) },
  } satisfies FormsDependencies;
  return {
    dependencies: dependencies as FormsDependencies,
    credentials,
    calls,
    saves,
    connections,
    opened,
    warnings,
    errors,
    offers,
  };
}

/** A tab without VS Code: keeps every state, and speaks as its page would. */
export class FakePanel implements FormPanel {
  title = '';
  readonly states: FormState[] = [];
  closed = false;
  loaded = 0;
  revealed = 0;
  #nextId = 0;
  #message: (raw: unknown) => void = () => {};
  #hidden = () => {};
  #onClosed = () => {};

  setTitle(title: string): void {
    this.title = title;
  }
  load(): void {
    this.loaded++;
  }
  post(state: FormState): void {
    this.states.push(state);
  }
  reveal(): void {
    this.revealed++;
  }
  close(): void {
    this.closed = true;
    this.#onClosed();
  }
  onMessage(listener: (raw: unknown) => void): void {
    this.#message = listener;
  }
  onHidden(listener: () => void): void {
    this.#hidden = listener;
  }
  onClosed(listener: () => void): void {
    this.#onClosed = listener;
  }

  /** Sends requests as the page does and waits until the host has answered. */
  async ask(...requests: Request[]): Promise<FormState> {
    for (const request of requests) this.send({ ...request, id: this.#nextId++ });
    await settled();
    return this.state;
  }

  send(raw: unknown): void {
    this.#message(raw);
  }

  /** What happens when another tab is brought to the front. */
  hide(): void {
    this.#nextId = 0;
    this.#hidden();
  }

  get state(): FormState {
    const last = this.states.at(-1);
    if (!last) throw new Error('Nothing was posted to the page.');
    return last;
  }

  field(name: string) {
    const field = this.state.fields.find((each) => each.name === name);
    if (!field) throw new Error(`The page has no field: ${name}`);
    return field;
  }
}

/** When everything that was started and needs no timer has ended. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}
