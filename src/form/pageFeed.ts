import type { FormDependencies } from './dependencies.ts';
import type { FormState } from './protocol.ts';

/** What is drawn of a form, before it is numbered. */
export type Drawn = Omit<FormState, 'sequence' | 'answered' | 'focus'>;

/** The way to the page: posts once for all that happens in the same turn, and nothing while there is no page. */
export class PageFeed {
  readonly #draw: () => Drawn;
  readonly #send: (state: FormState) => void;
  readonly #log: FormDependencies['log'];
  #ready = false;
  #posting = false;
  #sequence = 0;
  #answered = -1;
  #focus: string | undefined;

  constructor(draw: () => Drawn, send: (state: FormState) => void, log: FormDependencies['log']) {
    this.#draw = draw;
    this.#send = send;
    this.#log = log;
  }

  /** Whether a page is there that has said so. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Starts posting to a new page, whose requests are counted from this one. */
  start(id: number): void {
    this.#ready = true;
    this.#answered = id;
  }

  /** Stops posting until the page is ready again. */
  stop(): void {
    this.#ready = false;
  }

  /** Notes that what is posted from now on takes this request into account. */
  answer(id: number): void {
    this.#answered = Math.max(this.#answered, id);
  }

  /** Goes to a field with the next state. */
  focus(field: string | undefined): void {
    this.#focus = field;
  }

  post(): void {
    if (this.#posting) return;
    this.#posting = true;
    queueMicrotask(() => {
      this.#posting = false;
      if (!this.#ready) return;
      try {
        this.#send(this.#number(this.#draw()));
      } catch (error) {
        this.#log.error('The form could not be drawn.', error);
      }
    });
  }

  #number(drawn: Drawn): FormState {
    const focus = this.#focus;
    this.#focus = undefined;
    return {
      ...drawn,
      sequence: this.#sequence++,
      answered: this.#answered,
      ...(focus === undefined ? {} : { focus }),
    };
  }
}
