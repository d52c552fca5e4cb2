import { pathOfReference } from '../_shared/webPaths.ts';
import { parseXml, textOf, type XmlElement } from '../_shared/xml.ts';

/** Namespaces of what is asked for. */
const namespaces = { dav: 'DAV:', owncloud: 'http://owncloud.org/ns' } as const;

/** A property's full name. */
export type Property = `{${string}}${string}`;

const dav = (name: string): Property => `{${namespaces.dav}}${name}`;

/** The properties that are known here. */
export const properties = {
  kind: dav('resourcetype'),
  size: dav('getcontentlength'),
  modified: dav('getlastmodified'),
  tag: dav('getetag'),
  privileges: dav('current-user-privilege-set'),
  created: dav('creationdate'),
  type: dav('getcontenttype'),
  locks: dav('lockdiscovery'),
  used: dav('quota-used-bytes'),
  available: dav('quota-available-bytes'),
  permissions: `{${namespaces.owncloud}}permissions`,
  fileId: `{${namespaces.owncloud}}fileid`,
  owner: `{${namespaces.owncloud}}owner-display-name`,
} as const satisfies Record<string, Property>;

/** What a server says of one resource. */
export interface DavResource {
  /** From the top of the server, as the server wrote it; undefined where it leads to another server. */
  readonly path: string | undefined;
  /** Of the resource as a whole, where the server says one. */
  readonly status: number | undefined;
  /** The properties that it has. */
  readonly found: ReadonlyMap<string, XmlElement>;
}

/** The question for properties, as a server takes it. */
export function propfindBody(asked: readonly Property[]): string {
  const names = asked.map((property) => {
    const [, namespace = '', name = ''] = /^\{(.*)\}(.*)$/.exec(property) ?? [];
    return `<${name} xmlns="${namespace}"/>`;
  });
  return `<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop>${names.join('')}</prop></propfind>`;
}

/** The resources of a document; undefined when it is not all of one. https://www.rfc-editor.org/rfc/rfc4918#section-13 */
export function parseMultistatus(document: Buffer, server: URL): readonly DavResource[] | undefined {
  const root = parseXml(decoded(document), { namespaces: true });
  if (root?.name !== dav('multistatus')) return undefined;
  const resources = root.children
    .filter(({ name }) => name === dav('response'))
    .flatMap((response) => read(response, server));
  return resources.includes(undefined) ? undefined : (resources as DavResource[]);
}

/** What is no UTF-8 is no document. */
function decoded(document: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(document).trimStart();
  } catch {
    return '';
  }
}

function read(response: XmlElement, server: URL): readonly (DavResource | undefined)[] {
  const found = new Map<string, XmlElement>();
  for (const part of childrenOf(response, 'propstat')) {
    if (statusOf(part) !== 200) continue;
    for (const property of childrenOf(part, 'prop').flatMap(({ children }) => children)) {
      found.set(property.name, property);
    }
  }
  const status = statusOf(response);
  const references = childrenOf(response, 'href');
  if (references.length === 0 || (references.length > 1 && status === undefined)) return [undefined];
  return references.map(({ text }) => ({ path: pathOfReference(text, server), status, found }));
}

function childrenOf(element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.filter((child) => child.name === dav(name));
}

function statusOf(element: XmlElement): number | undefined {
  const line = textOf(element, dav('status'));
  if (line === undefined) return undefined;
  return Number(/^\s*HTTP\/\d(?:\.\d)?\s+(\d{3})/.exec(line)?.[1] ?? 0);
}

/** Whether a resource is a folder; undefined where the server does not say. */
export function isFolder({ found }: DavResource): boolean | undefined {
  return found.get(properties.kind)?.children.some(({ name }) => name === dav('collection'));
}

/** The text of a property; undefined where it is empty or absent. */
export function propertyOf({ found }: DavResource, property: Property): string | undefined {
  return found.get(property)?.text.trim() || undefined;
}

/** The names of the rights that a user has, such as `write` or `unbind`; undefined where the server does not say. */
export function privilegesOf({ found }: DavResource): readonly string[] | undefined {
  const privileges = found.get(properties.privileges);
  return privileges?.children.flatMap(({ children }) => children.map(({ name }) => name.replace(/^\{DAV:\}/, '')));
}
