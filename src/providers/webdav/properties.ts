import type { Entry, PropertyGroup } from '../../core/storageClient.ts';
import { dateText, groups, present, sizeText } from '../_shared/propertyRows.ts';
import type { XmlElement } from '../_shared/xml.ts';
import type { DavConnection } from './connection.ts';
import { resourceAt } from './listing.ts';
import { type DavResource, isFolder, privilegesOf, properties, propertyOf } from './multistatus.ts';

/** What the server knows of a file or folder. */
export async function propertiesOf(
  server: DavConnection,
  entry: Entry,
  signal: AbortSignal,
): Promise<readonly PropertyGroup[]> {
  const resource = await resourceAt(server, entry, Object.values(properties), signal);
  const text = (name: keyof typeof properties) => propertyOf(resource, properties[name]);
  return groups([
    [
      isFolder(resource) ? 'Folder' : 'File',
      present([
        ['Path', entry.path],
        ['Size', bytesText(text('size'))],
        ['Type', text('type')],
        ['Modified', timeText(text('modified'))],
        ['Created', timeText(text('created'))],
        ['ETag', text('tag')],
        ['Space used', bytesText(text('used'))],
        ['Space left', bytesText(text('available'))],
      ]),
    ],
    [
      'Access',
      present([
        ['Owner', text('owner')],
        ['Permissions', text('permissions')],
        ['Privileges', privilegesOf(resource)?.join(', ')],
      ]),
    ],
    ['Lock', present(lockRows(resource))],
  ]);
}

/** https://www.rfc-editor.org/rfc/rfc4918#section-15.8 */
function lockRows({ found }: DavResource) {
  const locks = found.get(properties.locks)?.children ?? [];
  return locks.flatMap((lock): (readonly [string, string | undefined])[] => [
    ['Held by', deepText(childOf(lock, 'owner'))],
    ['Until given back, or for', deepText(childOf(lock, 'timeout'))],
  ]);
}

function childOf(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((child) => child.name === `{DAV:}${name}`);
}

function deepText(element: XmlElement | undefined): string | undefined {
  if (!element) return undefined;
  return [element.text.trim(), ...element.children.map(deepText)].filter(Boolean).join(' ');
}

/** Nextcloud says of space without a limit that it is less than nothing. */
function bytesText(text: string | undefined): string | undefined {
  return text !== undefined && /^\d+$/.test(text) ? sizeText(Number(text)) : undefined;
}

function timeText(text: string | undefined): string | undefined {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : dateText(time);
}
