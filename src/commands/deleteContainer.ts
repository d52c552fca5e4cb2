import { StorageError } from '../core/errors.ts';
import { showName } from '../core/text.ts';
import type { EntryNode } from '../tree/nodes.ts';
import { deleteAllVersions, deleteEntries } from './deleteEntries.ts';
import type { Handler, Parts } from './parts.ts';
import { entryTargets } from './targets.ts';

/** Deletes a container that is empty; of one that is not, offers to delete everything in it first. */
export const deleteContainer: Handler = async (parts, node) => {
  const [target] = await entryTargets(parts, 'Delete Empty Bucket', ['container'], node);
  if (!target || !(await isConfirmed(parts, target, 'It is deleted only if nothing is in it.'))) {
    return;
  }
  if (await removeOrSayFull(parts, target)) return;
  const { one } = nounOf(target);
  const everything = await parts.dialogs.confirm({
    title: `The ${one} is not empty: ${showName(target.entry.name)}`,
    detail: [`Everything in it is counted first, and you are asked again. Then the ${one} itself can be deleted.`],
    button: `Delete Everything in ${capital(one)}…`,
  });
  if (!everything) return;
  const versions = target.credential.provider.capabilities.has('versions');
  await (versions ? deleteAllVersions : deleteEntries)(parts, target);
  if (!(await looksEmpty(parts, target)) || !(await isConfirmed(parts, target, 'Nothing is listed in it any more.'))) {
    return;
  }
  if (await removeOrSayFull(parts, target)) return;
  throw new StorageError('not-empty', `The ${one} is still not empty: ${target.entry.name}`, {
    hint: 'Older versions, delete markers or unfinished uploads may be left in it: they are not listed as objects.',
  });
};

async function isConfirmed({ dialogs }: Parts, target: EntryNode, detail: string): Promise<boolean> {
  const { one } = nounOf(target);
  return await dialogs.confirm({
    title: `Delete the ${one} if it is empty: ${showName(target.entry.name)}`,
    detail: [
      detail,
      'Then others can take its name.',
      `Credential: ${showName(target.credential.record.name)} (${target.credential.provider.label})`,
    ],
    button: `Delete ${capital(one)}`,
  });
}

/** False when the server says that something is in it. */
async function removeOrSayFull(parts: Parts, target: EntryNode): Promise<boolean> {
  const { credential, entry } = target;
  await using lease = await parts.sessions.open(credential.id);
  const { client, provider, record } = lease;
  if (!provider.capabilities.has('removeContainer')) {
    throw new StorageError('unsupported', `No ${provider.noun.many} can be deleted there: ${provider.label}`);
  }
  // The row was listed with another state of the credential: the same name may stand for another container now.
  if (record.revision !== credential.record.revision) {
    await parts.store.refresh();
    throw new StorageError('changed', 'The credential was changed meanwhile. Look again before you delete.');
  }
  try {
    await client.removeContainer?.(entry, { signal: AbortSignal.timeout(60_000) });
  } catch (error) {
    if (error instanceof StorageError && error.kind === 'not-empty') return false;
    throw error;
  }
  parts.log.info(`Deleted the ${provider.noun.one} ${entry.path}`);
  if (target.opened) await parts.opened.close(credential.id, entry);
  parts.tree.refresh(credential);
  void parts.dialogs.notify('info', `Deleted the ${provider.noun.one}: ${showName(entry.name)}`);
  return true;
}

async function looksEmpty({ sessions }: Parts, { credential, entry }: EntryNode): Promise<boolean> {
  await using lease = await sessions.open(credential.id);
  const signal = AbortSignal.timeout(60_000);
  const page = await lease.client.list({ kind: 'container', id: entry.id }, { limit: 1 }, { signal });
  return page.entries.length === 0 && page.cursor === undefined;
}

function nounOf({ credential }: EntryNode): { readonly one: string } {
  return credential.provider.noun;
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
