import type { Dialogs } from './dialogs.ts';

/** Asks once in a window whether a program may be run for its keys; in a workspace that is not trusted the answer is no, unasked. */
export function createConsent(dialogs: Dialogs, isTrusted: () => boolean): (program: string) => Promise<boolean> {
  const answers = new Map<string, Promise<boolean>>();
  return async (program) => {
    if (!isTrusted()) return false;
    const answer = answers.get(program) ?? ask(dialogs, program);
    answers.set(program, answer);
    return await answer;
  };
}

function ask(dialogs: Dialogs, program: string): Promise<boolean> {
  return dialogs.confirm({
    title: `Run this program to get keys: ${program}`,
    detail: [
      "This machine's AWS files name it as the source of a profile's keys.",
      'The answer holds until the window is reloaded.',
    ],
    button: 'Run Program',
  });
}
