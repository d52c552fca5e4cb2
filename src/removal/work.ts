import {
  type Deleted,
  type Entry,
  type Outcome,
  type Restoration,
  removalResults,
  restorationResults,
  type StorageClient,
  type Target,
} from '../core/storageClient.ts';
import type { ManifestEntry, RunRequest, RunResult } from './removal.ts';

/** Results that need no reason: it is as it was meant to be. */
export const asMeant: ReadonlySet<RunResult> = new Set(['deleted', 'already-gone', 'restored', 'already-there']);

/** What an answer says of one entry, not yet believed. */
export interface Answer {
  readonly entry: Entry;
  readonly result: RunResult;
  readonly error: Outcome['error'] | undefined;
  readonly trace?: string | undefined;
}

/** What a run does to the entries of its manifest, and what it calls that. */
export interface Work<Result extends RunResult = RunResult> {
  /** All that can become of one. */
  readonly results: readonly Result[];
  /** What usually becomes of one. */
  readonly meant: Result;
  /** Whether asking twice is harmless. */
  readonly repeatable: boolean;
  /** Whether what an interrupted run may have asked for must be looked at before it is asked for again. */
  readonly looksFirst: boolean;
  readonly words: Words;
  /** Asks the backend for one batch. */
  call(targets: readonly Target[], signal: AbortSignal): Promise<unknown>;
  /** Which entry an answer is about, and what it says; undefined for one that says nothing. */
  read(answer: unknown): Answer | undefined;
}

interface Words {
  /** 'This removal is running in another window.' */
  readonly run: string;
  /** 'What was not deleted can be retried.' */
  readonly done: string;
  /** 'It may or may not be deleted.' */
  readonly state: string;
}

/** Deletes what the manifest names. */
export function deletion({ client, removal }: Pick<RunRequest, 'client' | 'removal'>): Work<Outcome['result']> {
  return {
    results: removalResults,
    meant: 'deleted',
    repeatable: removal.plan.repeatable,
    looksFirst: true,
    words: { run: 'removal', done: 'deleted', state: 'deleted' },
    call: async (targets, signal) => client.remove?.(targets, { signal }),
    read(answer) {
      const { target, result, error, trace } = (answer ?? {}) as Partial<Outcome>;
      if (!isEntry(target?.entry) || result === undefined || !removalResults.includes(result)) return undefined;
      return { entry: target.entry, result, error, trace: isTrace(trace) ? trace : undefined };
    },
  };
}

/** Brings back what the manifest names: it finds by itself what is there already. */
export function restoration({ client }: { readonly client: StorageClient }): Work<Restoration['result']> {
  return {
    results: restorationResults,
    meant: 'restored',
    repeatable: true,
    looksFirst: false,
    words: { run: 'undo', done: 'brought back', state: 'there again' },
    call: async (targets, signal) =>
      client.undelete?.(
        targets.map(({ entry }) => deletedOf(entry)),
        { signal },
      ),
    read(answer) {
      const { deleted, result, error } = (answer ?? {}) as Partial<Restoration>;
      if (!isEntry(deleted?.entry) || result === undefined || !restorationResults.includes(result)) return undefined;
      return { entry: deleted.entry, result, error };
    },
  };
}

/** Targets of a run are entries of its manifest. */
function deletedOf(planned: ManifestEntry): Deleted {
  const { trace, within, ...entry } = planned;
  return { entry, ...(trace === undefined ? {} : { trace }), ...(within === undefined ? {} : { within }) };
}

function isEntry(entry: unknown): entry is Entry {
  return typeof entry === 'object' && entry !== null;
}

function isTrace(trace: unknown): trace is string {
  return typeof trace === 'string' && trace !== '';
}
