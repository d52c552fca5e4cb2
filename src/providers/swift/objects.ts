import { toStorageError } from '../../core/errors.ts';
import type { Entry, ReadOptions } from '../../core/storageClient.ts';
import { objectEntry } from '../_shared/entries.ts';
import { failureOf } from '../_shared/exactRequest.ts';
import { checkKey } from '../_shared/keys.ts';
import { readAtMost } from '../_shared/readAtMost.ts';
import { repeated } from '../_shared/repeated.ts';
import type { SwiftConnection } from './connection.ts';
import { type Head, isTrue } from './errors.ts';
import { decoded, goesWithSegments } from './versioning.ts';

/** What the server says of one object, or of one version of it. */
export async function headOf(swift: SwiftConnection, entry: Entry, signal: AbortSignal): Promise<Head['headers']> {
  return (await swift.read({ method: 'HEAD', ...addressOf(entry) }, signal)).headers;
}

/** Where the segments lie of an object that is no more than their common name; undefined for any other, and where it may not be asked. */
export async function segmentsOf(
  swift: SwiftConnection,
  entry: Entry,
  signal: AbortSignal,
): Promise<Entry['segmentsAt']> {
  const { query, ...address } = addressOf(entry);
  // As it is itself: neither what it is made of nor what it links to.
  const asked = { ...address, query: { ...query, 'multipart-manifest': 'get', symlink: 'get' } };
  try {
    return segmentsIn((await swift.read({ method: 'HEAD', ...asked }, signal)).headers);
  } catch (error) {
    const { kind } = toStorageError(error);
    if (kind === 'not-found' || kind === 'forbidden') return undefined;
    throw error;
  }
}

/** https://docs.openstack.org/swift/latest/overview_large_objects.html#dynamic-large-objects */
function segmentsIn({ 'x-object-manifest': manifest }: Head['headers']): Entry['segmentsAt'] {
  const [, container, prefix] = /^\/?([^/]+)\/(.*)$/s.exec(decoded(manifest)) ?? [];
  return container === undefined || prefix === undefined ? undefined : { container, prefix };
}

export async function statObject(swift: SwiftConnection, entry: Entry, signal: AbortSignal): Promise<Entry> {
  const headers = await headOf(swift, entry, signal);
  const { container = '', id, name, version } = entry;
  const facts = { size: numberIn(headers['content-length']), modified: dateIn(headers), tag: headers.etag };
  const segmentsAt = segmentsIn(headers);
  const found = { ...objectEntry(container, id, name, facts), ...(segmentsAt ? { segmentsAt } : {}) };
  if (version) return { ...found, version };
  const segmented = isTrue(headers['x-static-large-object']) && (await goesWithSegments(swift, container, signal));
  return segmented ? { ...found, segmented } : found;
}

export async function readObject(
  swift: SwiftConnection,
  entry: Entry,
  { limit }: ReadOptions,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const asked = addressOf(entry);
  const { headers, body } = await repeated(async () => swift.demand(await swift.open(asked, signal), asked), signal);
  const { server } = await swift.subject(asked);
  try {
    return await readAtMost(body, limit, numberIn(headers['content-length']), entry);
  } catch (error) {
    throw failureOf(error, server, signal);
  }
}

/** When an object was last written. */
export function dateIn(headers: Head['headers']): Date | undefined {
  const time = Date.parse(headers['last-modified'] ?? '');
  return Number.isNaN(time) ? undefined : new Date(time);
}

export function numberIn(header: string | undefined): number | undefined {
  return header === undefined || header === '' || Number.isNaN(Number(header)) ? undefined : Number(header);
}

function addressOf({ container = '', id, version }: Entry) {
  const refusal = checkKey(id);
  if (refusal) throw refusal;
  return { container, id, ...(version === undefined ? {} : { query: { 'version-id': version.id } }) };
}
