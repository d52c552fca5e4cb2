import type { Surroundings } from '../core/provider.ts';
import { type Verification, verificationLimits } from '../core/verification.ts';
import type { CredentialStore } from '../credentials/credentialStore.ts';
import type { Credentials } from '../credentials/credentials.ts';
import type { CredentialRecord } from '../credentials/record.ts';
import type { Keeping } from '../credentials/unlock.ts';
import { unlockCredential } from '../credentials/unlock.ts';
import type { DraftConnection, DraftOperations, FormCredentials, SavedCredential } from './dependencies.ts';

interface Parts {
  readonly keeping: Keeping;
  readonly credentials: Credentials;
  readonly isLocked: (record: CredentialRecord) => boolean;
  readonly keepVerification: (record: CredentialRecord, verification: Verification) => Promise<void>;
}

/** The stored credentials as the form sees them: a secret is read only when a draft that keeps it is tried out. */
export function credentialAccess({ keeping, credentials, isLocked, keepVerification }: Parts): FormCredentials {
  const { store, vault } = keeping;
  return {
    find: async (id) =>
      await findSaved(store, id, async (record) => isLocked(record) || (await vault.missing([record])).has(id)),
    readSecrets: async (id, origin) => (await unlockCredential(keeping, id, { origin })).secrets,
    keepersOf: async (provider, secrets, exceptId) =>
      (await store.list()).flatMap((stored) => {
        if (stored.kind !== 'readable' || stored.record.provider !== provider || stored.record.id === exceptId)
          return [];
        const { id, name, secretNames } = stored.record;
        return secrets.some((secret) => secretNames.includes(secret)) ? [{ id, name }] : [];
      }),
    readSecretsOf: async (id) => (await unlockCredential(keeping, id)).secrets,
    nameInUse: (name, exceptId) => store.nameInUse(name, exceptId),
    proposeName: (label) => store.proposeName(label),
    save: async ({ provider, name, settings, secrets, keep, basedOn, verification }) => {
      const base = basedOn ? { id: basedOn.id, basedOn: String(basedOn.revision) } : {};
      const record = await credentials.save({ provider, name, settings, secrets, keep, ...base });
      if (verification) await keepVerification(record, verification);
    },
  };
}

/** What can be tried with a draft: each on a client of its own, closed afterwards. */
export function draftOperations(surroundings: Surroundings): DraftOperations {
  const connection = ({ settings, secrets }: DraftConnection) => ({ ...surroundings, settings, secrets });
  return {
    async *verify(draft, signal) {
      await using client = await draft.provider.open(connection(draft));
      const limited = AbortSignal.any([signal, AbortSignal.timeout(verificationLimits.whole)]);
      yield* client.verify({ kind: 'root' }, { signal: limited });
    },
    fetchChoices: (draft, field, signal) => draft.provider.fetchChoices(field, connection(draft), { signal }),
    runAction: (draft, field, signal) => draft.provider.runAction(field, connection(draft), { signal }),
  };
}

async function findSaved(
  store: CredentialStore,
  id: string,
  isLost: (record: CredentialRecord) => Promise<boolean>,
): Promise<SavedCredential | undefined> {
  const found = await store.get(id);
  if (found?.kind !== 'readable') return undefined;
  const { provider, name, settings, secretNames, revision } = found.record;
  const lostSecrets = (await isLost(found.record)) ? secretNames : [];
  return { id, provider, name, settings, secretNames, lostSecrets, revision };
}
