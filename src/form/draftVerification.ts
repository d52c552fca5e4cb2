import { untilAborted } from '../removal/waiting.ts';
import type { DraftConnection, DraftOperations } from './dependencies.ts';
import { cancelledReport, type Report, reports } from './reports.ts';

/** The verification of one form's draft: at most one is under way. */
export class DraftVerification {
  readonly #verify: DraftOperations['verify'];
  readonly #redact: (text: string) => string;
  #running: AbortController | undefined;

  constructor(verify: DraftOperations['verify'], redact: (text: string) => string) {
    this.#verify = verify;
    this.#redact = redact;
  }

  get running(): boolean {
    return this.#running !== undefined;
  }

  /** Tries the connection and shows each report as it comes. Fails only when the connection does. */
  async run(connecting: Promise<DraftConnection>, show: (report: Report) => void): Promise<void> {
    const running = new AbortController();
    const { signal } = running;
    this.#running = running;
    show({ running: true, steps: [] });
    try {
      const steps = this.#verify(await untilAborted(connecting, signal), signal);
      for await (const report of reports(steps, signal, this.#redact)) {
        if (this.#running !== running) return;
        show(report);
      }
    } catch (error) {
      if (this.#running !== running) return;
      if (!signal.aborted) throw error;
      show(cancelledReport([]));
    } finally {
      if (this.#running === running) this.#running = undefined;
    }
  }

  /** Ends what is under way; it is shown as cancelled. */
  cancel(): void {
    this.#running?.abort();
  }

  /** Ends what is under way; nothing more is shown of it. */
  drop(): void {
    this.cancel();
    this.#running = undefined;
  }
}
