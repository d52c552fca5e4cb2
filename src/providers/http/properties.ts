import { StorageError } from '../../core/errors.ts';
import type { Entry, PropertyGroup } from '../../core/storageClient.ts';
import { dateText, groups, present, sizeText } from '../_shared/propertyRows.ts';
import { repeated } from '../_shared/repeated.ts';
import { webRefusal } from '../_shared/webErrors.ts';
import { partsOf, webEntry } from '../_shared/webPaths.ts';
import type { WebServer } from '../_shared/webServer.ts';

type Headers = Readonly<Record<string, string>>;

export async function statEntry(web: WebServer, entry: Entry, signal: AbortSignal): Promise<Entry> {
  const headers = await headOf(web, entry, signal);
  const { kind, id } = entry;
  const facts = { size: sizeIn(headers), modified: modifiedIn(headers), tag: headers.etag };
  return kind === 'folder' ? webEntry('folder', id) : webEntry('object', id, facts);
}

/** What the server says of a file or folder in its headers. */
export async function propertiesOf(
  web: WebServer,
  entry: Entry,
  signal: AbortSignal,
): Promise<readonly PropertyGroup[]> {
  const headers = await headOf(web, entry, signal);
  const folder = entry.kind === 'folder';
  const [size, modified] = [folder ? undefined : sizeIn(headers), modifiedIn(headers)];
  return groups([
    [
      folder ? 'Folder' : 'File',
      present([
        ['Path', entry.path],
        ['Size', size === undefined ? undefined : sizeText(size)],
        ['Type', headers['content-type']],
        ['Modified', modified === undefined ? undefined : dateText(modified)],
        ['ETag', headers.etag],
      ]),
    ],
    [
      'Headers',
      present([
        ['Cache-Control', headers['cache-control']],
        ['Content-Disposition', headers['content-disposition']],
        ['Content-Encoding', headers['content-encoding']],
        ['Content-Language', headers['content-language']],
        ['Server', headers.server],
      ]),
    ],
  ]);
}

function headOf(web: WebServer, { id, path }: Entry, signal: AbortSignal): Promise<Headers> {
  if (partsOf(id) === undefined)
    throw new StorageError('unsupported', `This path does not lead to one thing alone: ${path}`);
  return repeated(async () => {
    const asked = { method: 'HEAD', target: id, headers: { 'accept-encoding': 'identity' } };
    const answer = await web.ask(asked, signal);
    if (answer.status !== 200) throw webRefusal(answer, { server: web.url, id: path });
    return answer.headers;
  }, signal);
}

function sizeIn(headers: Headers): number | undefined {
  const length = headers['content-length'];
  return length === undefined ? undefined : Number(length);
}

function modifiedIn(headers: Headers): number | undefined {
  const modified = Date.parse(headers['last-modified'] ?? '');
  return Number.isNaN(modified) ? undefined : modified;
}
