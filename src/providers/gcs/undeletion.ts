import { StorageError } from '../../core/errors.ts';
import type { Deleted, Entry, Restoration } from '../../core/storageClient.ts';
import {
  alreadyThere,
  isOurs,
  keptNewer,
  noLongerKept,
  notOurs,
  notRestored,
  refuseDeleted,
  restored,
  restoreEach,
} from '../_shared/restorations.ts';
import { keepsVersions } from './buckets.ts';
import { type Asked, type GcsConnection, objectPath } from './connection.ts';
import { type Answer, incomplete, isGcsAnswer, Refusal } from './errors.ts';
import { addressOf, type ObjectResource, refuseName } from './objects.ts';

/** Brings back generations that were deleted, each as a new generation of its name, and only where nothing has the name now. */
export function undeleteBatch(
  gcs: GcsConnection,
  batch: readonly Deleted[],
  signal: AbortSignal,
): Promise<readonly Restoration[]> {
  const ways = {
    refuse: (deleted: Deleted) => refuse(gcs, deleted),
    one: (deleted: Deleted, limited: AbortSignal) => bringBack(gcs, deleted, limited),
  };
  const fail = (error: unknown, { entry }: Deleted, limited: AbortSignal) =>
    gcs.fail(error, { bucket: entry.container, key: entry.id }, limited);
  return restoreEach(batch, ways, fail, signal);
}

function refuse({ options }: GcsConnection, deleted: Deleted): StorageError | undefined {
  const { id, tag = '' } = deleted.entry;
  const refusal = refuseDeleted(deleted, options.start) ?? refuseName(id);
  if (refusal || /^\d+$/.test(tag)) return refusal;
  return new StorageError('unsupported', `This is no generation of an object: ${tag}`);
}

/** What makes a generation live again; false where the server keeps no such generation so. */
type Way = (gcs: GcsConnection, entry: Entry, signal: AbortSignal) => Promise<boolean>;

/** The server's own condition is the look: it refuses where anything is live. Only then, or after a failure, is it asked what is. */
async function bringBack(gcs: GcsConnection, deleted: Deleted, signal: AbortSignal): Promise<Restoration> {
  const { bucket, key } = addressOf(deleted.entry);
  const versions = await keepsVersions(gcs, bucket, signal);
  if (!isOurs(deleted, undefined) && !isOurs(deleted, await deletionTime(gcs, deleted.entry, signal))) {
    const live = await judged(gcs, deleted, undefined, signal);
    return live.result === 'failed' ? notOurs(deleted) : live;
  }
  const ways: readonly Way[] = versions === false ? [undelete, copyNoncurrent] : [copyNoncurrent, undelete];
  try {
    for (const way of ways) if (await way(gcs, deleted.entry, signal)) return restored(deleted);
  } catch (error) {
    const failure = gcs.fail(error, { bucket, key }, signal);
    return failure.kind === 'forbidden' ? notRestored(deleted, failure) : await judged(gcs, deleted, failure, signal);
  }
  return await judged(gcs, deleted, undefined, signal);
}

interface RewriteAnswer {
  readonly done?: boolean;
  readonly rewriteToken?: string;
  readonly resource?: ObjectResource;
}

/** Of a bucket with versions: copies the generation on its own name. https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite */
async function copyNoncurrent(gcs: GcsConnection, entry: Entry, signal: AbortSignal): Promise<boolean> {
  const { bucket, key } = addressOf(entry);
  const path = `${objectPath(bucket, key)}/rewriteTo${objectPath(bucket, key).slice('/storage/v1'.length)}`;
  const fields = `kind,done,rewriteToken,resource(${answerFields})`;
  let rewriteToken: string | undefined;
  do {
    const query = { sourceGeneration: entry.tag, ifGenerationMatch: 0, rewriteToken, fields };
    const answer = await ask(gcs, { path, query }, entry, signal);
    if (!answer) return false;
    const said = gcs.resource<RewriteAnswer>('storage#rewriteResponse', answer, { bucket, key });
    if (said.done === true) return isWhole(gcs, entry, said.resource);
    rewriteToken = said.rewriteToken;
  } while (rewriteToken);
  throw incomplete(gcs.subject({ bucket, key }));
}

/** Of a bucket that keeps what is deleted. https://cloud.google.com/storage/docs/json_api/v1/objects/restore */
async function undelete(gcs: GcsConnection, entry: Entry, signal: AbortSignal): Promise<boolean> {
  const { bucket, key } = addressOf(entry);
  const path = `${objectPath(bucket, key)}/restore`;
  const query = { generation: entry.tag, ifGenerationMatch: 0, fields: `kind,${answerFields}` };
  const answer = await ask(gcs, { path, query }, entry, signal);
  if (!answer) return false;
  return isWhole(gcs, entry, gcs.resource<ObjectResource>('storage#object', answer, { bucket, key }));
}

const answerFields = 'name,bucket,generation,size';

/** The answer to a request that makes something; undefined where what it names is not there. */
async function ask(
  gcs: GcsConnection,
  asked: Asked,
  { container: bucket, id: key }: Entry,
  signal: AbortSignal,
): Promise<Answer | undefined> {
  const answer = await gcs.answer({ ...asked, method: 'POST' }, { bucket, key }, signal);
  if (answer.status === 200) return answer;
  const failure = gcs.fail(new Refusal(answer), { bucket, key }, signal);
  if (isMissing(failure)) return undefined;
  throw failure;
}

/** Believed only when the answer shows the object that was to come back. */
function isWhole(gcs: GcsConnection, entry: Entry, resource: ObjectResource | undefined): boolean {
  const { bucket, key } = addressOf(entry);
  const named = resource?.name === key && resource.bucket === bucket && /^\d+$/.test(resource.generation ?? '');
  if (named && (entry.size === undefined || Number(resource.size) === entry.size)) return true;
  throw incomplete(gcs.subject({ bucket, key }));
}

/** What stands under the name, where it was not brought back by an answer. */
async function judged(
  gcs: GcsConnection,
  deleted: Deleted,
  failure: StorageError | undefined,
  signal: AbortSignal,
): Promise<Restoration> {
  const { entry } = deleted;
  const live = await factsOf(gcs, entry, {}, signal);
  if (live?.generation === entry.tag) return alreadyThere(deleted);
  if (live) return (await isCopy(gcs, entry, live, signal)) ? alreadyThere(deleted) : keptNewer(deleted);
  if (!failure) return noLongerKept(deleted);
  return notRestored(deleted, failure.kind === 'changed' ? cameAndWent(entry) : failure);
}

/** Whether what is live has the content that was deleted, byte for byte: a generation that was brought back has another number. */
async function isCopy(gcs: GcsConnection, entry: Entry, live: Facts, signal: AbortSignal): Promise<boolean> {
  const generation = entry.tag;
  const source =
    (await factsOf(gcs, entry, { generation }, signal)) ??
    (await factsOf(gcs, entry, { generation, softDeleted: 'true' }, signal));
  if (!source || source.size !== live.size) return false;
  const sums = [
    [source.crc32c, live.crc32c],
    [source.md5Hash, live.md5Hash],
  ].filter(([one, other]) => one !== undefined && other !== undefined);
  return sums.length > 0 && sums.every(([one, other]) => one === other);
}

/** When a generation ceased to be live, in milliseconds since the epoch; undefined where the server doesn't say. */
async function deletionTime(gcs: GcsConnection, entry: Entry, signal: AbortSignal): Promise<number | undefined> {
  const generation = entry.tag;
  const facts =
    (await factsOf(gcs, entry, { generation }, signal)) ??
    (await factsOf(gcs, entry, { generation, softDeleted: 'true' }, signal));
  const time = facts?.timeDeleted ?? facts?.softDeleteTime;
  return time === undefined ? undefined : Date.parse(time);
}

interface Facts {
  readonly timeDeleted?: string;
  readonly softDeleteTime?: string;
  readonly generation?: string;
  readonly size?: string;
  readonly crc32c?: string;
  readonly md5Hash?: string;
}

/** Undefined where there is none, or these keys may not see it. */
async function factsOf(
  gcs: GcsConnection,
  entry: Entry,
  which: NonNullable<Asked['query']>,
  signal: AbortSignal,
): Promise<Facts | undefined> {
  const { bucket, key } = addressOf(entry);
  const asked = {
    path: objectPath(bucket, key),
    query: { ...which, fields: 'kind,generation,size,crc32c,md5Hash,timeDeleted,softDeleteTime' },
  };
  try {
    return await gcs.read<Facts>('storage#object', asked, { bucket, key }, signal);
  } catch (error) {
    const failure = gcs.fail(error, { bucket, key }, signal);
    if (isMissing(failure) || (failure.kind === 'forbidden' && which.softDeleted)) return undefined;
    throw failure;
  }
}

/** Which Cloud Storage itself must have said. */
function isMissing({ kind, cause }: StorageError): boolean {
  return kind === 'not-found' && isGcsAnswer(cause);
}

function cameAndWent({ path }: Entry): StorageError {
  return new StorageError('unexpected', `Something stood there and went while this was brought back: ${path}`, {
    retryable: true,
  });
}
