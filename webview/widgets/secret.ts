import '@vscode-elements/elements/dist/vscode-textfield/index.js';
import { create } from '../dom.ts';
import { secretPlaceholder } from './secretPlaceholder.ts';
import type { CreateWidget } from './widget.ts';

/** A line that is masked while it is typed and never comes back from the host. */
export const createSecret: CreateWidget = ({ label }, { change }) => {
  const control = create('vscode-textfield');
  control.type = 'password';
  control.autocomplete = 'off';
  const eye = create('vscode-icon');
  eye.slot = 'content-after';
  eye.actionIcon = true;
  eye.addEventListener('click', () => show(control.type === 'password'));
  control.append(eye);
  control.addEventListener('input', () => {
    change(control.value);
    eye.hidden = control.value === '';
  });
  const show = (shown: boolean) => {
    control.type = shown ? 'text' : 'password';
    eye.name = shown ? 'eye-closed' : 'eye';
    eye.label = `${shown ? 'Hide' : 'Show'}: ${label}`;
  };
  show(false);
  return {
    element: control,
    control,
    update(field, current) {
      control.placeholder = secretPlaceholder(field);
      control.invalid = field.error !== undefined;
      if (current && field.secret !== 'entered' && control.value !== '') {
        control.value = '';
        show(false);
      }
      eye.hidden = control.value === '';
    },
  };
};
