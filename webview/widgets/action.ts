import { createButton } from '../dom.ts';
import type { CreateWidget } from './widget.ts';

/** A button that the provider answers by filling in fields. */
export const createAction: CreateWidget = ({ label }, { runAction }) => {
  const control = createButton(label, runAction);
  return {
    element: control,
    control,
    labelled: true,
    update({ busy }) {
      control.disabled = busy;
      control.icon = busy ? 'loading' : '';
      control.iconSpin = busy;
    },
  };
};
