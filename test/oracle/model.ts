import type { EntryOutcome } from '../../src/removal/removal.ts';
import { type Contents, type Item, nameOf, type Upload } from './contents.ts';
import type { BucketKind, LockKind, SeededBucket } from './seeding.ts';

/** What is selected in a bucket. */
export type Choice =
  | { readonly kind: 'container' }
  | { readonly kind: 'folder'; readonly prefix: string }
  | { readonly kind: 'object'; readonly key: string }
  | { readonly kind: 'version'; readonly item: Item };

/** What somebody else did after the plan. */
export interface Foreign {
  readonly did: 'put' | 'delete';
  readonly item: Pick<Item, 'key' | 'id' | 'tag'>;
  /** Whether the key's object was gone or hidden at that moment, though nobody else had done it. */
  readonly afterOurs: boolean;
}

/** What a manifest must hold, as lines of `lineOf`. */
export function expectedManifest(
  { items, uploads }: Contents,
  choices: readonly Choice[],
  versions: boolean,
): string[] {
  const lines = new Set<string>();
  const all = [...items.values()];
  const addWhere = (meant: (key: string) => boolean) => {
    for (const item of all) {
      if (!meant(item.key)) continue;
      if (versions) lines.add(lineOf('object', item.key, item.id));
      else if (item.latest && !item.marker) lines.add(lineOf('object', item.key));
    }
  };
  for (const choice of choices) {
    if (choice.kind === 'container') {
      addWhere(() => true);
      for (const { key, id } of uploads.values()) lines.add(lineOf('upload', key, id));
    } else if (choice.kind === 'folder') addWhere((key) => key.startsWith(choice.prefix));
    else if (choice.kind === 'object') addWhere((key) => key === choice.key);
    else lines.add(lineOf('object', choice.item.key, choice.item.id));
  }
  return [...lines].sort();
}

/** An entry of a manifest as one line. */
export function lineOf(kind: string, key: string, id?: string): string {
  return JSON.stringify([kind, key, id ?? null]);
}

export interface Ending {
  readonly bucket: SeededBucket;
  readonly outcomes: readonly EntryOutcome[];
  readonly foreign: readonly Foreign[];
  readonly bypass: boolean;
  readonly now: Contents;
}

/** Everything in which a bucket differs from what the outcomes of a removal say of it, a sentence each. */
export function differences(ending: Ending): string[] {
  const wrong: string[] = [];
  const { bucket, outcomes, now } = ending;
  const byKey = new Map<string, EntryOutcome>();
  const byVersion = new Map<string, EntryOutcome>();
  for (const outcome of outcomes) {
    const { id: key, version, kind } = outcome.entry;
    if (kind === 'upload') continue;
    if (version) byVersion.set(nameOf({ key, id: version.id }), outcome);
    else byKey.set(key, outcome);
  }
  const history = new History(bucket, ending.foreign);
  for (const key of history.keys(now)) {
    const outcome = byKey.get(key);
    if (keepsAll(bucket.kind)) wrong.push(...judgeVersions(key, outcome, byVersion, history, now));
    else wrong.push(...judgeSlots(key, outcome, byVersion, history, now, bucket.kind));
  }
  wrong.push(...judgeUploads(ending), ...judgeLocks(byVersion, bucket.locks, ending.bypass));
  return wrong;
}

/** What was in the bucket before, and what others did since. */
class History {
  readonly #before: Map<string, Item[]>;
  readonly #foreign: Map<string, Foreign[]>;

  constructor({ contents }: SeededBucket, foreign: readonly Foreign[]) {
    this.#before = Map.groupBy(contents.items.values(), ({ key }) => key);
    this.#foreign = Map.groupBy(foreign, ({ item }) => item.key);
  }

  keys({ items }: Contents): ReadonlySet<string> {
    const now = Array.from(items.values(), ({ key }) => key);
    return new Set([...this.#before.keys(), ...this.#foreign.keys(), ...now]);
  }

  before(key: string): readonly Item[] {
    return this.#before.get(key) ?? [];
  }

  foreign(key: string): readonly Foreign[] {
    return this.#foreign.get(key) ?? [];
  }

  deletedByOthers({ key, id }: Pick<Item, 'key' | 'id'>): boolean {
    return this.foreign(key).some(({ did, item }) => did === 'delete' && item.id === id);
  }
}

/** Whether each put adds a version, so that nothing but a deletion of a version takes anything away. */
function keepsAll(kind: BucketKind): boolean {
  return kind === 'versioned' || kind === 'locking';
}

/** Every version must be as its own outcome says, and of markers there may be one of ours, where the key was deleted. */
function judgeVersions(
  key: string,
  outcome: EntryOutcome | undefined,
  byVersion: ReadonlyMap<string, EntryOutcome>,
  history: History,
  { items }: Contents,
): string[] {
  const wrong: string[] = [];
  const foreign = history.foreign(key);
  const known = new Set<string>();
  const theirs = foreign.filter(({ did }) => did === 'put').map(({ item }) => item);
  for (const item of [...history.before(key), ...theirs]) {
    const name = nameOf(item);
    known.add(name);
    const may = history.deletedByOthers(item) ? 'gone' : fate(byVersion.get(name));
    wrong.push(...compare(name, items.has(name), may, byVersion.get(name)));
  }
  const ours = [...items.values()].filter((item) => item.key === key && !known.has(nameOf(item)));
  if (ours.some(({ marker }) => !marker)) wrong.push(`There is a version that nobody put: ${key}`);
  const hidden = outcome?.result === 'changed' && foreign.some(({ did, afterOurs }) => did === 'put' && afterOurs);
  // Ours is below what came since: that was found and kept.
  const most = outcome && (fate(outcome) !== 'there' || hidden) ? 1 : 0;
  const least = outcome?.result === 'deleted' ? 1 : 0;
  if (ours.length > most) wrong.push(`${ours.length} markers of ours, but ${describe(outcome)}: ${key}`);
  if (ours.length < least) wrong.push(`No marker of ours, but ${describe(outcome)}: ${key}`);
  return wrong;
}

/** Where a put replaces what has no version id, that one place is judged by what may stand in it. */
function judgeSlots(
  key: string,
  outcome: EntryOutcome | undefined,
  byVersion: ReadonlyMap<string, EntryOutcome>,
  history: History,
  { items }: Contents,
  kind: BucketKind,
): string[] {
  const wrong: string[] = [];
  for (const item of history.before(key)) {
    const name = nameOf(item);
    if (item.id === 'null') continue;
    const may = history.deletedByOthers(item) ? 'gone' : fate(byVersion.get(name));
    wrong.push(...compare(name, items.has(name), may, byVersion.get(name)));
  }
  const slot = nameOf({ key, id: 'null' });
  const found = stateOf(items.get(slot));
  const original = stateOf(history.before(key).find(({ id }) => id === 'null'));
  const last = history
    .foreign(key)
    .filter(({ item }) => item.id === 'null')
    .at(-1);
  const kept = last ? (last.did === 'put' ? last.item.tag : 'nothing') : original;
  // Deleted by its key, in a bucket whose versioning is suspended, it leaves a marker.
  const deleted = kind === 'suspended' && !byVersion.has(slot) ? 'marker' : 'nothing';
  const named = outcome ?? byVersion.get(slot);
  const may = fate(named);
  const allowed = new Set<string>();
  if (may !== 'gone' || last) allowed.add(kept);
  if (may !== 'there' && !(last?.did === 'put' && last.afterOurs)) allowed.add(deleted);
  // Somebody else's marker or deletion looks like ours.
  if (named?.result === 'already-gone') allowed.add('nothing').add('marker');
  if (!allowed.has(found))
    wrong.push(`There is ${found}, not ${[...allowed].join(' or ')}, and ${describe(named)}: ${key}`);
  for (const item of items.values()) {
    if (item.key !== key || item.id === 'null') continue;
    if (!history.before(key).some(({ id }) => id === item.id)) wrong.push(`A version that nobody put: ${nameOf(item)}`);
  }
  return wrong;
}

function judgeUploads({ bucket, outcomes, now }: Ending): string[] {
  const said = new Map<string, EntryOutcome>();
  for (const outcome of outcomes) {
    const { kind, id: key, version } = outcome.entry;
    if (kind === 'upload') said.set(nameOf({ key, id: version?.id ?? '' }), outcome);
  }
  const before: readonly Upload[] = [...bucket.contents.uploads.values()];
  return before.flatMap((upload) => {
    const name = nameOf(upload);
    return compare(name, now.uploads.has(name), fate(said.get(name)), said.get(name));
  });
}

function judgeLocks(
  byVersion: ReadonlyMap<string, EntryOutcome>,
  locks: ReadonlyMap<string, LockKind>,
  bypass: boolean,
): string[] {
  return [...byVersion].flatMap(([name, { result }]) => {
    const lock = locks.get(name);
    if (result === 'locked' && lock === undefined) return [`It is said to be locked and has no lock: ${name}`];
    const holds = lock !== undefined && !(bypass && lock === 'governance');
    return holds && (result === 'deleted' || result === 'already-gone') ? [`Locked, and said to be gone: ${name}`] : [];
  });
}

type Fate = 'gone' | 'there' | 'either';

/** What a thing must be after its outcome; what has none was not in the manifest and stays. */
function fate(outcome: EntryOutcome | undefined): Fate {
  if (outcome?.result === 'deleted' || outcome?.result === 'already-gone') return 'gone';
  return outcome?.fateUnknown ? 'either' : 'there';
}

function compare(name: string, isThere: boolean, may: Fate, outcome: EntryOutcome | undefined): string[] {
  if (may === 'either' || isThere === (may === 'there')) return [];
  return [`It is ${isThere ? 'there' : 'gone'}, but ${describe(outcome)}: ${name}`];
}

function describe(outcome: EntryOutcome | undefined): string {
  if (!outcome) return 'it was not in the manifest';
  const { result, fateUnknown, error } = outcome;
  return `its outcome is ${result}${fateUnknown ? ', perhaps deleted' : ''}${error ? ` (${error.sentence})` : ''}`;
}

function stateOf(item: Item | undefined): string {
  if (!item) return 'nothing';
  return item.marker ? 'marker' : item.tag;
}
