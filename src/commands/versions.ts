import { StorageError, toStorageError } from '../core/errors.ts';
import { formatCounted } from '../core/text.ts';
import { EntryNode } from '../tree/nodes.ts';
import type { Handler, Parts } from './parts.ts';
import { entryTargets, targetsOf } from './targets.ts';

/** Lists every version and delete marker in a container or folder as a row of its own. */
export const showVersions: Handler = async (parts, node, nodes) =>
  setVersions(parts, true, await entryTargets(parts, 'Show Versions', ['container', 'folder'], node, nodes));

/** Lists only what is current again. */
export const hideVersions: Handler = async (parts, node, nodes) =>
  setVersions(parts, false, await entryTargets(parts, 'Hide Versions', ['container', 'folder'], node, nodes));

function setVersions({ tree }: Parts, shown: boolean, nodes: readonly EntryNode[]): void {
  for (const node of nodes) {
    const { capabilities, label } = node.credential.provider;
    if (!capabilities.has('versions')) throw new StorageError('unsupported', `There are no versions there: ${label}`);
    node.versions = shown;
    tree.refresh(node);
  }
}

/** Takes delete markers away, so that what stood before them counts again. Loses nothing, so it asks nothing. */
export const undelete: Handler = async (parts, node, nodes) => {
  const rows = [...new Set(targetsOf(parts, node, nodes))].filter((target) => target instanceof EntryNode);
  const markers = rows.filter(({ entry }) => entry.version?.marker);
  if (markers.length === 0) {
    throw new StorageError('unsupported', 'No delete marker is selected.', {
      hint: 'Show the versions of a bucket or folder, and select delete markers in it.',
    });
  }
  const failures = await parts.dialogs.progress('Undeleting', (_, signal) => undeleteAll(parts, markers, signal));
  for (const parent of new Set(markers.map(({ parent }) => parent))) parts.tree.refresh(parent);
  tell(parts, markers.length - failures.length, failures);
};

async function undeleteAll(
  { sessions }: Parts,
  markers: readonly EntryNode[],
  signal: AbortSignal,
): Promise<readonly StorageError[]> {
  const failures: StorageError[] = [];
  for (const [credential, rows] of Map.groupBy(markers, (row) => row.credential)) {
    await using lease = await sessions.open(credential.id);
    if (lease.record.revision !== credential.record.revision) {
      throw new StorageError('changed', 'The credential was changed meanwhile. Look again before you undelete.');
    }
    for (const { entry } of rows) {
      try {
        await lease.client.restore?.(entry, { signal });
      } catch (error) {
        failures.push(toStorageError(error));
      }
    }
  }
  return failures;
}

function tell({ dialogs, log, redactor }: Parts, done: number, failures: readonly StorageError[]): void {
  const [first] = failures;
  for (const failure of failures) log.error('A delete marker could not be taken away.', failure);
  const sentence = `Undeleted ${formatCounted(done, 'object', 'objects')}.`;
  if (!first) void dialogs.notify('info', sentence);
  else void dialogs.notify('warning', redactor.redact(`${sentence} Failed: ${failures.length}. ${first.message}`));
}
