import { createHash } from 'node:crypto';
import type { Outcome, Target } from '../../core/storageClient.ts';
import { encodeSegment } from '../_shared/keys.ts';
import { resultOf, unanswered } from '../_shared/outcomes.ts';
import { escapeXml, parseXml, textOf, type XmlElement } from '../_shared/xml.ts';
import { confirmGone } from './confirmation.ts';
import type { GcsConnection } from './connection.ts';
import { type Answer, incomplete, Refusal, toPartError } from './errors.ts';

/**
 * Deletes up to 1,000 objects of a bucket with one request; undefined where the server has no such thing.
 * https://cloud.google.com/storage/docs/xml-api/post-bucket#delete_multiple_objects
 */
export async function deleteByXml(
  gcs: GcsConnection,
  bucket: string,
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<readonly Outcome[] | undefined> {
  if (gcs.lacking.has('multiDelete')) return undefined;
  const body = document(targets);
  const asked = {
    method: 'POST',
    path: `/${encodeSegment(bucket)}`,
    query: { delete: '' },
    // Without a checksum of the list it is refused.
    headers: {
      'content-type': 'application/xml; charset=utf-8',
      'content-md5': createHash('md5').update(body).digest('base64'),
    },
    body,
  };
  const answer = await gcs.answer(asked, { bucket }, signal);
  if (isNotOffered(answer)) {
    gcs.lacking.add('multiDelete');
    return undefined;
  }
  if (answer.status !== 200) throw gcs.fail(new Refusal(answer), { bucket }, signal);
  const root = parseXml(answer.text);
  if (root?.name !== 'DeleteResult') throw incomplete(gcs.subject({ bucket }));
  const said = readAnswers(root);
  const outcomes = targets.map((target) => outcomeOf(gcs, target, said.get(target.entry.id) ?? []));
  return await confirmGone(gcs, bucket, outcomes, signal);
}

/** A bucket that isn't there has a code of its own. */
function isNotOffered(answer: Answer): boolean {
  if (answer.status === 405 || answer.status === 501) return true;
  return answer.status === 404 && new Refusal(answer).code !== 'NoSuchBucket';
}

function document(targets: readonly Target[]): string {
  const objects = targets.map(({ entry, ifTag }) => {
    const version = ifTag === undefined ? '' : `<VersionId>${ifTag}</VersionId>`;
    return `<Object><Key>${escapeXml(entry.id)}</Key>${version}</Object>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?><Delete>${objects.join('')}<Quiet>false</Quiet></Delete>`;
}

/** What an answer says of each key: each may be named once. */
function readAnswers(root: XmlElement): ReadonlyMap<string, readonly XmlElement[]> {
  const said = new Map<string, XmlElement[]>();
  for (const element of root.children) {
    const key = textOf(element, 'Key');
    if (key === undefined || (element.name !== 'Deleted' && element.name !== 'Error')) continue;
    said.set(key, [...(said.get(key) ?? []), element]);
  }
  return said;
}

/** Of an object that isn't there the documented services say 'deleted' or that there is none: both are good. */
function outcomeOf(gcs: GcsConnection, target: Target, said: readonly XmlElement[]): Outcome {
  const ofThis = said.filter((element) => {
    const version = textOf(element, 'VersionId') || target.ifTag;
    return target.ifTag === undefined || version === target.ifTag;
  });
  const refusal = ofThis.find(({ name }) => name === 'Error');
  const [first] = ofThis;
  if (!first) return unanswered(target);
  if (!refusal) return { target, result: 'deleted' };
  const { container, id } = target.entry;
  const code = textOf(refusal, 'Code');
  if (code === 'NoSuchKey' || code === 'NoSuchVersion') return { target, result: 'already-gone' };
  const error = toPartError(code, textOf(refusal, 'Message'), gcs.subject({ bucket: container, key: id }));
  return { target, result: resultOf(error), error };
}
