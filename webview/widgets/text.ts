import '@vscode-elements/elements/dist/vscode-textfield/index.js';
import { create } from '../dom.ts';
import type { CreateWidget } from './widget.ts';

/** A line of text. */
export const createText: CreateWidget = (_field, { change }) => {
  const control = create('vscode-textfield');
  control.autocomplete = 'off';
  control.addEventListener('input', () => change(control.value));
  return {
    element: control,
    control,
    update({ value, placeholder, error }, current) {
      control.placeholder = placeholder;
      control.invalid = error !== undefined;
      const text = String(value ?? '');
      if (current && control.value !== text) control.value = text;
    },
  };
};
