import { innerControl } from '../dom.ts';
import { createText } from './text.ts';
import type { CreateWidget } from './widget.ts';

/** A whole number, typed as text: what isn't one is kept and explained, not swallowed. */
export const createNumber: CreateWidget = (field, requests) => {
  const widget = createText(field, requests);
  widget.element.classList.add('short');
  widget.control.updateComplete?.then(() => {
    const input = innerControl(widget.control);
    if (input) input.inputMode = 'numeric';
  });
  return widget;
};
