import '@vscode-elements/elements/dist/vscode-button/index.js';
import '@vscode-elements/elements/dist/vscode-icon/index.js';
import type { VscodeButton } from '@vscode-elements/elements/dist/vscode-button/index.js';
import type { VscodeIcon } from '@vscode-elements/elements/dist/vscode-icon/index.js';

/** A new element with a class and text; data is only ever set as text. */
export function create<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = '',
  text = '',
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className !== '') element.className = className;
  if (text !== '') element.textContent = text;
  return element;
}

export function createButton(label: string, onClick: () => void, secondary = true): VscodeButton {
  const button = create('vscode-button', '', label);
  button.secondary = secondary;
  button.addEventListener('click', onClick);
  return button;
}

/** A button that looks like a link, for what is done seldom. */
export function createLinkButton(label: string, onClick: () => void): HTMLButtonElement {
  const button = create('button', 'link', label);
  button.type = 'button';
  button.addEventListener('click', onClick);
  return button;
}

/** A codicon that says nothing to a screen reader. */
export function createIcon(name: string, className = ''): VscodeIcon {
  const icon = create('vscode-icon', className);
  icon.name = name;
  return icon;
}

/** Sets the text if it differs, and hides the element when there is none. */
export function setText(element: HTMLElement, text: string | undefined): void {
  const next = text ?? '';
  if (element.textContent !== next) element.textContent = next;
  element.hidden = next === '';
}

/** What has the focus inside a vscode-element, and what a screen reader reads. */
export function innerControl(host: HTMLElement): HTMLElement | undefined {
  return host.shadowRoot?.querySelector<HTMLElement>('input, textarea, [role=combobox]') ?? undefined;
}
