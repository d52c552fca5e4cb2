import { create, createIcon } from '../dom.ts';
import type { CreateWidget } from './widget.ts';

/** A page outside; the host opens it, and takes the address from the provider. */
export const createLink: CreateWidget = ({ label }, { openLink }) => {
  const control = create('button', 'link', label);
  control.type = 'button';
  control.role = 'link';
  control.append(createIcon('link-external'));
  control.addEventListener('click', openLink);
  return {
    element: control,
    control,
    labelled: true,
    update({ href }) {
      control.title = href ?? '';
    },
  };
};
