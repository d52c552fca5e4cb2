import { createReadStream } from 'node:fs';
import { type FileHandle, open, truncate } from 'node:fs/promises';
import type { StorageError } from '../core/errors.ts';
import { isMissing, syncFolder } from './files.ts';
import { readManifestPages } from './manifest.ts';
import type { EntryOutcome, Removal, RunResult } from './removal.ts';
import { manifestFile, outcomesFile } from './removalFolder.ts';

/** One line of the log: what became of some neighbours in the manifest. */
export interface OutcomeLine {
  /** The position of the first. */
  readonly from: number;
  readonly entries: number;
  /** Of all but the exceptions. */
  readonly result: RunResult;
  readonly error?: LoggedError;
  /** By their distance from the first. */
  readonly exceptions?: readonly (readonly [number, Exception])[];
  /** Of each in its turn, what brings it back; absent where nothing was named for any. */
  readonly traces?: readonly (string | null)[];
}

type LoggedError = NonNullable<EntryOutcome['error']>;

export interface Exception {
  readonly result: RunResult;
  readonly error?: LoggedError;
  readonly fateUnknown?: true;
  readonly lookedAt?: number;
}

export interface OutcomeLog {
  /** Resolves when the line is on disk; lines that come meanwhile share one write. */
  append(line: OutcomeLine): Promise<void>;
  close(): Promise<void>;
}

/** Begins the log of a removal; fails with EEXIST when there is one, so that nothing is run twice. */
export async function createOutcomeLog(folder: string): Promise<OutcomeLog> {
  const handle = await open(outcomesFile(folder), 'ax', 0o600);
  // A run that was begun must be seen to have been, whatever happens next.
  await syncFolder(folder);
  return logTo(handle);
}

/** Goes on with the log of a removal that was interrupted; a last line that a crash cut short goes. */
export async function resumeOutcomeLog(folder: string): Promise<OutcomeLog> {
  const file = outcomesFile(folder);
  const last = (await placesOf(file)).reduce((end, { at, length }) => Math.max(end, at + length + 1), 0);
  await truncate(file, last);
  return logTo(await open(file, 'a', 0o600));
}

function logTo(handle: FileHandle): OutcomeLog {
  let waiting: string[] = [];
  let written: Promise<void> = Promise.resolve();
  const write = async () => {
    const text = waiting.join('');
    waiting = [];
    await handle.appendFile(text);
    await handle.datasync();
  };
  return {
    append(line) {
      waiting.push(`${JSON.stringify(line)}\n`);
      if (waiting.length === 1) written = written.then(write);
      return written;
    },
    close: () => handle.close(),
  };
}

/** What may stand on disk of an error: its sentence. Its detail is the server's own text, which may repeat a secret. */
export function loggedError({ kind, message }: StorageError): LoggedError {
  return { kind, sentence: message };
}

/** What became of every entry of a removal, in the order of its manifest. */
export async function* readOutcomes(removal: Removal): AsyncGenerator<EntryOutcome> {
  for await (const { entry, recorded = unrecorded, trace } of readLog(removal)) {
    yield { ...outcomeOf(entry, recorded), ...(trace === undefined ? {} : { trace }) };
  }
}

/** One entry of the manifest and what the log says of it, if it does. */
export interface LoggedEntry {
  readonly at: number;
  readonly entry: EntryOutcome['entry'];
  readonly recorded?: Exception;
  /** What brings it back, where the log has it. */
  readonly trace?: string;
}

/** Some neighbours in a manifest. */
export interface Range {
  readonly from: number;
  readonly entries: number;
}

/** What the log speaks of, in the order of the manifest; undefined where there is no log. */
export async function readCoverage(folder: string): Promise<readonly Range[] | undefined> {
  return await placesOf(outcomesFile(folder)).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
}

/** Every entry of a manifest beside its log as it is now. In memory stand only the places of the log's lines. */
export async function* readLog(removal: Removal): AsyncGenerator<LoggedEntry> {
  for await (const page of readLogPages(removal)) yield* page;
}

/** The same, some at a time. */
export async function* readLogPages({ folder, plan }: Removal): AsyncGenerator<readonly LoggedEntry[]> {
  await using lines = await openLines(outcomesFile(folder));
  let line = await lines.next();
  let exceptions = new Map(line?.exceptions);
  let position = 0;
  for await (const entries of readManifestPages(manifestFile(folder), plan.manifest)) {
    const page: LoggedEntry[] = [];
    for (const entry of entries) {
      while (line && position >= line.from + line.entries) {
        line = await lines.next();
        exceptions = new Map(line?.exceptions);
      }
      const recorded = line && position >= line.from ? (exceptions.get(position - line.from) ?? line) : undefined;
      const trace = recorded && line?.traces?.[position - line.from];
      page.push({ at: position, entry, ...(recorded ? { recorded } : {}), ...(trace ? { trace } : {}) });
      position++;
    }
    yield page;
  }
}

const unrecorded: Exception = {
  result: 'failed',
  error: { kind: 'unexpected', sentence: 'What became of it was not recorded.' },
  fateUnknown: true,
};

function outcomeOf(entry: EntryOutcome['entry'], { result, error, fateUnknown, lookedAt }: Exception): EntryOutcome {
  return {
    entry,
    result,
    ...(error === undefined ? {} : { error }),
    fateUnknown: fateUnknown ?? false,
    ...(lookedAt === undefined ? {} : { lookedAt }),
  };
}

interface Lines extends AsyncDisposable {
  next(): Promise<OutcomeLine | undefined>;
}

/** The lines of a log by their place in the manifest: batches end in any order. */
async function openLines(file: string): Promise<Lines> {
  let handle: FileHandle;
  try {
    handle = await open(file, 'r');
  } catch (error) {
    if (isMissing(error)) return { next: async () => undefined, [Symbol.asyncDispose]: async () => undefined };
    throw error;
  }
  const places = await placesOf(file);
  let index = 0;
  return {
    async next() {
      const place = places[index++];
      if (!place) return undefined;
      const bytes = Buffer.alloc(place.length);
      await handle.read(bytes, 0, place.length, place.at);
      return JSON.parse(bytes.toString('utf8'));
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

interface LinePlace extends Range {
  readonly at: number;
  readonly length: number;
}

/** A last line that a crash cut short is left out. */
async function placesOf(file: string): Promise<readonly LinePlace[]> {
  const places: LinePlace[] = [];
  let rest: Buffer = Buffer.alloc(0);
  let at = 0;
  for await (const chunk of createReadStream(file)) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    let start = 0;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10, start)) {
      places.push({ ...rangeOf(rest.subarray(start, end)), at: at + start, length: end - start });
      start = end + 1;
    }
    rest = rest.subarray(start);
    at += start;
  }
  return places.sort((a, b) => a.from - b.from);
}

/** Which neighbours a line speaks of. It says so first, so that the traces behind need not be parsed for it. */
function rangeOf(line: Buffer): Range {
  const [, from, entries] = /^\{"from":(\d+),"entries":(\d+),/.exec(line.toString('latin1', 0, 60)) ?? [];
  if (from !== undefined && entries !== undefined) return { from: Number(from), entries: Number(entries) };
  const parsed: OutcomeLine = JSON.parse(line.toString('utf8'));
  return { from: parsed.from, entries: parsed.entries };
}
