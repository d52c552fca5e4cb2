import { StorageError } from '../core/errors.ts';
import { isObject, isObjectOf, isText, parseJson } from '../core/json.ts';
import type { Redactor } from '../core/redaction.ts';
import type { CredentialRecord } from './record.ts';

/** The shape of VS Code's SecretStorage. */
export interface SecretStore {
  /** VS Code deletes a secret that it can't decrypt while reading it: call this only when the secret is about to be used. */
  get(key: string): PromiseLike<string | undefined>;
  store(key: string, value: string): PromiseLike<void>;
  delete(key: string): PromiseLike<void>;
  keys(): PromiseLike<string[]>;
}

export type SecretValues = Readonly<Record<string, string>>;

/** Why a secret can't be used: the keyring has none, can't be read, or holds one for another server, or not all that the record names. */
export type LockReason = 'missing' | 'unreadable' | 'other-origin' | 'incomplete';

export type SecretReading =
  | { readonly kind: 'open'; readonly values: SecretValues }
  | { readonly kind: 'locked'; readonly reason: LockReason };

/** Where one secret stands: the credential and the revision whose save put it there. */
export interface SecretPlace {
  readonly id: string;
  readonly secretRef: string;
}

interface Secret {
  readonly origin: string;
  readonly values: SecretValues;
}

/** The secrets of one store, each bound to the origin that it was entered for. Every value that passes through is told to the redactor. */
export class SecretVault {
  readonly #secrets: SecretStore;
  readonly #storeId: () => Promise<string>;
  readonly #redactor: Pick<Redactor, 'add'>;

  /** @param storeId asked for with the first secret */
  constructor(secrets: SecretStore, storeId: () => Promise<string>, redactor: Pick<Redactor, 'add'>) {
    this.#secrets = secrets;
    this.#storeId = storeId;
    this.#redactor = redactor;
  }

  /** The secrets of a record, if all are there and were entered for this origin. Asks the keyring only when the record has secrets. */
  async read(record: CredentialRecord, origin: string): Promise<SecretReading> {
    const { id, secretRef, secretNames } = record;
    if (secretNames.length === 0) return { kind: 'open', values: {} };
    if (secretRef === undefined) return { kind: 'locked', reason: 'missing' };
    const found = await this.#get(await this.#keyOf({ id, secretRef }));
    if (typeof found === 'string') return { kind: 'locked', reason: found };
    this.#redactor.add(Object.values(found.values));
    if (found.origin !== origin) return { kind: 'locked', reason: 'other-origin' };
    const values = Object.entries(found.values).filter(([name]) => secretNames.includes(name));
    if (values.length < new Set(secretNames).size) return { kind: 'locked', reason: 'incomplete' };
    return { kind: 'open', values: Object.fromEntries(values) };
  }

  /** Puts secrets into the keyring and reads them back; fails when they were not kept. */
  async store(place: SecretPlace, origin: string, values: SecretValues): Promise<void> {
    this.#redactor.add(Object.values(values));
    const key = await this.#keyOf(place);
    const text = JSON.stringify({ origin, values });
    let kept: string | undefined;
    try {
      await this.#secrets.store(key, text);
      kept = await this.#secrets.get(key);
    } catch (error) {
      throw notKept(error);
    }
    if (kept !== text) throw notKept();
  }

  /** Deletes a secret; one that isn't there is fine. */
  async delete(place: SecretPlace): Promise<void> {
    await this.#secrets.delete(await this.#keyOf(place));
  }

  /** Every secret of this store, without reading one. */
  async places(): Promise<readonly SecretPlace[]> {
    const prefix = await this.#prefix();
    return (await this.#secrets.keys()).flatMap((key) => {
      const [id, secretRef, ...more] = key.startsWith(prefix) ? key.slice(prefix.length).split('/') : [];
      return id && secretRef && more.length === 0 ? [{ id, secretRef }] : [];
    });
  }

  /** Which of these records have lost their secret, as far as can be known without reading one: their ids. */
  async missing(records: readonly CredentialRecord[]): Promise<ReadonlySet<string>> {
    const there = new Set((await this.places()).map(({ id, secretRef }) => `${id}/${secretRef}`));
    const lost = records.filter(
      ({ id, secretRef, secretNames }) =>
        secretNames.length > 0 && (secretRef === undefined || !there.has(`${id}/${secretRef}`)),
    );
    return new Set(lost.map(({ id }) => id));
  }

  async #get(key: string): Promise<Secret | LockReason> {
    let text: string | undefined;
    try {
      text = await this.#secrets.get(key);
    } catch {
      // What a keyring says when it fails may hold the secret; that it failed is all that counts.
      return 'unreadable';
    }
    if (text === undefined) return 'missing';
    return parseSecret(text) ?? 'unreadable';
  }

  async #keyOf({ id, secretRef }: SecretPlace): Promise<string> {
    return `${await this.#prefix()}${id}/${secretRef}`;
  }

  async #prefix(): Promise<string> {
    return `credential/${await this.#storeId()}/`;
  }
}

const sentences: Readonly<Record<LockReason, string>> = {
  missing: 'The keyring no longer holds the secret of this credential.',
  unreadable: 'The keyring could not give back the secret of this credential.',
  'other-origin': 'The secret of this credential was entered for another server.',
  incomplete: 'The keyring holds only a part of the secrets of this credential.',
};

/** A credential whose secret can't be used until it is entered again. */
export class LockedSecretError extends StorageError {
  readonly reason: LockReason;
  readonly credentialId: string;

  constructor(reason: LockReason, credentialId: string) {
    super('unauthenticated', sentences[reason], { hint: 'Enter the secret again.' });
    this.reason = reason;
    this.credentialId = credentialId;
  }
}

/** Whether an error is answered by 'Enter Secret Again'. */
export function isLocked(error: unknown): error is LockedSecretError {
  return error instanceof LockedSecretError;
}

function parseSecret(text: string): Secret | undefined {
  const value = parseJson(text);
  if (!isObject(value) || !isText(value.origin) || !isObjectOf(value.values, (each) => isText(each))) return undefined;
  return { origin: value.origin, values: value.values };
}

function notKept(cause?: unknown): StorageError {
  return new StorageError('unexpected', 'The keyring did not keep the secret, so nothing was saved.', {
    hint: 'Check that a keyring is installed and unlocked, then save again.',
    cause,
  });
}
