import type { Place } from '../core/storageClient.ts';

/**
 * The place that a typed path means: a container, or container and folder. Only what stands before the first slash is the
 * container; the rest is taken as it is, so that `a//b/` stays what it says. A leading scheme such as s3:// is dropped.
 */
export function parseTypedPath(typed: string): Place | undefined {
  const path = typed.trim().replace(/^[a-z][a-z0-9+.-]*:\/\//i, '');
  const slash = path.indexOf('/');
  const container = slash < 0 ? path : path.slice(0, slash);
  const rest = slash < 0 ? '' : path.slice(slash + 1);
  if (container === '') return undefined;
  if (rest === '') return { kind: 'container', id: container };
  return { kind: 'folder', container, id: rest.endsWith('/') ? rest : `${rest}/` };
}
