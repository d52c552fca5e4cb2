import type { Parts } from '../../../src/commands/parts.ts';
import type { Asking, Confirming, Dialogs, Option } from '../../../src/ui/dialogs.ts';

/** What a person does when asked; whatever is left out is closed by Escape. */
export interface Answers {
  confirm?: (question: Confirming) => boolean | Promise<boolean>;
  ask?: (question: Asking) => string | undefined;
  /** The label of the row that is chosen. */
  pick?: (title: string, options: readonly Option<unknown>[]) => string | undefined;
  /** The button that is pressed. */
  notify?: (sentence: string, buttons: readonly string[]) => string | undefined;
  /** Reads what a task reports. */
  progress?: (title: string, sentence: string) => void;
  chooseTarget?: Dialogs['chooseTarget'];
}

/** Someone who sits before the dialogs, answers them as told and remembers all that was asked and said. */
export class Person {
  answers: Answers = {};
  readonly confirmed: Confirming[] = [];
  readonly asked: Asking[] = [];
  readonly picked: { readonly title: string; readonly labels: readonly string[] }[] = [];
  readonly told: { readonly kind: string; readonly sentence: string; readonly buttons: readonly string[] }[] = [];
  readonly tasks: string[] = [];
  #cancel = () => {};
  readonly #dialogs: Dialogs;
  readonly #real: Dialogs;

  constructor({ dialogs }: Pick<Parts, 'dialogs'>) {
    this.#dialogs = dialogs;
    this.#real = { ...dialogs };
    Object.assign(dialogs, this.#replies());
  }

  /** The sentences that were said in notifications. */
  get sentences(): readonly string[] {
    return this.told.map(({ sentence }) => sentence);
  }

  /** Everything that was shown, as one text. */
  get everything(): string {
    return JSON.stringify([this.confirmed, this.asked, this.picked, this.told, this.tasks]);
  }

  /** Presses Cancel on the task that runs. */
  cancelTask(): void {
    this.#cancel();
  }

  leave(): void {
    Object.assign(this.#dialogs, this.#real);
  }

  #replies(): Dialogs {
    return {
      confirm: async (question) => {
        this.confirmed.push(question);
        return (await this.answers.confirm?.(question)) ?? false;
      },
      ask: async (question) => {
        this.asked.push(question);
        const typed = this.answers.ask?.(question);
        // An input box doesn't let go of what it refuses.
        return typed !== undefined && question.refuse?.(typed) === undefined ? typed : undefined;
      },
      pick: async <T>(title: string, options: readonly Option<T>[]) => {
        this.picked.push({ title, labels: options.map(({ label }) => label) });
        const label = this.answers.pick?.(title, options);
        if (label === undefined) return undefined;
        const chosen = options.find((option) => option.label === label);
        if (!chosen)
          throw new Error(`${title} offers no ${label} but: ${options.map((each) => each.label).join(', ')}`);
        return chosen.value;
      },
      notify: async (kind, sentence, buttons = []) => {
        this.told.push({ kind, sentence, buttons });
        return this.answers.notify?.(sentence, buttons);
      },
      progress: async (title, task) => {
        this.tasks.push(title);
        const controller = new AbortController();
        this.#cancel = () => controller.abort();
        const report = (sentence: string) => this.answers.progress?.(title, sentence);
        return await task(report, controller.signal);
      },
      chooseTarget: async (title, name) => await this.answers.chooseTarget?.(title, name),
    };
  }
}
