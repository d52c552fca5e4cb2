import { randomBytes } from 'node:crypto';
import { DeleteObjectCommand, GetBucketVersioningCommand } from '@aws-sdk/client-s3';
import type { Place } from '../../../core/storageClient.ts';
import type { VerificationStep } from '../../../core/verification.ts';
import { buckets, deleteSentences, deleteStep } from '../accessSteps.ts';
import type { S3Connection } from './connection.ts';

/**
 * Whether these keys may delete at a place, found out by deleting a random name that no object has, on condition that it
 * exists. Asked only where that can leave nothing behind: the bucket has never kept versions, or the service honours the condition.
 */
export async function probeDelete(s3: S3Connection, at: Place, signal: AbortSignal): Promise<VerificationStep> {
  const start = performance.now();
  const bucket = at.kind === 'folder' ? at.container : at.kind === 'container' ? at.id : undefined;
  if (bucket === undefined) return deleteStep('unknown', deleteSentences.dependsOn(buckets), start);
  if (!(await isHarmless(s3, bucket, signal))) {
    return deleteStep('unknown', deleteSentences.later, start);
  }
  const key = `${at.kind === 'folder' ? at.id : ''}${randomBytes(16).toString('hex')}`;
  try {
    const answer = await s3.remover.send(new DeleteObjectCommand({ Bucket: bucket, Key: key, IfMatch: '*' }), {
      abortSignal: signal,
    });
    if (answer.DeleteMarker) await takeBack(s3, bucket, key, answer.VersionId, signal);
  } catch (error) {
    const failure = s3.fail(error, { bucket, key }, signal);
    if (failure.kind === 'forbidden') return deleteStep('denied', deleteSentences.denied, start);
    if (failure.kind !== 'not-found' && failure.kind !== 'changed') {
      return deleteStep('unknown', deleteSentences.notFound, start, failure.detail);
    }
  }
  return deleteStep('ok', deleteSentences.ok, start);
}

async function isHarmless(s3: S3Connection, bucket: string, signal: AbortSignal): Promise<boolean> {
  if (s3.options.conditionalDelete) return true;
  try {
    const { Status, $metadata } = await s3.reader.send(new GetBucketVersioningCommand({ Bucket: bucket }), {
      abortSignal: signal,
    });
    return Status === undefined && $metadata.httpStatusCode === 200;
  } catch (error) {
    const { kind } = s3.fail(error, { bucket }, signal);
    if (kind === 'cancelled') throw error;
    // Not told: then versions may be kept.
    return false;
  }
}

/** Versioning was turned on in between: the marker hides nothing, and goes. */
async function takeBack(s3: S3Connection, Bucket: string, Key: string, id: string | undefined, signal: AbortSignal) {
  if (id === undefined) return;
  await s3.remover.send(new DeleteObjectCommand({ Bucket, Key, VersionId: id }), { abortSignal: signal });
}
