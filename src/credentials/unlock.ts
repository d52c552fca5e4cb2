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

/**
 * A credential with its secrets; fails with a LockedSecretError when they can't be used.
 * A secret that another window has just replaced may be a moment behind its record: one that is missing is looked for
 * twice, `patience` milliseconds apart.
 */
export async function unlockCredential(keeping: Keeping, id: string, patience = 500): Promise<UnlockedCredential> {
  const known = await findCredential(keeping, id);
  const reading = await read(keeping.vault, known);
  if (reading.kind === 'open') return { ...known, secrets: reading.values };
  if (reading.reason !== 'missing') throw new LockedSecretError(reading.reason);
  await sleep(patience);
  const knownNow = await findCredential(keeping, id);
  const second = await read(keeping.vault, knownNow);
  if (second.kind === 'open') return { ...knownNow, secrets: second.values };
  throw new LockedSecretError(second.reason);
}

function read(vault: SecretVault, { record, provider }: KnownCredential) {
  return vault.read(record, provider.origin(record.settings));
}
