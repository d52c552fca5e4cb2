import { StorageError, toStorageError } from '../../core/errors.ts';
import { isObject, isText, parseJson } from '../../core/json.ts';
import type { Entry, Recovery, SharedLink } from '../../core/storageClient.ts';
import { encodeSegment } from '../_shared/keys.ts';
import { refuseToShare } from '../_shared/links.ts';
import { unexpectedAnswer } from '../_shared/webErrors.ts';
import { depthIn, partsOf } from '../_shared/webPaths.ts';
import type { DavConnection } from './connection.ts';
import { properties } from './multistatus.ts';

/** Where Nextcloud or ownCloud stands, and whose files a credential is for. */
export interface CloudFiles {
  readonly service: 'nextcloud' | 'owncloud';
  /** The path of the whole, without a slash at its end. */
  readonly top: string;
  readonly user: string;
  /** The path of the user's files. */
  readonly files: string;
}

/** Undefined for another service, and for a path that is none of a user's files. */
export function cloudFilesOf({ options: { base, service, username } }: DavConnection): CloudFiles | undefined {
  if (service !== 'nextcloud' && service !== 'owncloud') return undefined;
  const [, top, way, user] = /^(.*?)(\/remote\.php\/(?:webdav|dav\/files\/([^/]+))\/)/.exec(base) ?? [];
  if (top === undefined || way === undefined) return undefined;
  return { service, top, user: user ?? encodeSegment(username), files: `${top}${way}` };
}

/** The path of a user's deleted files. */
export function trashOf({ top, user, service }: CloudFiles): string {
  return `${top}/remote.php/dav/${service === 'nextcloud' ? `trashbin/${user}/trash/` : `trash-bin/${user}/`}`;
}

/** Whether what is deleted goes to the user's deleted files: their folder answers where the server keeps some. */
export async function recoveryOf(server: DavConnection, signal: AbortSignal): Promise<Recovery> {
  const cloud = cloudFilesOf(server);
  if (!cloud) {
    return server.options.service === 'nextcloud' || server.options.service === 'owncloud'
      ? {
          recoverable: 'unknown',
          because: 'The URL is not that of a user’s files, so their deleted files are not known.',
        }
      : { recoverable: 'no', because: `WebDAV has no trash: ${server.web.url.host}` };
  }
  try {
    await server.propfind(trashOf(cloud), 0, [properties.kind], signal);
    const because = `What is deleted moves to the deleted files, which are kept as the server is set to: ${server.web.url.host}`;
    return { recoverable: 'yes', because };
  } catch (error) {
    const failure = toStorageError(error);
    if (failure.kind === 'not-found' || failure.kind === 'unsupported') {
      return { recoverable: 'no', because: `Deleted files are not kept by: ${server.web.url.host}` };
    }
    if (failure.kind !== 'forbidden' && failure.kind !== 'unexpected') throw failure;
    return { recoverable: 'unknown', because: 'The server does not tell whether it keeps deleted files.' };
  }
}

const longest = { seconds: 31_536_000, text: '365 days' };

/**
 * Makes a public share of one file, which the server lists and keeps until it ends.
 * https://docs.nextcloud.com/server/latest/developer_manual/client_apis/OCS/ocs-share-api.html
 */
export async function shareFile(
  server: DavConnection,
  entry: Entry,
  seconds: number,
  signal: AbortSignal,
): Promise<SharedLink> {
  const cloud = cloudFilesOf(server);
  if (!cloud) {
    throw new StorageError('unsupported', 'Links are made by Nextcloud and ownCloud alone.', {
      hint: 'Choose the WebDAV Service, and enter the URL of a user’s files.',
    });
  }
  const path = pathInFiles(cloud, entry);
  const refusal = refuseToShare(entry, seconds, longest);
  if (refusal) throw refusal;
  // A share ends with a day: the first that does not end too early.
  const day = new Date(Date.now() + (seconds + 86_400) * 1000).toISOString().slice(0, 10);
  const values = { path, shareType: '3', permissions: '1', expireDate: day };
  const target = `${cloud.top}/ocs/v2.php/apps/files_sharing/api/v1/shares?format=json`;
  const answer = await server.ask(
    {
      method: 'POST',
      target,
      headers: { 'ocs-apirequest': 'true', 'content-type': 'application/x-www-form-urlencoded' },
      body: Object.entries(values)
        .map(([name, value]) => `${name}=${encodeSegment(value)}`)
        .join('&'),
    },
    signal,
  );
  if (answer.status !== 200) throw server.refusal(answer, entry.id);
  return linkIn(answer.body.toString('utf8')) ?? fail(server, entry);
}

/** The share that an answer tells of, which must say where it is and when it ends. */
function linkIn(text: string): SharedLink | undefined {
  const answer = parseJson(text);
  const ocs = isObject(answer) ? answer.ocs : undefined;
  const data = isObject(ocs) ? ocs.data : undefined;
  if (!isObject(data) || !isText(data.url, 1) || !isText(data.expiration, 1)) return undefined;
  const expires = Date.parse(`${data.expiration.replace(' ', 'T')}Z`);
  if (Number.isNaN(expires) || !/^https?:\/\//.test(data.url)) return undefined;
  return {
    url: data.url,
    expires,
    caveat: 'It is a public share of the server: it is listed there, and can be ended there.',
  };
}

function fail(server: DavConnection, { id }: Entry): never {
  throw unexpectedAnswer(
    server.subject(id),
    'It may have made a share without saying where: look into the shares there.',
  );
}

/** The same path below another address of the user's files, encoded as it is. */
export function pathInCloud({ files }: CloudFiles, id: string): string {
  if (id.startsWith(files)) return id.slice(files.length);
  throw new StorageError('unsupported', `This path is written in another way than that of the files: ${id}`);
}

/** A file's path below the user's files, as the server's own interface names it. */
export function pathInFiles({ files }: CloudFiles, { id, path }: Entry): string {
  const [top = [], parts] = [partsOf(files), partsOf(id)];
  if (!parts || (depthIn(top, parts) ?? 0) < 1) {
    throw new StorageError('forbidden', `This credential is for another place: ${path}`);
  }
  const bytes = parts.slice(top.length).join('/');
  return `/${Buffer.from(bytes, 'latin1').toString('utf8')}`;
}
