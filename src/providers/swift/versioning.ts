import type { Recovery } from '../../core/storageClient.ts';
import type { SwiftConnection } from './connection.ts';
import { type Head, isTrue } from './errors.ts';

type Headers = Head['headers'];

/** What a container keeps of what is deleted in it: https://docs.openstack.org/swift/latest/middleware.html#object-versioning */
export type Versioning = 'versions' | 'history' | 'stack' | 'none';

export function versioningOf(headers: Headers): Versioning {
  if (isTrue(headers['x-versions-enabled'])) return 'versions';
  if (headers['x-history-location']) return 'history';
  return headers['x-versions-location'] ? 'stack' : 'none';
}

/** A listing of one row says all that HEAD says: behind the answer to HEAD, Swift sends bytes that break the connection. */
const asHead = { query: { format: 'json', limit: 1 } } as const;

/** What the server says of the account. */
export async function headOfAccount(swift: SwiftConnection, signal: AbortSignal): Promise<Headers> {
  return (await swift.read(asHead, signal)).headers;
}

/** What the server says of a container. */
export async function headOfContainer(
  swift: SwiftConnection,
  container: string,
  signal: AbortSignal,
): Promise<Headers> {
  return (await swift.read({ ...asHead, container }, signal)).headers;
}

/** Whether what is deleted in a container can be brought back. */
export async function recoveryIn(swift: SwiftConnection, container: string, signal: AbortSignal): Promise<Recovery> {
  const headers = await headOfContainer(swift, container, signal);
  switch (versioningOf(headers)) {
    case 'versions':
      return { recoverable: 'yes', because: 'The container keeps versions: what is deleted stays as an earlier one.' };
    case 'history':
      return { recoverable: 'yes', because: `What is deleted is kept in: ${decoded(headers['x-history-location'])}` };
    case 'stack':
      return {
        recoverable: 'unknown',
        because: `Deleting brings back the version before, where there is one in: ${decoded(headers['x-versions-location'])}`,
      };
    case 'none':
      return { recoverable: 'no', because: 'The container keeps no versions.' };
  }
}

/** Whether deleting a large object in a container may delete its segments too: not where what is deleted is kept, which would be left without its content. */
export async function goesWithSegments(
  swift: SwiftConnection,
  container: string,
  signal: AbortSignal,
): Promise<boolean> {
  return versioningOf(await headOfContainer(swift, container, signal)) === 'none';
}

/** The name of a container, which stands encoded in headers. */
export function decoded(header: string | undefined): string {
  try {
    return decodeURIComponent(header ?? '');
  } catch {
    return header ?? '';
  }
}
