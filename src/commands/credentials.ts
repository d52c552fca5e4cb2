import { StorageError } from '../core/errors.ts';
import { formatNames } from '../core/text.ts';
import type { Handler } from './parts.ts';
import { credentialTarget, targetsOf } from './targets.ts';

/** Opens the form of a new credential; on a provider's row, of that provider. */
export const addCredential: Handler = async ({ forms }, node) => {
  await forms.add(node?.kind === 'provider' ? { provider: node.provider.id } : {});
};

export const editCredential: Handler = async (parts, node) => {
  const target = await credentialTarget(parts, 'Edit Credential', node);
  if (target) await parts.forms.edit(target.id);
};

/** Opens the copy in its form, so that what must differ can be changed at once. */
export const duplicateCredential: Handler = async (parts, node) => {
  const target = await credentialTarget(parts, 'Duplicate Credential', node);
  if (!target) return;
  const copy = await parts.credentials.duplicate(target.id);
  await parts.forms.edit(copy.id);
};

/** Removes a credential, or a file that can't be read as one; nothing in the cloud. */
export const removeCredential: Handler = async (parts, node) => {
  const [meant] = targetsOf(parts, node);
  const unreadable = meant?.kind === 'unreadable' ? meant : undefined;
  const target = unreadable ? undefined : await credentialTarget(parts, 'Remove Credential', node);
  const id = unreadable?.id ?? target?.id;
  if (id === undefined) return;
  await refuseWhileNeeded(parts.storage, id);
  const sure = await parts.dialogs.confirm({
    title: `Remove the credential: ${unreadable?.label ?? target?.record.name}`,
    detail: ['Only the credential and its secrets are removed from this editor. Nothing in the cloud is deleted.'],
    button: 'Remove Credential',
  });
  if (!sure) return;
  await parts.credentials.remove(id);
  await parts.verifications.forget(id);
  await parts.opened.forget(id);
};

/** A removal that has no end yet could not be resumed without its credential. */
async function refuseWhileNeeded(storage: string, id: string): Promise<void> {
  const [needed] = await (await import('../removal/keptRemovals.ts')).unfinishedOf(storage, id);
  if (!needed) return;
  const { selection } = needed.removal.plan;
  throw new StorageError(
    'unsupported',
    `${needed.removal.plan.undoes === undefined ? 'A removal' : 'An undo'} that has not ended needs this credential: ${formatNames(selection.map(({ path }) => path))}`,
    {
      hint: 'Resume or discard it in the view Removals.',
    },
  );
}

/** The form asks for what the keyring lost. */
export const enterSecretAgain: Handler = async (parts, node) => {
  const target = await credentialTarget(parts, 'Enter Secret Again', node);
  if (target) await parts.forms.edit(target.id, { focus: 'secret' });
};
