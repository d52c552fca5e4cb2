import { StorageError } from '../../core/errors.ts';
import type { Entry, ListQuery, Page, Place } from '../../core/storageClient.ts';
import { folderPage } from '../_shared/files.ts';
import { repeated } from '../_shared/repeated.ts';
import { webRefusal } from '../_shared/webErrors.ts';
import { partsOf, readable } from '../_shared/webPaths.ts';
import type { WebServer } from '../_shared/webServer.ts';
import { readIndex } from './indexPage.ts';

/** A folder of a web server, and who looks at it; '' for nobody. */
export interface HttpFolder {
  readonly web: WebServer;
  readonly base: string;
  readonly username: string;
}

export async function listPage(folder: HttpFolder, at: Place, query: ListQuery, signal: AbortSignal): Promise<Page> {
  return folderPage(await listFolder(folder, at, signal), query);
}

/** What the server's own page of a folder names; fails with 'unsupported' where it shows another page. */
export function listFolder(folder: HttpFolder, at: Place, signal: AbortSignal): Promise<readonly Entry[]> {
  const { web } = folder;
  const path = pathOf(folder, at);
  const subject = { server: web.url, id: readable(path) };
  const headers = { accept: 'application/json;q=0.9, text/html;q=0.8', 'accept-encoding': 'identity' };
  return repeated(async () => {
    const answer = await web.ask({ method: 'GET', target: path, headers }, signal);
    if (answer.status !== 200) throw webRefusal(answer, subject);
    const entries = readIndex(answer.headers['content-type'] ?? '', answer.body.toString('utf8'), path, web.url);
    if (entries) return entries;
    throw new StorageError('unsupported', `The server shows a page there and no list of files: ${readable(path)}`, {
      hint: 'Enter the URL of a folder of which the server lists the files.',
    });
  }, signal);
}

/** The path that a place stands for. */
export function pathOf({ base }: HttpFolder, at: Place): string {
  if (at.kind === 'root') return base;
  if (at.kind === 'folder' && at.container === undefined && at.id.endsWith('/') && partsOf(at.id)) return at.id;
  throw new StorageError('unsupported', 'A web server has folders and no containers.');
}
