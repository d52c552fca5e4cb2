import type { BlobItem } from '@azure/storage-blob';
import type { Entry, ListQuery, Lock, Page, Place } from '../../core/storageClient.ts';
import { checkedPage, containerEntry, containerOf, folderEntry, objectEntry, startPage } from '../_shared/entries.ts';
import { checkPrefix } from '../_shared/keys.ts';
import { notWhole, readMarker } from './answers.ts';
import type { AzureConnection } from './connection.ts';

/** As many as the tree shows at once. */
const pageSize = 1000;
/** As many as the service gives at once. */
const walkSize = 5000;

const document = { document: 'EnumerationResults' };

/** One page of what stands directly at a place. */
export async function listPage(
  azure: AzureConnection,
  at: Place,
  query: ListQuery,
  signal: AbortSignal,
): Promise<Page> {
  if (at.kind !== 'root') return await listBlobs(azure, at, query, signal);
  const { options } = azure;
  return options.container === '' ? await listContainers(azure, query, signal) : startPage(options, query);
}

/** Every object below a place, in the order of their names' bytes, each with the number of snapshots that go with it. */
export async function* walkPages(azure: AzureConnection, at: Place, prefix: string | undefined, signal: AbortSignal) {
  const container = containerOf(at);
  const base = baseOf(at);
  const count = snapshotCounter();
  let cursor: string | undefined;
  do {
    const page = await flatPage(azure, container, base + (prefix ?? ''), { cursor, include: ['snapshots'] }, signal);
    const entries = page.items.flatMap((item) => {
      if (item.snapshot) return count.add(item.name);
      return [withSnapshots(entryOf(container, item, base), count.take(item.name))];
    });
    yield checkedPage(entries, { container, base, next: page.next, ...(cursor === undefined ? {} : { cursor }) });
    cursor = page.next;
  } while (cursor !== undefined);
}

/** What is listed beside the objects themselves. */
export type Included = 'snapshots' | 'uncommittedblobs' | 'deleted' | 'versions';

interface PageAsked {
  readonly cursor?: string | undefined;
  readonly include: readonly Included[];
  readonly size?: number;
  /** Of a hierarchical account: what soft delete keeps, and nothing else. */
  readonly showonly?: 'deleted';
}

/** One page of everything in a container whose name begins so, as the service has it. */
export async function flatPage(
  azure: AzureConnection,
  container: string,
  prefix: string,
  { cursor, include, size = walkSize, showonly }: PageAsked,
  signal: AbortSignal,
): Promise<{ readonly items: readonly BlobItem[]; readonly next: string | undefined }> {
  const refusal = checkPrefix(prefix);
  if (refusal) throw refusal;
  const query = { restype: 'container', comp: 'list', ...(showonly === undefined ? {} : { showonly }) };
  return await azure.run({ container }, { method: 'GET', query, answer: document }, signal, async () => {
    const pages = azure
      .container(container)
      .listBlobsFlat({ prefix, abortSignal: signal, ...flagsOf(include) })
      .byPage({ maxPageSize: size, ...(cursor === undefined ? {} : { continuationToken: cursor }) });
    const page = await firstOf(pages);
    return { items: page.segment.blobItems, next: readMarker(page.continuationToken) };
  });
}

/** The tag as a condition needs it: listings leave its quotes out. */
export function quotedTag(tag: string | undefined): string | undefined {
  return tag === undefined || tag === '' || /^(W\/)?"/.test(tag) ? tag : `"${tag}"`;
}

/** What the service tells of locks, in a listing or of one blob; those of the past are left out. */
export function locksOf(facts: LockFacts): { locks?: readonly Lock[] } {
  const { immutabilityPolicyExpiresOn, leaseStatus, legalHold } = facts;
  const until = immutabilityPolicyExpiresOn?.getTime() ?? 0;
  const locks: readonly Lock[] = [
    ...(legalHold ? [{ kind: 'legal-hold' } as const] : []),
    ...(until > Date.now() ? [{ kind: 'retention', bypassable: false, until } as const] : []),
    ...(leaseStatus === 'locked' ? [{ kind: 'lease' } as const] : []),
  ];
  return locks.length === 0 ? {} : { locks };
}

interface LockFacts {
  readonly leaseStatus?: string;
  readonly legalHold?: boolean;
  readonly immutabilityPolicyExpiresOn?: Date;
}

async function listContainers(azure: AzureConnection, query: ListQuery, signal: AbortSignal): Promise<Page> {
  const { cursor, limit, prefix = '' } = query;
  const errand = { method: 'GET', query: { comp: 'list' }, answer: document } as const;
  return await azure.run({}, errand, signal, async () => {
    const pages = azure.library.reader
      .listContainers({ abortSignal: signal, ...(prefix === '' ? {} : { prefix }) })
      .byPage({ maxPageSize: limit ?? pageSize, ...(cursor === undefined ? {} : { continuationToken: cursor }) });
    const page = await firstOf(pages);
    const entries: readonly Entry[] = page.containerItems
      .filter(({ name }) => name.startsWith(prefix))
      .map(({ name, properties }) => ({ ...containerEntry(name, properties.lastModified), ...locksOf(properties) }));
    const next = page.continuationToken || undefined;
    return checkedPage(entries, {
      container: azure.options.service.host,
      base: prefix,
      next,
      ...(cursor === undefined ? {} : { cursor }),
    });
  });
}

async function listBlobs(azure: AzureConnection, at: Place, query: ListQuery, signal: AbortSignal): Promise<Page> {
  const { cursor, limit } = query;
  const container = containerOf(at);
  const base = baseOf(at);
  const prefix = base + (query.prefix ?? '');
  const refusal = checkPrefix(prefix);
  if (refusal) throw refusal;
  const errand = { method: 'GET', query: { restype: 'container', comp: 'list' }, answer: document } as const;
  return await azure.run({ container }, errand, signal, async () => {
    const pages = azure
      .container(container)
      .listBlobsByHierarchy('/', { prefix, abortSignal: signal })
      .byPage({ maxPageSize: limit ?? pageSize, ...(cursor === undefined ? {} : { continuationToken: cursor }) });
    const page = await firstOf(pages);
    const folders = (page.segment.blobPrefixes ?? []).map(({ name }) => folderEntry(container, name ?? '', base));
    const objects = page.segment.blobItems.map((item) => entryOf(container, item, base));
    const next = readMarker(page.continuationToken);
    return checkedPage([...folders, ...objects], {
      container,
      base,
      next,
      ...(cursor === undefined ? {} : { cursor }),
    });
  });
}

/** A folder that exists by itself is listed as what it is, where the account has such. */
function entryOf(container: string, { name = '', properties, metadata }: BlobItem, base: string): Entry {
  if (metadata?.hdi_isfolder === 'true') return folderEntry(container, `${name}/`, base);
  const entry = objectEntry(container, name, name.slice(base.length), {
    size: properties.contentLength,
    modified: properties.lastModified,
    tag: quotedTag(properties.etag),
    storageClass: properties.accessTier,
  });
  return { ...entry, ...locksOf(properties) };
}

/** One page: what comes behind it is asked for by itself. */
async function firstOf<T>(pages: AsyncIterable<T>): Promise<T> {
  for await (const page of pages) return page;
  throw notWhole();
}

function flagsOf(include: readonly Included[]) {
  return {
    includeSnapshots: include.includes('snapshots'),
    includeUncommitedBlobs: include.includes('uncommittedblobs'),
    includeDeleted: include.includes('deleted'),
    includeVersions: include.includes('versions'),
  };
}

/** The snapshots of a blob stand right before it, be it on the page before. */
function snapshotCounter() {
  let of: string | undefined;
  let count = 0;
  return {
    add(name: string): [] {
      count = name === of ? count + 1 : 1;
      of = name;
      return [];
    },
    take: (name: string) => (name === of ? count : 0),
  };
}

function withSnapshots(entry: Entry, snapshots: number): Entry {
  return snapshots === 0 ? entry : { ...entry, snapshots };
}

function baseOf(at: Place): string {
  return at.kind === 'folder' ? at.id : '';
}
