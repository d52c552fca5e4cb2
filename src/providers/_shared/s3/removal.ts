import { AbortMultipartUploadCommand, DeleteObjectCommand, DeleteObjectsCommand } from '@aws-sdk/client-s3';
import type { StorageError } from '../../../core/errors.ts';
import type { Entry, Outcome, Target } from '../../../core/storageClient.ts';
import { refuseTarget, unanswered } from '../outcomes.ts';
import { inParallel } from '../parallel.ts';
import { travelsInXml } from '../xmlKeys.ts';
import type { S3Connection } from './connection.ts';
import { answerOf, keyError, resultOfCode } from './errors.ts';
import { startOf } from './listing.ts';
import { explainRefusals } from './locks.ts';

/** Time limit of one call, in milliseconds. */
const callLimit = 60_000;
const singlesInFlight = 8;

/** Deletes up to 1,000 objects or versions: together where their keys travel unharmed in XML, one by one where not. Uploads are aborted, one by one. */
export async function removeBatch(
  s3: S3Connection,
  batch: readonly Target[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(callLimit)]);
  const outcomes = new Map<Target, Outcome>();
  const keep = (outcome: Outcome) => outcomes.set(outcome.target, outcome);

  const { refused, single, together } = sort(s3, batch);
  for (const outcome of refused) keep(outcome);
  for (const targets of together.values()) {
    for (const outcome of await removeTogether(s3, targets, limited)) keep(outcome);
  }
  await inParallel(single, singlesInFlight, async (target) => keep(await removeOne(s3, target, limited)));

  const inOrder = batch.map((target) => outcomes.get(target) ?? unanswered(target));
  const first = inOrder[0]?.error;
  if (first && together.size === 1 && inOrder.every(({ error }) => error === first)) throw first;
  return explainRefusals(s3, inOrder, limited);
}

interface Sorted {
  readonly refused: readonly Outcome[];
  readonly single: readonly Target[];
  readonly together: ReadonlyMap<string, readonly Target[]>;
}

function sort(s3: S3Connection, batch: readonly Target[]): Sorted {
  const start = startOf(s3);
  const refused: Outcome[] = [];
  const single: Target[] = [];
  const together = new Map<string, Target[]>();
  for (const target of batch) {
    const { entry } = target;
    const error = refuseTarget(entry, start, ['object', 'upload']);
    if (error) refused.push({ target, result: 'failed', error });
    else if (batch.length === 1 || entry.kind === 'upload' || !travelsInXml(entry.id)) single.push(target);
    else add(together, JSON.stringify([bucketOf(entry), target.bypass ?? false]), target);
  }
  return { refused, single, together };
}

function add(groups: Map<string, Target[]>, group: string, target: Target): void {
  const known = groups.get(group);
  if (known) known.push(target);
  else groups.set(group, [target]);
}

async function removeTogether(
  s3: S3Connection,
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const bucket = targets[0] ? bucketOf(targets[0].entry) : '';
  const Objects = targets.map(({ entry }) => ({ Key: entry.id, ...versionOf(entry) }));
  try {
    const answer = await onceMoreIfSkewed(() =>
      s3.remover.send(
        new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: false }, ...bypassOf(targets[0]) }),
        {
          abortSignal: signal,
        },
      ),
    );
    const deleted = new Set(answer.Deleted?.map(({ Key, VersionId }) => identity(Key, VersionId)));
    const errors = new Map(answer.Errors?.map((error) => [identity(error.Key, error.VersionId), error]));
    return targets.map((target) => {
      const { id, version } = target.entry;
      const refusal = errors.get(identity(id, version?.id));
      if (!refusal) return deleted.has(identity(id, version?.id)) ? { target, result: 'deleted' } : unanswered(target);
      return failed(target, keyError(refusal.Code, refusal.Message, s3.subject({ bucket, key: id })), refusal.Code);
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
    await onceMoreIfSkewed(() => sendOne(s3, target, signal));
    return { target, result: 'deleted' };
  } catch (error) {
    return failed(target, s3.fail(error, { bucket, key: entry.id }, signal), answerOf(error).code);
  }
}

function sendOne({ remover }: S3Connection, target: Target, signal: AbortSignal): Promise<unknown> {
  const { entry } = target;
  const address = { Bucket: bucketOf(entry), Key: entry.id };
  const options = { abortSignal: signal };
  return entry.kind === 'upload'
    ? remover.send(new AbortMultipartUploadCommand({ ...address, UploadId: entry.version?.id }), options)
    : remover.send(new DeleteObjectCommand({ ...address, ...versionOf(entry), ...bypassOf(target) }), options);
}

/** The SDK corrects its clock from a refusal; a refused request did nothing, so it may be sent again. */
async function onceMoreIfSkewed<T>(send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    if (answerOf(error).code === 'RequestTimeTooSkewed') return await send();
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
  return JSON.stringify([key, version || null]);
}

function versionOf({ version }: Entry): { VersionId?: string } {
  return version === undefined ? {} : { VersionId: version.id };
}

function bypassOf(target: Target | undefined): { BypassGovernanceRetention?: true } {
  return target?.bypass ? { BypassGovernanceRetention: true } : {};
}

function bucketOf(entry: Entry): string {
  return entry.container ?? '';
}
