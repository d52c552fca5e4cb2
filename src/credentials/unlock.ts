import { setTimeout as sleep } from 'node:timers/promises';
import { StorageError } from '../core/errors.ts';
import type { Provider } from '../core/provider.ts';
import type { CredentialStore } from './credentialStore.ts';
import type { CredentialRecord } from './record.ts';
import { LockedSecretError, type SecretValues, type SecretVault } from './secretVault.ts';

/** What credentials are kept in and what they are for. */
export interface Keeping {
  readonly store: CredentialStore;
  readonly vault: SecretVault;
  readonly providers: ReadonlyMap<string, Provider>;
}

export interface KnownCredential {
  readonly record: CredentialRecord;
  readonly provider: Provider;
}

export interface UnlockedCredential extends KnownCredential {
  readonly secrets: SecretValues;
}

/** A credential as it stands on disk now. Fails with one clear sentence when it is gone, can't be read or has no provider here. */
export async function findCredential({ store, providers }: Keeping, id: string): Promise<KnownCredential> {
  const found = await store.get(id);
  if (!found) throw new StorageError('not-found', 'This credential no longer exists.');
  if (found.kind !== 'readable') throw new StorageError('invalid-settings', found.sentence);
  return { record: found.record, provider: providerOf(providers, found.record.provider) };
}

export function providerOf(providers: ReadonlyMap<string, Provider>, id: string): Provider {
  const provider = providers.get(id);
  if (provider) return provider;
  throw new StorageError('unsupported', `This version of Storage Credentials doesn't know the provider: ${id}`, {
    hint: 'Update the extension.',
  });
}

interface UnlockOptions {
  /** Where the secrets are about to be sent, when that is not where the record says: a draft's origin. */
  readonly origin?: string;
  /** Milliseconds after which a missing secret is looked for again. */
  readonly patience?: number;
}

/**
 * A credential with its secrets; fails with a LockedSecretError when they can't be used or were entered for another origin.
 * A secret that another window has just replaced may be a moment behind its record: one that is missing is looked for twice.
 */
export async function unlockCredential(
  keeping: Keeping,
  id: string,
  { origin, patience = 500 }: UnlockOptions = {},
): Promise<UnlockedCredential> {
  const read = async () => {
    const known = await findCredential(keeping, id);
    const target = origin ?? known.provider.origin(known.record.settings);
    return { known, reading: await keeping.vault.read(known.record, target) };
  };
  let { known, reading } = await read();
  if (reading.kind === 'locked' && reading.reason === 'missing') {
    await sleep(patience);
    ({ known, reading } = await read());
  }
  if (reading.kind === 'locked') throw new LockedSecretError(reading.reason, id);
  return { ...known, secrets: reading.values };
}
