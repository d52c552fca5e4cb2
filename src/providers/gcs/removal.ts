import { StorageError } from '../../core/errors.ts';
import type { Outcome, Target } from '../../core/storageClient.ts';
import { type RemovalWays, removeInWays, singlesInFlight } from '../_shared/batchRemoval.ts';
import { lockedBy } from '../_shared/lockedBy.ts';
import { refuseTarget, unanswered } from '../_shared/outcomes.ts';
import { inParallel } from '../_shared/parallel.ts';
import { travelsInXml } from '../_shared/xmlKeys.ts';
import { batchSize, deleteInBatch } from './batchDelete.ts';
import { keepsVersions, readBucket } from './buckets.ts';
import { changed, failed, generationOf, unconfirmed } from './conditions.ts';
import { checkObjectPath, type GcsConnection, objectPath } from './connection.ts';
import { type Answer, Refusal } from './errors.ts';
import { deleteByXml } from './multiDelete.ts';
import { refuseName, statObject } from './objects.ts';

const batchesInFlight = 4;
/** Of a call's refused objects, so many are asked for the reason. */
const explainedAtMost = 50;

/** Deletes up to 1,000 objects: together where their names travel unharmed, one by one where not. */
export function removeBatch(
  gcs: GcsConnection,
  batch: readonly Target[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const ways: RemovalWays = {
    refuse: (target) => refuse(gcs, target),
    groupOf: ({ entry }) => (travelsInXml(entry.id) ? entry.container : undefined),
    together: (targets, limited) => removeTogether(gcs, targets[0]?.entry.container ?? '', targets, limited),
    one: (target, limited) => removeOne(gcs, target, limited),
    explain: (outcomes, limited) => explainRefusals(gcs, outcomes, limited),
  };
  return removeInWays(batch, ways, signal);
}

function refuse({ options }: GcsConnection, { entry, ifTag }: Target): StorageError | undefined {
  if (entry.version !== undefined) {
    return new StorageError('unsupported', `Versions can't be deleted one by one here: ${entry.path}`);
  }
  if (ifTag !== undefined && !/^\d+$/.test(ifTag)) {
    return new StorageError('unsupported', `This is no generation of an object: ${ifTag}`);
  }
  return refuseTarget(entry, options.start, ['object']) ?? refuseName(entry.id);
}

/**
 * By the XML API, which takes 1,000 names at once, and can be told which generation is meant. Where versions are kept, or may
 * be, naming one would delete it for good: there the JSON API is asked, whose condition leaves it as a noncurrent version.
 */
async function removeTogether(
  gcs: GcsConnection,
  bucket: string,
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  try {
    const conditional = targets.some(({ ifTag }) => ifTag !== undefined);
    const naming = !conditional || (await keepsVersions(gcs, bucket, signal)) === false;
    const goesByXml = ({ ifTag }: Target) => naming || ifTag === undefined;
    const byXml = targets.filter(goesByXml);
    const others = targets.filter((target) => !goesByXml(target));
    const outcomes = byXml.length === 0 ? [] : await deleteByXml(gcs, bucket, byXml, signal);
    return outcomes
      ? [...outcomes, ...(await removeInBatches(gcs, bucket, others, signal))]
      : await removeInBatches(gcs, bucket, targets, signal);
  } catch (error) {
    return allFailed(targets, gcs.fail(error, { bucket }, signal));
  }
}

async function removeInBatches(
  gcs: GcsConnection,
  bucket: string,
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const batches = Array.from({ length: Math.ceil(targets.length / batchSize) }, (_, n) =>
    targets.slice(n * batchSize, (n + 1) * batchSize),
  );
  await inParallel(batches, batchesInFlight, async (some) => {
    outcomes.push(...(await removeSome(gcs, bucket, some, signal)));
  });
  return outcomes;
}

async function removeSome(
  gcs: GcsConnection,
  bucket: string,
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  try {
    const answers = await deleteInBatch(gcs, bucket, targets, signal);
    const outcomes = new Map<Target, Outcome>();
    await inParallel(targets, singlesInFlight, async (target) => {
      const answer = answers ? answers.get(target) : undefined;
      if (answer) outcomes.set(target, await outcomeOf(gcs, target, answer, signal));
      else outcomes.set(target, answers ? unanswered(target) : await removeOne(gcs, target, signal));
    });
    return targets.map((target) => outcomes.get(target) ?? unanswered(target));
  } catch (error) {
    return allFailed(targets, gcs.fail(error, { bucket }, signal));
  }
}

async function removeOne(gcs: GcsConnection, target: Target, signal: AbortSignal): Promise<Outcome> {
  const { container: bucket = '', id: key } = target.entry;
  const path = objectPath(bucket, key);
  try {
    checkObjectPath(path, bucket, key);
    const asked = { method: 'DELETE', path, query: { ifGenerationMatch: target.ifTag } };
    return await outcomeOf(gcs, target, await gcs.answer(asked, { bucket, key }, signal), signal);
  } catch (error) {
    return failed(target, gcs.fail(error, { bucket, key }, signal));
  }
}

/** What the answer of the JSON API to one deletion means; only a 204 without a word is a deletion. */
async function outcomeOf(gcs: GcsConnection, target: Target, answer: Answer, signal: AbortSignal): Promise<Outcome> {
  const { container: bucket = '', id: key } = target.entry;
  if (answer.status === 204 && answer.text === '') {
    gcs.seen.add(bucket);
    return { target, result: 'deleted' };
  }
  const refusal = new Refusal(answer);
  const error = gcs.fail(refusal, { bucket, key }, signal);
  if (refusal.code === undefined) return failed(target, error);
  if (error.kind !== 'not-found' && error.kind !== 'changed') return failed(target, error);
  return target.ifTag === undefined && error.kind === 'not-found'
    ? await missing(gcs, target, signal)
    : await unmatched(gcs, target, error, signal);
}

/** The JSON API says the same of an object that is gone and of a bucket that is. */
async function missing(gcs: GcsConnection, target: Target, signal: AbortSignal): Promise<Outcome> {
  const { container: bucket = '' } = target.entry;
  if (gcs.seen.has(bucket)) return { target, result: 'already-gone' };
  try {
    await readBucket(gcs, bucket, signal);
    return { target, result: 'already-gone' };
  } catch (failure) {
    const error = gcs.fail(failure, { bucket }, signal);
    if (error.kind === 'forbidden') return { target, result: 'already-gone' };
    return error.kind === 'not-found' ? failed(target, error) : unconfirmed(target, error);
  }
}

/** A condition that didn't hold: something else is there now, or nothing. */
async function unmatched(
  gcs: GcsConnection,
  target: Target,
  error: StorageError,
  signal: AbortSignal,
): Promise<Outcome> {
  const found = await generationOf(gcs, target, signal);
  if (found instanceof StorageError) return failed(target, found.kind === 'forbidden' ? error : found);
  if (found === undefined) return await missing(gcs, target, signal);
  return failed(target, found === target.ifTag ? error : changed(target));
}

/** The JSON API refuses what is under a hold with the words of a missing permission; the object itself tells. */
async function explainRefusals(
  gcs: GcsConnection,
  outcomes: readonly Outcome[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const refused = outcomes.filter(({ result }) => result === 'locked' || result === 'denied');
  const explained = new Map<Outcome, Outcome>();
  await inParallel(refused.slice(0, explainedAtMost), singlesInFlight, async (outcome) => {
    try {
      const [lock] = (await statObject(gcs, outcome.target.entry, signal)).locks ?? [];
      if (lock)
        explained.set(outcome, { ...outcome, result: 'locked', error: lockedBy(lock, outcome.target.entry.id) });
    } catch {
      // The refusal is known and stays; only its reason could not be learned.
    }
  });
  return outcomes.map((outcome) => explained.get(outcome) ?? outcome);
}

function allFailed(targets: readonly Target[], error: StorageError): readonly Outcome[] {
  return targets.map((target) => failed(target, error));
}
