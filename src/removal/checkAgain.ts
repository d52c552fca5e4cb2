import { readFile, writeFile } from 'node:fs/promises';
import { StorageError, toStorageError } from '../core/errors.ts';
import {
  type Entry,
  identityOf,
  isSameTag,
  type Place,
  placeOf,
  type RemovalResult,
  removalResults,
  type StorageClient,
} from '../core/storageClient.ts';
import { isMissing, readJson, writeJson } from './files.ts';
import { type Listing, listEverything, listUploads } from './listing.ts';
import { readManifest } from './manifest.ts';
import { readLog } from './outcomeLog.ts';
import { containerPlace, outermost } from './plan.ts';
import type { ProviderFacts, Removal } from './removal.ts';
import { checkFile, findingsFile, manifestFile } from './removalFolder.ts';
import { untilAborted } from './waiting.ts';

/** What looking again says of one entry of a plan, beside what the removal reported of it. */
export const verdicts = ['gone', 'back', 'newer', 'kept', 'gone-since', 'unknown'] as const;

/**
 * 'gone': as it was reported. 'back': reported as deleted, and there. 'newer': something else stands under its name.
 * 'kept': there, as reported. 'gone-since': not reported as deleted, and gone. 'unknown': these keys may not look.
 */
export type Verdict = (typeof verdicts)[number];

/** What was found when it was looked again; the verdicts add up to the plan. Plain data, kept as `check.json`. */
export interface CheckReport {
  readonly verdicts: Readonly<Record<Verdict, number>>;
  /** How much is there now, where the removal was, that is no part of its plan. */
  readonly others: number;
  /** Milliseconds since the epoch. */
  readonly checkedAt: number;
}

export interface CheckRequest {
  readonly removal: Removal;
  readonly client: StorageClient;
  readonly provider: ProviderFacts;
  readonly signal: AbortSignal;
  /** Called now and then with how much was found so far. */
  readonly onProgress?: (found: number) => void;
}

/** What one entry of a plan was reported as, and what was found of it. */
export interface CheckedEntry {
  readonly entry: Entry;
  readonly result: RemovalResult;
  readonly verdict: Verdict;
}

/**
 * Lists again what the plan of a removal was made of, and compares it with the plan and its outcomes. Deletes nothing.
 * Memory grows with neither but by one byte for each entry of the plan. What can't be listed fails the whole check:
 * nothing is called gone because it could not be seen.
 */
export async function checkAgain(request: CheckRequest, mostAtOnce = 50_000): Promise<CheckReport> {
  const { removal } = request;
  const findings = new Uint8Array(removal.plan.manifest.entries);
  let others = 0;
  let seen = new Map<string, Seen>();
  const compare = async () => {
    if (seen.size > 0) others += await compareWith(removal, seen, findings);
    seen = new Map();
  };
  let found = 0;
  for await (const each of lookAround(request)) {
    seen.set(each.identity, each);
    found++;
    if (found % 1_000 === 0) request.onProgress?.(found);
    if (seen.size >= mostAtOnce) await compare();
  }
  await compare();
  const report = { verdicts: await count(removal, findings), others, checkedAt: Date.now() };
  await writeFile(findingsFile(removal.folder), findings, { mode: 0o600 });
  await writeJson(checkFile(removal.folder), report);
  return report;
}

/** What a removal's last check found; undefined where it was never checked. */
export async function readCheck({ folder }: Removal): Promise<CheckReport | undefined> {
  return (await readJson(checkFile(folder))) as CheckReport | undefined;
}

/** Every entry of a plan with what its last check found; fails with 'not-found' where it was never checked. */
export async function* readChecked(removal: Removal): AsyncGenerator<CheckedEntry> {
  yield* judged(removal, await readFile(findingsFile(removal.folder)).catch(refuseUnchecked));
}

/** One thing that is there now, or that can't be looked at. */
interface Seen {
  readonly identity: string;
  readonly tag: string | undefined;
  readonly finding: Finding;
  /** Whether it counts as something else where no entry of the plan is the same. */
  readonly counts: boolean;
  matched: boolean;
}

const findingNames = ['gone', 'there', 'newer', 'unknown'] as const;
type Finding = (typeof findingNames)[number];

async function compareWith(
  { folder, plan }: Removal,
  seen: ReadonlyMap<string, Seen>,
  findings: Uint8Array,
): Promise<number> {
  let at = 0;
  for await (const entry of readManifest(manifestFile(folder), plan.manifest)) {
    const now = seen.get(identityOf(entry));
    if (now) {
      const newer = now.finding === 'there' && !isSameTag(now.tag, entry.tag);
      findings[at] = findingNames.indexOf(newer ? 'newer' : now.finding);
      now.matched = true;
    }
    at++;
  }
  return [...seen.values()].filter(({ matched, counts }) => counts && !matched).length;
}

async function count(removal: Removal, findings: Uint8Array): Promise<Record<Verdict, number>> {
  const counts = Object.fromEntries(verdicts.map((verdict) => [verdict, 0])) as Record<Verdict, number>;
  for await (const { verdict } of judged(removal, findings)) counts[verdict]++;
  return counts;
}

async function* judged(removal: Removal, findings: Uint8Array): AsyncGenerator<CheckedEntry> {
  for await (const { at, entry, recorded } of readLog(removal)) {
    const result = removalResults.find((each) => each === recorded?.result) ?? 'failed';
    yield { entry, result, verdict: verdictOf(result, findingNames[findings[at] ?? 0] ?? 'unknown') };
  }
}

function verdictOf(result: RemovalResult, finding: Finding): Verdict {
  const reportedGone = result === 'deleted' || result === 'already-gone';
  if (finding === 'unknown') return 'unknown';
  if (finding === 'gone') return reportedGone ? 'gone' : 'gone-since';
  // That it had changed is what was reported.
  if (finding === 'newer' && result !== 'changed') return 'newer';
  return reportedGone ? 'back' : 'kept';
}

/** All that is there now of what the plan was made of, as the plan looked for it. */
async function* lookAround(request: CheckRequest): AsyncGenerator<Seen> {
  const { provider, removal } = request;
  const { contains } = provider.folders;
  const selection = removal.plan.selection;
  const roots = new Map(outermost(selection, contains).map((entry) => [identityOf(entry), entry]));
  for (const root of roots.values()) yield* lookBelow(request, root, roots);
  const holds = (root: Entry, entry: Entry) =>
    root.kind === 'container' ? entry.container === root.id : (contains?.(root, entry) ?? false);
  const single = selection.filter(({ kind }) => kind === 'object' || kind === 'upload');
  yield* lookAtEach(
    request,
    // A folder's own listing shows neither uploads nor, mostly, versions.
    single.filter(
      (entry) =>
        entry.kind === 'upload' ||
        entry.version !== undefined ||
        ![...roots.values()].some((root) => holds(root, entry)),
    ),
  );
}

async function* lookBelow(request: CheckRequest, root: Entry, roots: Map<string, Entry>): AsyncGenerator<Seen> {
  const { client, provider, signal } = request;
  const place = placeOf(root);
  if (!place) return;
  const own = identityOf(root);
  let answered = false;
  for await (const { entries } of existing(request, place)) {
    answered = true;
    for (const entry of entries) {
      if (identityOf(entry) === own) continue;
      if (entry.kind === 'folder') roots.delete(identityOf(entry));
      if (entry.kind !== 'folder' || provider.folders.real) yield* seenAs(entry, true);
    }
  }
  if (answered && root.kind === 'folder' && provider.folders.real) yield* seenAs(root, true);
  if (root.kind !== 'container' || !provider.capabilities.has('uploads')) return;
  try {
    for await (const { entries } of listUploads(client, place, signal)) {
      for (const entry of entries) yield* seenAs(entry, true);
    }
  } catch (error) {
    const failure = toStorageError(error);
    const unlisted = failure.kind === 'unsupported' || failure.kind === 'forbidden' || failure.kind === 'not-found';
    if (!unlisted || request.removal.plan.counts.uploads > 0) throw failure;
  }
}

/** The pages below a place; none where the place itself is gone, which the server must say twice. */
async function* existing({ client, provider, removal, signal }: CheckRequest, place: Place): AsyncGenerator<Listing> {
  const versions = namesVersions(removal);
  let answered = false;
  try {
    for await (const page of listEverything(client, place, provider, { versions }, signal)) {
      answered = true;
      yield page;
    }
  } catch (error) {
    if (answered || !isNotFound(error)) throw error;
    const there = await untilAborted(client.list(place, { limit: 1 }, { signal }), signal).then(
      () => true,
      (again: unknown) => !isNotFound(again),
    );
    if (there) throw error;
  }
}

/** Whether every version was meant, and not only what was current. */
function namesVersions({ plan: { mode, counts } }: Removal): boolean {
  return mode === 'permanent' && counts.versions + counts.markers > 0;
}

/** Questions under way at once. */
const questionsAtOnce = 16;

async function* lookAtEach(request: CheckRequest, selected: readonly Entry[]): AsyncGenerator<Seen> {
  const { client, provider, removal, signal } = request;
  const isVersioned = ({ kind, version }: Entry) =>
    kind === 'object' && (version !== undefined || namesVersions(removal));
  const versioned = new Map(
    selected.filter(isVersioned).map((entry) => [JSON.stringify([entry.container, entry.id]), entry]),
  );
  for (const entry of versioned.values()) yield* lookAtVersions(request, entry, selected);
  const containers = new Map(
    selected.filter(({ kind }) => kind === 'upload').map((entry) => [entry.container, containerPlace(entry)]),
  );
  for (const place of containers.values()) {
    for await (const { entries } of listUploads(client, place, signal)) {
      for (const entry of entries) yield* seenAs(entry, false);
    }
  }
  const plain = selected.filter((entry) => entry.kind === 'object' && !isVersioned(entry));
  for (let from = 0; from < plain.length; from += questionsAtOnce) {
    const asked = plain.slice(from, from + questionsAtOnce).map((entry) => lookAt(client, provider, entry, signal));
    for (const seen of await Promise.all(asked)) if (seen) yield seen;
  }
}

async function* lookAtVersions(
  { client, provider, signal }: CheckRequest,
  { container, id, ...rest }: Entry,
  selected: readonly Entry[],
): AsyncGenerator<Seen> {
  const query = { versions: true, id };
  const whole = selected.some((entry) => entry.id === id && entry.container === container && !entry.version);
  const place = containerPlace({ ...rest, id, ...(container === undefined ? {} : { container }) });
  for await (const { entries } of listEverything(client, place, provider, query, signal)) {
    for (const entry of entries) {
      if (entry.kind === 'object' && entry.id === id && entry.container === container) yield* seenAs(entry, whole);
    }
  }
}

async function lookAt(
  client: StorageClient,
  provider: ProviderFacts,
  entry: Entry,
  signal: AbortSignal,
): Promise<Seen | undefined> {
  const unknown: Seen = {
    identity: identityOf(entry),
    tag: undefined,
    finding: 'unknown',
    counts: false,
    matched: false,
  };
  if (!client.stat || !provider.capabilities.has('stat')) return unknown;
  try {
    const now = await untilAborted(client.stat(entry, { signal }), signal);
    return { ...unknown, tag: now.tag, finding: 'there' };
  } catch (error) {
    const failure = toStorageError(error);
    if (failure.kind === 'not-found') return undefined;
    if (failure.kind === 'forbidden' || failure.kind === 'unsupported') return unknown;
    throw failure;
  }
}

/** A version that is current is what stands under the name, too. */
function* seenAs(entry: Entry, counts: boolean): Generator<Seen> {
  const { tag, version } = entry;
  const seen = { identity: identityOf(entry), tag, finding: 'there', counts, matched: false } as const;
  yield seen;
  if (entry.kind !== 'object' || !version?.latest || version.marker) return;
  const { version: _, ...named } = entry;
  yield { ...seen, identity: identityOf(named), counts: false };
}

function isNotFound(error: unknown): boolean {
  return error instanceof StorageError && error.kind === 'not-found';
}

function refuseUnchecked(error: unknown): never {
  if (isMissing(error)) throw new StorageError('not-found', 'This removal was never checked again.', { cause: error });
  throw error;
}
