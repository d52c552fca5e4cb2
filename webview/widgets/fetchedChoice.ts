import '@vscode-elements/elements/dist/vscode-single-select/index.js';
import { create, createButton } from '../dom.ts';
import { setChoices } from './choice.ts';
import { createText } from './text.ts';
import type { CreateWidget } from './widget.ts';

/** Text that can be typed, or chosen from a list that the provider fetches. */
export const createFetchedChoice: CreateWidget = (field, requests) => {
  const text = createText(field, requests);
  const fetch = createButton('Fetch List', requests.fetchChoices);
  fetch.ariaLabel = `Fetch List: ${field.label}`;
  const list = create('vscode-single-select');
  list.label = `Fetched: ${field.label}`;
  list.hidden = true;
  list.addEventListener('change', () => requests.change(list.value));
  const line = create('div', 'line');
  line.append(text.element, fetch);
  const element = create('div', 'stack');
  element.append(line, list);
  return {
    element,
    control: text.control,
    update(view, current) {
      text.update(view, current);
      fetch.disabled = view.busy;
      fetch.textContent = view.busy ? 'Fetching…' : 'Fetch List';
      list.hidden = view.choices === undefined;
      if (view.choices) {
        const placeholder = view.choices.length === 0 ? 'Nothing found.' : `Choose one of ${view.choices.length}.`;
        const changed = setChoices(list, [{ value: '', label: placeholder }, ...view.choices]);
        const known = view.choices.some(({ value }) => value === view.value);
        if (changed || current) list.value = known ? String(view.value) : '';
      }
    },
  };
};
