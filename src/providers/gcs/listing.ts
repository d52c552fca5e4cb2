import type { ListQuery, Page, Place, WalkQuery } from '../../core/storageClient.ts';
import { checkedPage, containerEntry, containerOf, endless, folderEntry, startPage } from '../_shared/entries.ts';
import { checkPrefix } from '../_shared/keys.ts';
import { bucketPath, type GcsConnection } from './connection.ts';
import { incomplete } from './errors.ts';
import { entryOf, type ObjectResource, rowFields } from './objects.ts';

export const pageSize = 1000;

/** One page of what stands directly at a place. */
export async function listPage(gcs: GcsConnection, at: Place, query: ListQuery, signal: AbortSignal): Promise<Page> {
  if (at.kind !== 'root') return await listObjects(gcs, at, { ...query, delimiter: '/' }, signal);
  const { start } = gcs.options;
  return start.container === '' ? await listBuckets(gcs, query, signal) : startPage(start, query);
}

/** Every object below a place, in the order of their names' bytes, or those of them that stand behind a name. */
export async function* walkPages(
  gcs: GcsConnection,
  at: Place,
  { prefix = '', after }: WalkQuery,
  signal: AbortSignal,
): AsyncGenerator<Page> {
  let cursor: string | undefined;
  do {
    const query = { prefix, after, ...(cursor === undefined ? {} : { cursor }) };
    const page = await listObjects(gcs, at, query, signal);
    // The name itself is where the service begins.
    yield { ...page, entries: page.entries.filter(({ id }) => id !== after) };
    cursor = page.cursor;
  } while (cursor !== undefined);
}

interface BucketList {
  readonly items?: readonly { readonly name?: string; readonly timeCreated?: string }[];
  readonly nextPageToken?: string;
}

async function listBuckets(gcs: GcsConnection, query: ListQuery, signal: AbortSignal): Promise<Page> {
  const asked = {
    path: '/storage/v1/b',
    query: {
      project: await gcs.project(),
      prefix: query.prefix || undefined,
      maxResults: query.limit ?? pageSize,
      pageToken: query.cursor,
      fields: 'kind,nextPageToken,items(name,timeCreated)',
    },
  };
  const { items = [], nextPageToken } = await gcs.read<BucketList>('storage#buckets', asked, {}, signal);
  const named = items.filter(({ name }) => name?.startsWith(query.prefix ?? ''));
  if (nextPageToken !== undefined && nextPageToken === query.cursor) throw endless(gcs.options.server.host);
  return {
    entries: named.map(({ name = '', timeCreated }) =>
      containerEntry(name, timeCreated === undefined ? undefined : new Date(timeCreated)),
    ),
    ...(nextPageToken === undefined ? {} : { cursor: nextPageToken }),
  };
}

/** https://cloud.google.com/storage/docs/json_api/v1/objects/list */
export interface ObjectList {
  readonly items?: readonly ObjectResource[];
  readonly prefixes?: readonly string[];
  readonly nextPageToken?: string;
}

async function listObjects(
  gcs: GcsConnection,
  at: Place,
  query: ListQuery & { readonly delimiter?: string; readonly after?: string | undefined },
  signal: AbortSignal,
): Promise<Page> {
  const bucket = containerOf(at);
  const base = at.kind === 'folder' ? at.id : '';
  const prefix = base + (query.prefix ?? '');
  const refusal = checkPrefix(prefix);
  if (refusal) throw refusal;
  const asked = {
    path: `${bucketPath(bucket)}/o`,
    query: {
      prefix: prefix || undefined,
      delimiter: query.delimiter,
      maxResults: query.limit ?? pageSize,
      pageToken: query.cursor,
      startOffset: query.after,
      fields: `kind,nextPageToken,prefixes,items(${rowFields})`,
    },
  };
  const {
    items = [],
    prefixes = [],
    nextPageToken,
  } = await gcs.read<ObjectList>('storage#objects', asked, { bucket }, signal);
  gcs.seen.add(bucket);
  if (items.some(({ generation }) => !generation)) throw incomplete(gcs.subject({ bucket }));
  const folders = prefixes.map((name) => folderEntry(bucket, name, base));
  const objects = items.map((item) => entryOf(bucket, item, base));
  return checkedPage([...folders, ...objects], {
    container: bucket,
    base,
    next: nextPageToken,
    ...(query.cursor === undefined ? {} : { cursor: query.cursor }),
  });
}
