import type { Dialogs } from './dialogs.ts';

/** Asks whether a program may be run for the keys that it prints, once for each program. */
export function createConsent(dialogs: Pick<Dialogs, 'confirm'>): (program: string) => Promise<boolean> {
  const answers = new Map<string, Promise<boolean>>();
  return async (program) => {
    const answer = answers.get(program) ?? ask(dialogs, program);
    answers.set(program, answer);
    return await answer;
  };
}

function ask(dialogs: Pick<Dialogs, 'confirm'>, program: string): Promise<boolean> {
  return dialogs.confirm({
    title: `Run this program to get keys: ${program}`,
    detail: [
      "This machine's AWS files name it as the source of a profile's keys.",
      'The answer holds until the window is reloaded.',
    ],
    button: 'Run Program',
  });
}
