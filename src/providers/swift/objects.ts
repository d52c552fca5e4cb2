import type { Entry, ReadOptions } from '../../core/storageClient.ts';
import { objectEntry } from '../_shared/entries.ts';
import { failureOf } from '../_shared/exactRequest.ts';
import { checkKey } from '../_shared/keys.ts';
import { readAtMost } from '../_shared/readAtMost.ts';
import { repeated } from '../_shared/repeated.ts';
import type { SwiftConnection } from './connection.ts';
import { type Head, isTrue } from './errors.ts';
import { goesWithSegments } from './versioning.ts';

/** What the server says of one object, or of one version of it. */
export async function headOf(swift: SwiftConnection, entry: Entry, signal: AbortSignal): Promise<Head['headers']> {
  return (await swift.read({ method: 'HEAD', ...addressOf(entry) }, signal)).headers;
}

export async function statObject(swift: SwiftConnection, entry: Entry, signal: AbortSignal): Promise<Entry> {
  const headers = await headOf(swift, entry, signal);
  const { container = '', id, name, version } = entry;
  const facts = { size: numberIn(headers['content-length']), modified: dateIn(headers), tag: headers.etag };
  const found = objectEntry(container, id, name, facts);
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
