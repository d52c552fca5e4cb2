import { randomUUID } from 'node:crypto';
import { StorageError } from '../core/errors.ts';
import type { Draft } from '../core/fields.ts';
import { newWord } from './files.ts';
import { currentSchema } from './migrations.ts';
import type { CredentialRecord } from './record.ts';
import type { SecretValues } from './secretVault.ts';
import { type Keeping, providerOf, unlockCredential } from './unlock.ts';

/** What a person wants a credential to be. A stored secret that is neither given anew nor kept is cleared. */
export interface CredentialEdit {
  /** Absent for a new credential. */
  readonly id?: string;
  readonly provider: string;
  readonly name: string;
  readonly settings: Draft;
  /** The secrets that were entered. */
  readonly secrets: SecretValues;
  /** The names of stored secrets that stay as they are. */
  readonly keep: readonly string[];
  /** The revision that the form was opened with; absent for a new credential. */
  readonly basedOn?: string;
}

interface Parts extends Keeping {
  /** Is told of failures that cost the person nothing, such as an old secret that could not be deleted. */
  readonly report?: (error: unknown) => void;
}

/** Records and their secrets as one thing: a record never names a secret that was not written before it. */
export class Credentials {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Saves a new or an edited credential and returns its record; on failure all is as it was.
   * The new secret is written first, the record's file is the commit, the old secret goes last.
   * Fails with 'changed', 'already-exists' (the name), 'invalid-settings' (a kept secret was entered for another server)
   * or a LockedSecretError (a kept secret can't be read).
   */
  async save(edit: CredentialEdit): Promise<CredentialRecord> {
    const name = edit.name.trim();
    if (name === '') throw new StorageError('invalid-settings', 'Enter a name.');
    const { vault, providers } = this.#parts;
    const origin = providerOf(providers, edit.provider).origin(edit.settings);
    const previous = edit.id === undefined ? undefined : await this.#basis(edit.id, edit.basedOn);
    const keep = edit.keep.filter((secret) => !(secret in edit.secrets) && previous?.secretNames.includes(secret));
    if (previous && keep.length > 0) this.#assertSameOrigin(previous, edit.provider, origin);

    const secretNames = [...new Set([...Object.keys(edit.secrets), ...keep])].sort();
    const base = { schema: currentSchema, provider: edit.provider, name, settings: edit.settings, secretNames };
    const id = edit.id ?? randomUUID();
    const revision = newWord();
    if (secretNames.length === 0) return await this.#commit({ ...base, id, revision }, previous);
    if (previous && Object.keys(edit.secrets).length === 0 && keep.length === previous.secretNames.length) {
      return await this.#commit({ ...base, ...refOf(previous), id, revision }, previous);
    }

    const kept = previous && keep.length > 0 ? await this.#keptSecrets(previous.id, keep, origin) : {};
    const place = { id, secretRef: revision };
    try {
      await vault.store(place, origin, { ...kept, ...edit.secrets });
      return await this.#commit({ ...base, id, revision, secretRef: revision }, previous);
    } catch (error) {
      await this.#withdraw(place);
      throw error;
    }
  }

  /** A copy with its own secrets, under a free name. */
  async duplicate(id: string): Promise<CredentialRecord> {
    const { record, secrets } = await unlockCredential(this.#parts, id);
    const { provider, settings } = record;
    const name = await this.#parts.store.proposeName(record.name);
    return await this.save({ provider, name, settings, secrets, keep: [] });
  }

  /** Removes a credential and its secrets; nothing in the cloud. Fails with 'changed' when a revision is given and is not the current one. */
  async remove(id: string, basedOn?: string): Promise<void> {
    const { store, vault } = this.#parts;
    await store.remove(id, basedOn);
    await this.#quietly(async () => {
      const places = await vault.places();
      await Promise.all(places.filter((place) => place.id === id).map((place) => vault.delete(place)));
    });
  }

  async #basis(id: string, basedOn: string | undefined): Promise<CredentialRecord> {
    const found = await this.#parts.store.get(id);
    if (found && found.kind !== 'readable') throw new StorageError('invalid-settings', found.sentence);
    if (!found) throw new StorageError('changed', 'This credential was removed meanwhile.');
    if (found.record.revision === basedOn) return found.record;
    throw new StorageError('changed', 'This credential was changed in another window.');
  }

  #assertSameOrigin(previous: CredentialRecord, provider: string, origin: string): void {
    const before = this.#parts.providers.get(previous.provider)?.origin(previous.settings);
    if (previous.provider === provider && before === origin) return;
    throw new StorageError(
      'invalid-settings',
      'The secret must be entered again, because it was entered for another server.',
    );
  }

  async #keptSecrets(id: string, keep: readonly string[], origin: string): Promise<SecretValues> {
    const { secrets } = await unlockCredential(this.#parts, id, { origin });
    return Object.fromEntries(Object.entries(secrets).filter(([name]) => keep.includes(name)));
  }

  async #commit(record: CredentialRecord, previous: CredentialRecord | undefined): Promise<CredentialRecord> {
    const { store, vault } = this.#parts;
    await store.save(record, previous?.revision);
    const old = previous?.secretRef;
    if (previous && old !== undefined && old !== record.secretRef) {
      await this.#quietly(() => vault.delete({ id: previous.id, secretRef: old }));
    }
    return record;
  }

  /** Takes back a secret whose record was not saved. If that can't be known, the secret stays for the sweep. */
  async #withdraw(place: { id: string; secretRef: string }): Promise<void> {
    await this.#quietly(async () => {
      const found = await this.#parts.store.get(place.id);
      const saved = found && (found.kind !== 'readable' || found.record.secretRef === place.secretRef);
      if (!saved) await this.#parts.vault.delete(place);
    });
  }

  async #quietly(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#parts.report?.(error);
    }
  }
}

function refOf({ secretRef }: CredentialRecord): { secretRef?: string } {
  return secretRef === undefined ? {} : { secretRef };
}
