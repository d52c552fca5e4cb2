import { commands, type Disposable } from 'vscode';
import { isMissingChunk, type StorageError, toStorageError } from '../core/errors.ts';
import { joinSentences } from '../core/text.ts';
import { isLocked } from '../credentials/secretVault.ts';
import type { Node } from '../tree/nodes.ts';
import { commandTable } from './commandTable.ts';
import type { Handler, Parts } from './parts.ts';

/** Registers every command of the table, each within the one wrapper that logs and explains its failures. */
export function registerCommands(parts: Parts): Disposable[] {
  return Object.entries(commandTable).map(([id, handler]) =>
    commands.registerCommand(id, async (node?: Node, nodes?: readonly Node[]) => run(parts, id, handler, node, nodes)),
  );
}

async function run(parts: Parts, id: string, handler: Handler, node?: Node, nodes?: readonly Node[]): Promise<void> {
  try {
    await handler(parts, node, nodes);
  } catch (error) {
    const failure = toStorageError(error);
    if (failure.kind === 'cancelled') return;
    parts.log.error(`${id} failed.`, error);
    if (isMissingChunk(failure)) await offerReload(parts, failure);
    else explain(parts, failure, node);
  }
}

/** A sentence with buttons. Not waited for: a notification may stand for hours. */
function explain({ dialogs, forms, log, redactor }: Parts, failure: StorageError, node: Node | undefined): void {
  const sentence = redactor.redact(joinSentences(failure.message, failure.hint));
  const credentialId = isLocked(failure) ? failure.credentialId : credentialOf(node);
  const locked = isLocked(failure);
  const renews = !locked && failure.kind === 'expired';
  const mend = locked ? 'Enter Secret Again' : renews ? 'Enter New Keys' : 'Edit Credential';
  const mendable = credentialId !== undefined && mendableKinds.has(failure.kind);
  void dialogs
    .notify('error', sentence, [...(mendable ? [mend] : []), 'Show Log'])
    .then(async (answer) => {
      if (answer === mend && renews) await commands.executeCommand('storageCredentials.enterNewKeys', node);
      else if (answer === mend && credentialId !== undefined) {
        await forms.edit(credentialId, locked ? { focus: 'secret' } : {});
      }
      if (answer === 'Show Log') log.show();
    })
    .catch((error: unknown) => log.error('The answer to a failure failed.', error));
}

const mendableKinds: ReadonlySet<StorageError['kind']> = new Set([
  'unauthenticated',
  'expired',
  'invalid-settings',
  'untrusted-server',
]);

function credentialOf(node: Node | undefined): string | undefined {
  if (node?.kind === 'credential') return node.id;
  return node?.kind === 'entry' ? node.credential.id : undefined;
}

async function offerReload({ dialogs }: Parts, { message }: StorageError): Promise<void> {
  const answer = await dialogs.notify('error', message, ['Reload Window']);
  if (answer === 'Reload Window') await commands.executeCommand('workbench.action.reloadWindow');
}
