import { ProgressLocation, type QuickPickItem, Uri, window, workspace } from 'vscode';
import { plainLabel, plainMessage } from './plainText.ts';

export interface Option<T> {
  readonly label: string;
  readonly description?: string;
  readonly detail?: string;
  readonly value: T;
}

export interface Confirming {
  readonly title: string;
  readonly detail: readonly string[];
  readonly button: string;
}

export interface Asking {
  readonly title: string;
  readonly prompt: string;
  readonly value?: string;
  readonly placeholder?: string;
  /** Nobody looking on can read what is typed. */
  readonly password?: boolean;
  /** A sentence when the text can't be taken. */
  readonly refuse?: (text: string) => string | undefined;
}

/** Reports how far a task is: a sentence, and optionally how much was added in percent. */
export type ReportProgress = (sentence: string, increment?: number) => void;

/** Everything the extension asks or tells a person outside its own views. Closing any of it is 'no'. */
export interface Dialogs {
  /** A modal question with one way on; true only when its button was pressed. */
  confirm(question: Confirming): Promise<boolean>;
  ask(question: Asking): Promise<string | undefined>;
  pick<T>(title: string, options: readonly Option<T>[]): Promise<T | undefined>;
  /** A notification; the button that was pressed. It stays until it is closed, so nothing should wait for it. */
  notify(
    kind: 'info' | 'warning' | 'error',
    sentence: string,
    buttons?: readonly string[],
  ): Promise<string | undefined>;
  /** Runs a task with a cancellable notification. */
  progress<T>(title: string, task: (report: ReportProgress, signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Where to save a file. */
  chooseTarget(title: string, name: string): Promise<Uri | undefined>;
}

export const dialogs: Dialogs = {
  async confirm({ title, detail, button }) {
    const options = { modal: true, detail: plainMessage(detail.join('\n')) };
    return (await window.showWarningMessage(plainMessage(title), options, button)) === button;
  },
  async ask({ title, prompt, value, placeholder, password = false, refuse }) {
    return await window.showInputBox({
      title: plainMessage(title),
      prompt: plainMessage(prompt),
      ignoreFocusOut: true,
      password,
      ...(value === undefined ? {} : { value }),
      ...(placeholder === undefined ? {} : { placeHolder: placeholder }),
      ...(refuse ? { validateInput: refuse } : {}),
    });
  },
  async pick(title, options) {
    const items = options.map(({ label, description, detail, value }): QuickPickItem & { value: typeof value } => ({
      label: plainLabel(label),
      ...(description === undefined ? {} : { description: plainLabel(description) }),
      ...(detail === undefined ? {} : { detail: plainLabel(detail) }),
      value,
    }));
    return (await window.showQuickPick(items, { title: plainMessage(title), matchOnDescription: true }))?.value;
  },
  async notify(kind, sentence, buttons = []) {
    const show = {
      info: window.showInformationMessage,
      warning: window.showWarningMessage,
      error: window.showErrorMessage,
    }[kind];
    return await show(plainMessage(sentence), ...buttons);
  },
  async progress(title, task) {
    const cancel = new AbortController();
    const latest = new LatestProgress();
    const running = task((sentence, increment) => latest.report(sentence, increment), cancel.signal);
    if (await isSettledWithin(running, progressDelay)) return await running;
    const options = { location: ProgressLocation.Notification, title: plainMessage(title), cancellable: true };
    return await window.withProgress(options, (progress, token) => {
      token.onCancellationRequested(() => cancel.abort());
      latest.passTo((sentence, increment) => progress.report({ message: plainMessage(sentence), increment }));
      return running;
    });
  },
  async chooseTarget(title, name) {
    const folder = workspace.workspaceFolders?.[0]?.uri ?? Uri.file('/');
    return await window.showSaveDialog({ title, defaultUri: Uri.joinPath(folder, name) });
  },
};

/** Milliseconds that a task may take before a notification tells of it: most have ended by then. */
const progressDelay = 400;

async function isSettledWithin(task: Promise<unknown>, ms: number): Promise<boolean> {
  const settled = task.then(
    () => true,
    () => true,
  );
  return await Promise.race([settled, new Promise<boolean>((resolve) => setTimeout(() => resolve(false), ms))]);
}

/** Keeps what was reported before anyone showed it. */
class LatestProgress {
  #show: (sentence: string, increment: number) => void = () => undefined;
  #sentence = '';
  #increment = 0;

  report(sentence: string, increment = 0): void {
    this.#sentence = sentence;
    this.#increment += increment;
    this.#show(sentence, increment);
  }

  passTo(show: (sentence: string, increment: number) => void): void {
    this.#show = show;
    if (this.#sentence !== '') show(this.#sentence, this.#increment);
  }
}
