import { StorageError } from '../../core/errors.ts';
import type { Entry } from '../../core/storageClient.ts';
import type { SwiftConnection } from './connection.ts';
import { incomplete, isOfSwift } from './errors.ts';
import { walkPages } from './listing.ts';

/** Takes a delete marker away. Where it is the newest, the version before it is made current first: Swift makes none so by itself. */
export async function restoreBefore(swift: SwiftConnection, marker: Entry, signal: AbortSignal): Promise<void> {
  const { container = '', id, path, version } = marker;
  if (!version?.marker || container === '' || version.id === '') {
    throw new StorageError('unsupported', `Only a delete marker can be taken away: ${path}`);
  }
  const [newest, before] = await newestOf(swift, container, id, signal);
  if (newest?.version?.id === version.id && before?.version?.marker === false) {
    const asked = { method: 'PUT', container, id, query: { 'version-id': before.version.id }, body: '' } as const;
    await swift.demand(await swift.answer(asked, signal), asked);
  }
  const asked = { method: 'DELETE', container, id, query: { 'version-id': version.id } } as const;
  const answer = await swift.answer(asked, signal);
  if (answer.status !== 204 || !isOfSwift(answer)) {
    throw answer.status < 300 ? incomplete((await swift.subject({})).server) : await swift.refusal(answer, asked);
  }
}

/** The two newest versions of an object. */
async function newestOf(
  swift: SwiftConnection,
  container: string,
  id: string,
  signal: AbortSignal,
): Promise<readonly Entry[]> {
  const found: Entry[] = [];
  for await (const { entries } of walkPages(
    swift,
    { kind: 'container', id: container },
    { versions: true, id },
    signal,
  )) {
    found.push(...entries);
    if (found.length >= 2) break;
  }
  return found;
}
