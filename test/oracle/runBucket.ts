import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import { StorageError } from '../../src/core/errors.ts';
import type { Draft } from '../../src/core/fields.ts';
import type { Entry, StorageClient } from '../../src/core/storageClient.ts';
import { folderEntry } from '../../src/providers/_shared/entries.ts';
import s3 from '../../src/providers/s3/provider.ts';
import type { RunTimes } from '../../src/removal/batch.ts';
import { runRemoval } from '../../src/removal/engine.ts';
import { readOutcomes } from '../../src/removal/outcomeLog.ts';
import { bypassLocks, planRemoval } from '../../src/removal/plan.ts';
import type { Removal } from '../../src/removal/removal.ts';
import { lockFolder, readReport, reportFile } from '../../src/removal/removalFolder.ts';
import type { AnyReport } from '../../src/removal/report.ts';
import { call, collect } from '../contract/contractSuite.ts';
import type { FaultProxy } from '../servers/faultProxy.ts';
import type { BucketJudge, Item } from './contents.ts';
import { type Crash, mortal } from './crash.ts';
import { type Choice, differences, expectedManifest, type Foreign, lineOf } from './model.ts';
import { Random } from './random.ts';
import type { RemovalTask } from './removalProcess.ts';
import { breakAtRandom, type Injected } from './s3Faults.ts';
import { type SeededBucket, seedBucket } from './seeding.ts';

/** What a bucket is tried with; none of it is another bucket's at the same time. */
export interface Bench {
  /** Goes past every proxy. */
  readonly judge: S3Client;
  readonly proxy: FaultProxy;
  /** A form filled in for the proxy. */
  readonly draft: Draft;
  /** The extension's storage folder. */
  readonly folder: string;
  /** Goes through the proxy. */
  client(): Promise<StorageClient>;
}

/** What happened to a bucket. */
export interface Tried {
  readonly seed: number;
  readonly kind: string;
  readonly entries: number;
  readonly faults: number;
  /** How often its run was given up in this process, and how often a process of its own was killed. */
  readonly abandoned: number;
  readonly killed: number;
  readonly foreign: number;
  readonly unknown: number;
  /** A sentence for everything that is not as the model says. */
  readonly wrong: readonly string[];
}

const times: RunTimes = { batch: 20_000, grace: 20, retry: 5, longestWait: 1_000 };
const provider = (batch: number) => ({ ...s3, limits: { ...s3.limits, batch } });
const mostRuns = 12;

/** Makes the bucket of a seed, deletes from it under faults and kills, and compares what is left with the model. */
export async function tryBucket(seed: number, bench: Bench): Promise<Tried> {
  const random = new Random(seed);
  const name = `oracle-${process.pid}-${Date.now().toString(36)}-${seed}`;
  bench.proxy.reset();
  const bucket = await seedBucket(bench.judge, name, random);
  await using client = await bench.client();
  return await new Trial(seed, bench, bucket, client, random).run();
}

class Trial {
  readonly #seed: number;
  readonly #bench: Bench;
  readonly #bucket: SeededBucket;
  readonly #client: StorageClient;
  readonly #random: Random;
  readonly #injected: Injected = { faults: 0 };
  readonly #foreign: Foreign[] = [];
  readonly #wrong: string[] = [];
  readonly #batch: number;
  readonly #versions: boolean;
  #abandoned = 0;
  #killed = 0;

  constructor(seed: number, bench: Bench, bucket: SeededBucket, client: StorageClient, random: Random) {
    this.#seed = seed;
    this.#bench = bench;
    this.#bucket = bucket;
    this.#client = client;
    this.#random = random;
    this.#batch = random.pick([1, 3, 7, 20, 1000]);
    this.#versions = random.chance(bucket.kind === 'plain' ? 0.15 : 0.5);
  }

  async run(): Promise<Tried> {
    const { kind, judge, contents } = this.#bucket;
    const choices = this.#choose();
    const { removal: planned, expected } = await this.#plan(choices);
    const bypass = kind === 'locking' && this.#versions && this.#random.chance(0.3);
    const removal = bypass ? await bypassLocks(planned) : planned;
    const entries = removal.plan.manifest.entries;
    await this.#interfere(expected);
    const ended = entries > 0 ? await this.#runToTheEnd(removal, expected) : undefined;
    await this.#bench.proxy.idle();
    this.#bench.proxy.reset();
    const outcomes = ended ? await collect(readOutcomes(ended.removal)) : [];
    const now = await judge.contents();
    this.#wrong.push(...differences({ bucket: this.#bucket, outcomes, foreign: this.#foreign, bypass, now }));
    if (ended) this.#judgeCounts(ended.report, outcomes, expected);
    await rm(removal.folder, { recursive: true, force: true });
    if (
      now.items.size === 0 &&
      contents.items.size > 0 &&
      this.#foreign.length === 0 &&
      choices[0]?.kind !== 'container'
    ) {
      const stayed = [...contents.items.values()].length - expected.length;
      if (stayed > 0 && this.#versions) this.#wrong.push(`All is gone, though ${stayed} were not selected`);
    }
    return {
      seed: this.#seed,
      kind: `${kind}${this.#versions ? ', versions' : ''}`,
      entries,
      faults: this.#injected.faults,
      abandoned: this.#abandoned,
      killed: this.#killed,
      foreign: this.#foreign.length,
      unknown: outcomes.filter(({ fateUnknown }) => fateUnknown).length,
      wrong: this.#wrong,
    };
  }

  #choose(): readonly Choice[] {
    const random = this.#random;
    const items = [...this.#bucket.contents.items.values()].sort((a, b) => (a.key + a.id < b.key + b.id ? -1 : 1));
    const current = items.filter(({ latest, marker }) => latest && !marker);
    const folders = ['a/', 'a/b/', 'ab/', 'a/b/c/'].map((prefix): Choice => ({ kind: 'folder', prefix }));
    const objects = random.some(current, 0.4).map(({ key }): Choice => ({ kind: 'object', key }));
    switch (random.below(this.#versions ? 4 : 3)) {
      case 0:
        return [{ kind: 'container' }];
      case 1:
        return random.some(folders, 0.6).concat(objects.length > 0 ? objects : [random.pick(folders)]);
      case 2:
        return objects.length > 0 ? objects : [{ kind: 'folder', prefix: 'a/' }];
      default: {
        const some = random.some(items, 0.4).map((item): Choice => ({ kind: 'version', item }));
        return some.length > 0 ? some : [{ kind: 'container' }];
      }
    }
  }

  /** Under the faults of the listings, of which a plan may make none of, or all. */
  async #plan(choices: readonly Choice[]): Promise<{ removal: Removal; expected: readonly string[] }> {
    const selection = await this.#selected(choices);
    this.#breakSome();
    const request = {
      client: this.#client,
      provider: provider(this.#batch),
      credential: { id: 'oracle', name: 'Oracle' },
      selection,
      folder: this.#bench.folder,
      signal: new AbortController().signal,
      ...(this.#versions ? { versions: true } : {}),
    };
    const removal = await planRemoval(request).catch((error: unknown) => {
      if (!(error instanceof StorageError)) throw error;
      this.#bench.proxy.reset();
      return planRemoval(request);
    });
    const expected = expectedManifest(this.#bucket.contents, choices, this.#versions);
    const planned = await collect(readOutcomes(removal));
    const found = planned.map(({ entry }) => lineOf(entry.kind, entry.id, entry.version?.id)).sort();
    if (JSON.stringify(found) !== JSON.stringify(expected)) {
      const missing = expected.filter((line) => !found.includes(line));
      const extra = found.filter((line) => !expected.includes(line));
      this.#wrong.push(`The plan lacks ${JSON.stringify(missing)} and has ${JSON.stringify(extra)} too much`);
    }
    return { removal, expected };
  }

  /** What the tree would give: entries as a listing brought them. */
  async #selected(choices: readonly Choice[]): Promise<readonly Entry[]> {
    const { bucket } = this.#bucket.judge;
    const all = async (versions: boolean) => {
      const walked = this.#client.walk?.({ kind: 'container', id: bucket }, { versions }, call());
      const pages = walked ? await collect(walked) : [];
      return pages.flatMap(({ entries }) => entries);
    };
    const objects = new Map((await all(false)).map((entry) => [entry.id, entry]));
    const versions = new Map(
      this.#versions ? (await all(true)).map((entry) => [lineOf('object', entry.id, entry.version?.id), entry]) : [],
    );
    return choices.map((choice): Entry => {
      if (choice.kind === 'container') return { kind: 'container', id: bucket, name: bucket, path: bucket };
      if (choice.kind === 'folder') return folderEntry(bucket, choice.prefix, '');
      const entry =
        choice.kind === 'object'
          ? objects.get(choice.key)
          : versions.get(lineOf('object', choice.item.key, choice.item.id));
      if (!entry) throw new Error(`The client does not list: ${JSON.stringify(choice)}`);
      return entry;
    });
  }

  #breakSome(): void {
    const part = this.#random.pick([0, 0.1, 0.2, 0.35]);
    if (part > 0) breakAtRandom(this.#bench.proxy, this.#bench.judge, this.#random, part, this.#injected);
  }

  /** Runs and resumes until a run comes to its end; each but the last dies at a random point. */
  async #runToTheEnd(planned: Removal, expected: readonly string[]) {
    let removal = planned;
    let deaths = this.#random.pick([0, 1, 1, 2, 3]);
    for (let run = 0; run < mostRuns; run++) {
      this.#bench.proxy.reset();
      this.#breakSome();
      const crash = deaths-- > 0 ? this.#randomCrash() : undefined;
      const resume = run > 0;
      const others = this.#arrive();
      if (crash && this.#random.chance(0.15)) await this.#runInProcess(removal, resume, crash);
      else removal = await this.#runHere(removal, resume, crash);
      await others;
      await this.#bench.proxy.idle();
      const report = await readReport(removal.folder);
      if (report) return { removal, report };
      await this.#interfere(expected);
    }
    throw new Error(`Not at its end after ${mostRuns} runs`);
  }

  #randomCrash(): Crash {
    const batches = Math.ceil(30 / this.#batch);
    return {
      when: this.#random.pick([
        'before a call',
        'after a call was sent',
        'after a call was answered',
        'after a line was kept',
      ] as const),
      nth: 1 + this.#random.below(Math.min(12, batches)),
      delay: this.#random.below(12),
    };
  }

  /** In this process; one that dies leaves its folder as it was at that moment, as a copy. */
  async #runHere(removal: Removal, resume: boolean, crash: Crash | undefined): Promise<Removal> {
    const death = Promise.withResolvers<void>();
    const abort = new AbortController();
    const dying = crash ? mortal(this.#client, crash, death.resolve) : undefined;
    const running = runRemoval({
      client: dying?.client ?? this.#client,
      provider: provider(this.#batch),
      removal,
      ...(resume ? { resume: true } : {}),
      signal: abort.signal,
      times,
      onProgress: ({ done }) => {
        if (done > 0) dying?.kept();
      },
    });
    const died = await Promise.race([death.promise.then(() => true), running.then(() => false)]);
    if (!died) return removal;
    this.#abandoned++;
    const folder = `${removal.folder}-${this.#abandoned}`;
    // The run that is given up here may be about to write its end and to give its lock back, which one that was killed would not.
    const left = [lockFolder(removal.folder), reportFile(removal.folder)];
    await cp(removal.folder, folder, {
      recursive: true,
      filter: (file) => !left.some((name) => file.startsWith(name)),
    });
    abort.abort();
    await running;
    await rm(removal.folder, { recursive: true, force: true });
    return { ...removal, folder };
  }

  /** In a process of its own, which is killed: nothing of it is left but what is on disk. */
  async #runInProcess(removal: Removal, resume: boolean, crash: Crash): Promise<void> {
    const program = path.join(import.meta.dirname, 'removalProcess.ts');
    const child = fork(program, [], { execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let complaint = '';
    child.stderr?.on('data', (data: Buffer) => {
      complaint += data.toString();
    });
    const { draft } = this.#bench;
    const task: RemovalTask = { draft, folder: removal.folder, resume, batch: this.#batch, times, crash };
    child.send(task);
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    if (signal === 'SIGKILL') this.#killed++;
    else if (code !== 0) throw new Error(`The process failed: ${complaint}`);
  }

  /** What comes new while a run is under way, also below what is selected. */
  async #arrive(): Promise<void> {
    if (!this.#random.chance(0.4)) return;
    const keys = ['a/new', 'new', 'a/b/new', 'ab/new'].map((key) => `${key}-${this.#foreign.length}`);
    for (const key of this.#random.some(keys, 0.5)) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      this.#foreign.push({ did: 'put', item: { key, ...(await this.#bucket.judge.put(key)) }, afterOurs: false });
    }
  }

  /** What others overwrite and delete while no run is under way. */
  async #interfere(expected: readonly string[]): Promise<void> {
    const { kind, judge, contents } = this.#bucket;
    if (!this.#random.chance(0.5)) return;
    const items = [...contents.items.values()].sort((a, b) => (a.key + a.id < b.key + b.id ? -1 : 1));
    if (this.#versions) return await this.#deleteVersions(judge, items, expected);
    const keys = [...new Set(items.map(({ key }) => key))].filter(
      (key) => !this.#foreign.some(({ item }) => item.key === key),
    );
    const chosen = this.#random.some(keys, 0.15);
    const { items: now } = await judge.contents();
    for (const key of chosen) {
      const before = items.find((item) => item.key === key && item.latest);
      const there = Array.from(now.values()).find((item) => item.key === key && item.latest);
      const hidden = !there || (there.marker && !before?.marker);
      const deletes = kind === 'plain' && this.#random.chance(0.3);
      const item = deletes ? { key, id: 'null', tag: '' } : { key, ...(await judge.put(key)) };
      if (deletes) await judge.delete(key);
      this.#foreign.push({ did: deletes ? 'delete' : 'put', item, afterOurs: hidden && before?.marker === false });
    }
  }

  /** Of versions that are to be deleted, somebody else may have deleted some by then. */
  async #deleteVersions(judge: BucketJudge, items: readonly Item[], expected: readonly string[]): Promise<void> {
    const meant = items.filter(
      (item) => item.id !== 'null' && expected.includes(lineOf('object', item.key, item.id)) && !this.#isLocked(item),
    );
    for (const item of this.#random.some(meant, 0.1)) {
      await judge.delete(item.key, item.id);
      this.#foreign.push({ did: 'delete', item, afterOurs: false });
    }
  }

  #isLocked({ key, id }: Item): boolean {
    return this.#bucket.locks.has(JSON.stringify([key, id]));
  }

  /** Every entry has exactly one outcome, and they add up. */
  #judgeCounts(
    report: AnyReport,
    outcomes: Awaited<ReturnType<typeof collect<{ result: string; fateUnknown: boolean }>>>,
    expected: readonly string[],
  ): void {
    if (outcomes.length !== expected.length) this.#wrong.push(`${outcomes.length} outcomes of ${expected.length}`);
    for (const [result, count] of Object.entries(report.results)) {
      const found = outcomes.filter((outcome) => outcome.result === result).length;
      if (found !== count) this.#wrong.push(`The report says ${count} ${result}, the journal ${found}`);
    }
    const unknown = outcomes.filter(({ fateUnknown }) => fateUnknown).length;
    if (unknown !== report.fateUnknown)
      this.#wrong.push(`The report says ${report.fateUnknown} unknown, not ${unknown}`);
    const calm = this.#injected.faults === 0 && this.#abandoned + this.#killed === 0;
    const failed = outcomes.filter(({ result }) => result === 'failed' || result === 'not-attempted').length;
    if (calm && failed > 0) this.#wrong.push(`${failed} failed, though nothing went wrong`);
  }
}
