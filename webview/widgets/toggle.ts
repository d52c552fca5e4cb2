import '@vscode-elements/elements/dist/vscode-checkbox/index.js';
import { create } from '../dom.ts';
import type { CreateWidget } from './widget.ts';

/** On or off. */
export const createToggle: CreateWidget = ({ label }, { change }) => {
  const control = create('vscode-checkbox');
  control.label = label;
  control.addEventListener('change', () => change(control.checked));
  return {
    element: control,
    control,
    labelled: true,
    update({ value, error }, current) {
      control.invalid = error !== undefined;
      if (current) control.checked = value === true;
    },
  };
};
