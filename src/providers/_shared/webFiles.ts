import { StorageError } from '../../core/errors.ts';
import type { Entry } from '../../core/storageClient.ts';
import { collectBody, failureOf } from './exactRequest.ts';
import { readAtMost } from './readAtMost.ts';
import { repeated } from './repeated.ts';
import { webRefusal } from './webErrors.ts';
import { partsOf } from './webPaths.ts';
import type { WebServer } from './webServer.ts';

/** All of a file; fails with 'unsupported' when it is larger than the limit. */
export async function readWebFile(
  web: WebServer,
  entry: Entry,
  limit: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { id, kind, path } = entry;
  if (kind !== 'object' || partsOf(id) === undefined || id.endsWith('/')) {
    throw new StorageError('unsupported', `This is no file that can be opened: ${path}`);
  }
  const answer = await repeated(async () => {
    const opened = await web.send({ method: 'GET', target: id, headers: { 'accept-encoding': 'identity' } }, signal);
    if (opened.status === 200) return opened;
    const { status, headers } = opened;
    throw webRefusal(
      { status, headers, body: await collectBody(opened, web.url, signal) },
      { server: web.url, id: path },
    );
  }, signal);
  const length = answer.headers['content-length'];
  try {
    return await readAtMost(answer.body, limit, length === undefined ? undefined : Number(length), entry);
  } catch (error) {
    answer.body.destroy();
    throw failureOf(error, web.url, signal);
  }
}
