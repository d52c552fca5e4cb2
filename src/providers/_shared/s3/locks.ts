import { GetObjectLockConfigurationCommand, HeadObjectCommand, type HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import type { StorageError } from '../../../core/errors.ts';
import type { Entry, Lock, Outcome } from '../../../core/storageClient.ts';
import { lockedBy } from '../lockedBy.ts';
import { inParallel } from '../parallel.ts';
import type { S3Connection } from './connection.ts';

/** Of a batch's refused versions, so many are asked for the reason. */
const explainedAtMost = 50;
const inFlight = 16;

/** The entries, each version with the locks that stand on it; one request each, and only where the bucket has Object Lock. */
export async function withLocks(
  s3: S3Connection,
  bucket: string,
  entries: readonly Entry[],
  signal: AbortSignal,
): Promise<readonly Entry[]> {
  const lockable = entries.filter(({ version }) => version !== undefined && !version.marker);
  if (lockable.length === 0 || !(await hasObjectLock(s3, bucket, signal))) return entries;
  const locks = new Map<Entry, readonly Lock[]>();
  await inParallel(lockable, inFlight, async (entry) => locks.set(entry, await locksOn(s3, entry, signal)));
  return entries.map((entry) => {
    const found = locks.get(entry) ?? [];
    return found.length === 0 ? entry : { ...entry, locks: found };
  });
}

/** The same outcomes, but a version that was refused because it is locked says so, and until when. */
export async function explainRefusals(
  s3: S3Connection,
  outcomes: readonly Outcome[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const refused = outcomes.filter(({ result, target: { entry } }) => result === 'denied' && isVersion(entry));
  const explained = new Map<Outcome, Outcome>();
  await inParallel(refused.slice(0, explainedAtMost), inFlight, async (outcome) => {
    const error = await lockedError(s3, outcome.target.entry, signal);
    if (error) explained.set(outcome, { ...outcome, result: 'locked', error });
  });
  return outcomes.map((outcome) => explained.get(outcome) ?? outcome);
}

/** What a HEAD tells of locks; those of the past are left out. */
export function locksOf(head: HeadObjectCommandOutput): readonly Lock[] {
  const { ObjectLockMode, ObjectLockRetainUntilDate, ObjectLockLegalHoldStatus } = head;
  const until = ObjectLockRetainUntilDate?.getTime();
  const retained = ObjectLockMode !== undefined && (until === undefined || until > Date.now());
  const bypassable = ObjectLockMode === 'GOVERNANCE';
  return [
    ...(ObjectLockLegalHoldStatus === 'ON' ? [{ kind: 'legal-hold' } as const] : []),
    ...(retained ? [{ kind: 'retention', bypassable, ...(until === undefined ? {} : { until }) } as const] : []),
  ];
}

function isVersion({ kind, version }: Entry): boolean {
  return kind === 'object' && version !== undefined && !version.marker;
}

/** Undefined where it is not locked or nothing can be learned: then the refusal stays what it was. */
async function lockedError(s3: S3Connection, entry: Entry, signal: AbortSignal): Promise<StorageError | undefined> {
  try {
    if (!(await hasObjectLock(s3, entry.container ?? '', signal))) return undefined;
    const [lock] = await locksOn(s3, entry, signal);
    return lock && lockedBy(lock, entry.id);
  } catch {
    // The refusal is known and stays; only its reason could not be learned.
    return undefined;
  }
}

/** Whether a bucket has Object Lock, asked once; where these keys may not ask, it may have. */
async function hasObjectLock(s3: S3Connection, bucket: string, signal: AbortSignal): Promise<boolean> {
  const known = s3.objectLock.get(bucket);
  if (known !== undefined) return known;
  const has = await askObjectLock(s3, bucket, signal);
  s3.objectLock.set(bucket, has);
  return has;
}

async function askObjectLock(s3: S3Connection, bucket: string, signal: AbortSignal): Promise<boolean> {
  try {
    const { ObjectLockConfiguration } = await s3.reader.send(
      new GetObjectLockConfigurationCommand({ Bucket: bucket }),
      { abortSignal: signal },
    );
    return ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled';
  } catch (error) {
    const failure = s3.fail(error, { bucket }, signal);
    if (failure.kind === 'forbidden') return true;
    if (passing.has(failure.kind)) throw failure;
    return false;
  }
}

const passing: ReadonlySet<StorageError['kind']> = new Set([
  'cancelled',
  'expired',
  'rate-limited',
  'timed-out',
  'unauthenticated',
  'unreachable',
]);

/** None where these keys may not look, or where it is gone meanwhile. */
async function locksOn(s3: S3Connection, entry: Entry, signal: AbortSignal): Promise<readonly Lock[]> {
  const address = { Bucket: entry.container ?? '', Key: entry.id };
  try {
    return locksOf(
      await s3.reader.send(new HeadObjectCommand({ ...address, VersionId: entry.version?.id }), {
        abortSignal: signal,
      }),
    );
  } catch (error) {
    const failure = s3.fail(error, { bucket: entry.container, key: entry.id }, signal);
    if (passing.has(failure.kind)) throw failure;
    return [];
  }
}
