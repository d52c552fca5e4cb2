import type { ErrorKind } from '../core/errors.ts';
import type { Provider } from '../core/provider.ts';
import type {
  Deleted,
  Entry,
  Recovery,
  RemovalResult,
  RestorationResult,
  StorageClient,
  Target,
} from '../core/storageClient.ts';
import type { RunTimes } from './batch.ts';
import type { Allowed, Pace } from './pace.ts';

/** What may become of one entry of a run, be it a removal or the undo of one. */
export type RunResult = RemovalResult | RestorationResult;

/** One entry as a manifest keeps it; in an undo's with what brings it back. */
export type ManifestEntry = Entry & Pick<Deleted, 'trace' | 'within'>;

/** What a removal must know of a provider. */
export type ProviderFacts = Pick<Provider, 'id' | 'label' | 'noun' | 'capabilities' | 'limits' | 'folders'>;

/** What a person selected, as the plan keeps it. */
export type Selected = Pick<Entry, 'kind' | 'container' | 'id' | 'name' | 'path' | 'version'>;

/** How much a plan holds. */
export interface RemovalCounts {
  /** Versions and delete markers among them. */
  readonly objects: number;
  /** Folders that exist by themselves; they go last and only when empty. */
  readonly folders: number;
  /** How many of the objects are versions, named as such. */
  readonly versions: number;
  /** How many of the objects are delete markers. */
  readonly markers: number;
  /** What was begun to be uploaded and never finished; it is aborted. */
  readonly uploads: number;
  /** How many of the objects are locked now, and so will likely be refused. */
  readonly locked: number;
  /** How many of the locked could be deleted all the same, by keys with the permission. */
  readonly bypassable: number;
  /** Of everything whose size is known. */
  readonly bytes: number;
}

/** The credential that a plan is for, as it was then: with another server or account the same names may be other objects. */
export interface PlannedCredential {
  readonly id: string;
  readonly name: string;
  readonly revision?: string;
  readonly origin?: string;
}

/** What would be deleted: exactly the entries in its manifest, and nothing that arrives later. Plain data, kept as `plan.json`. */
export interface RemovalPlan {
  readonly id: string;
  readonly credential: PlannedCredential;
  readonly provider: Pick<Provider, 'id' | 'label' | 'noun'>;
  readonly selection: readonly Selected[];
  readonly mode: Target['mode'];
  /** Chosen in the confirmation: delete in spite of locks that may be bypassed. */
  readonly bypass?: true;
  /** Chosen in the confirmation: the selected folders go whole, each by one call, including anything that arrives meanwhile. */
  readonly whole?: true;
  readonly counts: RemovalCounts;
  readonly recovery: Recovery;
  /** Whether sending the same delete twice is harmless: not so where a second one leaves a second marker. */
  readonly repeatable: boolean;
  /** Whether this extension can bring back what such a deletion leaves behind. */
  readonly undo?: true;
  /** Present on an undo: the removal that it takes back. Its manifest names what comes back. */
  readonly undoes?: string;
  /** Something is deleted by its name alone: the server can't be asked to delete only what is unchanged. */
  readonly unconditional?: true;
  /** What was odd about the listing, one sentence each. */
  readonly notices: readonly string[];
  /** The removal whose failures this one tries again. */
  readonly retryOf?: string;
  /** Milliseconds since the epoch. */
  readonly plannedAt: number;
  readonly manifest: ManifestSeal;
}

/** What a finished manifest must still hold when it is read: any other is refused. */
export interface ManifestSeal {
  readonly entries: number;
  /** Of the compressed file and, behind it, the number, in hex. */
  readonly sha256: string;
}

/** A plan and where it is kept: the handle that the run, the report and the clean-up work with. */
export interface Removal {
  /** `<folder>/removals/<id>`. */
  readonly folder: string;
  readonly plan: RemovalPlan;
}

export interface PlanRequest {
  readonly client: StorageClient;
  readonly provider: ProviderFacts;
  /** Whether only what still has its tag will be deleted; by default the provider's capability says it. */
  readonly conditional?: boolean;
  readonly credential: PlannedCredential;
  /** Objects, folders and containers; of a container everything in it is meant, never the container itself. */
  readonly selection: readonly Entry[];
  /** Every version and delete marker of what is selected, for good. */
  readonly versions?: boolean;
  /** 'recoverable' unless said otherwise: what the backend keeps when asked to delete in the ordinary way. */
  readonly mode?: Target['mode'];
  /** The extension's storage folder; `removals/<id>` is made in it. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Called after each page with what was counted so far. */
  readonly onProgress?: (counts: RemovalCounts) => void;
}

export interface RunRequest {
  readonly removal: Removal;
  readonly client: StorageClient;
  readonly provider: ProviderFacts;
  /** Whether only what still has its tag is deleted; by default the provider's capability says it. */
  readonly conditional?: boolean;
  /** Goes on with a run that was interrupted: what has its outcome is left alone, what may have been sent is looked at first. */
  readonly resume?: true;
  /** Awaited before anything is sent: while it is pending, the run is paused. */
  readonly paused?: () => Promise<void> | undefined;
  /** Aborting it stops the sending at once; what is in flight may still answer for a moment. */
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: RemovalProgress) => void;
  /** Aborting it ends the run as a crash would: what is under way gets no outcome, so that whoever resumes it looks. */
  readonly leaving?: AbortSignal;
  /** What the server takes in a container, shared by the removals there; found out anew by default. */
  readonly paceOf?: (container: string) => Pace;
  readonly times?: RunTimes;
}

export interface RemovalProgress {
  /** 'stopping': nothing is sent any more, answers are awaited. */
  readonly phase: 'running' | 'stopping';
  /** How many of `total` have their outcome. */
  readonly done: number;
  readonly total: number;
  /** By the names that this run has for them. */
  readonly results: Readonly<Partial<Record<RunResult, number>>>;
  /** Of what was deleted, or brought back. */
  readonly bytes: number;
  /** How many were asked for and have no answer yet. */
  readonly underWay: number;
  /** How much of the server is asked at once, as it was for the last call. */
  readonly allowed?: Allowed;
}

/** Why a run ended before its last batch. */
export interface EarlyStop {
  readonly kind: ErrorKind;
  readonly sentence: string;
}

/** What became of a plan; the results add up to the entries of its manifest. Plain data, kept as `report.json`. */
export interface RunReport<Result extends RunResult> {
  readonly results: Readonly<Record<Result, number>>;
  /** How many of the failed may be deleted (or there again) all the same, since the server's answer never came. */
  readonly fateUnknown: number;
  /** How many were found gone after an interruption in which they may have been deleted. */
  readonly foundGone?: number;
  /** Of what was deleted, or brought back. */
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Milliseconds. */
  readonly elapsed: number;
  readonly stopped?: EarlyStop;
}

export type RemovalReport = RunReport<RemovalResult>;

/** What became of the plan of an undo. */
export type UndoReport = RunReport<RestorationResult>;

/** What became of one entry of the manifest. */
export interface EntryOutcome<Result extends RunResult = RunResult> {
  readonly entry: ManifestEntry;
  readonly result: Result;
  /** Absent on what went as it was meant, and on what had gone so before. */
  readonly error?: { readonly kind: ErrorKind; readonly sentence: string };
  readonly fateUnknown: boolean;
  /** What the backend named that brings it back. */
  readonly trace?: string;
  /** When it was found gone by a run that went on with one that may have deleted it. */
  readonly lookedAt?: number;
}

/** What to ask before a plan may run. */
export type Confirmation =
  | { readonly kind: 'none'; readonly title: string }
  | (Question & { readonly kind: 'modal' })
  | (Question & {
      readonly kind: 'typeName';
      /** What must be typed, exactly. */
      readonly name: string;
      /** The sentence above the input. */
      readonly prompt: string;
    });

interface Question {
  readonly title: string;
  readonly detail: readonly string[];
  readonly button: string;
  /** A question of its own, asked first: whether locks that may be bypassed are. Closing it is 'no' to everything. */
  readonly locks?: LockQuestion;
}

/** Two ways to delete folders; the one that deletes no more than was listed stands first. */
export interface WholeQuestion {
  readonly title: string;
  readonly listed: string;
  readonly whole: string;
}

/** Two ways to delete very much: from here, or by a rule of the provider's own. */
export interface RuleQuestion {
  readonly title: string;
  readonly listed: string;
  readonly rule: string;
}

/** Two ways on; the one that keeps stands first. */
export interface LockQuestion {
  readonly title: string;
  readonly keep: string;
  readonly bypass: string;
}
