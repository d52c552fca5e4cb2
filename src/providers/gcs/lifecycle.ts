import { isDeepStrictEqual } from 'node:util';
import type { LifecycleChange, LifecycleRule, Place, RuleReach } from '../../core/storageClient.ts';
import {
  changedMeanwhile,
  expireAfter,
  notShown,
  overlapNotice,
  overlaps,
  type RulePlace,
  rulePlaceOf,
} from '../_shared/lifecycle.ts';
import { bucketPath, type GcsConnection } from './connection.ts';
import { Refusal } from './errors.ts';

/** https://cloud.google.com/storage/docs/json_api/v1/buckets#resource: a rule has no name. Of others' rules nothing is left out. */
interface Rule {
  readonly action?: { readonly type?: string };
  readonly condition?: { readonly matchesPrefix?: readonly string[] };
}

interface Rules {
  readonly rules: readonly Rule[];
  readonly metageneration: string;
}

interface State {
  readonly found: Rules;
  readonly wanted: readonly Rule[];
}

const fields = 'kind,metageneration,lifecycle';

/** The lifecycle rule for a place, which here are two: one for objects, one for uploads. They are known by what they say. */
export function lifecycleRule(gcs: GcsConnection, at: Place): LifecycleRule {
  const place = rulePlaceOf(at, gcs.options.start);
  const isOwn = (rule: Rule) => everyForm(place).some((own) => isDeepStrictEqual(own, rule));
  return {
    text: (reach) => `${JSON.stringify({ rule: rulesFor(place, reach) }, undefined, 2)}\n`,
    async plan(what, reach, { signal }) {
      const found = await readRules(gcs, place.container, signal);
      const others = found.rules.filter((rule) => !isOwn(rule));
      const own = rulesFor(place, reach);
      const there = isDeepStrictEqual(found.rules.filter(isOwn), own);
      const wanted = what === 'remove' ? others : there ? found.rules : [...others, ...own];
      const state: State = { found, wanted };
      return {
        before: readable(found.rules),
        after: readable(wanted),
        notices: overlapNotice(others.filter((rule) => speaksOf(rule, place)).map(nameOf)),
        state,
      } satisfies LifecycleChange;
    },
    async change({ state }, { signal }) {
      const { found, wanted } = state as State;
      await writeRules(gcs, place.container, wanted, found, signal);
      const { rules } = await readRules(gcs, place.container, signal);
      if (!isDeepStrictEqual(rules, wanted)) throw notShown(place.container);
    },
  };
}

function rulesFor({ prefix }: RulePlace, { versions }: RuleReach): readonly Rule[] {
  const within = { age: expireAfter, ...(prefix === '' ? {} : { matchesPrefix: [prefix] }) };
  return [
    { action: { type: 'Delete' }, condition: { ...within, ...(versions ? {} : { isLive: true }) } },
    { action: { type: 'AbortIncompleteMultipartUpload' }, condition: within },
  ];
}

function everyForm(place: RulePlace): readonly Rule[] {
  return [...rulesFor(place, { versions: true }), ...rulesFor(place, { versions: false })];
}

function speaksOf({ condition }: Rule, { prefix }: RulePlace): boolean {
  const prefixes = condition?.matchesPrefix ?? [''];
  return prefixes.some((each) => overlaps(each, prefix));
}

function nameOf({ action, condition }: Rule): string {
  return `${action?.type ?? 'unknown'} (${condition?.matchesPrefix?.join(', ') || 'whole bucket'})`;
}

function readable(rules: readonly Rule[]): string {
  return rules.length === 0 ? '' : `${JSON.stringify(rules, undefined, 2)}\n`;
}

interface Resource {
  readonly metageneration?: string;
  readonly lifecycle?: { readonly rule?: readonly Rule[] };
}

async function readRules(gcs: GcsConnection, bucket: string, signal: AbortSignal): Promise<Rules> {
  const asked = { path: bucketPath(bucket), query: { fields } };
  const { metageneration = '', lifecycle } = await gcs.read<Resource>('storage#bucket', asked, { bucket }, signal);
  return { rules: lifecycle?.rule ?? [], metageneration };
}

/** Only on what was read: the server refuses it once anything about the bucket was changed. */
async function writeRules(
  gcs: GcsConnection,
  bucket: string,
  rule: readonly Rule[],
  { metageneration }: Rules,
  signal: AbortSignal,
): Promise<void> {
  // Without the condition it would overwrite what others changed.
  if (metageneration === '') throw changedMeanwhile(bucket);
  const asked = {
    method: 'PATCH',
    path: bucketPath(bucket),
    query: { ifMetagenerationMatch: metageneration, fields },
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ lifecycle: { rule } }),
  };
  const answer = await gcs.answer(asked, { bucket }, signal);
  if (answer.status === 412) throw changedMeanwhile(bucket);
  if (answer.status !== 200) throw gcs.fail(new Refusal(answer), { bucket }, signal);
}
