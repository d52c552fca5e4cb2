import type { SwiftConnection } from './connection.ts';

type Facts = Readonly<Record<string, unknown>>;

/** What the server says it can do; nothing where it doesn't say: https://docs.openstack.org/api-ref/object-store/#list-activated-capabilities */
export async function infoOf(swift: SwiftConnection, signal: AbortSignal): Promise<Readonly<Record<string, Facts>>> {
  const answer = await swift.askServer('/info', signal);
  try {
    const info: unknown = answer.status === 200 ? JSON.parse(answer.text) : undefined;
    return typeof info === 'object' && info !== null ? (info as Readonly<Record<string, Facts>>) : {};
  } catch {
    return {};
  }
}

/** How many deletions the server takes at once, after it refused so many: 0 where it takes none. */
export async function askBulkLimit(swift: SwiftConnection, refused: number, signal: AbortSignal): Promise<number> {
  const most = (await infoOf(swift, signal)).bulk_delete?.max_deletes_per_request;
  return typeof most === 'number' && most >= 1 && most < refused ? most : Math.floor(refused / 2);
}
