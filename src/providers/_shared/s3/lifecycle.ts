import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import {
  DeleteBucketLifecycleCommand,
  GetBucketLifecycleConfigurationCommand,
  PutBucketLifecycleConfigurationCommand,
  type TransitionDefaultMinimumObjectSize,
} from '@aws-sdk/client-s3';
import { StorageError } from '../../../core/errors.ts';
import type { LifecycleChange, LifecycleRule, Place, RuleReach } from '../../../core/storageClient.ts';
import {
  changedMeanwhile,
  expireAfter,
  notShown,
  overlapNotice,
  overlaps,
  type RulePlace,
  rulePlaceOf,
} from '../lifecycle.ts';
import { parseXml } from '../xml.ts';
import type { S3Connection } from './connection.ts';
import { answerOf } from './errors.ts';
import { type RuleFacts, readableRules, ruleFacts, splitRules, writeRule } from './lifecycleXml.ts';
import { startOf } from './listing.ts';

/** The rules of a bucket as the server writes them: each is kept as its text, so that nothing in it is lost on the way back. */
interface Rules {
  readonly texts: readonly string[];
  /** Goes back with the rules, or it would become the default again. */
  readonly smallest: TransitionDefaultMinimumObjectSize | undefined;
}

interface State {
  readonly found: Rules;
  readonly wanted: readonly string[];
}

/** The lifecycle rule for a place. It is known by an id of its own; all other rules stay as they are. */
export function lifecycleRule(s3: S3Connection, at: Place): LifecycleRule {
  const place = rulePlaceOf(at, startOf(s3));
  const own = idsOf(place);
  const isOwn = (text: string) => own.includes(ruleFacts(text).id);
  return {
    text: (reach) => `${JSON.stringify({ Rules: rulesFor(place, reach) }, undefined, 2)}\n`,
    async plan(what, reach, { signal }) {
      const found = await readRules(s3, place.container, signal);
      const others = found.texts.filter((text) => !isOwn(text));
      const wanted = what === 'remove' ? others : withOwn(found.texts, others, place, reach);
      const state: State = { found, wanted };
      return {
        before: readableRules(found.texts),
        after: readableRules(wanted),
        notices: overlapNotice(
          others
            .map(ruleFacts)
            .filter((rule) => overlaps(rule.prefix, place.prefix))
            .map(nameOf),
        ),
        state,
      } satisfies LifecycleChange;
    },
    async change({ state }, { signal }) {
      const { found, wanted } = state as State;
      // S3 has no condition for this: what was read must be there still, right before it is written.
      if (!isDeepStrictEqual(await readRules(s3, place.container, signal), found)) {
        throw changedMeanwhile(place.container);
      }
      await writeTo(s3, place.container, wanted, found, signal);
      await untilShown(s3, place.container, wanted, isOwn, signal);
    },
  };
}

/** Rules that say the same already stay as the server wrote them. */
function withOwn(
  found: readonly string[],
  others: readonly string[],
  place: RulePlace,
  reach: RuleReach,
): readonly string[] {
  const rules = rulesFor(place, reach).map(writeRule);
  const said = (texts: readonly string[]) => texts.map((text) => JSON.stringify(ruleFacts(text))).toSorted();
  const there = found.filter((text) => !others.includes(text));
  return isDeepStrictEqual(said(there), said(rules)) ? found : [...others, ...rules];
}

/** Ids of 255 characters at most, which no other prefix has. */
function idsOf({ prefix }: RulePlace): readonly [objects: string, markers: string] {
  const mark = prefix === '' ? 'whole-bucket' : createHash('sha256').update(prefix).digest('hex').slice(0, 20);
  return [`storage-credentials-${mark}`, `storage-credentials-${mark}-markers`];
}

/**
 * A delete marker behind which nothing stands any more takes a rule of its own, which can't say days too.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleExpiration.html
 */
function rulesFor(place: RulePlace, { versions }: RuleReach) {
  const [objects, markers] = idsOf(place);
  const common = { Filter: { Prefix: place.prefix }, Status: 'Enabled' };
  return [
    {
      ...{ ID: objects, ...common, Expiration: { Days: expireAfter } },
      ...(versions ? { NoncurrentVersionExpiration: { NoncurrentDays: expireAfter } } : {}),
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: expireAfter },
    },
    ...(versions ? [{ ID: markers, ...common, Expiration: { ExpiredObjectDeleteMarker: true } }] : []),
  ];
}

function nameOf({ id, prefix }: RuleFacts): string {
  return id || `(${prefix === '' ? 'whole bucket' : prefix})`;
}

async function readRules(s3: S3Connection, bucket: string, signal: AbortSignal): Promise<Rules> {
  const command = new GetBucketLifecycleConfigurationCommand({ Bucket: bucket });
  let document = '';
  // What the SDK reads of a rule is what it knows of rules; the text is all of it.
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const response = result.response as { statusCode: number; body?: unknown };
      if (response.statusCode !== 200) return result;
      const bytes = Buffer.concat(await Array.fromAsync(response.body as AsyncIterable<Uint8Array>));
      document = bytes.toString('utf8');
      const root = parseXml(document)?.name;
      // Swift lists the bucket, as if nothing more had been asked: there a change would be one of the bucket itself.
      if (root !== undefined && root !== 'LifecycleConfiguration') throw notOffered(bucket);
      response.body = bytes;
      return result;
    },
    { step: 'deserialize', name: 'keepRules', priority: 'low' },
  );
  try {
    const { TransitionDefaultMinimumObjectSize: smallest } = await s3.reader.send(command, { abortSignal: signal });
    return { texts: splitRules(document), smallest };
  } catch (error) {
    if (answerOf(error).code === 'NoSuchLifecycleConfiguration') return { texts: [], smallest: undefined };
    throw s3.fail(error, { bucket }, signal);
  }
}

function notOffered(bucket: string): StorageError {
  return new StorageError('unsupported', `The server does not offer lifecycle rules: ${bucket}`);
}

async function writeTo(
  s3: S3Connection,
  bucket: string,
  texts: readonly string[],
  { texts: before, smallest }: Rules,
  signal: AbortSignal,
): Promise<void> {
  try {
    if (texts.length > 0) await put(s3, bucket, texts, smallest, signal);
    // Only of a server that showed rules: one that doesn't know of them could take this for the bucket's own deletion.
    else if (before.length > 0) {
      await s3.remover.send(new DeleteBucketLifecycleCommand({ Bucket: bucket }), { abortSignal: signal });
    }
  } catch (error) {
    throw s3.fail(error, { bucket }, signal);
  }
}

async function put(
  s3: S3Connection,
  bucket: string,
  texts: readonly string[],
  smallest: TransitionDefaultMinimumObjectSize | undefined,
  signal: AbortSignal,
): Promise<void> {
  const command = new PutBucketLifecycleConfigurationCommand({
    Bucket: bucket,
    LifecycleConfiguration: { Rules: [] },
    ...(smallest === undefined ? {} : { TransitionDefaultMinimumObjectSize: smallest }),
  });
  const body = `<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${texts.join('')}</LifecycleConfiguration>`;
  command.middlewareStack.add(
    (next) => (args) => {
      Object.assign(args.request as object, { body });
      return next(args);
    },
    { step: 'build', name: 'rulesAsTheyAre', priority: 'high' },
  );
  await s3.remover.send(command, { abortSignal: signal });
}

/** Milliseconds between one look and the next: Amazon may take a moment to show what it took. */
const looks = [0, 500, 1_000, 2_000, 4_000];

async function untilShown(
  s3: S3Connection,
  bucket: string,
  wanted: readonly string[],
  isOwn: (text: string) => boolean,
  signal: AbortSignal,
): Promise<void> {
  for (const wait of looks) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    signal.throwIfAborted();
    const { texts } = await readRules(s3, bucket, signal);
    if (isDeepStrictEqual(meaningOf(texts, isOwn), meaningOf(wanted, isOwn))) return;
  }
  throw notShown(bucket);
}

/** Others' rules as the server writes them, ours by what it says, in any order. */
function meaningOf(texts: readonly string[], isOwn: (text: string) => boolean): readonly string[] {
  return texts.map((text) => (isOwn(text) ? JSON.stringify(ruleFacts(text)) : text)).toSorted();
}
