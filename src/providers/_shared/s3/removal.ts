import {
  AbortMultipartUploadCommand,
  type DeletedObject,
  DeleteObjectCommand,
  type DeleteObjectCommandOutput,
  DeleteObjectsCommand,
} from '@aws-sdk/client-s3';
import { StorageError } from '../../../core/errors.ts';
import type { Entry, Outcome, Target } from '../../../core/storageClient.ts';
import { type RemovalWays, removeInWays } from '../batchRemoval.ts';
import { refuseTarget, unanswered } from '../outcomes.ts';
import { travelsInXml } from '../xmlKeys.ts';
import type { S3Connection } from './connection.ts';
import { answerOf, isExpired, keyError, resultOfCode } from './errors.ts';
import { startOf } from './listing.ts';
import { explainRefusals } from './locks.ts';

/** Deletes up to 1,000 objects or versions: together where their keys travel unharmed in XML, one by one where not. Uploads are aborted, one by one. */
export function removeBatch(
  s3: S3Connection,
  batch: readonly Target[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const start = startOf(s3);
  const ways: RemovalWays = {
    refuse: ({ entry }) => refuseTarget(entry, start, ['object', 'upload']),
    groupOf: ({ entry, bypass = false }) =>
      entry.kind === 'upload' || !travelsInXml(entry.id) ? undefined : `${bypass} ${bucketOf(entry)}`,
    together: (targets, limited) => removeTogether(s3, targets, limited),
    one: (target, limited) => removeOne(s3, target, limited),
    explain: (outcomes, limited) => explainRefusals(s3, outcomes, limited),
  };
  return removeInWays(batch, ways, signal);
}

async function removeTogether(
  s3: S3Connection,
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const bucket = targets[0] ? bucketOf(targets[0].entry) : '';
  const Objects = targets.map((target) => {
    const ETag = conditionOf(s3, target);
    return { Key: target.entry.id, ...versionOf(target.entry), ...(ETag === undefined ? {} : { ETag }) };
  });
  try {
    const answer = await onceMoreIfRenewed(s3, () =>
      s3.remover.send(
        new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: false }, ...bypassOf(targets[0]) }),
        {
          abortSignal: signal,
        },
      ),
    );
    const deleted = new Map(answer.Deleted?.map((each) => [identity(each.Key, each.VersionId), each]));
    const errors = new Map(answer.Errors?.map((error) => [identity(error.Key, error.VersionId), error]));
    return targets.map((target) => {
      const { id, version } = target.entry;
      const own = identity(id, version?.id);
      const refusal = errors.get(own);
      if (!refusal) {
        const done = deleted.get(own);
        return done ? { target, result: 'deleted', ...traceOf(target, markerIn(done)) } : unanswered(target);
      }
      const error = keyError(refusal.Code, refusal.Message, s3.subject({ bucket, key: id }));
      return failed(target, withNeeds(s3, target, error), refusal.Code);
    });
  } catch (error) {
    const failure = s3.fail(error, { bucket }, signal);
    return targets.map((target) => failed(target, failure, undefined));
  }
}

async function removeOne(s3: S3Connection, target: Target, signal: AbortSignal): Promise<Outcome> {
  const { entry } = target;
  const bucket = bucketOf(entry);
  try {
    const { DeleteMarker, VersionId }: Partial<DeleteObjectCommandOutput> = await onceMoreIfRenewed(s3, () =>
      sendOne(s3, target, signal),
    );
    return { target, result: 'deleted', ...traceOf(target, DeleteMarker ? VersionId : undefined) };
  } catch (error) {
    const failure = s3.fail(error, { bucket, key: entry.id }, signal);
    return failed(target, withNeeds(s3, target, failure), answerOf(error).code);
  }
}

function sendOne(s3: S3Connection, target: Target, signal: AbortSignal): Promise<object> {
  const { remover } = s3;
  const { entry } = target;
  const IfMatch = conditionOf(s3, target);
  const only = IfMatch === undefined ? {} : { IfMatch };
  const address = { Bucket: bucketOf(entry), Key: entry.id };
  const options = { abortSignal: signal };
  return entry.kind === 'upload'
    ? remover.send(new AbortMultipartUploadCommand({ ...address, UploadId: entry.version?.id }), options)
    : remover.send(new DeleteObjectCommand({ ...address, ...versionOf(entry), ...bypassOf(target), ...only }), options);
}

function markerIn({ DeleteMarker, DeleteMarkerVersionId }: DeletedObject): string | undefined {
  return DeleteMarker ? DeleteMarkerVersionId : undefined;
}

/** The marker that a deletion has made. Of one that took a version away the server names it too: that made none. */
function traceOf({ entry }: Target, marker: string | undefined): { trace?: string } {
  return entry.version === undefined && marker ? { trace: marker } : {};
}

/** The SDK corrects its clock from a refusal, and keys of this machine are looked for again; a refused request did nothing, so it may be sent again. */
async function onceMoreIfRenewed<T>({ keySource }: S3Connection, send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    const { code } = answerOf(error);
    const renewable = keySource.chain !== undefined && isExpired(code);
    if (renewable) keySource.forget();
    if (renewable || code === 'RequestTimeTooSkewed') return await send();
    throw error;
  }
}

function failed(target: Target, error: StorageError, code: string | undefined): Outcome {
  const result = resultOfCode(error, code);
  return result === 'already-gone' ? { target, result } : { target, result, error };
}

/**
 * An answer names the version only of what was asked with one; a new delete marker's id stands elsewhere.
 * Ceph writes an empty version where there is none.
 */
function identity(key: string | undefined, version: string | undefined): string {
  return `${version?.length ?? 0} ${version ?? ''}${key ?? ''}`;
}

function versionOf({ version }: Entry): { VersionId?: string } {
  return version === undefined ? {} : { VersionId: version.id };
}

/** Sent only to a service that is known to honour it: others delete in spite of it, or refuse what they don't know. */
function conditionOf({ options }: S3Connection, { entry, ifTag }: Target): string | undefined {
  return options.conditionalDelete && entry.version === undefined ? ifTag : undefined;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html: comparing takes the permission to read. */
function withNeeds(s3: S3Connection, target: Target, error: StorageError): StorageError {
  if (error.kind !== 'forbidden' || conditionOf(s3, target) === undefined) return error;
  const { kind, message, detail, cause } = error;
  return new StorageError(kind, message, {
    hint: 'Deleting only what is unchanged needs s3:GetObject too.',
    detail,
    cause,
  });
}

function bypassOf(target: Target | undefined): { BypassGovernanceRetention?: true } {
  return target?.bypass ? { BypassGovernanceRetention: true } : {};
}

function bucketOf(entry: Entry): string {
  return entry.container ?? '';
}
