import { isObject, isText, parseJson } from '../core/json.ts';
import type { Entry } from '../core/storageClient.ts';
import { showName } from '../core/text.ts';

/** Which object a document shows: enough to read it, and a name to show. */
export interface ObjectAddress {
  readonly credentialId: string;
  readonly entry: Entry;
}

/** The parts of a document's URI that say which object it shows. */
export interface DocumentAddress {
  readonly path: string;
  readonly query: string;
}

/**
 * The document of an object: the path is for reading, the query is an opaque code that counts. Editors normalise paths
 * (`/a/../b` becomes `/b`), so the real name never stands in one.
 */
export function addressToDocument({ credentialId, entry }: ObjectAddress): DocumentAddress {
  const { container, id, version } = entry;
  const code = Buffer.from(JSON.stringify({ credentialId, container, id, version: version?.id })).toString('base64url');
  return { path: `/${fileNameOf(container ?? 'storage')}/${fileNameOf(entry.name)}`, query: code };
}

/** What `addressToDocument` wrote; undefined for any other. */
export function documentToAddress({ path, query }: DocumentAddress): ObjectAddress | undefined {
  const name = path.split('/')[2];
  if (name === undefined || query === '') return undefined;
  const parsed = parseJson(Buffer.from(query, 'base64url').toString());
  if (!isObject(parsed)) return undefined;
  const { credentialId, container, id, version } = parsed;
  if (!isText(credentialId) || !isText(id, 1) || !isOptionalText(container) || !isOptionalText(version))
    return undefined;
  return {
    credentialId,
    entry: {
      kind: 'object',
      ...(container === undefined ? {} : { container }),
      id,
      name,
      path: container === undefined ? id : `${container}/${id}`,
      ...(version === undefined ? {} : { version: { id: version, latest: false, marker: false } }),
    },
  };
}

/** A name that is safe as the last segment of a path on any system, for showing only. */
export function fileNameOf(name: string): string {
  const last = name.split('/').findLast((segment) => segment !== '') ?? '';
  const safe = showName(last).replace(/[\\/:*?"<>|]/g, '_');
  return /^\.*$/.test(safe) ? `object${safe.replaceAll('.', '_')}` : safe;
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || isText(value);
}
