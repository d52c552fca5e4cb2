import { create, createButton, setText } from '../dom.ts';
import { createTextArea } from './textArea.ts';
import type { CreateWidget } from './widget.ts';

/** The content of a file, chosen in a dialog of the host or pasted. */
export const createFile: CreateWidget = (field, requests) => {
  const text = createTextArea(field, requests);
  const choose = createButton('Choose File…', requests.chooseFile);
  choose.ariaLabel = `Choose File: ${field.label}`;
  const preview = create('span', 'preview');
  const line = create('div', 'line');
  line.append(choose, preview);
  const element = create('div', 'stack');
  element.append(text.element, line);
  return {
    element,
    control: text.control,
    update(view, current) {
      text.update({ ...view, placeholder: view.placeholder ?? 'Paste the content here, or choose a file.' }, current);
      choose.disabled = view.busy;
      setText(preview, view.preview);
    },
  };
};
