import { createIcon, createLinkButton } from '../dom.ts';
import type { CreateWidget } from './widget.ts';

/** A page outside; the host opens it, and takes the address from the provider. */
export const createLink: CreateWidget = ({ label }, { openLink }) => {
  const control = createLinkButton(label, openLink);
  control.role = 'link';
  control.append(createIcon('link-external'));
  return {
    element: control,
    control,
    labelled: true,
    update({ href }) {
      control.title = href ?? '';
    },
  };
};
