import { runRemoval } from './engine.ts';
import type { RemovalProgress, RemovalReport, RunRequest } from './removal.ts';

/** What runs a plan to its end. */
type Runner<Report> = (request: RunRequest) => Promise<Report>;

/** A removal that this window runs, and what can be done about it. */
export class RunningRemoval {
  readonly #cancel = new AbortController();
  readonly #startedAt = Date.now();
  readonly #changed: () => void;
  #progress: RemovalProgress | undefined;
  /** What had its outcome before this run, of one that was resumed. */
  #earlier: number | undefined;
  #paused: PromiseWithResolvers<void> | undefined;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get progress(): RemovalProgress | undefined {
    return this.#progress;
  }

  get paused(): boolean {
    return this.#paused !== undefined;
  }

  /** Entries that got their outcome in a second, since it began. */
  get rate(): number {
    const done = (this.#progress?.done ?? 0) - (this.#earlier ?? 0);
    return (1000 * done) / Math.max(1, Date.now() - this.#startedAt);
  }

  /** Sends no more until it goes on; what is under way is still answered. */
  pause(): void {
    this.#paused ??= Promise.withResolvers();
    this.#changed();
  }

  goOn(): void {
    this.#paused?.resolve();
    this.#paused = undefined;
    this.#changed();
  }

  cancel(): void {
    this.#cancel.abort();
  }

  run<Report>(request: RunRequest, runner: Runner<Report>): Promise<Report> {
    return runner({
      ...request,
      signal: AbortSignal.any([request.signal, this.#cancel.signal]),
      paused: () => this.#paused?.promise,
      onProgress: (progress) => {
        this.#progress = progress;
        this.#earlier ??= progress.done;
        request.onProgress?.(progress);
        this.#changed();
      },
    });
  }
}

/** The removals that this window runs, by the ids of their plans. */
export class RunningRemovals {
  readonly #running = new Map<string, RunningRemoval>();
  readonly #listeners = new Set<() => void>();

  /** The same promise as `runRemoval`; meanwhile the removal is found here. */
  run(request: RunRequest): Promise<RemovalReport> {
    return this.runWith(runRemoval, request);
  }

  /** The same promise as the runner; meanwhile what it runs is found here. */
  async runWith<Report>(runner: Runner<Report>, request: RunRequest): Promise<Report> {
    const { id } = request.removal.plan;
    const running = new RunningRemoval(() => this.#tell());
    this.#running.set(id, running);
    this.#tell();
    try {
      return await running.run(request, runner);
    } finally {
      this.#running.delete(id);
      this.#tell();
    }
  }

  of(id: string): RunningRemoval | undefined {
    return this.#running.get(id);
  }

  /** Calls back after each change, until it is disposed of. */
  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
