import * as z from 'zod/mini';
import type { Entry } from '../core/storageClient.ts';
import { showName } from '../core/text.ts';

/** Which object a document shows: enough to read it, and a name to show. */
export interface ObjectAddress {
  readonly credentialId: string;
  readonly entry: Entry;
}

const schema = z.object({
  credentialId: z.string(),
  container: z.optional(z.string()),
  id: z.string().check(z.minLength(1)),
  version: z.optional(z.string()),
});

/**
 * The path of an object's document: an opaque code, then the name. Editors normalise paths (`/a/../b` becomes `/b`),
 * so the real name never stands in one.
 */
export function addressToPath({ credentialId, entry }: ObjectAddress): string {
  const { container, id, version } = entry;
  const code = Buffer.from(JSON.stringify({ credentialId, container, id, version: version?.id })).toString('base64url');
  return `/${code}/${fileNameOf(entry.name)}`;
}

/** What `addressToPath` wrote; undefined for any other path. */
export function pathToAddress(path: string): ObjectAddress | undefined {
  const [, code, name] = path.split('/');
  if (code === undefined || name === undefined) return undefined;
  const parsed = schema.safeParse(parse(Buffer.from(code, 'base64url').toString()));
  if (!parsed.success) return undefined;
  const { credentialId, container, id, version } = parsed.data;
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

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
