import '@vscode-elements/elements/dist/vscode-single-select/index.js';
import type { VscodeSingleSelect } from '@vscode-elements/elements/dist/vscode-single-select/index.js';
import type { Choice } from '../../src/core/fields.ts';
import { create } from '../dom.ts';
import type { CreateWidget } from './widget.ts';

/** One of a list. */
export const createChoice: CreateWidget = (_field, { change }) => {
  const control = create('vscode-single-select');
  control.addEventListener('change', () => change(control.value));
  control.addEventListener('keydown', (event) => {
    const next = event.ctrlKey || event.metaKey || event.altKey ? undefined : nextByLetter(control, event.key);
    if (next === undefined || next === control.value) return;
    control.value = next;
    change(next);
  });
  return {
    element: control,
    control,
    update({ value, choices = [], error }, current) {
      control.invalid = error !== undefined;
      const changed = setChoices(control, choices);
      if (changed || current) control.value = String(value ?? '');
    },
  };
};

/** Gives a select its options, if they are others than it has: whether they were. */
export function setChoices(control: VscodeSingleSelect, choices: readonly Choice[]): boolean {
  const now = control.options.map(({ value, label }) => ({ value, label }));
  if (JSON.stringify(now) === JSON.stringify(choices.map(({ value, label }) => ({ value, label })))) return false;
  control.options = choices.map(({ value, label }) => ({
    value,
    label,
    description: '',
    selected: false,
    disabled: false,
  }));
  return true;
}

/** The next option that begins with the letter, as in the browser's own select. */
function nextByLetter({ options, selectedIndex }: VscodeSingleSelect, key: string): string | undefined {
  if (key.length !== 1 || key === ' ') return undefined;
  const order = [...options.slice(selectedIndex + 1), ...options.slice(0, selectedIndex + 1)];
  return order.find(({ label = '' }) => label.toLowerCase().startsWith(key.toLowerCase()))?.value;
}
