import { StorageError } from '../../src/core/errors.ts';
import type { Draft } from '../../src/core/fields.ts';
import type { Network } from '../../src/core/provider.ts';
import { removalResults, type StorageClient } from '../../src/core/storageClient.ts';
import { runRemoval } from '../../src/removal/engine.ts';
import { readOutcomes } from '../../src/removal/outcomeLog.ts';
import { planRemoval } from '../../src/removal/plan.ts';
import type { EntryOutcome, Removal, RemovalReport } from '../../src/removal/removal.ts';
import { type Contract, collect } from '../contract/contractSuite.ts';
import type { Random } from '../oracle/random.ts';
import type { FaultKind } from './kinds.ts';

/** What stands between the client and the server in one cell; rules are its own. */
export interface Middle {
  /** Where the client is told that the server is. */
  readonly origin: string;
  /** Forgets every rule. */
  calm(): void;
  /** Ends every connection there is. */
  cut(): void;
  /** Resolves when the server has nothing more to do. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

/** What is tried in one cell. */
export interface Scene<M extends Middle = Middle> {
  readonly contract: Contract;
  readonly middle: M;
  readonly random: Random;
  readonly container: string;
  /** What is to be deleted, by the server's own ids. */
  readonly names: readonly string[];
  /** Some of them. */
  readonly chosen: ReadonlySet<string>;
  /** To be called each time that the fault happens. */
  hit(): void;
  /** To be called at the end, whatever becomes of the cell. */
  defer(work: () => void | Promise<void>): void;
}

/** How a fault is made at one server. */
export interface Recipe<M extends Middle = Middle> {
  /** Whether it is there already while the plan is made. */
  readonly whilePlanning?: true;
  /** Whether versions are deleted, by a client that lists them. */
  readonly versions?: true;
  /** A container with these objects, where it has to be made for it. */
  readonly fill?: (contract: Contract, ids: readonly string[]) => Promise<string>;
  /** The same address by another name. */
  readonly origin?: (origin: string) => string;
  /** What to change in the form. */
  readonly draft?: (scene: Scene<M>) => Draft;
  readonly network?: (scene: Scene<M>) => Promise<Network>;
  /** Before anything is planned, past the client. */
  readonly prepare?: (scene: Scene<M>) => Promise<void>;
  /** Sets up the fault. */
  readonly arm: (scene: Scene<M>) => void | Promise<void>;
  /** What must be so afterwards beside what must always be so: a sentence for what is not. */
  readonly judge?: (outcomes: readonly Told[], scene: Scene<M>, plannedTwice: boolean) => readonly string[];
}

/** An outcome and the server's own id of its object. */
export interface Told extends EntryOutcome {
  readonly name: string;
}

/** What became of one cell. */
export interface CellResult {
  readonly kind: FaultKind;
  readonly hits: number;
  readonly seconds: number;
  /** How many outcomes of each sort there were. */
  readonly counts: Readonly<Record<string, number>>;
  /** What the first plan failed with, if it did: it was made again without the fault. */
  readonly refused?: string;
  readonly wrong: readonly string[];
}

/** In milliseconds; the limits of single requests are set shorter by the suites. */
const times = { batch: 8_000, grace: 50, retry: 20, longestWait: 5_000 };
/** So small that tens of objects are several batches. */
const batch = 10;
/** Seconds. */
const longest = 60;

/** Fills a place, deletes from it under a fault, and judges past the fault what is there. */
export async function tryCell<M extends Middle>(
  kind: FaultKind,
  recipe: Recipe<M>,
  contract: Contract,
  middle: M,
  random: Random,
  folder: string,
): Promise<CellResult> {
  const names = Array.from({ length: 50 }, (_, n) => `k/${String(n).padStart(2, '0')}`);
  const bystanders = ['before', 'k-2/00', 'kk', 'z'];
  const fill = recipe.fill ?? ((at: Contract, ids: readonly string[]) => at.fill(ids));
  const container = await fill(contract, [...names, ...bystanders]);
  const beside = await contract.fill(['k/00']);
  let hits = 0;
  const deferred: (() => void | Promise<void>)[] = [];
  const scene: Scene<M> = {
    contract,
    middle,
    random,
    container,
    names,
    chosen: new Set(random.shuffled(names).slice(0, 5)),
    hit: () => {
      hits++;
    },
    defer: (work) => deferred.push(work),
  };
  const began = performance.now();
  try {
    await recipe.prepare?.(scene);
    const network = (await recipe.network?.(scene)) ?? contract.network();
    const origin = recipe.origin?.(middle.origin) ?? middle.origin;
    const client = await contract.open(recipe.draft?.(scene) ?? {}, origin, network);
    const { removal, refused } = await plan(recipe, scene, client, folder);
    if (!recipe.whilePlanning) await recipe.arm(scene);
    const report = await runRemoval({
      client,
      provider: { ...contract.provider, limits: { ...contract.provider.limits, batch } },
      removal,
      signal: new AbortController().signal,
      times,
    });
    const seconds = (performance.now() - began) / 1000;
    middle.calm();
    await middle.idle();
    const outcomes = toldOf(contract, container, await collect(readOutcomes(removal)));
    const counts = countsOf(outcomes);
    contract.expectNoSecret([outcomes, report]);
    const wrong = [
      ...(hits === 0 ? ['The fault never happened'] : []),
      ...(seconds > longest ? [`It took ${Math.round(seconds)} seconds`] : []),
      ...judgeCounts(report, outcomes, removal, names),
      ...judgeServer(outcomes, names, await contract.server.ids(container), bystanders, recipe.versions === true),
      ...((await contract.server.ids(beside)).length === 1 ? [] : ['Something is gone from another container']),
      ...(recipe.judge?.(outcomes, scene, refused !== undefined) ?? []),
    ];
    return { kind, hits, seconds, counts, ...(refused === undefined ? {} : { refused }), wrong };
  } finally {
    for (const work of deferred) await work();
  }
}

/** With the fault, where it concerns listings; where that is refused, nothing may have been deleted, and it is made without. */
async function plan<M extends Middle>(recipe: Recipe<M>, scene: Scene<M>, client: StorageClient, folder: string) {
  const { contract, container, names, middle } = scene;
  const request = {
    client,
    provider: contract.provider,
    credential: { id: 'matrix', name: 'Matrix' },
    selection: [contract.folderEntry(container, 'k/')],
    folder,
    signal: new AbortController().signal,
    ...(recipe.versions ? { versions: true } : {}),
  };
  if (!recipe.whilePlanning) return { removal: await planRemoval(request) };
  await recipe.arm(scene);
  try {
    return { removal: await planRemoval(request) };
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    contract.expectNoSecret(error);
    const left = await contract.server.ids(container);
    if (!names.every((name) => left.includes(name))) throw new Error('A plan has deleted something.');
    middle.calm();
    const removal = await planRemoval(request);
    await recipe.arm(scene);
    return { removal, refused: `${error.kind}: ${error.message}` };
  }
}

function toldOf(contract: Contract, container: string, outcomes: readonly EntryOutcome[]): readonly Told[] {
  return outcomes.flatMap((outcome) =>
    contract.namesOf(container, [outcome.entry]).map((name) => ({ ...outcome, name })),
  );
}

function countsOf(outcomes: readonly Told[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { result, fateUnknown } of outcomes) {
    const sort = fateUnknown ? `${result}, perhaps deleted` : result;
    counts[sort] = (counts[sort] ?? 0) + 1;
  }
  return counts;
}

/** Exactly what was meant was planned, each has one outcome, and the report says the same. */
function judgeCounts(
  report: RemovalReport,
  outcomes: readonly Told[],
  { plan: { manifest } }: Removal,
  names: readonly string[],
): string[] {
  const wrong: string[] = [];
  const planned = outcomes.map(({ name }) => name).sort();
  if (JSON.stringify(planned) !== JSON.stringify([...names].sort())) {
    const missing = names.filter((name) => !planned.includes(name));
    wrong.push(`The plan holds ${planned.length} of ${names.length}, without: ${missing}`);
  }
  const total = removalResults.reduce((sum, result) => sum + report.results[result], 0);
  if (total !== manifest.entries) wrong.push(`The report adds up to ${total} of ${manifest.entries}`);
  for (const { name, result, error } of outcomes) {
    if (result !== 'deleted' && result !== 'already-gone' && !error?.sentence)
      wrong.push(`No reason for ${result}: ${name}`);
  }
  return wrong;
}

/** What is said to be deleted is gone, what is said to be there is there, and nothing else is gone. */
function judgeServer(
  outcomes: readonly Told[],
  names: readonly string[],
  left: readonly string[],
  bystanders: readonly string[],
  versions: boolean,
): string[] {
  const there = new Set(left);
  const wrong = bystanders
    .filter((name) => !there.has(name))
    .map((name) => `It is gone, though it was not selected: ${name}`);
  for (const { name, result, fateUnknown, error } of outcomes) {
    const gone = result === 'deleted' || result === 'already-gone';
    if (gone && there.has(name)) wrong.push(`It is there, and said to be ${result}: ${name}`);
    // A version that was kept may lie below a marker.
    if (!gone && !fateUnknown && !there.has(name) && !versions) {
      wrong.push(`It is gone, and said to be ${result} (${error?.kind}: ${error?.sentence}): ${name}`);
    }
  }
  const said = new Set(outcomes.map(({ name }) => name));
  const silent = names.filter((name) => !said.has(name) && !there.has(name));
  return [...wrong, ...silent.map((name) => `It is gone without a word: ${name}`)];
}
