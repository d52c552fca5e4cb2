import { fileNameOf } from '../browse/objectAddress.ts';
import { propertyText } from '../browse/propertyText.ts';
import { StorageError } from '../core/errors.ts';
import { identityOf } from '../core/storageClient.ts';
import { showName } from '../core/text.ts';
import { textDocuments } from '../ui/textDocuments.ts';
import type { Handler } from './parts.ts';
import { entryTargets } from './targets.ts';

/** Shows all that the server says of an object or a container in a read-only document. */
export const showProperties: Handler = async (parts, node) => {
  const [target] = await entryTargets(parts, 'Show Properties', ['container', 'object'], node);
  if (!target) return;
  const { credential, entry } = target;
  const { provider } = credential;
  if (!provider.capabilities.has('properties'))
    throw new StorageError('unsupported', `It has no properties to show: ${provider.label}`);
  await using lease = await parts.sessions.open(credential.id);
  const groups = await parts.dialogs.progress(`Reading properties: ${showName(entry.name)}`, async (_, signal) =>
    lease.client.properties?.(entry, { signal: AbortSignal.any([signal, AbortSignal.timeout(60_000)]) }),
  );
  await textDocuments(parts.own).show(
    `${credential.id}${identityOf(entry)}`,
    `${fileNameOf(entry.name)} Properties`,
    propertyText(entry, credential.record.name, groups ?? []),
  );
};
