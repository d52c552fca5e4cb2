import { StorageError, toStorageError } from '../../core/errors.ts';
import type { Entry, PropertyGroup } from '../../core/storageClient.ts';
import { formatCount } from '../../core/text.ts';
import { dateText, groups, type PropertyRow, present, refusalText, sizeText } from '../_shared/propertyRows.ts';
import type { SwiftConnection } from './connection.ts';
import { type Head, isTrue } from './errors.ts';
import { dateIn, headOf, numberIn } from './objects.ts';
import { decoded, headOfContainer, versioningOf } from './versioning.ts';

type Headers = Head['headers'];

/** What Swift says of a container or an object. */
export async function propertiesOf(
  swift: SwiftConnection,
  entry: Entry,
  signal: AbortSignal,
): Promise<readonly PropertyGroup[]> {
  if (entry.kind === 'container') return containerGroups(entry.id, await headOfContainer(swift, entry.id, signal));
  if (entry.kind !== 'object') throw new StorageError('unsupported', 'A folder is only the beginning of names.');
  const headers = await headOf(swift, entry, signal);
  return groups([
    ['Object', objectRows(entry, headers)],
    ['Large object', await largeRows(swift, entry, headers, signal)],
    ['Headers', headerRows(headers)],
    ['Metadata', metadataIn(headers, 'x-object-meta-')],
  ]);
}

const versioningText = {
  versions: 'on',
  history: 'what is overwritten or deleted goes into another container',
  stack: 'what is overwritten goes into another container and comes back when this is deleted',
  none: 'off',
};

function containerGroups(name: string, headers: Headers): readonly PropertyGroup[] {
  const versions = headers['x-history-location'] ?? headers['x-versions-location'];
  return groups([
    [
      'Container',
      present([
        ['Name', name],
        ['Objects', countText(headers['x-container-object-count'])],
        ['Size', sizeIn(headers['x-container-bytes-used'])],
        ['Modified', dateOf(headers)],
        ['Storage policy', headers['x-storage-policy']],
        ['Versioning', versioningText[versioningOf(headers)]],
        ['Versions are in', versions && decoded(versions)],
        ['May read', headers['x-container-read']],
        ['May write', headers['x-container-write']],
        ['Largest size', sizeIn(headers['x-container-meta-quota-bytes'])],
        ['Most objects', countText(headers['x-container-meta-quota-count'])],
      ]),
    ],
    ['Metadata', metadataIn(headers, 'x-container-meta-')],
  ]);
}

function objectRows(entry: Entry, headers: Headers): PropertyRow[] {
  const until = numberIn(headers['x-delete-at']);
  return present([
    ['Key', entry.id],
    ['Version', headers['x-object-version-id'] ?? entry.version?.id],
    ['Size', sizeIn(headers['content-length'])],
    ['Type', headers['content-type']],
    ['Modified', dateOf(headers)],
    ['ETag', headers.etag],
    ['Goes by itself', until === undefined ? undefined : dateText(until * 1000)],
    ['Link to', headers['x-symlink-target'] && decoded(headers['x-symlink-target'])],
  ]);
}

/** What a large object consists of, and what becomes of that when it is deleted. */
async function largeRows(
  swift: SwiftConnection,
  { container = '', id, version }: Entry,
  headers: Headers,
  signal: AbortSignal,
): Promise<PropertyRow[]> {
  const dynamic = headers['x-object-manifest'];
  if (dynamic) {
    return [
      ['Kind', 'dynamic'],
      ['Segments', `all that begins with ${decoded(dynamic)}`],
      ['When it is deleted', 'its segments stay'],
    ];
  }
  if (!isTrue(headers['x-static-large-object'])) return [];
  const kept = version !== undefined || versioningOf(await headOfContainer(swift, container, signal)) !== 'none';
  return [
    ['Kind', 'static'],
    ['Segments', await segmentsText(swift, { container, id }, version?.id, signal)],
    ['When it is deleted', kept ? 'its segments stay' : 'its segments go with it'],
  ];
}

async function segmentsText(
  swift: SwiftConnection,
  address: { container: string; id: string },
  version: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  const query = { 'multipart-manifest': 'get', ...(version === undefined ? {} : { 'version-id': version }) };
  try {
    return formatCount((await swift.readList({ ...address, query }, signal)).length);
  } catch (error) {
    return refusalText(toStorageError(error));
  }
}

function headerRows(headers: Headers): PropertyRow[] {
  return present([
    ['Content-Disposition', headers['content-disposition']],
    ['Content-Encoding', headers['content-encoding']],
  ]);
}

/** What signs links is a secret. */
function metadataIn(headers: Headers, start: string): PropertyRow[] {
  return Object.entries(headers)
    .filter(([name]) => name.startsWith(start) && !name.includes('temp-url-key') && !name.includes('meta-quota-'))
    .map(([name, value]) => [name.slice(start.length), value]);
}

function countText(header: string | undefined): string | undefined {
  const count = numberIn(header);
  return count === undefined ? undefined : formatCount(count);
}

function sizeIn(header: string | undefined): string | undefined {
  const bytes = numberIn(header);
  return bytes === undefined ? undefined : sizeText(bytes);
}

function dateOf(headers: Headers): string | undefined {
  const date = dateIn(headers);
  return date && dateText(date.getTime());
}
