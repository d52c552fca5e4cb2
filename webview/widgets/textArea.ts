import '@vscode-elements/elements/dist/vscode-textarea/index.js';
import { create } from '../dom.ts';
import { secretPlaceholder } from './secretPlaceholder.ts';
import type { CreateWidget } from './widget.ts';

/** Several lines of text, secret or not. */
export const createTextArea: CreateWidget = (_field, { change }) => {
  const control = create('vscode-textarea');
  control.resize = 'none';
  control.rows = 4;
  control.autocomplete = 'off';
  control.spellcheck = false;
  control.addEventListener('input', () => change(control.value));
  return {
    element: control,
    control,
    update(field, current) {
      control.placeholder = field.secret ? secretPlaceholder(field) : field.placeholder;
      control.invalid = field.error !== undefined;
      if (!current || field.secret === 'entered') return;
      const text = String(field.value ?? '');
      if (control.value !== text) control.value = text;
    },
  };
};
